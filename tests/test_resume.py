"""An interrupted crawl goes on where it stopped: nothing is fetched twice without need, nothing announced is lost."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.catalogue import Catalogue
from archive.storage import Store
from tests.server.site import Site
from tests.torture.bench import SETTINGS
from tests.torture.launcher import Ended, Launcher

COUNT = 40
SOURCE = """
title = "Gazette"
home = "{home}/"
sections = ["/", "/more"]
article_urls = ["/a/[0-9]+"]
requisites = true
"""


def page(number: int) -> bytes:
    paragraphs = "".join(
        f"<p>Report {number}, part {part}: the bakers of Lower Brant carried {number * part} loaves up the hill.</p>"
        for part in range(8)
    )
    image = f'<img src="/i/{number}.png">'
    return f"<html><body><article><h1>Report {number}</h1>{image}{paragraphs}</article></body></html>".encode()


class Paper:
    """Counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}

    def __call__(self, path: str) -> tuple[int, bytes]:
        self.asked[path] = self.asked.get(path, 0) + 1
        if path in ("/", "/more"):
            first = COUNT // 2 * (path == "/more")
            return 200, "".join(f'<a href="/a/{n}">more</a> ' for n in range(first, first + COUNT // 2)).encode()
        name = path.rpartition("/")[2].removesuffix(".png")
        return (200, page(int(name))) if name.isdigit() else (404, b"")

    def of(self, kind: str) -> dict[str, int]:
        return {path: times for path, times in self.asked.items() if path.startswith(kind)}


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    with Launcher(tmp_path_factory.mktemp("launcher")) as launcher:
        yield launcher


class Crawls:
    """Crawls of one source into one store."""

    def __init__(self, folder: Path, launcher: Launcher, **settings: object) -> None:
        self.paper = Paper()
        self.site = Site(self.paper)
        self.store = Store(folder / "store")
        self._launcher = launcher
        sources = folder / "sources"
        sources.mkdir()
        for name in ("gazette", "courier"):
            (sources / f"{name}.toml").write_text(SOURCE.format(home=self.site.url))
        self.settings = {
            **SETTINGS,
            "ARCHIVE_STORE": self.store.root,
            "SOURCES": sources,
            "LOG_LEVEL": "WARNING",
            **settings,
        }

    def _start(self, source: str, **settings: object):  # type: ignore[no-untyped-def]
        given = {**self.settings, **settings}
        return self._launcher.start("crawl", source, *(f"-s{name}={value}" for name, value in given.items()))

    def interrupt(self, number: signal.Signals, after: int) -> Ended:
        """Crawl, and send a signal when so many requests were answered."""
        process = self._start("gazette")
        while self.site.answered < after and not process.has_ended(0):
            time.sleep(0.003)
        process.signal(number)
        ended: Ended = process.end()
        self._launcher.sweep()
        assert ended.code == (-9 if number == signal.SIGKILL else 0), ended.said
        return ended

    def end(self, source: str = "gazette", code: int = 0, **settings: object) -> str:
        """Crawl to the end; returns what was said."""
        ended: Ended = self._start(source, **settings).end()
        assert ended.code == code, ended.said
        assert "Traceback" not in ended.said, ended.said
        return ended.said

    def captured(self) -> set[str]:
        """The paths that the archive has answers of."""
        self.store.recover()
        from archive.reader import read_records

        records = (r for name in self.store.files("originals") for r in read_records(self.store.root / name))
        return {str(r.url).removeprefix(self.site.url) for r in records if r.type == "response"}

    def check(self) -> None:
        """All has been fetched and read."""
        with Catalogue(self.store.catalogue_path) as catalogue:
            assert {row["url"] for row in catalogue.articles(limit=1000)} == {
                f"{self.site.url}/a/{n}" for n in range(COUNT)
            }
            versions = catalogue.dump()["versions"]
        assert len({row["capture"] for row in versions}) == COUNT


@pytest.mark.parametrize("with_job", [False, True], ids=["archive", "job"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_an_interrupted_crawl_goes_on(
    number: signal.Signals, with_job: bool, launcher: Launcher, tmp_path: Path
) -> None:
    rng = random.Random(f"{number}{with_job}")
    for attempt, after in enumerate((3, rng.randrange(4, 25), rng.randrange(25, COUNT))):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        crawls = Crawls(folder, launcher, **({"JOBDIR": folder / "job"} if with_job else {}))
        with crawls.site:
            asked: list[dict[str, int]] = []
            had: list[set[str]] = []
            for more in (after, rng.randrange(1, 10)):
                crawls.interrupt(number, crawls.site.answered + more)
                had.append(crawls.captured())
                asked.append(crawls.paper.of("/a/"))
            said = crawls.end()
        in_flight = [
            {path for path in paths if path not in captured} for paths, captured in zip(asked, had, strict=True)
        ]
        again = {path for path, times in crawls.paper.of("/a/").items() if times > 1}
        assert again <= in_flight[0] | in_flight[1]
        if number == signal.SIGTERM:
            assert not again
        assert ("begins anew" in said) == (with_job and number == signal.SIGKILL)
        crawls.check()
        if with_job and number == signal.SIGTERM:  # what the archive does not know of was still to be fetched
            assert len(crawls.paper.of("/i/")) == COUNT
            assert set(crawls.paper.of("/i/").values()) == {1}


def test_a_job_that_has_ended_leaves_nothing(launcher: Launcher, tmp_path: Path) -> None:
    crawls = Crawls(tmp_path, launcher, JOBDIR=tmp_path / "job")
    with crawls.site:
        crawls.end()
        assert [path.name for path in (tmp_path / "job").iterdir()] == ["newswarc.json"]
        crawls.end()  # and the next crawl is no part of it
        said = crawls.end("courier", code=1)
    assert said == f"newswarc: JOBDIR {tmp_path}/job: is of gazette, not of courier; give each its own.\n"
    crawls.check()


def test_a_damaged_job_begins_anew(launcher: Launcher, tmp_path: Path) -> None:
    crawls = Crawls(tmp_path, launcher, JOBDIR=tmp_path / "job")
    with crawls.site:
        crawls.interrupt(signal.SIGTERM, 12)
        queue = next(path for path in sorted((tmp_path / "job" / "requests.queue").rglob("*")) if path.is_file())
        queue.write_bytes(b"\x80garbage")
        said = crawls.end()
    assert said.count("\n") == 1
    assert said.endswith(f"JOBDIR {tmp_path}/job: the crawl before left it damaged; this one begins anew.\n")
    crawls.check()
