"""`Bench`: a store, two invented newspapers, the commands that work on the store, and what must hold afterwards."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from archive.catalogue import Catalogue
from archive.errors import RecordError
from archive.reader import read_records
from archive.rebuild import rebuild
from archive.run import Run
from archive.storage import Store
from archive.verification.verify import verify
from tests.server.site import Site
from tests.torture.launcher import Ended, Launcher, Plan, Running

__all__ = ["LARGE", "SOURCES", "Bench", "Broken", "Counts", "Paper"]

SOURCES = ("courier", "gazette")
LARGE = 9000
"""Number of a page that is written in parts; it is no article."""
SETTINGS: dict[str, object] = {
    "AUTOTHROTTLE_ENABLED": False,
    "CONCURRENT_REQUESTS": 8,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
    "CONTACT": "https://operator.example/",
    "DOWNLOAD_DELAY": 0,
    "EXTRACT_WORKERS": 1,
    "LIVE_VIEW": False,
    "LOG_LEVEL": "ERROR",
    "LOGSTATS_INTERVAL": 0,
    "PRIVATE_NETWORKS_ALLOWED": "127.0.0.1/32",
    "RETRY_TIMES": 0,
    "TDMREP": False,
}


class Broken(AssertionError):
    """Something that must hold does not; the message is what."""


class Counts(msgspec.Struct):
    """What a bench has seen."""

    exchanges: int = 0
    articles: int = 0
    exchanges_lost: int = 0
    articles_lost: int = 0


class Paper:
    """The pages of two newspapers on one host. With each edition a third of the articles have another text."""

    def __init__(self, articles: int = 20) -> None:
        self.articles, self.edition = articles, 1
        self._noise = random.Random(3).randbytes(600_000).hex()
        self.served: dict[str, int] = {}
        """How often each path was asked for."""
        self.extra: dict[str, tuple[int, bytes]] = {}
        """Pages besides."""

    def __call__(self, path: str) -> tuple[int, bytes]:
        self.served[path] = self.served.get(path, 0) + 1
        if path in self.extra:
            return self.extra[path]
        if path == "/robots.txt":
            return 404, b"none"
        source, _, name = path.strip("/").partition("/")
        if not name:
            links = (f'<a href="/{source}/{n}">A report of the day number {n}</a>' for n in range(self.articles))
            return 200, f"<html><body><h1>{source} {self.edition}</h1>{' '.join(links)}</body></html>".encode()
        number = int(name)
        if number == LARGE:
            return 404, self._noise.encode() * 9
        return (404 if number % 11 == 10 else 200), self.article(source, number)

    def article(self, source: str, number: int) -> bytes:
        """A page; some are large and do not compress."""
        edition = self.edition if number % 3 == 0 else 0
        lines = [
            f"Report {number} of the {source}, part {part}: the bakers of Lower Brant carried {number * part + edition}"
            f" loaves of bread up the hill, and {edition + part * 7} of them arrived before the snow did."
            for part in range(6)
        ]
        lines.insert(number % 5, f"Subscribe to the {source} and read all reports of the bakers on every single day.")
        paragraphs = "".join(f"<p>{line}</p>" for line in lines)
        noise = self._noise[: (0, 300, 9000, 40_000, 200_000)[number % 5 if number % 7 else 4]]
        head = f"<html><head><title>Report {number}</title></head><body><article><h1>Report {number}</h1>"
        return f"{head}{paragraphs}</article><!-- {noise} --></body></html>".encode()


class Bench:
    """One store and what happens to it."""

    def __init__(self, folder: Path, launcher: Launcher, site: Site, *, root: Path | None = None) -> None:
        """`root`: where the store lies, if not in `folder`. The site shows this bench's paper from now on."""
        self.folder, self.launcher, self.site = folder, launcher, site
        folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(root or folder / "store")
        site.pages = self.paper = Paper()
        self.sources, self.notes = folder / "sources", folder / "notes"
        self.sources.mkdir(exist_ok=True)
        self.notes.touch()
        self.counts, self._seen = Counts(), Counts()
        self.settings: dict[str, object] = {}
        """Beside the usual ones."""
        self._read: dict[tuple[str, int], _Records] = {}
        for name in SOURCES:
            self.define(name)

    def define(self, name: str, more: str = "") -> None:
        """Write a source's file."""
        (self.sources / f"{name}.toml").write_text(
            f'title = "{name.title()}"\nhome = "{self.site.url}/{name}/"\nsections = ["/{name}/"]\n'
            f'article_urls = ["/{name}/[0-9]+"]\nschedule = "every 15 minutes"\n{more}'
        )

    # Commands

    def start(self, *arguments: object, plan: Plan | None = None, **settings: object) -> Running:
        """``scrapy ARGUMENTS`` over the store."""
        notes = {"EXTENSIONS": json.dumps({"tests.torture.notes.Notes": 900}), "NOTES": self.notes}
        own = {"ARCHIVE_STORE": self.store.root, "SOURCES": self.sources}
        given = {**SETTINGS, **own, **notes, **self.settings, **settings}
        options = [f"-s{name}={value}" for name, value in given.items()]
        return self.launcher.start(*arguments, *options, under=self.store.root, plan=plan)

    def run(self, *arguments: object, plan: Plan | None = None, timeout: float = 120, **settings: object) -> Ended:
        """The same, until its end. Raises `Broken` for what no command may say."""
        try:
            ended = self.start(*arguments, plan=plan, **settings).end(timeout)
        except TimeoutError as error:
            raise Broken(f"scrapy {arguments[0]} hangs: {error}") from error
        finally:
            self.launcher.sweep()
        self.check_said(ended, str(arguments[0]))
        return ended

    def good(self, *arguments: object, **settings: object) -> Ended:
        """The same; it must end well and silently."""
        ended = self.run(*arguments, **settings)
        if ended.code:
            raise Broken(f"scrapy {' '.join(map(str, arguments))} ends with {ended.code}: {ended.said}")
        return ended

    @staticmethod
    def check_said(ended: Ended, command: str) -> None:
        """A traceback is nobody's message."""
        if "Traceback" in ended.said or "Exception ignored" in ended.said:
            raise Broken(
                f"scrapy {command} shows a traceback ({ended.spoilt}): {ended.said[:300]} ... {ended.said[-1500:]}"
            )

    # What must hold

    def noted(self) -> tuple[dict[str, str], set[str]]:
        """Record ids and URLs of noted exchanges; captures of noted articles."""
        exchanges, articles = {}, set()
        for line in self.notes.read_text().splitlines():
            kind, url, of = line.split(" ")
            if kind == "X":
                exchanges[of] = url
            else:
                articles.add(of)
        return exchanges, articles

    def check_noted(self) -> None:
        """Whatever was noted is in the files, closed or left open. Raises `Broken`."""
        held: dict[str, str] = {}
        texts: set[str] = set()
        for name in self.store.files():
            records = self._records(name)
            held |= records.exchanges
            texts |= records.texts
        exchanges, articles = self.noted()
        lost = [f"{url} {of}" for of, url in exchanges.items() if held.get(of) != url]
        gone = sorted(articles - texts)
        self.counts = Counts(len(exchanges), len(articles), len(lost), len(gone))
        if lost or gone:
            raise Broken(f"lost: exchanges {lost[:5]} of {len(exchanges)}, articles {gone[:5]} of {len(articles)}")

    def _records(self, name: str) -> _Records:
        path = self.store.path(name)
        known = (name, path.stat().st_size)
        if known not in self._read:
            self._read[known] = _Records.of(path)
        return self._read[known]

    def check_left(self) -> None:
        """After a fault, before anything has mended it: `verify` names nothing but what was left open."""
        if not self.store.exists():
            return
        left = [self.store.name(path) for path in self.store.root.rglob("*.open")]
        for fault in verify(self.store, extract=False).faults:
            name = fault.where.split(",")[0]
            if "was left open by a killed run" in fault.what and name in left:
                continue
            if fault.where == "catalogue.sqlite" and ("differs from" in fault.what or "is missing" in fault.what):
                continue  # the next run reads the rest from the files
            if "only its .sha256 is left" in fault.what and name in left:
                continue
            if fault.where.startswith("damaged/") and any(Path(n).name in fault.where for n in left):
                continue
            raise Broken(f"verify, before the next run: {fault}")

    def check_mended(self) -> None:
        """A run that fetches nothing begins and ends; then all must be sound. Raises `Broken`."""
        Run(self.store, "auditor", settings_digest="sha256:0").finish("finished", {})
        self.check_sound()

    def check_sound(self, *, extract: bool = False) -> None:
        """Nothing is lost, and `verify` finds nothing; it compares the catalogue with one made anew, too."""
        self.check_noted()
        if extract:  # pages are read again by workers, which the command has and this process shall not have
            self.good("verify")
        elif faults := verify(self.store, extract=False).faults:
            raise Broken(f"verify: {[str(fault) for fault in faults[:5]]}")
        if left := [*self.store.root.rglob("*.open"), *self.store.root.glob("*/*/*.new")]:
            raise Broken(f"left behind: {left}")

    def check_rebuilt(self) -> None:
        """The catalogue is what a rebuild makes."""
        before = self.dump()
        if problems := rebuild(self.store):
            raise Broken(f"rebuild: {problems}")
        if self.dump() != before:
            raise Broken("the catalogue is another one after a rebuild")

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """All rows of the catalogue."""
        with Catalogue(self.store.catalogue_path) as catalogue:
            return catalogue.dump()

    def bytes_of(self) -> dict[str, bytes]:
        """The WARC files and their digests."""
        return {
            path.relative_to(self.store.root).as_posix(): path.read_bytes()
            for kind in ("originals", "derived", "damaged")
            for path in sorted((self.store.root / kind).rglob("*"))
            if path.is_file()
        }

    def check_kept(self, before: dict[str, bytes]) -> None:
        """No closed file of before has changed or gone."""
        after = self.bytes_of()
        changed = [name for name, data in before.items() if ".open" not in name and after.get(name) != data]
        if changed:
            raise Broken(f"files that were closed have changed: {changed[:5]}")

    def copy_of(self, template: Path) -> None:
        """Begin with a copy of another store."""
        self.clear()
        shutil.copytree(template, self.store.root)

    def clear(self) -> None:
        """Begin with nothing."""
        self._seen.exchanges += self.counts.exchanges
        self._seen.articles += self.counts.articles
        self.counts = Counts()
        shutil.rmtree(self.store.root, ignore_errors=True)
        self.notes.write_text("")

    @property
    def seen(self) -> Counts:
        """Of all stores that this bench has had."""
        return Counts(
            self._seen.exchanges + self.counts.exchanges,
            self._seen.articles + self.counts.articles,
            self.counts.exchanges_lost,
            self.counts.articles_lost,
        )


class _Records(msgspec.Struct, frozen=True):
    """What a WARC file holds, as far as it can be read."""

    exchanges: dict[str, str]
    texts: set[str]

    @classmethod
    def of(cls, path: Path) -> _Records:
        exchanges, texts = {}, set()
        for record in _readable(path):
            if record.type in ("response", "revisit"):
                exchanges[record.id] = str(record.url)
            elif record.type == "conversion":
                texts.add(str(record.refers_to()))
        return cls(exchanges, texts)


def _readable(path: Path) -> Iterator[Any]:
    """The records up to a torn end, which only an open file may have."""
    records = read_records(path)
    with contextlib.suppress(RecordError) if path.name.endswith(".open") else contextlib.nullcontext():
        yield from records
