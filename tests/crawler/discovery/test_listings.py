"""Leads out of feeds, sitemaps and section pages, wholesome and hostile ones."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scrapy.http import HtmlResponse, Response, TextResponse, XmlResponse

from archive.capture import Lead
from archive.errors import RecordError
from crawler.discovery import Found, Listing, read_feed, read_section, read_sitemap
from crawler.discovery.feeds import _unclosed
from crawler.discovery.listing import absolute
from crawler.discovery.sitemaps import _STRAY

pytestmark = pytest.mark.filterwarnings("ignore:To avoid breaking existing software:DeprecationWarning")
URL = "http://gazette.example/lists/new"
GOOGLE = "http://www.google.com/schemas"
Leads = Callable[[Response], Listing]


def read(leads: Leads, body: str | bytes, kind: type[Response] = XmlResponse, **more: Any) -> list[Found]:
    data = body.encode() if isinstance(body, str) else body
    return leads(kind(URL, body=data, **more)).found


def urls(leads: Leads, body: str | bytes, kind: type[Response] = XmlResponse, **more: Any) -> list[str]:
    return [found.url.removeprefix("http://gazette.example") for found in read(leads, body, kind, **more)]


def html(body: str) -> list[str]:
    return urls(read_section, body, HtmlResponse, encoding="utf-8")


def item(link: str, more: str = "") -> str:
    return f"<item><title>x</title><link>{link}</link>{more}</item>"


def rss(*items: str, doctype: str = "") -> str:
    return f'{doctype}<rss version="2.0"><channel><title>Gazette</title>{"".join(items)}</channel></rss>'


def atom(entries: str, more: str = "") -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"{more}><title>Gazette</title>{entries}</feed>'


def row(loc: str, more: str = "") -> str:
    return f"<url><loc>{loc}</loc>{more}</url>"


def sitemap(*rows: str, doctype: str = "", root: str = "urlset") -> str:
    names = f'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="{GOOGLE}/sitemap-news/0.9"'
    return f'<?xml version="1.0" encoding="UTF-8"?>{doctype}<{root} {names}>{"".join(rows)}</{root}>'


# Feeds


def test_rss() -> None:
    date = "<pubDate>Thu, 19 Nov 2026 23:30:00 -0200</pubDate>"
    found = read(read_feed, rss(item("http://gazette.example/a/1", date), item("/a/2")))
    assert found == [
        Found(
            "http://gazette.example/a/1", Lead(kind="feed", via=URL, announced="2026-11-19T23:30:00-02:00"), title="x"
        ),
        Found("http://gazette.example/a/2", Lead(kind="feed", via=URL), title="x"),
    ]
    assert not any(f.is_sitemap for f in found)


def test_atom_with_its_link_among_others() -> None:
    entry = """<entry>
        <link rel="self" href="/feeds/1"/><link rel="replies" type="text/html" href="/a/1#comments"/>
        <link rel="alternate" type="text/html" href="/a/1"/>
        <published>2026-11-18T08:00:00+01:00</published><updated>2026-11-19T08:00:00+01:00</updated>
    </entry>"""
    found = read(read_feed, atom(entry))
    assert [f.url for f in found] == ["http://gazette.example/a/1"]
    assert found[0].lead.announced == "2026-11-19T08:00:00+01:00"


def test_older_feeds() -> None:
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<item><link>/a/1</link><dc:date>2026-11-19T08:00:00Z</dc:date></item></rdf:RDF>"
    )
    found = read(read_feed, rdf)
    assert [(f.url, f.lead.announced) for f in found] == [("http://gazette.example/a/1", "2026-11-19T08:00:00+00:00")]
    assert urls(read_feed, rss(item("/a/1")).replace("2.0", "0.91")) == ["/a/1"]


def test_links_of_a_feed_are_made_absolute() -> None:
    relative = rss(item("a/1"), item("//gazette.example/a/2"), item(" \n /a/3 \n"), item("../a/4"), item("?id=5"))
    assert urls(read_feed, relative) == ["/lists/a/1", "/a/2", "/a/3", "/a/4", "/lists/new?id=5"]
    assert urls(read_feed, atom('<entry><link href="a/1"/></entry>', ' xml:base="/deep/er/"')) == ["/deep/er/a/1"]
    escaped = rss(item("/a?x=1&amp;y=2"), item("<![CDATA[/a?x=3&y=4]]>"))
    assert urls(read_feed, escaped) == ["/a?x=1&y=2", "/a?x=3&y=4"]


def test_entries_with_odd_or_no_links() -> None:
    origin = "<f:origLink xmlns:f='http://rssnamespace.org/feedburner/ext/1.0'>/a/2</f:origLink>"
    feed = rss(
        "<item><guid>http://gazette.example/a/1</guid></item>",
        item("http://proxy.example/~r/2", origin),
        '<item><guid isPermaLink="false">tag:gazette.example,2026:3</guid></item>',
        "<item/>",
        item(""),
        item("http://other.example/a/4"),
    )
    assert urls(read_feed, feed) == ["/a/1", "/a/2", "http://other.example/a/4"]


def test_nothing_is_used_that_feedparser_will_drop() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(read_feed, rss(item("/a/1", "<pubDate>Thu, 19 Nov 2026 08:00:00 GMT</pubDate>")))


@pytest.mark.parametrize("date", ["yesterday", "", "32 Nov 2026", "0", "Thu, 19 Nov 99999 00:00:00 GMT"])
def test_dates_that_are_none_are_left_out(date: str) -> None:
    assert [f.lead.announced for f in read(read_feed, rss(item("/a/1", f"<pubDate>{date}</pubDate>")))] == [None]


def test_a_feed_that_breaks_off_gives_what_it_has() -> None:
    whole = rss(item("/a/1"), item("/a/2"))
    assert urls(read_feed, whole[: whole.index("/a/2")])[0] == "/a/1"
    assert urls(read_feed, whole.replace("<title>x", "<title>x & y <b>", 1)) == ["/a/1", "/a/2"]


NO_FEEDS = {
    "is an HTML page, no feed.": [
        '<!DOCTYPE html><html><head><title>Log in</title></head><body><a href="/a/1">One</a></body></html>',
        "<html><body>",
    ],
    "is no RSS, Atom or JSON feed.": ["Moved.", " \n", "\0" * 1000, sitemap(row("/a/1")), "<rss"],
    "is JSON, but no JSON Feed.": ["{}", '{"version": "https://jsonfeed.org/version/1.1"}', '{"items": []}'],
    "is JSON that can't be read: ": ['{"version": "https://jsonfeed.org/version/1.1", "items": [', "{" * 100_000],
}


@pytest.mark.parametrize("sentence", NO_FEEDS)
def test_what_is_no_feed(sentence: str) -> None:
    for body in NO_FEEDS[sentence]:
        with pytest.raises(RecordError) as error:
            read(read_feed, body)
        assert str(error.value).startswith(f"{URL} {sentence}")
        assert str(error.value).endswith(".")


def test_an_empty_answer_is_no_feed() -> None:
    with pytest.raises(RecordError):
        read(read_feed, b"")


def test_a_feed_without_entries_is_a_feed() -> None:
    for empty in (rss(), atom("")):
        assert read(read_feed, empty, headers={"Content-Type": "application/rss+xml"}) == []


def test_the_charset_of_the_header_holds_for_a_feed() -> None:
    header = {"Content-Type": "text/xml; charset=windows-1251"}
    assert urls(read_feed, rss(item("/новости/1")).encode("cp1251"), headers=header) == [
        "/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8/1"
    ]


def test_a_feed_that_is_a_path_is_no_feed(tmp_path: Path) -> None:
    """Else a server could have our files read, or /dev/zero, without an end."""
    file = tmp_path / "f"
    file.write_text(rss(item("/a/1")))
    with pytest.raises(RecordError):
        read(read_feed, str(file))


# Sitemaps


def test_sitemap() -> None:
    dated = row("http://gazette.example/a/1", "<lastmod>2026-11-19</lastmod>")
    assert read(read_sitemap, sitemap(dated, row("/a/2"))) == [
        Found("http://gazette.example/a/1", Lead(kind="sitemap", via=URL, announced="2026-11-19")),
        Found("http://gazette.example/a/2", Lead(kind="sitemap", via=URL)),
    ]
    assert urls(read_sitemap, "<urlset><url><loc>\n /a/1 \n</loc></url></urlset>") == ["/a/1"]


def test_sitemap_index() -> None:
    rows = row("/s/1.xml", "<lastmod>2026-11-19T08:00:00Z</lastmod>"), row("2.xml.gz")
    found = read(read_sitemap, sitemap(*rows, root="sitemapindex").replace("url>", "sitemap>"))
    assert [(f.url, f.is_sitemap, f.lead.announced) for f in found] == [
        ("http://gazette.example/s/1.xml", True, "2026-11-19T08:00:00+00:00"),
        ("http://gazette.example/lists/2.xml.gz", True, None),
    ]


NEWS = """<news:news>
    <news:publication><news:name>Gazette</news:name><news:language>en</news:language></news:publication>
    <news:publication_date>2026-11-19</news:publication_date><news:title>/a/0</news:title>
</news:news>"""
IMAGE = f'<i:image xmlns:i="{GOOGLE}/sitemap-image/1.1"><i:loc>/pic.jpg</i:loc></i:image>'


def test_a_news_sitemap_with_pictures() -> None:
    assert urls(read_sitemap, sitemap(row("/a/1", NEWS + IMAGE), row("/a/2", IMAGE))) == ["/a/1", "/a/2"]
    dated = read(read_sitemap, sitemap(row("/a/1", "<lastmod>2026-11-20</lastmod>" + NEWS)))
    assert dated[0].lead.announced == "2026-11-20"


def test_the_date_of_a_news_sitemap() -> None:
    assert [f.lead.announced for f in read(read_sitemap, sitemap(row("/a/1", NEWS)))] == ["2026-11-19"]


def test_a_gzipped_sitemap() -> None:
    packed = gzip.compress(sitemap(*(row(f"/a/{n}") for n in range(3000))).encode())
    assert len(urls(read_sitemap, packed, Response)) == 3000
    assert 1000 < len(urls(read_sitemap, packed[: len(packed) * 3 // 4], Response)) < 3000


def test_a_sitemap_that_breaks_off_gives_what_it_has() -> None:
    whole = sitemap(row("/a/1"), row("/a/2"), row("/a/3"))
    assert urls(read_sitemap, whole[: whole.index("/a/3")])[:2] == ["/a/1", "/a/2"]
    assert urls(read_sitemap, whole.replace("/a/2", "/a/2 &nbsp; <"))[0] == "/a/1"


BROKEN_SITEMAPS: dict[str, str | bytes] = {
    "html": '<!DOCTYPE html><html><body><a href="/a/1">One</a></body></html>',
    "rss": rss(item("/a/1")),
    "atom": atom('<entry><link href="/a/1"/></entry>'),
    "json": '{"urlset": [{"loc": "/a/1"}]}',
    "text": "See our other pages\nhttp://gazette.example/a/1\n",
    "blank": " \n",
    "empty": "",
    "nulls": "\0" * 1000,
    "noise": bytes(range(256)),
    "gzipped-noise": gzip.compress(bytes(range(256))),
    "no-gzip": b"\x1f\x8b\x08" + b"noise" * 20,
    "gzip-cut": gzip.compress(sitemap(row("/a/1")).encode())[:12],
    "gzip-too-big": gzip.compress(b" " * (66 << 20), 1),
}


@pytest.mark.parametrize("name", BROKEN_SITEMAPS)
def test_what_is_no_sitemap(name: str) -> None:
    body = BROKEN_SITEMAPS[name]
    with pytest.raises(RecordError, match=f"^{URL} is (?:an HTML page, )?no sitemap"):
        read(read_sitemap, body, Response)


# Hostile lists


def laughs() -> str:
    """Entities that would grow to 10 GB."""
    steps = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{steps}]>'


@pytest.mark.parametrize(
    ("leads", "make"),
    [
        (read_feed, lambda doctype, url: rss(item(url), doctype=doctype)),
        (read_sitemap, lambda doctype, url: sitemap(row(url), doctype=doctype)),
    ],
    ids=["feed", "sitemap"],
)
def test_entities_are_not_expanded(leads: Leads, make: Callable[[str, str], str], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    outside = f'<!DOCTYPE x [<!ENTITY f SYSTEM "{secret.as_uri()}"><!ENTITY % p SYSTEM "{secret.as_uri()}"> %p;]>'
    began = time.process_time()
    for body in (make(laughs(), "/a/&e9;"), make(outside, "/a/&f;")):
        found = urls(leads, body)
        assert all(len(url) < 100 and "secret" not in url for url in found)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("leads", [read_feed, read_sitemap])
def test_deep_nesting_ends_in_time(leads: Leads) -> None:
    began = time.process_time()
    body = "<a>" * 20_000
    for whole in (rss(body), sitemap(body), body):
        try:
            assert read(leads, whole) == []
        except RecordError:
            continue
    assert time.process_time() - began < 10


ACCOUNT_OF = "http://gazette\N{ACCOUNT OF}.example/a/2"
MALFORMED = ("http://[", "http://[::1/a/2", ACCOUNT_OF)


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_link_in_a_feed_does_not_hide_the_others(url: str) -> None:
    assert [u for u in urls(read_feed, rss(item("/a/1"), item(url), item("/a/3"))) if u] == ["/a/1", "/a/3"]


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_link_in_a_sitemap_does_not_hide_the_others(url: str) -> None:
    assert urls(read_sitemap, sitemap(row("/a/1"), row(url), row("/a/3"))) == ["/a/1", "/a/3"]


@settings(deadline=None, derandomize=True, max_examples=60)
@given(body=st.binary(max_size=60))
def test_any_bytes_are_a_section_page(body: bytes) -> None:
    read(read_section, body, HtmlResponse)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    start=st.sampled_from([rss(item("/a/1")), sitemap(row("/a/1")), atom("<entry/>")]),
    cut=st.floats(0, 1),
    noise=st.binary(min_size=1, max_size=8),
)
def test_damaged_feeds_are_read_or_refused(start: str, cut: float, noise: bytes) -> None:
    at = int(len(start) * cut)
    try:
        read(read_feed, start[:at].encode() + noise + start[at + len(noise) :].encode())
    except RecordError as error:
        assert str(error).startswith(URL)


HOSTILE_FEEDS = {
    "charset-punycode": (rss(item("/a/1")).encode(), "text/xml; charset=punycode"),
    "charset-rot13": (rss(item("/a/1")).encode(), "text/xml; charset=rot13"),
    "charset-null": (rss(item("/a/1")).encode(), "text/xml; charset=\0"),
    "character": (atom("<entry><updated>&#x110000;").encode(), "text/xml"),
    "declaration": (b'<?xml version="1.0" encoding="UT\x92!"?>' + rss(item("/a/1")).encode(), "text/xml"),
    "attribute": (b'<rss xmlns:news="\xa0\xbd"><![CDATA[' + rss(item("/a/1")).encode(), "text/xml; charset=idna"),
    "unclosed": (rss(f"{item('/a/1')[:-12]}{item('/a/2')}").encode(), "text/xml; charset=utf-7"),
}


@pytest.mark.parametrize("name", HOSTILE_FEEDS)
def test_whatever_feedparser_stumbles_over_is_one_sentence(name: str) -> None:
    body, kind = HOSTILE_FEEDS[name]
    try:
        read(read_feed, body, headers={"Content-Type": kind})
    except RecordError as error:
        assert str(error).startswith(URL)


def test_a_sitemap_with_a_prefix_that_is_not_declared_is_read() -> None:
    rows = row("/a/1", "<image:image><image:loc>/pic.jpg</image:loc></image:image>"), row("/a/2")
    assert urls(read_sitemap, sitemap(*rows)) == ["/a/1", "/a/2"]


def test_a_picture_before_the_address_is_not_taken_for_it() -> None:
    assert urls(read_sitemap, sitemap(f"<url>{IMAGE}<loc>/a/1</loc></url>", f"<url>{IMAGE}</url>")) == ["/a/1"]


@pytest.mark.parametrize("base", ["http://[", "http://gazette.example:x/", ACCOUNT_OF, "http://[::1/"])
def test_a_malformed_base_is_no_fault_of_ours(base: str) -> None:
    with pytest.raises(RecordError, match=f"^{URL} has links that can't be read"):
        html(f'<base href="{base}"><a href="http://gazette.example/a/1">x</a>')


@pytest.mark.parametrize("charset", ["rot13", "idna", "klingon", "\0", "utf-7"])
def test_an_odd_charset_of_a_section_page_is_no_fault_of_ours(charset: str) -> None:
    header = {"Content-Type": f"text/html; charset={charset}"}
    try:
        assert urls(read_section, '<a href="/a/1">x</a>', HtmlResponse, headers=header) == ["/a/1"]
    except RecordError as error:
        assert str(error).startswith(URL)


# Section pages


def test_section_page() -> None:
    found = read(read_section, b'<a href="/a/2">Two</a><a href="1">One</a><map><area href="/a/3"></map>', HtmlResponse)
    assert found == [
        Found(f"http://gazette.example{path}", Lead(kind="section", via=URL)) for path in ("/a/2", "/lists/1", "/a/3")
    ]


def test_links_of_a_section_page_come_once_and_in_order() -> None:
    assert html('<a href="/b">B</a><a href="/a">A</a><a href="/b">again</a><a href=" /a ">A</a>') == ["/b", "/a"]


def test_links_of_a_section_page_are_made_absolute() -> None:
    based = '<base href="/deep/er/"><a href="a/1">x</a><a href="//gazette.example/a/2">x</a>'
    assert html(based) == ["/deep/er/a/1", "/a/2"]
    assert html('<a href="/новости/1?ж=ц">x</a><a href="http://газета.example/">x</a>') == [
        "/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8/1?%D0%B6=%D1%86",
        "http://xn--80aahjj1e.example/",
    ]


def test_what_is_no_link_is_passed_over() -> None:
    broken = (*MALFORMED, "http://gazette.example:x/", "javascript:x()", "mailto:a@b")
    links = "".join(f'<a href="{url}">x</a>' for url in broken)
    assert html(f'<a href="/a/1">x</a>{links}<a>x</a><a href="/a/3">x</a>') == ["/a/1", "/a/3"]


def test_a_section_page_that_is_no_page_has_no_links() -> None:
    data = b"%PDF-1.7 \xff\xfe" + os.urandom(64)
    assert read(read_section, data, TextResponse) == []
    with pytest.raises(RecordError, match=f"^{URL} is no HTML page, so it has no links to follow[.]$"):
        read(read_section, data, Response)


# Large and broken ones: what can be read is used, and one sentence says what was wrong


def problems(leads: Leads, body: str | bytes, kind: type[Response] = XmlResponse, **more: Any) -> tuple[int, list[str]]:
    listing = leads(kind(URL, body=body.encode() if isinstance(body, str) else body, **more))
    assert all(told.startswith(URL) and told.endswith(".") and "\n" not in told for told in listing.problems)
    return len(listing.found), [told.removeprefix(f"{URL} ") for told in listing.problems]


def test_a_feed_of_50_mb_is_read_in_part() -> None:
    body = rss(item("/a/1"), "<item><link>/a/2</link><description>" + "word " * 1_000_000 + "</description></item>")
    assert problems(read_feed, body) == (1, [f"has {len(body):,} bytes; only its first 1 entries are read."])
    many = rss(*(item(f"/a/{n}") for n in range(2100)))
    assert problems(read_feed, many)[0] == 2000
    with pytest.raises(RecordError, match=r"elements never end[.]$"):
        read(read_feed, rss("<a>" * 60_000))


def test_a_sitemap_of_50_mb_is_read_without_holding_all_of_it() -> None:
    body = sitemap(*(row(f"/a/{n}", " " * 20_000) for n in range(2500)))
    tracemalloc.start()
    assert problems(read_sitemap, body) == (2500, [])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(body) > 50_000_000
    assert peak < 4 * len(body)


def test_raw_ampersands_in_addresses_are_kept() -> None:
    broken = sitemap(row("/a?x=1&y=2"), row("<![CDATA[/a?x=3&y=4]]>"), row("/a?x=5&amp;y=6"), row("/a < b"), row("/c"))
    assert urls(read_sitemap, broken) == ["/a?x=1&y=2", "/a?x=3&y=4", "/a?x=5&y=6", "/a%20%3C%20b", "/c"]
    (told,) = problems(read_sitemap, broken)[1]
    assert told.startswith("is not well-formed XML (")
    assert told.endswith("); 5 rows could be read.")


def test_dates_duplicates_and_missing_addresses_are_counted() -> None:
    rows = (
        row("/a/1", "<lastmod>yesterday</lastmod>"),
        row("/a/1"),
        row(""),
        row("/a/2", "<lastmod>2026-13-01</lastmod>"),
    )
    assert problems(read_sitemap, sitemap(*rows)) == (
        2,
        [
            "has 2 rows with a date that is none; the rows are used without it.",
            "has 2 rows without an address, or with one that is given twice.",
        ],
    )
    entries = item("/a/1", "<pubDate>soon</pubDate>"), item("/a/1"), "<item><title>none</title></item>"
    assert problems(read_feed, rss(*entries)) == (
        1,
        [
            "has 1 entries with a date that is none; they are used without it.",
            "has 1 entries without an address that can be fetched.",
        ],
    )


def test_a_sitemap_in_another_encoding_than_it_says_is_read() -> None:
    names = "<news:news><news:title>Шторм</news:title></news:news>"
    body = sitemap(row("/a/1", names), row("/a/2"))
    for encoding in ("cp1251", "utf-16", "latin-1"):
        data = body.encode(encoding, "replace")
        assert urls(read_sitemap, data) == ["/a/1", "/a/2"]
    assert [found.title for found in read(read_sitemap, body)] == ["Шторм", None]


def test_a_sitemap_in_plain_text() -> None:
    text = "\ufeffhttp://gazette.example/a/1\r\n\r\nhttp://gazette.example/a/2\nhttp://gazette.example/a/1\n"
    assert urls(read_sitemap, text, TextResponse, encoding="utf-8") == ["/a/1", "/a/2"]
    assert urls(read_sitemap, gzip.compress(text.encode()), Response) == ["/a/1", "/a/2"]


def test_a_json_feed() -> None:
    items = """{"id": "1", "url": "/a/1", "title": "One &amp; two", "date_published": "2026-11-19T08:00:00+09:00",
        "content_html": "<p>First.</p><script>x()</script><p>Second.</p>"}, {"id": "/a/2", "summary": "Short"},
        {"id": 3}, 4, {"url": ["/a/5"]}, {"external_url": "http://other.example/6", "date_published": "never"}"""
    listing = read_feed(
        TextResponse(
            URL,
            body=f'{{"version": "https://jsonfeed.org/version/1", "title": "Gazette", "items": [{items}]}}'.encode(),
        )
    )
    assert [
        (f.url.removeprefix("http://gazette.example"), f.title, f.summary, f.lead.announced) for f in listing.found
    ] == [
        ("/a/1", "One & two", "First. Second.", "2026-11-19T08:00:00+09:00"),
        ("/a/2", None, "Short", None),
        ("http://other.example/6", None, None, None),
    ]
    assert listing.title == "Gazette"
    assert len(listing.problems) == 2


def test_title_and_summary_of_an_entry_are_plain_text() -> None:
    more = "<description>&lt;p&gt;Boats &amp;amp; nets" + " word" * 1000 + "&lt;/p&gt;</description>"
    (found,) = read(read_feed, rss(f"<item><title>A &lt;b&gt;storm&lt;/b&gt;</title><link>/a/1</link>{more}</item>"))
    assert found.title == "A storm"
    assert found.summary is not None
    assert found.summary.startswith("Boats & nets word word")
    assert found.summary.endswith("word …")
    assert len(found.summary) <= 2002


@pytest.mark.parametrize(
    ("date", "given"),
    [
        ("Thu, 19 Nov 2026 23:30:00 -0200", "2026-11-19T23:30:00-02:00"),
        ("Thu, 19 Nov 2026 23:30:00 EST", "2026-11-19T23:30:00-05:00"),
        ("19 Nov 2026 23:30", "2026-11-19T23:30:00"),
        ("2026-11-19T23:30Z", "2026-11-19T23:30:00+00:00"),
        ("2026-11-19 23:30:15.123+0530", "2026-11-19T23:30:15+05:30"),
        ("2026-11", "2026-11"),
        ("Чт, 19 ноя 2026 08:00:00 +0300", "2026-11-19T08:00:00+03:00"),
        ("2026年11月19日 08:00", "2026-11-19T08:00:00"),
        ("0001-01-01T00:00:00Z", None),
        ("Thu, 32 Nov 2026 23:30:00 -0200", None),
    ],
)
def test_dates_keep_the_zone_that_they_give(date: str, given: str | None) -> None:
    assert [f.lead.announced for f in read(read_feed, rss(item("/a/1", f"<pubDate>{date}</pubDate>")))] == [given]


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_addresses_that_need_no_escaping_stay_as_they_are(text: str) -> None:
    url = "http://gazette.example/" + text
    found = absolute(url, URL)
    assert found is None or (found == absolute(found, URL) and found.isascii() and "#" not in found)


# Dates


@pytest.mark.parametrize(
    ("announced", "before"),
    [
        (None, False),
        ("", False),
        ("2026-10-31", True),
        ("2026-10-31T23:59:59Z", True),
        ("2026-11-01", False),
        ("2026-11-01T00:00:00+14:00", False),
        ("2027", False),
        ("2025-12", True),
        ("2025", True),
    ],
)
def test_announced_before(announced: str | None, before: bool) -> None:
    assert Found("/a", Lead(kind="sitemap", announced=announced)).announced_before(dt.date(2026, 11, 1)) is before


@pytest.mark.parametrize("announced", ["2026-11", "2026", "19 Nov 2026", "11/19/2026"])
def test_what_may_be_later_is_not_before(announced: str) -> None:
    """A month, a year (both W3C's form of lastmod) or a date in another form must not lose an article."""
    assert not Found("/a", Lead(kind="sitemap", announced=announced)).announced_before(dt.date(2026, 11, 1))


def test_openings_without_an_end_are_looked_for_once() -> None:
    """With a look for the end of each it would take hours."""
    openings = b"<![CDATA[" * 400_000
    assert _STRAY.sub(b"", openings) == b""
    assert _unclosed(b"<a><![CDATA[<b>]]>" + openings) == 1
