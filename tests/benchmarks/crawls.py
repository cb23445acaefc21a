"""The crawls that are measured, each in processes of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from archive.catalogue import schema

__all__ = [
    "Cost",
    "Crawl",
    "bare",
    "bare_again",
    "bare_and_trafilatura",
    "capture",
    "capture_by_seconds",
    "capture_until_closed",
    "measure",
    "recrawl",
    "serving",
    "whole_line",
]

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SETTINGS: dict[str, object] = {
    "AUTOTHROTTLE_ENABLED": False,
    "TDMREP": False,
    "CONCURRENT_REQUESTS": 16,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    "CONTACT": "https://operator.example/",
    "DOWNLOAD_DELAY": 0,
    "LOG_LEVEL": "WARNING",
    "PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8",
    "ROBOTSTXT_OBEY": False,
}
BARE: dict[str, object] = {"ADDONS": "{}"}
_COMPILED = tempfile.TemporaryDirectory(prefix="newswarc-benchmarks-")


@dataclass(frozen=True)
class Cost:
    """Seconds."""

    cpu: float
    wall: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cpu + other.cpu, self.wall + other.wall)


Crawl = Callable[[str, int], Cost]
"""Called with the server's address and a number of pages."""


@contextlib.contextmanager
def serving(pages: int, coding: str) -> Iterator[tuple[str, int]]:
    """The server in a process of its own: its address, and the bytes of a reply on average."""
    command = [sys.executable, str(HERE / "server.py"), str(pages), coding]
    with subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            port, size = server.stdout.readline().split()
            yield f"http://127.0.0.1:{port}", int(size)
        finally:
            server.kill()


def bare(base: str, pages: int) -> Cost:
    """Scrapy as it comes, dropping the pages."""
    return _crawl(base, pages, "nothing", settings=BARE)


def capture(base: str, pages: int) -> Cost:
    """With the add-on: every exchange in WARC and catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        return _crawl(base, pages, "nothing", settings={"ARCHIVE_STORE": folder})


def capture_until_closed(base: str, pages: int) -> Cost:
    """The same, but records are forced onto the disk only when their file is closed."""
    with tempfile.TemporaryDirectory() as folder:
        return _crawl(base, pages, "nothing", settings={"ARCHIVE_STORE": folder, "ARCHIVE_FSYNC": "file"})


def capture_by_seconds(base: str, pages: int) -> Cost:
    """The same, but records are forced onto the disk within five seconds."""
    with tempfile.TemporaryDirectory() as folder:
        return _crawl(base, pages, "nothing", settings={"ARCHIVE_STORE": folder, "ARCHIVE_FSYNC": 5})


def whole_line(base: str, pages: int) -> Cost:
    """With the add-on and extraction: originals, derived records, provenance, catalogue."""
    with tempfile.TemporaryDirectory() as folder:
        cost = _crawl(base, pages, "read", settings={"ARCHIVE_STORE": folder})
        from archive.catalogue import Catalogue

        catalogue = Catalogue(Path(folder) / "catalogue.sqlite")
        read = catalogue.counts()["articles"]
        catalogue.close()
        assert read == pages, f"{read} of {pages} pages were read"
        return cost


def bare_and_trafilatura(base: str, pages: int) -> Cost:
    """Scrapy as it comes, saving bodies; then trafilatura alone on them."""
    with tempfile.TemporaryDirectory() as folder:
        fetched = _crawl(base, pages, "save", settings=BARE, to=folder)
        return fetched + measure([sys.executable, str(HERE / "trafilatura_alone.py"), folder], str(pages))


def bare_again(base: str, pages: int) -> Cost:
    """Scrapy as it comes, asking for pages only if they have changed."""
    return _crawl(base, pages, "again", settings=BARE)


def recrawl(base: str, pages: int) -> Cost:
    """A source all of whose pages are due, and none of which has changed: its second crawl, agenda and all.

    The first one, which fills the archive, is not counted, and made once.
    """
    with tempfile.TemporaryDirectory() as folder:
        store, sources = Path(folder) / "store", Path(folder) / "sources"
        sources.mkdir()
        (sources / "bench.toml").write_text(_SOURCE.format(base=base, pages=pages), "utf-8")
        filled = Path(_COMPILED.name) / f"store-{base.rpartition(':')[2]}-{pages}"
        command = [sys.executable, "-m", "scrapy", "crawl", "bench"]
        for name, value in {**SETTINGS, "ARCHIVE_STORE": store, "SOURCES": sources}.items():
            command += ["-s", f"{name}={value}"]
        if filled.exists():
            shutil.copytree(filled, store)
        else:
            measure(command, "")
            shutil.copytree(store, filled)
        cost = measure(command, "")
        from archive.catalogue import Catalogue

        with Catalogue(store / "catalogue.sqlite") as catalogue:
            kinds = Counter(row["kind"] for row in catalogue.rows(select(schema.captures.c.kind)))
        assert kinds["revisit"] > pages, kinds
        return cost


_SOURCE = """
title = "Bench"
home = "{base}/"
sitemaps = ["/sitemap/{pages}"]
article_urls = ['/page/\\d+']
[cadence]
article_soonest = "1 second"
article_latest = "1 second"
listing_soonest = "1 second"
listing_latest = "1 second"
pages_a_run = {pages}
pages_a_day = 1000000
"""


def _crawl(base: str, pages: int, then: str, *, settings: dict[str, object], to: str = "") -> Cost:
    command = [sys.executable, "-m", "scrapy", "runspider", str(HERE / "spider.py")]
    for argument in (f"base={base}", f"pages={pages}", f"then={then}", f"to={to}"):
        command += ["-a", argument]
    for name, value in {**SETTINGS, **settings}.items():
        command += ["-s", f"{name}={value}"]
    return measure(command, "")


def measure(command: list[str], says: str) -> Cost:
    """Run a command under the meter; it must end well and say what it should, and nothing on standard error."""
    metered = [sys.executable, str(HERE / "meter.py"), *command]
    done = subprocess.run(metered, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False)
    *said, cost = done.stdout.strip().splitlines() or [""]
    assert done.returncode == 0, done.stderr
    said_aloud = [line for line in done.stderr.splitlines() if not line.startswith("reading ")]  # its progress
    assert not said_aloud, done.stderr
    assert "".join(said) == says, said
    cpu, wall = map(float, cost.split())
    return Cost(cpu, wall)


def _environment() -> dict[str, str]:
    """Ours, with compiled modules kept: a user's Python does not compile them anew at each start."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": _COMPILED.name}
