"""Crawls of whole sources: what is asked for, what never is, and what comes of a second one."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archive.catalogue import Catalogue
from archive.errors import SourceError
from archive.storage import Store
from archive.verification.verify import verify
from crawler.demo.newspapers import SOURCES, Newspapers
from crawler.source import Source
from crawler.spider import SourceSpider
from tests.server.crawl import LOOPBACK, ROOT
from tests.server.raw import RawServer, Reply
from tests.server.store import read_store

SETTINGS = {
    **LOOPBACK,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 4,
    "EXTRACT_WORKERS": 1,
    "LOG_LEVEL": "INFO",
    "RETRY_ENABLED": False,
}


@dataclass(frozen=True)
class Crawl:
    """A crawl that has ended."""

    items: list[dict[str, Any]]
    log: str
    store: Store

    def rows(self, table: str) -> list[dict[str, Any]]:
        """A table of the catalogue."""
        catalogue = Catalogue(self.store.catalogue_path)
        rows = catalogue.dump()[table]
        catalogue.close()
        return rows

    @property
    def stats(self) -> dict[str, Any]:
        """The counters of the run that ended last."""
        return dict(json.loads(max(self.rows("runs"), key=lambda row: str(row["ended"]))["stats"]))


def crawl(name: str, folder: Path, *arguments: str, **settings: object) -> Crawl:
    """``scrapy crawl NAME -O`` into a store below `folder`; `arguments` are those of the spider."""
    out = folder / "items.jsonl"
    command = [sys.executable, "-m", "scrapy", "crawl", name, "-O", str(out)]
    for key, value in {**SETTINGS, "ARCHIVE_STORE": folder / "store", **settings}.items():
        command += ["-s", f"{key}={value}"]
    for argument in arguments:
        command += ["-a", argument]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    items = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    return Crawl(items, done.stderr, Store(folder / "store"))


# Arguments


def spider(**arguments: str) -> SourceSpider:
    source = Source(name="gazette", title="G", home="http://gazette.example/", article_urls=("/a/.*",))
    return SourceSpider.of(source)(**arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"limit": "ten"}, "-a limit is a number"),
        ({"limit": "1.5"}, "-a limit is a number"),
        ({"limit": ""}, "-a limit is a number"),
        ({"since": "19.11.2026"}, "a date such as 2026-11-01"),
        ({"since": "2026-02-30"}, "a date such as 2026-11-01"),
        ({"url": "gazette.example/a"}, "-a url=gazette.example/a: 'gazette.example/a' is no http or https URL"),
        (
            {"url": "http://gazette.example/a file:///etc/passwd"},
            "-a url=file:///etc/passwd: 'file:///etc/passwd' is no",
        ),
        ({"home": "gazette.example"}, "-a home=gazette.example: "),
        ({"fresh": "yes"}, "-a fresh=yes: is 1 to fetch everything, whatever is known of it, or left out."),
        ({"page": "3"}, "-a page=: no such argument; there are url, limit, since, home and fresh."),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, str], words: str) -> None:
    with pytest.raises(SourceError) as error:
        spider(**arguments)
    assert words in str(error.value)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize("arguments", [{"url": "http://["}, {"home": "http://["}])
def test_urls_that_are_none(arguments: dict[str, str]) -> None:
    with pytest.raises(SourceError):
        spider(**arguments)


def test_a_limit_below_nothing_makes_no_sense() -> None:
    with pytest.raises(SourceError):
        spider(limit="-3")


def test_a_source_without_a_home_asks_for_one() -> None:
    source = Source(name="blog", title="B", home="", article_urls=("/.*",))
    with pytest.raises(SourceError) as error:
        SourceSpider.of(source)()
    assert str(error.value) == "blog needs a home page: -a home=https://..."
    assert SourceSpider.of(source)(home="https://one.example").site.home == "https://one.example"
    assert SourceSpider.of(source)(url="https://one.example/a").site.home == ""


def test_each_source_has_a_spider_of_its_own() -> None:
    made = [SourceSpider.of(Source(name=n, title="", home="", article_urls=("/",))) for n in ("one", "two")]
    assert [kind.name for kind in made] == ["one", "two"]
    assert all(kind.exclusive for kind in made)


# The invented newspapers


@dataclass(frozen=True)
class Served:
    """A paper that was crawled into one archive, once or twice, and what it was asked each time."""

    papers: Newspapers
    crawls: list[Crawl]
    asked: list[list[tuple[str, str]]]

    @property
    def all_asked(self) -> Counter[str]:
        return Counter(path for asked in self.asked for _, path in asked)


def crawl_paper(name: str, folder: Path, times: int) -> Iterator[Served]:
    with Newspapers() as papers:
        crawls, asked = [], []
        for _ in range(times):
            before = len(papers.requests)
            crawls.append(crawl(name, folder, "fresh=1", SOURCES=SOURCES, CONNECT_TO=",".join(papers.connect_to)))
            asked.append(list(papers.requests[before:]))
        yield Served(papers, crawls, asked)


@pytest.fixture(scope="module")
def eco(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A paper with a sitemap, and a draft that robots.txt closes."""
    yield from crawl_paper("eco_de_valdarroyo", tmp_path_factory.mktemp("eco"), 2)


@pytest.fixture(scope="module")
def courier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A paper with feeds, and articles at two addresses."""
    yield from crawl_paper("harbour_courier", tmp_path_factory.mktemp("courier"), 1)


def test_every_article_of_a_paper_comes_out_as_an_item(eco: Served, courier: Served) -> None:
    for name, paper in (("eco_de_valdarroyo", eco), ("harbour_courier", courier)):
        printed = {url: article for article in paper.papers.articles(name) for url in article.urls}
        items = {item["url"]: item for item in paper.crawls[0].items}
        assert items.keys() == printed.keys()
        for url, item in items.items():
            assert item["text"].split("\n") == list(printed[url].paragraphs)


def test_a_second_crawl_finds_nothing_new(eco: Served) -> None:
    first, second = eco.crawls
    asked, asked_again = map(Counter, eco.asked)
    assert second.items == []
    assert asked_again == asked
    rows = second.rows("captures")
    assert Counter(row["kind"] for row in rows) == {"response": len(asked), "revisit": len(asked)}
    originals = {row["id"]: row for row in rows if row["kind"] == "response"}
    for row in rows:
        if row["kind"] == "revisit":
            assert originals[row["refers_to"]]["payload_digest"] == row["payload_digest"]
    assert second.stats["newswarc/captures/revisit"] == len(asked)
    assert "newswarc/captures/response" not in second.stats
    assert len(second.rows("versions")) == len(first.items)
    assert verify(second.store).ok


def test_every_request_is_made_once_and_archived(eco: Served, courier: Served) -> None:
    for paper in (eco, courier):
        assert all(set(Counter(asked).values()) == {1} for asked in paper.asked)
        stored, _ = read_store(paper.crawls[0].store.root)
        assert Counter(s.path for s in stored) == paper.all_asked


def test_what_robots_txt_closes_is_never_asked_for_but_told_of(eco: Served) -> None:
    draft, home = "/es/borradores/borrador-presupuestos/ev20999", "http://www.eco-valdarroyo.example"
    assert "/robots.txt" in eco.all_asked
    assert not any("borradores" in path for path in eco.all_asked)
    refused = [row for row in eco.crawls[1].rows("fetches") if row["outcome"] == "robots"]
    assert [row["url"] for row in refused] == [home + draft] * 2
    assert {(row["lead_kind"], row["lead_via"]) for row in refused} == {("section", f"{home}/es/")}
    assert all(row["status"] is None and row["capture"] is None for row in refused)
    assert f"{home}{draft} is not fetched: robots.txt asks crawlers not to fetch it." in eco.crawls[0].log
    assert "      1 not fetched because of robots.txt" in eco.crawls[0].log
    assert eco.crawls[1].stats["newswarc/failures/robots"] == 1


def test_what_was_announced_is_kept_once_with_where_and_when(eco: Served, courier: Served) -> None:
    for paper, name, kinds in (
        (eco, "eco_de_valdarroyo", {"sitemap", "section"}),
        (courier, "harbour_courier", {"feed", "section"}),
    ):
        leads = paper.crawls[-1].rows("leads")  # a second crawl was told nothing new
        run, *_ = {row["run"] for row in leads}
        assert {(row["run"], row["source"]) for row in leads} == {(run, name)}
        assert {row["kind"] for row in leads} == kinds
        announced = {row["url"] for row in leads}
        assert {a.url for a in paper.papers.articles(name)} <= announced
        captures = {row["id"]: row for row in paper.crawls[-1].rows("captures")}
        for row in leads:
            listing = captures[row["capture"]]
            assert (row["via"], row["seen"], row["run"]) == (listing["url"], listing["date"], listing["run"])
        assert any(row["announced"] for row in leads)
    titles = {row["title"] for row in courier.crawls[0].rows("leads") if row["kind"] == "feed"}
    assert {article.headline for article in courier.papers.articles("harbour_courier")} >= titles - {None} != set()


def test_one_article_at_two_addresses_is_one_article_with_two_captures(courier: Served) -> None:
    printed = courier.papers.articles("harbour_courier")
    catalogue = Catalogue(courier.crawls[0].store.catalogue_path)
    assert catalogue.counts()["articles"] == len(printed) < catalogue.counts()["versions"]
    for article in printed:
        versions = catalogue.versions(article.urls[-1])
        assert versions == catalogue.versions(article.url)
        assert {row["article"] for row in versions} == {article.url}
        captures = [row["id"] for url in article.urls for row in catalogue.captures(url)]
        assert sorted(row["capture"] for row in versions) == sorted(captures)
        assert len(captures) == len(article.urls)
        assert len({row["text_digest"] for row in versions}) == 1
    catalogue.close()


def test_how_each_page_was_found_is_kept(eco: Served, courier: Served) -> None:
    for paper, ways in ((eco, {"sitemap", "section"}), (courier, {"feed", "section"})):
        crawled = paper.crawls[0]
        leads = {row["url"]: (row["lead_kind"], row["lead_via"]) for row in crawled.rows("fetches")}
        for item in crawled.items:
            kind, via = leads[item["url"]]
            assert kind in ways
            assert leads[via] == ("source", None)


def test_the_sum_at_the_end(eco: Served) -> None:
    asked, articles = len(eco.asked[0]), len(eco.crawls[0].items)
    sums = f"eco_de_valdarroyo is done:\n{asked:>7} responses archived\n{articles:>7} articles stored\n"
    assert sums in eco.crawls[0].log
    assert f"eco_de_valdarroyo is done:\n{asked:>7} unchanged ones archived as revisits\n" in eco.crawls[1].log
    assert "CONTACT is not set" in eco.crawls[0].log


# A site with traps


def reply(body: str | bytes, kind: str = "text/html; charset=utf-8", status: str = "200 OK", *headers: str) -> Reply:
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", f"Content-Type: {kind}", *headers]
    return Reply(("\r\n".join(lines).encode() + b"\r\n\r\n" + data,))


def page(title: str) -> Reply:
    lines = (f"On day {day} the ferry brought {day * 3} crates of {title} pears to the quay." for day in range(6))
    text = "".join(f"<p>{line}</p>" for line in lines)
    return reply(f"<html><body><article><h1>Paper {title}</h1>{text}</article></body></html>")


def moved(to: str) -> Reply:
    return reply("", "text/html", "302 Found", f"Location: {to}")


def feed(*entries: tuple[str, str]) -> Reply:
    dated = ((url, f"<pubDate>{date}</pubDate>" if date else "") for url, date in entries)
    items = "".join(f"<item><link>{url}</link>{date}</item>" for url, date in dated)
    return reply(f'<rss version="2.0"><channel><title>G</title>{items}</channel></rss>', "application/rss+xml")


def sitemap(*rows: tuple[str, str], root: str = "urlset", row: str = "url") -> bytes:
    urls = "".join(f"<{row}><loc>{u}</loc>{f'<lastmod>{d}</lastmod>' if d else ''}</{row}>" for u, d in rows)
    return f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</{root}>'.encode()


def links(*urls: str) -> Reply:
    return reply("".join(f'<a href="{url}">more</a> ' for url in urls))


DEFINITION = """
title = "The Gazette"
home = ""
feeds = ["/feed", "/html-feed"]
sitemaps = ["/sitemap.xml", "/bad.xml"]
sections = ["/news", "/report.pdf"]
article_urls = ['/a/[^/?]+']
"""
HOME = "http://www.gazette.example/en/"
OTHERS = ("other.example", "evil-gazette.example", "gazette.example.evil.example", "gazette.example", "example")
SITE = {
    "/robots.txt": reply("User-agent: *\nDisallow: /a/closed\nDisallow: /s/closed.xml\n", "text/plain"),
    "/feed": feed(
        ("/a/feed-new", "Tue, 10 Nov 2026 08:00:00 GMT"),
        ("/a/feed-old", "Thu, 01 Oct 2026 08:00:00 GMT"),
        ("/a/feed-undated", ""),
        *((f"http://{host}/a/off-feed", "") for host in OTHERS),
    ),
    "/html-feed": links("/a/no-feed"),
    "/sitemap.xml": reply(
        sitemap(
            ("/s/1.xml.gz", "2026-11-12"),
            ("/s/old.xml", "2026-10-01"),
            ("/s/closed.xml", ""),
            ("/sitemap.xml", ""),
            *((f"http://{host}/s/off.xml", "") for host in OTHERS),
            root="sitemapindex",
            row="sitemap",
        ),
        "application/xml",
    ),
    "/s/1.xml.gz": reply(
        gzip.compress(
            sitemap(
                ("/a/map-new", "2026-11-01T00:00:00Z"),
                ("/a/map-old", "2026-10-31"),
                ("/a/feed-new", "2026-11-10"),
                ("/about", ""),
                *((f"http://{host}/a/off-map", "") for host in OTHERS),
            )
        ),
        "application/gzip",
    ),
    "/s/old.xml": reply(sitemap(("/a/map-deep", "2026-11-05")), "application/xml"),
    "/bad.xml": reply("<html><body>no sitemap</body></html>"),
    "/news": links(
        "/a/linked",
        "/a/linked#comments",
        "/a/closed",
        "/a/hidden",
        "/a/away",
        "/a/moved",
        "/a/gone",
        "/a/linked?print=1",
        "/about",
        "/b/linked",
        "mailto:editor@www.gazette.example",
        *(f"//{host}/a/off-link" for host in OTHERS),
        "http://www.gazette.example@other.example/a/off-link",
    ),
    "/few": links("/a/linked", "/a/linked#comments", "/a/target", "/a/feed-new", "/a/feed-old"),
    "/report.pdf": reply(b"%PDF-1.7 /a/off", "application/pdf"),
    "/a/hidden": moved("/a/closed-too"),
    "/a/away": moved("http://other.example/a/elsewhere"),
    "/a/moved": moved("/a/target"),
    "/a/gone": reply("gone", status="404 Not Found"),
}  # fmt: skip
LEADS = {"/robots.txt", "/feed", "/html-feed", "/sitemap.xml", "/bad.xml", "/news", "/report.pdf"}
GOOD = {"feed-new", "feed-old", "feed-undated", "map-new", "map-old", "map-deep", "linked", "target"}


class Site:
    """A server that answers for every host, and a definition of one of them."""

    def __init__(self, server: RawServer, folder: Path) -> None:
        self.server, self._folder = server, folder
        for path, answer in SITE.items():
            server.add(path, answer)
        for name in GOOD | {"closed", "closed-too", "elsewhere", "no-feed"}:
            server.add(f"/a/{name}", page(name))
        (folder / "gazette.toml").write_text(DEFINITION)
        few = f'title = "G"\nhome = "{HOME}"\nsections = ["/few"]\narticle_urls = ["/a/.*"]\n'
        (folder / "few.toml").write_text(few)

    def crawl(self, *arguments: str, source: str = "gazette") -> Crawl:
        connect = f":80:127.0.0.1:{self.server.port}"
        return crawl(source, self._folder, *arguments, SOURCES=self._folder, CONNECT_TO=connect)

    @property
    def asked(self) -> list[str]:
        """What was asked for so far; the host only if it isn't that of the home page."""
        found = []
        for logged in self.server.log:
            host = next(line[5:].strip().decode() for line in logged.request.split(b"\r\n") if line[:5] == b"Host:")
            found.append(("" if host == "www.gazette.example" else host) + logged.path)
        return found

    def path(self, article: dict[str, Any]) -> str:
        return str(article["url"]).removeprefix("http://www.gazette.example/a/")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with RawServer() as server:
        yield Site(server, tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Crawl]]:
    """The site, and a crawl of all of it."""
    with RawServer() as server:
        site = Site(server, tmp_path_factory.mktemp("site"))
        yield site, site.crawl(f"home={HOME}")


def test_only_what_belongs_to_the_site_is_asked_for(whole: tuple[Site, Crawl]) -> None:
    site, done = whole
    articles = {f"/a/{name}" for name in GOOD}
    redirected = {"/a/hidden", "/a/moved", "/a/away"}
    asked = [path for path in site.asked if path.startswith("/")]  # see below for the others
    assert Counter(asked) == Counter(LEADS | {"/s/1.xml.gz", "/s/old.xml", "/a/gone"} | articles | redirected)
    assert {site.path(item) for item in done.items if "other.example" not in item["url"]} == GOOD
    stored, _ = read_store(done.store.root)
    assert sorted(s.path for s in stored) == sorted(logged.path for logged in site.server.log)
    assert verify(done.store).ok


def test_a_redirect_does_not_lead_off_the_site(whole: tuple[Site, Crawl]) -> None:
    site, _ = whole
    assert [path for path in site.asked if not path.startswith("/")] == []


def test_a_redirect_s_exchanges_are_both_kept(whole: tuple[Site, Crawl]) -> None:
    _, done = whole
    stored = {s.path: s for s in read_store(done.store.root)[0]}
    assert stored["/a/moved"].response.block == SITE["/a/moved"].data
    assert stored["/a/target"].response.block == page("target").data
    captures = {row["id"]: row["url"] for row in done.rows("captures")}
    read = {captures[row["capture"]] for row in done.rows("versions")}
    assert "http://www.gazette.example/a/target" in read
    assert "http://www.gazette.example/a/moved" not in read
    leads = {row["url"]: (row["lead_kind"], row["lead_via"]) for row in done.rows("fetches")}
    assert leads["http://www.gazette.example/a/target"] == ("redirect", "http://www.gazette.example/a/moved")
    assert leads["http://www.gazette.example/a/moved"][0] != "redirect"


def test_what_robots_txt_closes_is_not_reached_by_a_redirect_or_an_index_either(whole: tuple[Site, Crawl]) -> None:
    _, done = whole
    refused = [row["url"] for row in done.rows("fetches") if row["outcome"] == "robots"]
    closed = ("/a/closed", "/a/closed-too", "/s/closed.xml")
    assert sorted(refused) == [f"http://www.gazette.example{path}" for path in closed]


def test_what_is_no_feed_or_no_page_is_told_of(whole: tuple[Site, Crawl]) -> None:
    _, done = whole
    for path, what in (("html-feed", "no RSS, Atom or JSON feed"), ("bad.xml", "an HTML page, no sitemap")):
        assert f"http://www.gazette.example/{path} is {what}. It is archived, but nothing can be" in done.log
    assert "http://www.gazette.example/a/gone answers 404; it is archived." in done.log
    assert done.stats["newswarc/pages/unreadable_leads"] == 2
    assert done.stats["newswarc/pages/http_error"] == 1


def test_old_leads_are_passed_over(site: Site) -> None:
    done = site.crawl(f"home={HOME}", "since=2026-11-01")
    asked = set(site.asked)
    assert {"/a/feed-new", "/a/map-new", "/a/feed-undated", "/a/linked"} <= asked
    assert not asked & {"/a/feed-old", "/a/map-old", "/s/old.xml", "/a/map-deep"}
    found = {site.path(item) for item in done.items if "other.example" not in item["url"]}
    assert found == {"feed-new", "map-new", "feed-undated", "linked", "target"}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[str]]:
    """The articles of a crawl for three out of four, of which one is linked twice."""
    with RawServer() as server:
        site = Site(server, tmp_path_factory.mktemp("limited"))
        done = site.crawl("limit=3", source="few")
        found = {site.path(item) for item in done.items}
        assert {path for path in site.asked if path.startswith("/a/")} == {f"/a/{name}" for name in found}
        yield found


def test_no_more_than_the_limit_is_fetched(limited: set[str]) -> None:
    assert {"linked", "target"} <= limited < {"linked", "target", "feed-new", "feed-old"}


def test_a_link_with_a_fragment_leads_to_the_same_article(limited: set[str]) -> None:
    assert limited == {"linked", "target", "feed-new"}


def test_what_cannot_be_fetched_does_not_count_towards_the_limit(site: Site) -> None:
    site.server.add("/few", links("/a/lost", "/a/gone", "/a/linked", "/a/target"))
    done = site.crawl("limit=1", source="few")
    assert [path for path in site.asked if path.startswith("/a/")] == ["/a/lost", "/a/gone", "/a/linked"]
    assert [site.path(item) for item in done.items] == ["linked"]


def test_given_pages_alone_are_fetched(site: Site) -> None:
    """Whatever they look like, wherever they are, and however often they are named."""
    site.server.add("/about/us", page("about"))
    linked = "http://www.gazette.example/a/linked"
    done = site.crawl(f"url={linked} http://other.example/about/us {linked}", "limit=1")
    assert sorted(site.asked) == ["/a/linked", "/robots.txt", "other.example/about/us", "other.example/robots.txt"]
    assert {item["headline"] for item in done.items} == {"Paper linked", "Paper about"}
    leads = {(row["lead_kind"], row["url"].endswith("robots.txt")) for row in done.rows("fetches")}
    assert leads == {("given", False), ("robots", True)}


def test_robots_txt_holds_wherever_it_lies(site: Site) -> None:
    """RFC 9309, 2.3.1.2: redirects of robots.txt are followed across authorities."""
    site.server.add("/robots.txt", moved("http://rules.example/rules.txt"))
    site.server.add("/rules.txt", reply("User-agent: *\nDisallow: /a/closed\n", "text/plain"))
    done = site.crawl("url=http://www.gazette.example/a/closed http://www.gazette.example/a/linked")
    assert sorted(site.asked) == ["/a/linked", "/robots.txt", "rules.example/rules.txt"]
    assert [site.path(item) for item in done.items] == ["linked"]
