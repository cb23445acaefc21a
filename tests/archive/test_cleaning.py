"""`pages_of` and `extract_page`: articles out of files of any origin."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archive.article import Article, Removed, Trace
from archive.cleaning import PageBytes, article_dict, extract_page, pages_of
from archive.errors import ArchiveError, ExtractionError, NotAPage, RecordError
from archive.rules import Reading, SiteRules
from archive.storage import Store
from tests.archive.making import exchange, later, page, running, wire

HTML = page("Storm keeps twelve boats out")
HEADERS = ["Content-Type: text/html; charset=utf-8"]


def warc(*blocks: bytes, type_: str = "response", content_type: str = "application/http; msgtype=response") -> bytes:
    """A WARC/1.0 file of other software, uncompressed."""
    head = (
        f"WARC/1.0\r\nWARC-Type: {type_}\r\nWARC-Target-URI: <http://other.test/>\r\nContent-Type: {content_type}\r\n"
    )
    return b"".join(f"{head}Content-Length: {len(b)}\r\n\r\n".encode() + b + b"\r\n\r\n" for b in blocks)


def compressed(data: bytes) -> bytes:
    """A member for each record."""
    records = data.split(b"WARC/1.0\r\n")[1:]
    return b"".join(gzip.compress(b"WARC/1.0\r\n" + record) for record in records)


def test_a_page_is_a_page() -> None:
    assert list(pages_of(HTML, "https://ellery.test/")) == [PageBytes(HTML, "https://ellery.test/")]
    assert list(pages_of(gzip.compress(HTML))) == [PageBytes(HTML)]
    assert list(pages_of(gzip.compress(HTML)[:-100])) != [PageBytes(HTML)]
    assert list(pages_of(b"")) == [PageBytes(b"")]


def test_a_page_that_is_too_large_when_unpacked_is_refused() -> None:
    with pytest.raises(RecordError, match="passes 67108864 bytes"):
        list(pages_of(gzip.compress(bytes(65 << 20), 1)))


@pytest.mark.parametrize("pack", [bytes, compressed], ids=["plain", "gzip"])
def test_pages_of_somebody_elses_warc(pack: Callable[[bytes], bytes]) -> None:
    packed = wire(gzip.compress(HTML), headers=["Content-Type: TEXT/HTML", "Content-Encoding: gzip"])
    data = warc(wire(HTML, headers=HEADERS), packed)
    assert list(pages_of(pack(data))) == [
        PageBytes(HTML, "http://other.test/", "text/html; charset=utf-8"),
        PageBytes(HTML, "http://other.test/", "TEXT/HTML"),
    ]


def test_what_is_no_page_is_passed_over() -> None:
    blocks = [
        wire(b"{}", headers=["Content-Type: application/json"]),
        wire(HTML, "404 Not Found"),
        wire(HTML, "301 Moved"),
        wire(HTML, headers=[]),
        wire(HTML, headers=["Content-Type: text/html", "Content-Encoding: secret"]),
        b"no HTTP",
    ]
    data = warc(*blocks) + warc(wire(HTML), type_="request") + warc(HTML, content_type="text/html", type_="resource")
    data += warc(HTML, content_type="text/html") + warc(wire(HTML), type_="revisit")
    assert list(pages_of(data)) == []
    assert list(pages_of(data + warc(wire(HTML)))) == [PageBytes(HTML, "http://other.test/", "text/html")]


def test_what_came_before_the_damage_is_given() -> None:
    pages = pages_of(warc(wire(HTML)) + b"rubbish\r\n\r\n")
    assert next(pages).body == HTML
    with pytest.raises(RecordError):
        list(pages)


def test_pages_of_our_own_files(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with running(store) as run:
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\nContent-Encoding: br\r\n\r\n"
        )
        packed = brotli.compress(HTML)
        run.keep(exchange("https://ellery.test/1", head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)))
        run.keep(exchange("https://ellery.test/2", wire(HTML)))
        run.keep(exchange("https://ellery.test/2", wire(HTML), at=later(1)))
    found = list(pages_of(store.path(store.files()[0]).read_bytes()))
    assert [(p.url, p.body) for p in found] == [("https://ellery.test/1", HTML), ("https://ellery.test/2", HTML)]


@example(bytes(7) + b"\x06", b"\x1f\x8b\x08")
@settings(deadline=None, max_examples=60)
@given(
    st.binary(max_size=200), st.sampled_from([b"", b"WARC/1.0\r\n", b"\x1f\x8b\x08", warc(b"HTTP/1.1 200 OK\r\n\r\n")])
)
def test_any_bytes_are_pages_or_our_error(data: bytes, begin: bytes) -> None:
    for given_ in (begin + data, gzip.compress(begin + data)):
        try:
            assert all(isinstance(p, PageBytes) for p in pages_of(given_))
        except RecordError as error:
            assert str(error).endswith(".")


# Articles


def test_the_article_of_a_page() -> None:
    article = extract_page(PageBytes(HTML, "https://ellery.test/storm", "text/html"))
    assert article.headline == "Storm keeps twelve boats out"
    assert article.text.startswith("The harbour of Ellery")
    assert len(article.text.split("\n")) == 6
    assert "Support" not in article.text
    assert any("Support" in removed.text for removed in article.trace.removed)
    rules = SiteRules(remove=("p:nth-of-type(1)",))
    assert "harbour of Ellery" not in extract_page(PageBytes(HTML), Reading(rules=rules)).text


@pytest.mark.parametrize(
    "body", [b"", b"<html></html>", b"<p>", b"{}", b"\x89PNG\r\n\x1a\n" + bytes(100), bz2.compress(HTML)]
)
def test_pages_without_an_article(body: bytes) -> None:
    with pytest.raises((NotAPage, ExtractionError)) as error:
        extract_page(PageBytes(body))
    assert str(error.value).endswith(".")


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_article_or_our_error(body: bytes) -> None:
    for page_ in (PageBytes(body), PageBytes(b"<html><body><article><p>" + body, content_type="text/html")):
        try:
            assert extract_page(page_).text
        except ArchiveError as error:
            assert str(error).endswith(".")


def test_an_article_as_scrapy_clean_prints_it() -> None:
    trace = Trace(evidence={"headline": "html:h1"}, removed=(Removed("More", "main > p", "navigation:link-only", 2),))
    told = article_dict(Article(url="u", headline="Storm", text="a\nb", authors=("Ann",), trace=trace), "page.html")
    assert json.loads(json.dumps(told)) == {
        "input": "page.html",
        "url": "u",
        "kind": "article",
        "headline": "Storm",
        "standfirst": None,
        "text": "a\nb",
        "authors": ["Ann"],
        "published": None,
        "modified": None,
        "language": None,
        "section": None,
        "tags": [],
        "image": None,
        "captions": [],
        "comments": [],
        "updates": [],
        "coverage_end": None,
        "canonical_url": None,
        "paywalled": None,
        "rights": None,
        "removed": [{"text": "More", "rule": "navigation:link-only", "place": "main > p", "line": 2}],
        "evidence": {"headline": "html:h1"},
    }
