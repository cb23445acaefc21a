from __future__ import annotations

from lxml import html

from archive.storage import Store
from archive.web.template import link
from tests.archive.web.rooms import FERRY, HOSTILE, STORM, Visitor, captures


def tree(visitor: Visitor, capture: str) -> html.HtmlElement:
    answer = visitor.get("/capture", id=capture)
    assert answer.status_code == 200
    return html.document_fromstring(answer.text)


def facts(page: html.HtmlElement) -> dict[str, str]:
    return {row[0].text: " ".join(row[1].text_content().split()) for row in page.cssselect(".fields tr")}


def test_facts_of_a_response(visitor: Visitor, store: Store) -> None:
    capture = captures(store, FERRY)[0]
    page = tree(visitor, capture["id"])
    told = facts(page)
    assert told["Answer"].startswith("200, text/html, ")
    assert told["Kept as"] == "response, in full"
    assert told["Begun"] == "20 November 2026, 10:00:00.123 UTC"
    assert told["Ended"] == "20 November 2026, 10:00:00.210 UTC"
    assert told["Payload digest"] == capture["payload_digest"]
    request, response = (pre.text for pre in page.cssselect("pre"))
    assert request.startswith("GET /ferry?line=2 HTTP/1.1")
    assert response.startswith("HTTP/1.1 200 OK")
    assert link("/replay", url=FERRY, at="20261120100000") in [a.get("href") for a in page.iter("a")]


def test_revisits_name_what_they_repeat(visitor: Visitor, store: Store) -> None:
    first, same, unchanged, *_ = captures(store, STORM)
    for revisit in (same, unchanged):
        page = tree(visitor, revisit["id"])
        assert link("/capture", id=first["id"]) in [a.get("href") for a in page.cssselect(".fields a")]
        assert "Storm keeps twelve boats out" in page.cssselect("#versions ~ ul")[0].text_content()
    assert "304" in tree(visitor, unchanged["id"]).cssselect("pre")[1].text


def test_how_it_was_found(visitor: Visitor, store: Store) -> None:
    last = captures(store, STORM)[-1]
    assert facts(tree(visitor, last["id"]))["Found"] == f"feed: {STORM}/rss"


def test_hostile_heads_are_text(visitor: Visitor, store: Store) -> None:
    page = tree(visitor, captures(store, HOSTILE)[0]["id"])
    assert "X-Note: <script>alert('header')</script>" in page.cssselect("pre")[1].text


def test_many_captures_are_not_all_named(visitor: Visitor, store: Store) -> None:
    page = tree(visitor, captures(store, STORM)[2]["id"])
    assert len(page.cssselect("#others ~ ul li")) == 5
    assert page.cssselect("li[aria-current]")[0].text_content().strip().startswith("20 November 2026, 12:00 UTC")


def test_what_is_not_there(visitor: Visitor) -> None:
    assert visitor.get("/capture", id="urn:uuid:none").status_code == 404
    assert visitor.get("/capture").status_code == 400
