from __future__ import annotations

from lxml import html

from archive.storage import Store
from archive.web.template import link
from tests.archive.making import SENTENCES
from tests.archive.web.rooms import ARABIC, COPY, FERRY, HEBREW, HOSTILE, JAPANESE, STORM, Visitor, captures, versions


def tree(visitor: Visitor, **parameters: str) -> html.HtmlElement:
    answer = visitor.get("/article", **parameters)
    assert answer.status_code == 200, answer.text
    return html.document_fromstring(answer.text)


def paragraphs(page: html.HtmlElement) -> list[str]:
    return [p.text_content() for p in page.cssselect(".text > p")]


def test_the_clean_text_is_there_whole(visitor: Visitor) -> None:
    page = tree(visitor, url=FERRY)
    assert paragraphs(page) == list(SENTENCES)
    assert page.cssselect("h1")[0].text_content() == "Ferry line two stops at noon"
    assert page.cssselect("article")[0].get("lang") == "en"


def test_versions_have_addresses_of_their_own(visitor: Visitor, store: Store) -> None:
    old, new = versions(store, STORM)
    page = tree(visitor, version=old["id"])
    assert page.cssselect("h1")[0].text_content() == "Storm keeps twelve boats out"
    assert "Version 1 of 2" in page.cssselect(".version")[0].text_content()
    assert page.cssselect("a[rel=next]")[0].get("href") == link("/article", version=new["id"])
    assert "Version 2 of 2" in tree(visitor, url=STORM).cssselect(".version")[0].text_content()
    assert paragraphs(tree(visitor, url=STORM + "/")) == paragraphs(tree(visitor, version=new["id"]))


def test_an_article_that_is_gone_is_said_to_be(visitor: Visitor, store: Store) -> None:
    note = tree(visitor, url=STORM).cssselect(".note.bad")[0]
    said = " ".join(note.text_content().split())
    assert said.startswith("Gone. On 22 November 2026, 09:00 UTC the server answered that there is nothing (404).")
    (gone,) = (row for row in captures(store, STORM) if row["status"] == 404)
    assert note.cssselect("a")[0].get("href") == link("/capture", id=gone["id"])
    assert not tree(visitor, url=FERRY).cssselect(".note.bad")


def test_what_was_removed_stands_in_its_place(visitor: Visitor) -> None:
    page = tree(visitor, url=FERRY, removed="1")
    (switch,) = page.cssselect("#show-removed")
    assert switch.get("checked") is not None
    assert tree(visitor, url=FERRY).cssselect("#show-removed")[0].get("checked") is None
    blocks = page.cssselect(".text .removed")
    shown = [block.text_content() for block in page.cssselect(".blocks li")]
    assert "Support the Ellery Courier with a small gift." in shown
    assert "Front" in " ".join(shown)
    order = [element.get("class") or "p" for element in page.cssselect(".text")[0]]
    assert order[0] == "removed all"
    assert order[-1] == "removed all"
    assert blocks
    kinds = {box.get("id").removeprefix("kind-") for box in page.cssselect(".kinds input")}
    assert {c.removeprefix("of-") for b in page.cssselect("aside.removed") for c in b.get("class").split()[1:]} == kinds


def test_fields_come_with_their_evidence(visitor: Visitor) -> None:
    rows = {
        row[0].text: (row[1].text_content(), row[2].text)
        for row in tree(visitor, url=FERRY).cssselect(".fields tbody tr")
    }
    assert rows["Headline"] == ("Ferry line two stops at noon", "shown on the page: h1")
    assert rows["Language"] == ("English", "shown on the page: lang")
    assert rows["Address"][0] == FERRY
    assert "Standfirst" not in rows


def test_the_chain_leads_to_the_bytes(visitor: Visitor, store: Store) -> None:
    row, capture = versions(store, FERRY)[0], captures(store, FERRY)[0]
    steps = tree(visitor, url=FERRY).cssselect(".chain > li")
    assert [step.cssselect("h3")[0].text for step in steps] == [
        "The clean text", "Its records", "The response it was read from", "The bytes"
    ]  # fmt: skip
    assert row["text_digest"] in steps[0].text_content()
    assert [a.get("href") for a in steps[1].cssselect("a")] == [
        link("/record", file=row["file"], offset=row[name])
        for name in ("offset", "details_offset", "provenance_offset")
    ]
    assert link("/capture", id=capture["id"]) in [a.get("href") for a in steps[2].cssselect("a")]
    assert capture["record_digest"] in steps[3].text_content()
    for step in steps:
        for a in step.cssselect("a[href^='/']"):
            assert visitor.get(a.get("href")).status_code == 200


def test_the_same_story_elsewhere(visitor: Visitor, store: Store) -> None:
    first = tree(visitor, url=STORM).cssselect("#alike ~ ul li.hit")[0]
    assert first.cssselect("h3 a")[0].get("href") == link("/article", url=COPY)
    compare = link("/compare", a=versions(store, STORM)[-1]["id"], b=versions(store, COPY)[-1]["id"])
    assert compare in [a.get("href") for a in first.cssselect("a")]
    assert "100% of this text stands there" in first.text_content()


def test_scripts_have_their_direction(visitor: Visitor) -> None:
    for url, language in ((ARABIC, "ar"), (HEBREW, "he"), (JAPANESE, "ja")):
        page = tree(visitor, url=url)
        assert page.cssselect("article")[0].get("lang") == language
        assert {p.get("dir") for p in page.cssselect(".text > p, h1")} == {"auto"}


def test_what_is_hostile_is_only_text(visitor: Visitor) -> None:
    page = tree(visitor, url=HOSTILE)
    assert "<script>alert('headline')</script>" in page.cssselect("h1")[0].text_content()
    assert any("<script>alert('text')</script>" in line for line in paragraphs(page))
    text = page.text_content()
    for tried in ("alert('tag')", "alert('caption')", "alert('comment')", "alert('update')", "alert('standfirst')"):
        assert tried in text
    assert {a.get("href")[:1] for a in page.iter("a")} <= {"/", "#", "h"}
    assert "javascript:alert('image')" in text


def test_without_replay_it_says_so(store: Store) -> None:
    page = tree(Visitor(store), url=FERRY)
    assert "Replay is off here" in page.cssselect(".original")[0].text_content()
    assert not list(page.iter("iframe"))


def test_what_is_not_there_is_said(visitor: Visitor) -> None:
    for parameters, status, words in (
        ({}, 400, "The address of an article is needed"),
        ({"url": "https://nowhere.test/x"}, 404, "has no article of https://nowhere.test/x"),
        ({"url": "https://ellery.test/old"}, 404, "no article was read from them"),
        ({"version": "urn:uuid:none"}, 404, "has no version urn:uuid:none"),
        ({"version": "a b"}, 400, "record id"),
        ({"url": FERRY, "removed": "yes"}, 400, "must be one of"),
    ):
        answer = visitor.get("/article", **parameters)
        assert answer.status_code == status
        assert words in html.document_fromstring(answer.text).text_content()
