"""Rights in the reading room: shown with where they stand, filtered by, and what they keep from being shown."""

from __future__ import annotations

import pytest

from archive.rights.policy import Policy
from archive.rights.statement import RESERVED, Statement
from archive.rules import Reading
from archive.storage import Store
from tests.archive.making import exchange, keep_article, page, running, wire
from tests.archive.web.rooms import Visitor, captures, versions

FILE = "https://ellery.test/.well-known/tdmrep.json"
FILED, NOAI, OPEN = "https://ellery.test/filed", "https://ellery.test/noai", "https://ellery.test/open"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("rights") / "archive")
    with running(store) as run:
        file = run.keep(exchange(FILE, wire(b"[]", headers=["Content-Type: application/json"])))
        filed = Statement("tdm", RESERVED, "tdmrep.json", '"location": "/filed"', file.id, file.date)
        for url, rights, head in (
            (FILED, (filed,), ""),
            (NOAI, (), '<meta name="robots" content="noai">'),
            (OPEN, (), '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">'),
        ):
            answer = wire(page(f"Ice {url[-4:]}", head=head))
            keep_article(run, run.keep(exchange(url, answer, rights=rights)), Reading())
    return store


@pytest.fixture(scope="module")
def visitor(store: Store) -> Visitor:
    return Visitor(store, reserved=Policy(frozenset({"tdm", "noai"})))


@pytest.fixture(scope="module")
def held_back(store: Store) -> Visitor:
    return Visitor(store, not_shown=Policy(frozenset({"tdm"})))


def test_an_article_tells_what_is_said_and_where_it_stands(visitor: Visitor, store: Store) -> None:
    filed = visitor.get("/article", url=FILED).text
    assert "the rights of text and data mining are reserved" in filed
    assert "location&#34;: &#34;/filed" in filed
    assert f'href="/capture?id={captures(store, FILE)[0]["id"].replace(":", "%3A")}">tdmrep.json</a>' in filed
    assert 'href="https://creativecommons.org/licenses/by/4.0/"' in visitor.get("/article", url=OPEN).text


def test_the_api_tells_the_same(visitor: Visitor, store: Store) -> None:
    told = visitor.get("/api/article", url=NOAI).json()
    capture = captures(store, NOAI)[0]
    assert told["rights_marks"] == ["noai"]
    assert told["rights"] == [
        {
            "name": "noai",
            "value": "",
            "where": "page",
            "said": '<meta name="robots" content="noai">',
            "record": capture["id"],
            "date": capture["date"],
        }
    ]


def found(visitor: Visitor, **asked: str | int) -> set[str]:
    return {article["url"] for article in visitor.get("/api/search", **asked).json()["articles"]}


def test_what_is_reserved_can_be_left_out(visitor: Visitor) -> None:
    assert found(visitor, q="ice") == found(visitor) == {FILED, NOAI, OPEN}
    assert found(visitor, q="ice", permitted=1) == found(visitor, permitted=1) == {OPEN}
    html = visitor.get("/search", q="ice", permitted=1).text
    assert 'name="permitted" value="1" checked' in html
    assert OPEN.rpartition("/")[2] in html
    assert "Ice noai" not in html


def test_what_is_not_to_be_shown_is_not(held_back: Visitor, store: Store) -> None:
    assert found(held_back) == found(held_back, q="ice") == {NOAI, OPEN}
    version, other = versions(store, FILED)[0]["id"], versions(store, NOAI)[0]["id"]
    for path in ("/article", "/api/article"):
        answer = held_back.get(path, url=FILED)
        assert answer.status_code == 451
        assert "Its site says that it is not to be shown (tdm)." in answer.text
    for path in ("/compare", "/api/compare"):
        assert held_back.get(path, a=version, b=other).status_code == 451
    for path in ("/history", "/api/versions", "/replay"):
        assert held_back.get(path, url=FILED).status_code == 451
        assert held_back.get(path, url=NOAI).status_code == 200
    assert held_back.get("/capture", id=captures(store, FILED)[0]["id"]).status_code == 451
    assert held_back.get("/article", url=NOAI).status_code == 200
    assert "permitted" not in held_back.get("/search").text
