"""From a captured page to a stored article, in a real crawl of a spider that hands on pages and other things."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from archive.catalogue import Catalogue
from archive.reader import parse_member
from archive.storage import Store
from archive.verification.verify import verify
from tests.server.crawl import LOOPBACK, ROOT
from tests.server.raw import RawServer, Reply

SPIDER = """
import dataclasses
import scrapy
from crawler.page import Page
from crawler.source import Source

SOURCE = Source(
    name="gazette", title="G", home="http://127.0.0.1/", language="eo", timezone="Asia/Kathmandu",
    article_urls=("/.*",),
)

class Field(scrapy.Item):
    word = scrapy.Field()

@dataclasses.dataclass
class Datum:
    word: str

class Mixed(scrapy.Spider):
    name = "mixed"
    handle_httpstatus_list = [404]

    def __init__(self, urls, **kwargs):
        super().__init__(**kwargs)
        self.start_urls = urls.split()

    def parse(self, response):
        source = SOURCE if response.url.endswith("/sourced") else None
        if response.url.endswith("/others"):
            yield {"word": "dict", "text": "none of yours"}
            yield Field(word="item")
            yield Datum("datum")
        elif response.url.endswith("/twice"):
            yield Page(response.meta["capture"], source)
            yield Page(response.meta["capture"], source)
        else:
            yield Page(response.meta["capture"], source)
"""
LINES = [f"On day {day} the ferry brought {day * 3} crates of pears and a tired crew to the quay." for day in range(6)]


def article(title: str, *, date: str = "") -> str:
    text = "".join(f"<p>{line}</p>" for line in LINES)
    meta = f'<meta property="article:published_time" content="{date}">' if date else ""
    return f"<html><head>{meta}</head><body><article><h1>{title}</h1>{text}</article></body></html>"


def reply(body: str | bytes, kind: str | None = "text/html; charset=utf-8", status: str = "200 OK") -> Reply:
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}"] + ([f"Content-Type: {kind}"] if kind else [])
    return Reply(("\r\n".join(lines).encode() + b"\r\n\r\n" + data,))


PAGES = {
    "/plain": reply(article("Plain")),
    "/sourced": reply(article("Sourced", date="2026-11-19T08:00:00")),
    "/unsourced": reply(article("Unsourced", date="2026-11-19T08:00:00")),
    "/untyped": reply(article("Untyped"), None),
    "/xhtml": reply(article("Xhtml"), "application/xhtml+xml"),
    "/shouted": reply(article("Shouted"), "TEXT/HTML;CHARSET=utf-8"),
    "/gone": reply(article("Gone"), status="404 Not Found"),
    "/others": reply("<p>others</p>"),
    "/twice": reply(article("Twice")),
    "/pdf": reply(b"%PDF-1.7", "application/pdf"),
    "/json": reply('{"text": "x"}', "application/json; charset=utf-8"),
    "/list": reply('<a href="/plain">Plain</a>'),
    "/empty": reply(""),
    "/untyped-noise": reply(bytes(range(256)) * 20, None),
}
ARTICLES = {"plain", "sourced", "unsourced", "untyped", "xhtml", "shouted", "gone", "twice"}


@dataclass(frozen=True)
class Crawled:
    """What two crawls of the same pages came to."""

    store: Store
    items: list[dict[str, Any]]
    again: list[dict[str, Any]]
    log: str
    log_again: str

    def stats(self, number: int) -> dict[str, Any]:
        """The counters of a run."""
        catalogue = Catalogue(self.store.catalogue_path)
        runs = sorted(catalogue.dump()["runs"], key=lambda row: str(row["ended"]))
        catalogue.close()
        return dict(json.loads(runs[number]["stats"]))

    def versions(self) -> dict[str, list[dict[str, Any]]]:
        """The stored texts by the last part of their URLs."""
        catalogue = Catalogue(self.store.catalogue_path)
        rows = catalogue.dump()["versions"]
        catalogue.close()
        found: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            found.setdefault(row["article"].rpartition("/")[2], []).append(row)
        return found


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "mixed.py").write_text(SPIDER)
    items, logs = [], []
    with RawServer() as server:
        urls = " ".join(server.add(path, page) for path, page in PAGES.items())
        for number in range(2):
            out = folder / f"{number}.jsonl"
            command = [sys.executable, "-m", "scrapy", "runspider", str(folder / "mixed.py"), "-a", f"urls={urls}"]
            command += ["-O", str(out)]
            for name, value in {
                "ARCHIVE_STORE": folder / "store",
                **LOOPBACK,
                "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
                "EXTRACT_WORKERS": 1,
                "LOG_LEVEL": "WARNING",
                "ROBOTSTXT_OBEY": False,
            }.items():
                command += ["-s", f"{name}={value}"]
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            items.append([json.loads(line) for line in out.read_text().splitlines()])
            logs.append(done.stderr)
    yield Crawled(Store(folder / "store"), items[0], items[1], logs[0], logs[1])


def by_name(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["url"].rpartition("/")[2]: item for item in items if "url" in item}


def test_items_of_other_types_pass_untouched(crawled: Crawled) -> None:
    for items in (crawled.items, crawled.again):
        others = [item for item in items if "url" not in item]
        assert others == [{"word": "dict", "text": "none of yours"}, {"word": "item"}, {"word": "datum"}]


def test_pages_become_articles(crawled: Crawled) -> None:
    articles = by_name(crawled.items)
    assert articles.keys() == ARTICLES
    for name, found in articles.items():
        assert found["headline"] == name.title()
        assert found["text"].split("\n") == LINES


def test_the_source_tells_zone_and_language(crawled: Crawled) -> None:
    articles = by_name(crawled.items)
    assert articles["sourced"]["published"] == "2026-11-19T08:00:00+05:45"
    assert articles["unsourced"]["published"] == "2026-11-19T08:00:00+00:00"
    assert articles["sourced"]["language"] == "eo"


def test_what_is_stored_is_what_is_exported(crawled: Crawled) -> None:
    versions, articles, store = crawled.versions(), by_name(crawled.items), crawled.store
    assert versions.keys() == articles.keys()
    for name, (row, *_) in versions.items():
        text = parse_member(store.read(row["file"], row["offset"], row["length"]), 0).block.decode()
        about = parse_member(store.read(row["file"], row["details_offset"], row["details_length"]), 0).block
        assert text == articles[name]["text"]
        exported = {k: v for k, v in articles[name].items() if k not in ("text", "trace")}
        assert exported == {k: v for k, v in json.loads(about)["article"].items() if k != "trace"}
    assert verify(crawled.store).ok


def test_the_exported_article_names_its_capture(crawled: Crawled) -> None:
    versions = crawled.versions()
    for name, found in by_name(crawled.items).items():
        assert found["trace"]["capture"] == versions[name][0]["capture"], name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pdf", "is application/pdf, no HTML page; it is archived."),
        ("json", "is application/json, no HTML page; it is archived."),
        ("list", "no article found on the page; it is archived."),
        ("empty", "page is empty"),
        ("untyped-noise", "page is no HTML"),
    ],
)
def test_what_is_no_article_is_said_in_one_line(name: str, words: str, crawled: Crawled) -> None:
    (line,) = (line for line in crawled.log.splitlines() if f"/{name}" in line)
    assert "WARNING: http://" in line
    assert words in line


@pytest.mark.parametrize("name", ["pdf", "json", "list", "empty", "untyped-noise"])
def test_what_is_no_article_is_kept(name: str, crawled: Crawled) -> None:
    catalogue = Catalogue(crawled.store.catalogue_path)
    urls = [row["url"] for row in catalogue.dump()["captures"]]
    catalogue.close()
    assert sum(url.endswith(f"/{name}") for url in urls) == 2


def test_everything_is_counted(crawled: Crawled) -> None:
    stats = crawled.stats(0)
    articles = [item for item in crawled.items if "url" in item]
    assert stats["newswarc/articles"] == len(articles)
    assert stats["newswarc/blocks_removed"] == sum(len(item["trace"]["removed"]) for item in articles)
    assert stats["newswarc/pages/not_html"] == 2
    assert stats["newswarc/pages/no_article"] == 3
    assert "newswarc/pages/failed" not in stats
    assert stats["newswarc/captures/response"] == len(PAGES)
    assert "Traceback" not in crawled.log + crawled.log_again


def test_unchanged_pages_are_not_read_again(crawled: Crawled) -> None:
    assert by_name(crawled.again) == {}
    stats = crawled.stats(1)
    assert "newswarc/articles" not in stats
    # One article is handed on twice; of the pages without an article, one is empty and so no revisit.
    first = crawled.stats(0)
    without = first["newswarc/pages/not_html"] + first["newswarc/pages/no_article"]
    assert stats["newswarc/pages/unchanged"] == len(ARTICLES) + 1 + without - 1
    assert stats["newswarc/captures/revisit"] == len(PAGES) - 1  # the empty body has nothing to refer to
    assert stats["newswarc/captures/response"] == 1


def test_a_page_that_is_handed_on_twice_is_stored_once(crawled: Crawled) -> None:
    assert len(crawled.versions()["twice"]) == 1
