"""Crawls answered from an archive: the same items, no network, nothing written."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import brotli
import pytest
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from scrapy.statscollectors import MemoryStatsCollector

from archive.catalogue import Catalogue
from archive.errors import StoreError
from archive.storage import Store
from crawler.demo.newspapers import SOURCES, Newspapers
from crawler.replaying import Replaying
from tests.archive.foreign_files import by_record, record, reply, wacz
from tests.archive.furniture.test_learner import PROMOTION, Writer, put
from tests.archive.making import exchange, later, refused, running, wire
from tests.archive.making import page as bare_page
from tests.server.crawl import ROOT
from tests.server.raw import RawServer, Reply

GUARD = '''
"""Every use of the network is noted in a file and refused; every Python process runs this."""
import os, sys

def guard(event, args):
    if event in ("socket.connect", "socket.bind", "socket.sendto"):
        if not isinstance(args[1], tuple) or args[1] == ("::1", 0):  # urllib3 asks so whether there is IPv6
            return
    elif event not in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        return
    with open(os.environ["GUARD_LOG"], "a") as log:
        print(event, args[1:], file=log)
    raise OSError("the test forbids it")

sys.addaudithook(guard)
'''
SETTINGS = {
    "CONTACT": "https://operator.example/",
    "EXTRACT_WORKERS": 1,
    "LOG_LEVEL": "INFO",
}
LIVE = {
    "AUTOTHROTTLE_ENABLED": False,
    "TDMREP": False,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 4,
    "DOWNLOAD_DELAY": 0,
    "DOWNLOAD_TIMEOUT": 5,
    "PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8",
    "RETRY_ENABLED": False,
}


@dataclass(frozen=True)
class Ended:
    """A crawl that has ended."""

    code: int
    err: str
    items: list[dict[str, Any]]
    network: list[str] = field(default_factory=list)
    """What it tried to do on the network, if that was forbidden."""

    @property
    def sentences(self) -> list[str]:
        """What was complained of."""
        return [line for line in self.err.splitlines() if line.startswith("newswarc: ")]


def crawl(folder: Path, *arguments: str, guarded: bool = False, **settings: object) -> Ended:
    """``scrapy ARGUMENTS -O ...``; `guarded`, without a network."""
    out = folder / "items.jsonl"
    log = folder / "network"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "scrapy", *arguments, "-O", str(out)]
    for key, value in {**SETTINGS, **settings}.items():
        command += ["-s", f"{key}={value}"]
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment["PYTHONPATH"] = str(ROOT)
    if guarded:
        (folder / "guard").mkdir(exist_ok=True)
        (folder / "guard" / "sitecustomize.py").write_text(GUARD)
        environment |= {"PYTHONPATH": f"{folder / 'guard'}:{ROOT}", "GUARD_LOG": str(log)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    items = [json.loads(line) for line in out.read_text("utf-8").splitlines()] if out.exists() else []
    return Ended(done.returncode, done.stderr, items, log.read_text().splitlines() if log.exists() else [])


def replay(folder: Path, path: Path | str, *arguments: str, code: int = 0, **settings: object) -> Ended:
    """A crawl of what lies at a path; it must not touch the network, nor write anything."""
    missing = folder / "no-such-store"
    before = tree(Path(path)) if path and Path(path).exists() else {}
    ended = crawl(folder, *arguments, guarded=True, REPLAY=path, ARCHIVE_STORE=missing, **settings)
    assert ended.code == code, ended.err
    assert ended.network == []
    assert not missing.exists()
    assert before == (tree(Path(path)) if path and Path(path).exists() else {})
    return ended


def tree(path: Path) -> dict[str, tuple[int, str]]:
    """Every file below a path, its time and its content."""
    files = [path] if path.is_file() else [p for p in sorted(path.rglob("*")) if p.is_file()]
    return {str(p): (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files}


def by_url(items: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Items in no order; none comes twice."""
    found = {item["url"]: item for item in items}
    assert len(found) == len(items)
    return found


def unlearned(items: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Items without what depends on which articles came before."""
    plain = {}
    for url, item in by_url(items).items():
        trace = {k: v for k, v in item["trace"].items() if k not in ("furniture", "places")}
        trace["removed"] = [r for r in trace["removed"] if r["rule"] != "learned"]
        lines = [line for line in item["text"].split("\n") if line != PROMOTION]
        plain[url] = {**item, "text": "\n".join(lines), "trace": trace}
    return plain


def packages(store: Store, folder: Path) -> dict[str, Path]:
    """The originals of a store in other forms, away from it."""
    folder.mkdir()
    files = [store.path(name) for name in store.files("originals")]
    single = folder / "single.warc.gz"
    single.write_bytes(b"".join(path.read_bytes() for path in files))
    entries = [(f"archive/{path.name}", path.read_bytes()) for path in files]
    stored = wacz(folder / "stored.wacz", [*entries, ("datapackage.json", b"{}")])
    packed = wacz(folder / "packed.wacz", [*entries, ("datapackage.json", b"{}")], packed=True)
    deep = folder / "deep" / "er"
    deep.mkdir(parents=True)
    (deep / "whole.warc.gz").write_bytes(gzip.compress(gzip.decompress(single.read_bytes())))
    return {"warc.gz": single, "wacz": stored, "packed": packed, "folder": deep.parent}


# A source with everything in it


def html(body: bytes, *headers: str, status: str = "200 OK") -> Reply:
    return Reply(
        (
            reply(
                body, "Content-Type: text/html; charset=utf-8", f"Content-Length: {len(body)}", *headers, status=status
            ),
        )
    )


def story(title: str, lines: list[str]) -> bytes:
    text = "".join(f"<p>{line}</p>" for line in lines)
    head = f"<html lang=en><head><title>{title}</title></head>"
    return f"{head}<body><article><h1>{title}</h1>{text}</article></body>".encode()


def publish(server: RawServer) -> None:
    """A front page, a feed, and articles that are answered in every way."""
    writer, chance = Writer(77), random.Random(5)
    pages = [story(f"Story {n}", put(writer.article(), PROMOTION, chance.randrange(9))) for n in range(12)]
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (pages[1][:100], pages[1][100:])) + b"0\r\n\r\n"
    server.add("/robots.txt", html(b"User-agent: *\nDisallow: /a/closed\n"))
    server.add("/a/0", html(pages[0]))
    server.add("/a/1", Reply((reply(chunked, "Content-Type: text/html", "Transfer-Encoding: chunked"),)))
    server.add("/a/2", html(gzip.compress(pages[2]), "Content-Encoding: gzip"))
    server.add("/a/3", html(brotli.compress(pages[3]), "Content-Encoding: br"))
    server.add("/a/4", html(b"", "Location: /a/moved?to=4", status="301 Moved"))
    server.add("/a/moved?to=4", html(b"", f"Location: {server.url('/a/at-last')}", status="302 Found"))
    server.add("/a/at-last", html(pages[4]))
    server.add("/a/5", html(b"gone", status="410 Gone"))
    server.add("/a/6", html(b"oops", status="500 Oops"))
    server.add(
        "/a/7", Reply((reply(b"\x89PNG\r\n\x1a\n" + bytes(50), "Content-Type: image/png", "Content-Length: 58"),))
    )
    cut = reply(pages[8], "Content-Type: text/html", f"Content-Length: {len(pages[8]) + 500}")
    server.add("/a/8", Reply((cut,), end="close", whole=False))
    late = reply(pages[9][:-100], "Content-Type: text/html", f"Content-Length: {len(pages[9])}")
    server.add("/a/9", Reply((late,), end="hang", whole=False))
    server.add("/a/10", html(pages[10], "X-Latin: caf\xe9"))
    server.add("/a/11", html(b"", "Location: http://elsewhere.test/", status="302 Found"))
    server.add("/a/closed", html(pages[11]))
    names = [*map(str, range(12)), "closed"]
    links = "".join(f"<a href=/a/{name}>A story of the day</a> " for name in names)
    server.add("/", html(links.encode()))


@dataclass(frozen=True)
class Crawled:
    """A live crawl and its archive."""

    live: Ended
    store: Store
    sources: Path
    places: dict[str, Path]
    server: str

    def settings(self) -> dict[str, object]:
        return {"SOURCES": self.sources}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawled]:
    folder = tmp_path_factory.mktemp("live")
    sources = folder / "sources"
    sources.mkdir()
    with RawServer() as server:
        publish(server)
        rules = 'sections = ["/"]\narticle_urls = ["/a/.*"]\n'
        (sources / "gazette.toml").write_text(f'title = "Gazette"\nhome = "{server.url("/")}"\n{rules}')
        live = crawl(folder, "crawl", "gazette", ARCHIVE_STORE=folder / "store", SOURCES=sources, **LIVE)
        assert live.code == 0, live.err
        url = server.url("")
    store = Store(folder / "store")
    yield Crawled(live, store, sources, packages(store, folder / "packages"), url)


def test_the_live_crawl_met_everything(crawled: Crawled) -> None:
    assert {url.rpartition("/")[2] for url in by_url(crawled.live.items)} == {"0", "1", "2", "3", "at-last", "8", "10"}
    for part in ("answers 410", "answers 500", "is not fetched", "/a/9 could not be fetched", "leads off the site"):
        assert part in crawled.live.err
    assert any("earlier articles cleaned again" in line for line in crawled.live.err.splitlines())


def test_items_from_the_store_equal_those_of_the_live_crawl(crawled: Crawled, tmp_path: Path) -> None:
    ended = replay(tmp_path, crawled.store.root, "crawl", "gazette", **crawled.settings())
    assert by_url(ended.items) == by_url(crawled.live.items)
    for part in ("answers 410", "answers 500", "is not fetched", "was not received whole", "leads off the site"):
        assert part in ended.err
    assert "     15 requests answered from the archive\n" in ended.err
    assert "      7 articles read\n" in ended.err


def test_items_from_files_equal_them_too(crawled: Crawled, tmp_path: Path) -> None:
    found = {
        kind: by_url(replay(tmp_path, path, "crawl", "gazette", **crawled.settings()).items)
        for kind, path in crawled.places.items()
        if kind != "wacz"
    }
    assert unlearned(list(found["warc.gz"].values())) == unlearned(crawled.live.items)
    assert all(items == found["warc.gz"] for items in found.values())
    learned = [any(r["rule"] == "learned" for r in item["trace"]["removed"]) for item in found["warc.gz"].values()]
    assert any(learned)
    assert not all(learned)


def test_the_guard_would_have_seen_a_connection(crawled: Crawled, tmp_path: Path) -> None:
    ended = crawl(
        tmp_path, "crawl", "gazette", guarded=True, ARCHIVE_STORE=tmp_path / "store", SOURCES=crawled.sources, **LIVE
    )
    assert ended.items == []
    assert ended.network


# One article after the other: to the letter, from everywhere

PATIENT = """
import scrapy
from scrapy import signals
from crawler.page import Page

class Patient(scrapy.Spider):
    \"\"\"Reads each article before it fetches the next.\"\"\"

    name = "patient"
    download_delay = 0.01

    @classmethod
    def from_crawler(cls, crawler, *args, **kwargs):
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.go_on, signals.item_scraped)
        return spider

    def __init__(self, urls, **kwargs):
        super().__init__(**kwargs)
        first, *self.urls = urls.split()
        self.start_urls = [first]

    def go_on(self, item):
        if "trace" in item and self.urls:
            self.crawler.engine.crawl(scrapy.Request(self.urls.pop(0), self.parse))

    def parse(self, response):
        yield {"title": response.css("h1::text").get(), "status": response.status, "size": len(response.body),
               "encoding": response.encoding, "headers": sorted(k.decode() for k in response.headers)}
        yield Page(response.meta["capture"])
"""


@pytest.mark.filterwarnings("ignore")
def test_one_article_after_the_other_to_the_letter(tmp_path: Path) -> None:
    spider = tmp_path / "patient.py"
    spider.write_text(PATIENT)
    writer = Writer(3)
    with RawServer() as server:
        urls = [server.add(f"/{n}", html(story(f"Story {n}", put(writer.article(), PROMOTION, 4)))) for n in range(6)]
        command = ["runspider", str(spider), "-a", f"urls={' '.join(urls)}"]
        live = crawl(tmp_path, *command, ARCHIVE_STORE=tmp_path / "store", ROBOTSTXT_OBEY=False, **LIVE)
    assert live.code == 0, live.err
    learned = [any(r["rule"] == "learned" for r in item["trace"]["removed"]) for item in live.items if "trace" in item]
    assert learned == [False, False, False, True, True, True]
    store = Store(tmp_path / "store")

    def sortable(items: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps(item, sort_keys=True) for item in items)

    for path in (store.root, packages(store, tmp_path / "packages")["wacz"]):
        ended = replay(tmp_path, path, *command, ROBOTSTXT_OBEY=False)
        assert sortable(ended.items) == sortable(live.items), path


# The papers of the demo


def test_the_papers_of_the_demo(tmp_path: Path) -> None:
    with Newspapers() as papers:
        settings = {"SOURCES": SOURCES, "CONNECT_TO": ",".join(papers.connect_to)}
        live = crawl(tmp_path, "crawl", "kestrel_valley_review", ARCHIVE_STORE=tmp_path / "store", **settings, **LIVE)
    assert len(live.items) == 6
    ended = replay(tmp_path, tmp_path / "store", "crawl", "kestrel_valley_review", SOURCES=SOURCES)
    assert by_url(ended.items) == by_url(live.items)


# Time

URL = "http://paper.test/a/1"
PAPER = 'title = "Paper"\nhome = "http://paper.test/"\narticle_urls = ["/a/.*"]\n'


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A store of three days; robots.txt was never fetched."""
    folder = tmp_path_factory.mktemp("paper")
    (folder / "sources").mkdir()
    (folder / "sources" / "paper.toml").write_text(PAPER)
    with running(Store(folder / "store")) as run:
        for day, title in enumerate(("Monday", "Tuesday", "Tuesday", "Thursday")):
            run.keep(exchange(URL, wire(bare_page(title)), at=later(24 * day)))
        run.keep(exchange(URL, wire(status="304 Not Modified", headers=["ETag: x"]), at=later(96)))
        run.keep(exchange("http://paper.test/a/head", wire(), method="HEAD"))
    return {"store": folder / "store", "sources": folder / "sources"}


@contextmanager
def replaying(**settings: Any) -> Iterator[Replaying]:
    """The extension of a crawl that is about to begin."""
    crawler = Crawler(Spider, Settings(settings))
    crawler.stats = MemoryStatsCollector(crawler)
    made = Replaying.from_crawler(crawler)
    try:
        yield made
    finally:
        made.collection.close()


@pytest.mark.parametrize(
    ("at", "title"),
    [
        ("2026-11-20", "Monday"),
        ("2026-11-20T09:00:00Z", "Monday"),
        ("20261121085959", "Monday"),
        ("2026-11-21T09:00", "Tuesday"),
        ("2026-11-22", "Tuesday"),
        ("2026-11", "Thursday"),
        (None, "Thursday"),
    ],
)
def test_the_capture_nearest_before_a_time_answers(paper: dict[str, Path], at: str | None, title: str) -> None:
    with replaying(REPLAY=str(paper["store"]), REPLAY_AT=at) as made:
        capture, message = made.answer(URL)
    assert capture.url == URL
    assert message.content() == bare_page(title)


def test_a_crawl_at_a_time(paper: dict[str, Path], tmp_path: Path) -> None:
    command = ["crawl", "paper", "-a", f"url={URL}"]
    ended = replay(tmp_path, paper["store"], *command, SOURCES=paper["sources"], REPLAY_AT="20261122")
    assert [item["headline"] for item in ended.items] == ["Tuesday"]
    assert "1 requests missed" in ended.err  # robots.txt: no rules then


def test_what_was_not_captured_is_missed_and_counted(paper: dict[str, Path], tmp_path: Path) -> None:
    urls = ["http://paper.test/a/2", "http://paper.test/a/head", "https://www.paper.test/a/1/", URL + "#part"]
    command = ["crawl", "paper", "-a", f"url={' '.join(urls)}"]
    ended = replay(tmp_path, paper["store"], *command, SOURCES=paper["sources"], REPLAY_AT="2026-11-20")
    assert "http://paper.test/a/2 was not captured at or before 2026-11-20." in ended.err
    assert "http://paper.test/a/head was not captured" in ended.err
    assert "      2 requests answered from the archive\n" in ended.err
    assert "      4 requests missed: not in the archive\n" in ended.err  # and robots.txt of two hosts
    assert [item["url"] for item in ended.items] == [URL]  # where it was captured


def test_other_methods_are_missed(paper: dict[str, Path], tmp_path: Path) -> None:
    spider = tmp_path / "methods.py"
    spider.write_text(
        "import scrapy\n\nclass Methods(scrapy.Spider):\n    name = 'methods'\n\n    async def start(self):\n"
        f"        for method in ('HEAD', 'POST'):\n            yield scrapy.Request({URL!r}, method=method)\n"
        "\n    def parse(self, response):\n        yield {'status': response.status}\n"
    )
    ended = replay(tmp_path, paper["store"], "runspider", str(spider), ROBOTSTXT_OBEY=False)
    assert ended.items == []
    assert "      2 requests missed" in ended.err


def test_nobody_is_waited_for(paper: dict[str, Path], tmp_path: Path) -> None:
    settings = {"DOWNLOAD_DELAY": 50, "AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_START_DELAY": 50}
    settings |= {"RETRY_ENABLED": True, "DOWNLOAD_SLOTS": '{"paper.test": {"delay": 50}}'}
    command = ["crawl", "paper", "-a", f"url={URL} {URL}?2"]
    ended = replay(tmp_path, paper["store"], *command, SOURCES=paper["sources"], **settings)
    assert len(ended.items) == 1


def test_a_size_limit_holds_in_a_replay_too(paper: dict[str, Path], tmp_path: Path) -> None:
    command = ["crawl", "paper", "-a", f"url={URL}"]
    ended = replay(tmp_path, paper["store"], *command, SOURCES=paper["sources"], DOWNLOAD_MAXSIZE=100)
    assert ended.items == []
    assert "larger than DOWNLOAD_MAXSIZE allows" in ended.err


def test_replay_while_a_crawl_writes(paper: dict[str, Path], tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with running(store) as run:
        run.keep(exchange(URL, wire(bare_page("Open")), at=later(1)))
        run.flush()
        command = ["crawl", "paper", "-a", f"url={URL}"]
        ended = crawl(tmp_path, *command, guarded=True, SOURCES=paper["sources"], REPLAY=store.root)
    assert [item["headline"] for item in ended.items] == ["Open"]
    catalogue = Catalogue(store.catalogue_path)
    assert catalogue.counts()["runs"] == 1
    catalogue.close()


# Foreign pages


def test_pages_of_other_software(paper: dict[str, Path], tmp_path: Path) -> None:
    text = bare_page("Foreign")
    undone = ["Content-Type: text/html", "Content-Encoding: gzip", "Transfer-Encoding: chunked"]
    path = tmp_path / "foreign.warc.gz"
    path.write_bytes(
        by_record(
            record("response", reply(text, *undone), WARC_Target_URI=URL),
            record("resource", text, WARC_Target_URI=URL + "/2", Content_Type="text/html"),
            record("response", b"HTTP/2 200\r\nContent-Type: text/html\r\n\r\n" + text, WARC_Target_URI=URL + "/3"),
            record("response", reply(text[:-50]), WARC_Target_URI=URL + "/4", WARC_Truncated="length"),
            record("revisit", reply(b""), WARC_Target_URI=URL + "/5", WARC_Payload_Digest="sha1:GONE"),
        )
    )
    urls = " ".join([URL, *(f"{URL}/{n}" for n in range(2, 6))])
    ended = replay(tmp_path, path, "crawl", "paper", "-a", f"url={urls}", SOURCES=paper["sources"])
    assert {item["url"] for item in ended.items} == set(urls.split()[:4])
    assert {item["headline"] for item in ended.items} == {"Foreign"}
    assert "The original of the revisit record" in ended.err


# Mistakes


@pytest.mark.parametrize(
    ("path", "at", "says"),
    [
        ("none", None, "there is no such file or folder"),
        ("README.md", None, "is neither a WARC nor a WACZ file"),
        ("docs", None, "there is no archive"),
        ("store", "soon", "REPLAY_AT: 'soon' is no date"),
        ("store", "2025", "REPLAY_AT=2025: that is before the first capture"),
        ("empty.warc.gz", None, "there is no capture to replay (empty.warc.gz: The file is empty.)"),
        ("torn", None, "there is no catalogue; scrapy rebuild makes it"),
        ("climbing.wacz", None, "climbs out of the package"),
    ],
)
def test_mistakes_get_one_sentence(
    paper: dict[str, Path], tmp_path: Path, path: str, at: str | None, says: str
) -> None:
    (tmp_path / "empty.warc.gz").touch()
    (tmp_path / "torn" / "originals").mkdir(parents=True)
    wacz(tmp_path / "climbing.wacz", [("../x.warc", b"WARC/1.0")])
    where = {"store": paper["store"], "README.md": ROOT / "README.md", "docs": ROOT / "docs"}
    with pytest.raises(StoreError) as caught, replaying(REPLAY=str(where.get(path, tmp_path / path)), REPLAY_AT=at):
        pass
    assert says in refused(caught.value)


@pytest.mark.parametrize(("path", "says"), [("none", "there is no such file"), ("", "REPLAY names no archive")])
def test_a_mistake_ends_a_crawl_before_it_begins(paper: dict[str, Path], tmp_path: Path, path: str, says: str) -> None:
    ended = replay(tmp_path, path and tmp_path / path, "crawl", "paper", code=1, SOURCES=paper["sources"])
    (sentence,) = ended.sentences
    assert says in sentence
    assert sentence.endswith(".")


def test_a_time_without_an_archive_never_becomes_a_live_crawl(paper: dict[str, Path], tmp_path: Path) -> None:
    store = tmp_path / "store"
    ended = crawl(
        tmp_path, "crawl", "paper", guarded=True, SOURCES=paper["sources"], REPLAY_AT="2026", ARCHIVE_STORE=store
    )
    assert (ended.code, ended.network, store.exists()) == (1, [], False)
    assert "REPLAY names no archive" in ended.sentences[0]
