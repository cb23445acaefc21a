"""Images, stylesheets and fonts of a source's articles, fetched in real crawls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.verification.verify import verify
from tests.crawler.test_spider import Crawl, crawl, links, moved, reply
from tests.server.raw import RawServer

SOURCE = """
title = "The Ledger"
home = "http://ledger.example/"
article_urls = ['/a/[^/?]+']
requisites = true
"""
TEXT = "".join(f"<p>In week {week} the mill at Ostby ground {week * 7} sacks of rye.</p>" for week in range(6))
IMAGE = b"\x89PNG\r\n\x1a\n" + b"picture " * 20


def article(title: str, *requisites: str) -> str:
    return f"<html><head>{''.join(requisites)}</head><body><article><h1>{title}</h1>{TEXT}</article></body></html>"


class Ledger:
    """A server that answers for every host."""

    def __init__(self, server: RawServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        (folder / "ledger.toml").write_text(SOURCE)
        self.add("/robots.txt", "User-agent: *\nDisallow: /closed\n", "text/plain")
        server.add("/", links("/a/rye", "/a/oats"))
        sheet = '<link rel="stylesheet" href="//cdn.example/main.css">'
        closed = '<img src="/closed/c.png"><img src="/gone.png"><img src="/moved.png"><script src="/s.js"></script>'
        self.add("/a/rye", article("Rye mill", sheet, closed, '<img srcset="/one.png 1x, /two.png 2x">'))
        self.add("/a/oats", article("Oats mill", sheet, '<img src="/one.png">'))
        self.add("/main.css", '@import "more.css"; body { background: url(bg.png) }', "text/css")
        self.add("/more.css", "@font-face { src: url(/f.woff2) } @import 'main.css';", "text/css")
        for path in ("/one.png", "/two.png", "/bg.png", "/there.png", "/f.woff2"):
            self.add(path, IMAGE + path.encode(), "image/png")
        server.add("/moved.png", moved("http://other.example/there.png"))
        server.add("/gone.png", reply("gone", status="404 Not Found"))

    def add(self, path: str, body: str | bytes, kind: str = "text/html; charset=utf-8") -> None:
        self.server.add(path, reply(body, kind))

    def crawl(self, **settings: object) -> Crawl:
        connect = f":80:127.0.0.1:{self.server.port}"
        return crawl("ledger", self.folder, "fresh=1", SOURCES=self.folder, CONNECT_TO=connect, **settings)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with RawServer() as server:
        yield Ledger(server, tmp_path)


def test_what_an_article_needs_is_archived_once_and_tied_to_it(ledger: Ledger) -> None:
    done = ledger.crawl()
    assert len(done.items) == 2
    rows = [row for row in done.rows("fetches") if row["lead_kind"] == "requisite"]
    paths = sorted(row["url"].split(".example")[1] for row in rows)
    wanted = ["/bg.png", "/closed/c.png", "/f.woff2", "/gone.png", "/main.css", "/more.css", "/moved.png", "/one.png"]
    assert paths == [*wanted, "/there.png", "/two.png"]
    assert {row["lead_via"] for row in rows} <= {"http://ledger.example/a/rye", "http://ledger.example/a/oats"}
    outcomes = {row["url"].split(".example")[1]: (row["outcome"], row["status"]) for row in rows}
    assert outcomes["/gone.png"] == ("complete", 404)
    assert outcomes["/one.png"] == ("complete", 200)
    assert "/closed/c.png" not in [logged.path for logged in ledger.server.log]
    assert outcomes["/closed/c.png"] == ("robots", None)
    accepted = {logged.path: b"\r\nAccept: text/css" in logged.request for logged in ledger.server.log}
    assert accepted["/main.css"]
    assert not accepted["/one.png"]
    assert done.stats["newswarc/requisites/fetched"] == 7
    assert verify(done.store).ok


def test_what_the_archive_has_is_not_asked_for_again(ledger: Ledger) -> None:
    ledger.crawl()
    before = len(ledger.server.log)
    again = ledger.crawl()
    asked = [logged.path for logged in ledger.server.log[before:]]
    assert sorted(set(asked) - {"/robots.txt"}) == ["/", "/a/oats", "/a/rye"]
    assert again.stats["newswarc/requisites/known"]
    before = len(ledger.server.log)
    ledger.crawl(REQUISITES_DAYS=0)
    assert "/one.png" in [logged.path for logged in ledger.server.log[before:]]


def test_there_is_a_limit_for_a_page(ledger: Ledger) -> None:
    ledger.add("/a/rye", article("Rye mill", *(f'<img src="/{number}.png">' for number in range(9))))
    done = ledger.crawl(REQUISITES_A_PAGE=3)
    asked = {logged.path for logged in ledger.server.log}
    assert {"/0.png", "/1.png", "/2.png"} <= asked
    assert not asked & {f"/{number}.png" for number in range(3, 9)}
    assert done.stats["newswarc/requisites/left"] == 6


def test_a_source_that_does_not_ask_gets_none(ledger: Ledger) -> None:
    (ledger.folder / "ledger.toml").write_text(SOURCE.replace("requisites = true", ""))
    done = ledger.crawl()
    assert len(done.items) == 2
    assert {row["lead_kind"] for row in done.rows("fetches")} == {"robots", "source", "section"}
