"""What reading stored pages again costs, beside trafilatura alone on the same bodies."""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.crawls import HERE, Cost, measure
from tests.benchmarks.pages import make_page

__all__ = ["Shelf", "replay", "shelf", "trafilatura"]

_PYTHON = "import sys; from scrapy.cmdline import execute; sys.exit(execute(['scrapy', *sys.argv[1:]]))"


@dataclass(frozen=True)
class Shelf:
    """Pages in a store, with their articles, and their bodies in a folder."""

    store: Path
    bodies: Path
    pages: int


@contextlib.contextmanager
def shelf(pages: int) -> Iterator[Shelf]:
    """So many pages of about 62 KB."""
    with tempfile.TemporaryDirectory() as folder:
        one = Shelf(Path(folder) / "store", Path(folder) / "bodies", pages)
        one.bodies.mkdir()
        _fill(one)
        yield one


def _fill(one: Shelf) -> None:
    from archive.capture import Exchange
    from archive.rerun import Rerun
    from archive.rules import Reading
    from archive.run import Run
    from archive.storage import Store
    from archive.workers import ExtractorPool

    run, now = Run(Store(one.store), "gazette"), dt.datetime.now(dt.UTC)
    for number in range(one.pages):
        body = make_page(number)
        (one.bodies / str(number)).write_bytes(body)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        url, request = f"http://127.0.0.1/page/{number}", f"GET /page/{number} HTTP/1.1\r\n\r\n".encode()
        reply = head.encode() + body
        run.keep(Exchange(url=url, method="GET", request=request, response=reply, started=now, ended=now))
    run.finish("finished", {})
    pool = ExtractorPool()
    try:
        with Rerun(Store(one.store), pool, lambda *_: Reading(), complain=_raise) as rerun:
            assert sum(1 for _ in rerun.changes()) == one.pages
            assert sum(accepted.articles for accepted in rerun.accept()) == one.pages
    finally:
        pool.close()


def _raise(error: Exception) -> None:
    raise error


def replay(one: Shelf) -> Cost:
    """``scrapy replay``: every page is read again and compared with its article; nothing is remembered."""
    for path in (one.store / "work").glob("*"):
        path.unlink()
    says = f"gazette: {one.pages} pages, nothing would changeNothing would change."
    settings = ["-s", f"ARCHIVE_STORE={one.store}", "-s", "EXTRACT_WORKERS=1"]  # one core, as trafilatura has
    return measure([sys.executable, "-c", _PYTHON, "replay", *settings], says)


def trafilatura(one: Shelf) -> Cost:
    """trafilatura with metadata on the bodies, in one process."""
    return measure([sys.executable, str(HERE / "trafilatura_alone.py"), str(one.bodies)], str(one.pages))
