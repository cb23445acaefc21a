from __future__ import annotations

from pathlib import Path

import pytest
from lxml import html

from archive.storage import Store
from archive.web.template import link
from tests.archive.making import SENTENCES, exchange, keep_page, later, page, running, wire
from tests.archive.web.markup import faults
from tests.archive.web.rooms import STORM, Visitor, versions

HARBOUR, FERRY, PILOT = (f"https://ellery.test/{name}" for name in ("harbour", "ferry", "pilot"))


@pytest.fixture(scope="module")
def much(tmp_path_factory: pytest.TempPathFactory) -> Visitor:
    """An archive in which much became of articles."""
    store = Store(tmp_path_factory.mktemp("changes") / "store")
    note = "Correction: an earlier version of this article gave another price."
    with running(store) as run:
        for url in (HARBOUR, FERRY, PILOT):
            keep_page(run, url, page(f"News of {url[-5:]}"))
        keep_page(run, HARBOUR, page("News of the harbor", sentences=[*SENTENCES, note]), at=later(1))
        keep_page(run, HARBOUR, page("News of the harbor", sentences=SENTENCES[1:]), at=later(2))
        for hours in (1, 3):
            run.keep(exchange(FERRY, wire(b"", "302 Found", ["Location: /"]), at=later(hours)))
        keep_page(run, FERRY, page("News of ferry").replace(b"<body>", b"<body class=new>"), at=later(5))
        run.keep(exchange(PILOT, wire(b"gone", "404 Not Found"), at=later(6)))
    return Visitor(store)


def tree(visitor: Visitor, **asked: str) -> html.HtmlElement:
    answer = visitor.get("/changes", **asked)
    assert answer.status_code == 200
    assert list(faults(answer.text)) == []
    return html.document_fromstring(answer.text)


def tags(page: html.HtmlElement) -> list[str]:
    return [tag.text_content() for tag in page.cssselect(".hit .tag")]


def test_a_change_leads_to_both_versions(visitor: Visitor, store: Store) -> None:
    page = tree(visitor)
    assert tags(page) == ["missing", "edited silently"]
    hit = page.cssselect(".hit")[1]
    old, new = (row["id"] for row in versions(store, STORM))
    assert hit.cssselect("h2 a")[0].get("href") == link("/compare", a=old, b=new)
    assert visitor.get(hit.cssselect("h2 a")[0].get("href")).status_code == 200
    assert hit.cssselect("del")[0].text == "twelve"
    assert hit.cssselect("ins")[0].text == "fourteen"


def test_all_that_became_of_articles(much: Visitor) -> None:
    page = tree(much)
    assert tags(page) == ["missing", "back", "gone", "edited silently", "edited"]
    text = page.text_content()
    assert "The page says so: Correction" in text
    assert "its address leads to a page that is no article" in text
    assert "It was found so once only" in text
    assert page.cssselect("head link[type='application/atom+xml']")[0].get("href") == "/changes.atom"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"show": "gone"}, ["missing", "back", "gone"]),
        ({"show": "silent"}, ["edited silently"]),
        ({"kind": "headline"}, ["edited"]),
        ({"url": FERRY}, ["back", "gone"]),
        ({"limit": "2", "page": "2"}, ["gone", "edited silently"]),
        ({"since": "2026-11-21"}, []),
    ],
)
def test_filters(much: Visitor, asked: dict[str, str], wanted: list[str]) -> None:
    page = tree(much, **asked)
    assert tags(page) == wanted
    feed = page.cssselect("head link[type='application/atom+xml']")[0].get("href")
    assert much.get(feed).status_code == 200


def test_pages_are_turned_with_the_same_filters(much: Visitor) -> None:
    first = tree(much, limit="2", source="ellery")
    (older,) = first.cssselect(".pages a")
    assert older.get("href") == link("/changes", page=2, source="ellery", limit="2")
    assert much.get("/changes", kind="nonsense").status_code == 400
    assert much.get("/changes", since="2026-11-22", until="2026-11-21").status_code == 400


def test_the_history_shows_kinds_and_marks(much: Visitor) -> None:
    silent = html.document_fromstring(much.get("/history", url=HARBOUR).text)
    assert [tag.text for tag in silent.cssselect(".timeline .tag.is-silent")] == ["silent"]
    assert "Kinds: headline, added" in silent.text_content()
    ferry = html.document_fromstring(much.get("/history", url=FERRY).text)
    assert [tag.text for tag in ferry.cssselect(".timeline .tag.is-gone, .timeline .tag.is-back")] == ["gone", "back"]


def test_an_archive_in_which_nothing_changed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with running(store) as run:
        keep_page(run, HARBOUR, page("News"))
    assert "There is no such change." in tree(Visitor(store)).text_content()
