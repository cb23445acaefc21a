"""The demo's newspapers answer as announced, and always alike."""

from __future__ import annotations

import datetime as dt
import email.utils
import gzip
import http.client
import itertools
import socket
import threading
import urllib.robotparser
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin, urlsplit

import brotli
import feedparser
import lxml.etree
import lxml.html
import msgspec
import pytest
import zstandard

from crawler.demo.newspapers import SOURCES, Newspapers, Printed
from crawler.demo.paper import load_papers
from crawler.source import Source, load_source, load_sources

NAMES = (
    "eco_de_valdarroyo",
    "harbour_courier",
    "kestrel_valley_review",
    "lindwehrer_anzeiger",
    "tern_landing_notes",
)
DECODE = {
    None: bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": zstandard.decompress,
}
DRAFT = "http://www.eco-valdarroyo.example/es/borradores/borrador-presupuestos/ev20999"


class Response(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def page(self) -> bytes:
        return DECODE[self.headers.get("Content-Encoding")](self.body)


@pytest.fixture(scope="module")
def papers() -> Iterator[Newspapers]:
    with Newspapers() as papers:
        yield papers


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def fetch(papers: Newspapers, url: str, method: str = "GET", **headers: str) -> Response:
    """One request on a connection of its own; header names with _ for -."""
    sent = {"Accept-Encoding": "gzip, deflate, br, zstd"}
    sent |= {key.replace("_", "-"): value for key, value in headers.items()}
    connection = http.client.HTTPConnection(*papers.address, timeout=10)
    try:
        return ask(connection, url, method, sent)
    finally:
        connection.close()


def ask(connection: http.client.HTTPConnection, url: str, method: str, headers: dict[str, str]) -> Response:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for key, value in ({"Host": parts.netloc} | headers).items():
        connection.putheader(key, value)
    connection.endheaders()
    response = connection.getresponse()
    return Response(response.status, dict(response.headers.items()), response.read())


def source_of(name: str) -> Source:
    return load_source(SOURCES / f"{name}.toml")


def links(page: bytes, base: str) -> set[str]:
    return {urljoin(base, str(href)) for href in lxml.html.fromstring(page).xpath("//a/@href")}


def announced(papers: Newspapers, source: Source) -> set[str]:
    """Every article URL that the source's feeds, sitemaps and sections give."""
    urls: set[str] = set()
    for feed in source.feeds:
        page = fetch(papers, urljoin(source.home, feed)).page
        urls |= {entry.link for entry in feedparser.parse(page).entries}
    for sitemap in source.sitemaps:
        page = fetch(papers, urljoin(source.home, sitemap)).page
        urls |= {str(loc) for loc in lxml.etree.fromstring(page).xpath("//*[local-name()='loc']/text()")}
    for section in source.sections:
        url = urljoin(source.home, section)
        urls |= links(fetch(papers, url).page, url)
    return {url for url in urls if source.is_article(url)}


def all_articles(papers: Newspapers) -> Iterator[Printed]:
    return itertools.chain.from_iterable(papers.articles(name) for name in papers.names)


# What is served


def test_five_papers_have_articles_and_addresses(papers: Newspapers) -> None:
    assert papers.names == NAMES
    host, port = papers.address
    assert host == "127.0.0.1"
    assert len(papers.connect_to) == len(NAMES)
    assert all(entry.endswith(f".example:80:127.0.0.1:{port}") for entry in papers.connect_to)
    assert all(6 <= len(papers.articles(name)) <= 8 for name in NAMES)


CODINGS = {
    "eco_de_valdarroyo": {"br"},
    "harbour_courier": {"gzip"},
    "kestrel_valley_review": {"gzip", "zstd"},
    "lindwehrer_anzeiger": {None},
    "tern_landing_notes": {"gzip"},
}


def test_every_article_answers_in_its_papers_coding(papers: Newspapers, name: str) -> None:
    codings = set()
    for article in papers.articles(name):
        response = fetch(papers, article.url)
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        codings.add(response.headers.get("Content-Encoding"))
        assert ("Transfer-Encoding" in response.headers) is (name == "tern_landing_notes")
        assert response.page.startswith(b"<!DOCTYPE html>")
    assert codings == CODINGS[name]


def test_lists_of_one_paper_come_deflated(papers: Newspapers) -> None:
    response = fetch(papers, "http://kestrel-valley-review.example/notebook/")
    assert response.headers["Content-Encoding"] == "deflate"
    assert b"Two Sheriffs" in response.page


@pytest.mark.parametrize("accepted", ["", "identity", "br;q=0, gzip;q=0.0, zstd; q=0"])
def test_a_client_that_takes_no_coding_gets_plain_bytes(papers: Newspapers, name: str, accepted: str) -> None:
    url = papers.articles(name)[0].url
    response = fetch(papers, url, Accept_Encoding=accepted)
    assert "Content-Encoding" not in response.headers
    assert response.body == fetch(papers, url).page


def test_pictures_answer(papers: Newspapers) -> None:
    for article in all_articles(papers):
        if article.image:
            response = fetch(papers, article.image)
            assert response.status == 200
            assert lxml.etree.fromstring(response.page).tag == "{http://www.w3.org/2000/svg}svg"


# Feeds, robots, redirects


def test_feeds_parse_and_agree_with_the_articles(papers: Newspapers, name: str) -> None:
    source, articles = source_of(name), {a.url: a for a in papers.articles(name)}
    for path in source.feeds:
        feed = feedparser.parse(fetch(papers, urljoin(source.home, path)).page)
        assert not feed.bozo
        assert feed.entries
        for entry in feed.entries:
            article = articles[entry.link]
            assert entry.title == article.headline
            assert article.published is not None
            told = dt.datetime.fromisoformat(article.published)
            assert entry.published_parsed == told.utctimetuple()


def test_sitemap_rows_have_the_articles_dates(papers: Newspapers) -> None:
    tree = lxml.etree.fromstring(fetch(papers, "http://www.eco-valdarroyo.example/sitemap.xml").page)
    space = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    rows = {row.findtext("s:loc", None, space): row.findtext("s:lastmod", None, space) for row in tree}
    for article in papers.articles("eco_de_valdarroyo"):
        assert rows[article.url] == (article.modified or article.published)


def test_every_address_is_announced_and_is_an_article(papers: Newspapers, name: str) -> None:
    source = source_of(name)
    urls = {url for article in papers.articles(name) for url in article.urls}
    assert announced(papers, source) - {DRAFT} == urls
    assert all(source.is_article(url) for url in urls)


def test_home_and_sections_answer_and_are_no_articles(papers: Newspapers, name: str) -> None:
    source = source_of(name)
    paper = next(p for p in load_papers() if p.name == name)
    assert urlsplit(source.home).netloc == paper.host
    pages = [source.home, *(paper.url(s.path) for s in paper.sections), *source.feeds, *source.sitemaps]
    for page in pages:
        url = urljoin(source.home, page)
        assert fetch(papers, url).status == 200
        assert not source.is_article(url)


def test_robots_close_a_draft_that_the_home_page_links_to(papers: Newspapers) -> None:
    source = source_of("eco_de_valdarroyo")
    robots = urllib.robotparser.RobotFileParser()
    text = fetch(papers, urljoin(source.home, "/robots.txt")).page.decode()
    robots.parse(text.splitlines())
    assert DRAFT in links(fetch(papers, source.home).page, source.home)
    assert source.is_article(DRAFT)
    assert not robots.can_fetch("newswarc", DRAFT)
    assert fetch(papers, DRAFT).status == 200
    assert DRAFT not in {a.url for a in papers.articles("eco_de_valdarroyo")}


def test_robots_leave_every_article_open(papers: Newspapers, name: str) -> None:
    robots = urllib.robotparser.RobotFileParser()
    response = fetch(papers, urljoin(papers.homes[name], "/robots.txt"))
    assert response.headers["Content-Type"].startswith("text/plain")
    robots.parse(response.page.decode().splitlines())
    assert all(robots.can_fetch("newswarc", url) for a in papers.articles(name) for url in a.urls)


def test_an_old_address_redirects(papers: Newspapers) -> None:
    moved = [a for a in papers.articles("kestrel_valley_review") if len(a.urls) > 1]
    assert len(moved) == 1
    response = fetch(papers, moved[0].urls[1])
    assert response.status == 301
    assert response.headers["Location"] == moved[0].url


def test_a_second_address_gives_the_same_page_with_its_canonical_link(papers: Newspapers) -> None:
    twice = [a for a in papers.articles("harbour_courier") if len(a.urls) > 1]
    assert twice
    for article in twice:
        first, second = (fetch(papers, url).page for url in article.urls)
        assert first == second
        assert lxml.html.fromstring(first).xpath("//link[@rel='canonical']/@href") == [article.url]


def test_what_is_not_there_is_404(papers: Newspapers, name: str) -> None:
    response = fetch(papers, urljoin(papers.homes[name], "/no/such/page"))
    assert response.status == 404
    assert "ETag" not in response.headers
    assert lxml.html.fromstring(response.page).find("body") is not None


def test_an_unknown_host_is_misdirected(papers: Newspapers) -> None:
    response = fetch(papers, "http://www.example/")
    assert response.status == 421
    assert b"www.harbour-courier.example" in response.body


# Always alike


def test_two_runs_answer_with_the_same_bytes(papers: Newspapers) -> None:
    with Newspapers() as again:
        for name in NAMES:
            source = source_of(name)
            pages = {source.home, *source.feeds, *source.sitemaps, *source.sections, "/robots.txt", "/none"}
            urls = {urljoin(source.home, page) for page in pages}
            urls |= {url for article in papers.articles(name) for url in article.urls}
            for url in urls:
                assert fetch(papers, url) == fetch(again, url)


def test_a_client_with_the_page_gets_304(papers: Newspapers, name: str) -> None:
    url = papers.articles(name)[0].url
    first = fetch(papers, url)
    assert email.utils.parsedate_to_datetime(first.headers["Last-Modified"]).tzinfo is not None
    for header in (
        {"If_None_Match": first.headers["ETag"]},
        {"If_None_Match": f'"other", {first.headers["ETag"]}'},
        {"If_Modified_Since": first.headers["Last-Modified"]},
    ):
        response = fetch(papers, url, **header)
        assert (response.status, response.body) == (304, b"")
        assert response.headers["ETag"] == first.headers["ETag"]
    for header in (
        {"If_None_Match": '"other"'},
        {"If_Modified_Since": "Thu, 01 Jan 2015 00:00:00 GMT"},
        {"If_Modified_Since": "yesterday"},
    ):
        assert fetch(papers, url, **header) == first


def test_codings_have_etags_of_their_own(papers: Newspapers) -> None:
    url = papers.articles("harbour_courier")[0].url
    assert fetch(papers, url).headers["ETag"] != fetch(papers, url, Accept_Encoding="").headers["ETag"]


def test_head_has_the_headers_and_no_body(papers: Newspapers, name: str) -> None:
    url = papers.articles(name)[0].url
    head, get = fetch(papers, url, "HEAD"), fetch(papers, url)
    assert head.body == b""
    assert head.headers == get.headers


# The server


def test_one_connection_carries_many_requests(papers: Newspapers) -> None:
    connection = http.client.HTTPConnection(*papers.address, timeout=10)
    connection.connect()
    sock = connection.sock
    for article in papers.articles("tern_landing_notes"):
        assert ask(connection, article.url, "GET", {"Accept-Encoding": "gzip"}).status == 200
        assert connection.sock is sock
    connection.close()


def test_a_proxy_request_names_its_host(papers: Newspapers) -> None:
    url = papers.articles("lindwehrer_anzeiger")[0].url
    with socket.create_connection(papers.address, timeout=10) as connection:
        connection.sendall(f"GET {url} HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as stream:
            assert stream.read().endswith(fetch(papers, url).page)


def test_many_clients_at_once_get_their_own_pages(papers: Newspapers) -> None:
    with Newspapers() as own:
        urls = [article.url for article in all_articles(own)] * 3
        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(lambda url: fetch(own, url), urls))
        asked = [f"http://{host}{path}" for host, path in own.requests]
    assert Counter(asked) == Counter(urls)
    assert responses == [fetch(papers, url) for url in urls]


def test_requests_are_logged_with_their_query() -> None:
    with Newspapers() as papers:
        assert papers.requests == ()
        assert fetch(papers, "http://tern-landing.example/?m=1").status == 200
        fetch(papers, "http://tern-landing.example/none")
        assert papers.requests == (("tern-landing.example", "/?m=1"), ("tern-landing.example", "/none"))


def test_closing_ends_every_thread_and_connection(capfd: pytest.CaptureFixture[str]) -> None:
    before = set(threading.enumerate())
    with Newspapers() as papers:
        address = papers.address
        idle = socket.create_connection(address, timeout=10)
        idle.sendall(b"GET / HTTP/1.1\r\nHost: tern-landing.example\r\n\r\n")
        assert idle.recv(1) == b"H"
        rude = socket.create_connection(address, timeout=10)
        rude.sendall(b"GET / HTTP/1.1\r\nHost: tern-landing.exa")
        rude.close()
    with idle:
        while idle.recv(65536):  # until the server has hung up
            pass
    assert {t for t in threading.enumerate() if t.name == "newspapers"} <= before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=10)
    assert capfd.readouterr() == ("", "")


def test_papers_that_are_not_open_have_no_address() -> None:
    with pytest.raises(RuntimeError, match="with Newspapers"):
        _ = Newspapers().address


# The sources


def test_sources_load_without_an_error_and_match_the_papers() -> None:
    sources, errors = load_sources(SOURCES)
    assert not errors
    assert tuple(sources) == NAMES
    for paper in load_papers():
        source = sources[paper.name]
        assert (source.title, source.language, source.timezone) == (paper.title, paper.language, paper.zone)
        assert not source.rules
