"""Archives to hand over: an invented newspaper with versions, redirects, revisits and what pages load."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archive.article import Article
from archive.capture import Capture, Lead
from archive.catalogue.words import words_of
from archive.export.formats import Export, Format, export
from archive.export.query import Query
from archive.export.selection import Selection
from archive.reader import StoredRecord, read_records
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from tests.archive.making import MORNING, SENTENCES, exchange, keep_page, later, page, running, wire

STORM = "https://www.ellery.test/2026/11/storm/"
FERRY = "https://ellery.test/ferry?line=2&day=sunday"
STYLE, IMAGE, FONT, LOGO = (f"https://static.ellery.test/{name}" for name in ("a.css", "boats.png", "a.woff2", "logo"))
PIER = (
    "The last ferry of line two leaves the southern pier at noon on Sunday, and none will follow it until spring.",
    "Passengers for the outer islands are asked to take the bus, which goes round the bay and needs two hours.",
    "The harbour master said that the pier had been mended so often that hardly a plank of it was the first one.",
)
ICE = (
    "Isen i den indre havnen gikk opp natt til lørdag, og de første skutene kunne legge til ved kaien om morgenen.",
    "Havnefogden sier at det er den tidligste isgangen på elleve år, og at farleden nå er åpen helt inn til byen.",
    "Fiskerne hadde ventet i tre uker på å komme ut, og mange av dem var på vei før det ble lyst over fjorden.",
)
NINE = [SENTENCES[0], SENTENCES[1].replace("Twelve", "Nine"), *SENTENCES[2:]]
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63f8cfc0f01f00050001ff56c72f0d"
    "0000000049454e44ae426082"
)
HEAD = (
    '<meta property="article:published_time" content="2026-11-20T08:30:00+01:00">'
    '<meta property="og:type" content="article"><link rel="stylesheet" href="https://static.ellery.test/a.css">'
)


OF_STORM = Lead("requisite", STORM)


def story(headline: str, sentences: list[str] | tuple[str, ...] = SENTENCES, head: str = HEAD) -> bytes:
    """A page with a picture and a stylesheet."""
    html = page(headline, sentences=list(sentences), head=head)
    return html.replace(b"</article>", b'</article><img src="https://static.ellery.test/boats.png" alt="">')


def image(data: bytes, at: float) -> Any:
    """An exchange for a picture."""
    return exchange(IMAGE, wire(data, headers=["Content-Type: image/png"]), at=later(at), lead=OF_STORM)


def paper(root: Path) -> Store:
    """Two articles of one paper, one of another.

    The storm: seen on Friday with twelve boats, again the same (a revisit), unchanged (a 304), on Saturday with nine.
    """
    store = Store(root)
    css = wire(b'@font-face { src: url("a.woff2") } h1 { color: navy }', headers=["Content-Type: text/css"])
    with running(store, "ellery", info={"operator": "Tests <tests@ellery.test>"}) as run:
        run.keep(exchange("https://ellery.test/robots.txt", wire(b"User-agent: *\n", headers=["Content-Type: a/b"])))
        moved = wire(b"gone there", "301 Moved Permanently", ["Location: /2026/11/storm"])
        run.keep(exchange("https://www.ellery.test/old", moved))
        slash = wire(b"", "302 Found", ["Location: https://www.ellery.test/2026/11/storm/#top"])
        run.keep(exchange("https://www.ellery.test/2026/11/storm", slash, at=later(0.001)))
        run.keep(exchange("https://www.ellery.test/else", wire(b"", "302 Found", ["Location: /nowhere"])))
        keep_page(run, STORM, story("Storm keeps twelve boats out"), at=later(0.002))
        run.keep(exchange(STYLE, css, at=later(0.003), lead=OF_STORM))
        run.keep(image(PIXEL, 0.004))
        run.keep(exchange(FONT, wire(b"wOF2", headers=["Content-Type: font/woff2"]), at=later(0.005)))
        run.keep(exchange("https://static.ellery.test/unused.png", wire(PIXEL, headers=["Content-Type: image/png"])))
        ferry = page("Ferry line two stops at noon", head=HEAD.replace("-20T", "-21T"), sentences=PIER)
        keep_page(run, FERRY, ferry, at=later(1))
    with running(store, "ellery") as run:
        keep_page(run, STORM, story("Storm keeps twelve boats out"), at=later(5))
        run.keep(exchange(STORM, wire(status="304 Not Modified", headers=["ETag: x"]), at=later(6)))
        keep_page(run, STORM, story("Storm keeps nine boats out", NINE), at=later(24))
        run.keep(image(PIXEL, 24.001))  # the same bytes: a revisit
    with running(store, "nordlys") as run:
        keep_page(run, "https://nordlys.test/å", page("Isen går i havnen", sentences=ICE, language="no"), at=later(48))
    return store


def keep_text(run: Run, url: str, article: Article, *, html: bytes = b"<p>page", hours: float = 0) -> Capture:
    """Archive an article without reading it out of a page."""
    capture = run.keep(exchange(url, wire(html), at=later(hours)))
    moment = MORNING + dt.timedelta(hours=hours, seconds=2)
    words = words_of(article)
    run.keep_article(capture, article, words=words, started=moment, ended=moment, reading=Reading(), learn=False)
    return capture


@contextmanager
def selected(store: Store, **query: Any) -> Iterator[Selection]:
    """What a query chooses."""
    with Selection(store, Query(**query)) as selection:
        yield selection


def handed_over(store: Store, target: Path, format: Format = "wacz", **options: Any) -> Export:
    """Export; options are those of `export` and of `Query`."""
    ours = {name: options.pop(name) for name in ("key", "title", "force", "progress") if name in options}
    return export(store, Query(**options), target, format, **ours)


class Opened:
    """A package, as anybody can read it."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        assert self._zip.testzip() is None
        self.names = self._zip.namelist()

    def read(self, name: str) -> bytes:
        return self._zip.read(name)

    def json(self, name: str) -> Any:
        return json.loads(self.read(name))

    def lines(self, name: str) -> list[Any]:
        return [json.loads(line) for line in self.read(name).decode().split("\n") if line]

    def name(self, part: str) -> str:
        """The one name that holds a part."""
        (name,) = (name for name in self.names if part in name)
        return name

    @property
    def pages(self) -> list[Any]:
        return self.lines("pages/pages.jsonl")[1:]

    def records(self, part: str = "-originals") -> list[StoredRecord]:
        return list(read_records(io.BytesIO(self.read(self.name(part)))))
