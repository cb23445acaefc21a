"""Where an article was announced: shown beside it, and told by the API."""

from __future__ import annotations

import pytest
from lxml import html

from archive.capture import Announcement, Lead
from archive.rules import Reading
from archive.storage import Store
from tests.archive.making import exchange, keep_article, page, running, wire
from tests.archive.web.rooms import Visitor, captures

FEED, SITEMAP, STORM = "https://ellery.test/rss", "https://ellery.test/news.xml", "https://ellery.test/storm"
TITLE = "<script>alert('storm')</script>"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("leads") / "archive")
    with running(store) as run:
        for url, lead in (
            (FEED, Announcement(STORM, title=TITLE, announced="2026-11-20T08:00:00Z")),
            (SITEMAP, Announcement(STORM)),
        ):
            listing = run.keep(exchange(url, wire(url.encode()), lead=Lead(kind="source")))
            run.keep_leads(listing, "feed" if url == FEED else "sitemap", [lead])
        keep_article(run, run.keep(exchange(STORM, wire(page("Storm")))), Reading())
        keep_article(run, run.keep(exchange(f"{STORM}2", wire(page("Storm, again")))), Reading())
    return store


@pytest.fixture(scope="module")
def visitor(store: Store) -> Visitor:
    return Visitor(store)


def test_an_article_tells_where_it_was_announced(visitor: Visitor, store: Store) -> None:
    answer = visitor.get("/article", url=STORM).text
    (section,) = html.document_fromstring(answer).cssselect("section[aria-labelledby=leads]")
    rows = [row.text_content() for row in section.cssselect("tbody tr")]
    assert len(rows) == 2
    (feed,) = [row for row in rows if FEED in row]
    assert TITLE in feed
    assert "dated 20 November 2026" in feed
    assert "script" not in {element.tag for element in section.iter()}
    (capture,) = captures(store, FEED)
    assert f"/capture?id={capture['id'].replace(':', '%3A')}" in {a.get("href") for a in section.cssselect("a")}
    assert "Where it was announced" not in visitor.get("/article", url=f"{STORM}2").text


def test_the_api_tells_the_same(visitor: Visitor, store: Store) -> None:
    feed, sitemap = sorted(visitor.get("/api/article", url=STORM).json()["leads"], key=lambda lead: lead["kind"])
    assert feed["seen"] == sitemap["seen"] == captures(store, FEED)[0]["date"]
    assert (feed["via"], feed["title"], feed["announced"]) == (FEED, TITLE, "2026-11-20T08:00:00Z")
    assert (sitemap["via"], sitemap["title"], sitemap["announced"]) == (SITEMAP, None, None)
    assert visitor.get("/api/article", url=f"{STORM}2").json()["leads"] == []
