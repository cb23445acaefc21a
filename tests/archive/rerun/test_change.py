"""What differs between two readings of a page, and which rules say so."""

from __future__ import annotations

from typing import Any

import pytest

from archive.article import Article, Comment, Removed, Trace, Update
from archive.rerun.change import Change, Paragraph, change_between

URL = "https://ellery.test/storm"
ONE = "The harbour of Ellery stays closed until the ice at the northern mole has been broken."
TWO = "Twelve boats were caught in the storm on Friday night and ran for the outer islands."
THREE = "The council had put off the repair of the old sea wall for three years running."
APPEAL = "Please support our newsroom with a gift of any size."


def article(*lines: str, removed: dict[str, str] | None = None, **fields: Any) -> Article:
    trace = Trace(removed=tuple(Removed(text, "main > p", rule) for text, rule in (removed or {}).items()))
    return Article(url=URL, text="\n".join(lines), **{"headline": "Storm", "trace": trace, **fields})


def test_the_same_is_no_change_whatever_made_it() -> None:
    one, two = article(ONE, TWO), article(ONE, TWO)
    trace = Trace(extractor="newswarc/9", rules="sha256:1", furniture="sha256:2", capture="urn:uuid:3")
    assert change_between(one, Article(url=URL, headline="Storm", text=two.text, trace=trace)).kind == "same"


@pytest.mark.parametrize("nothing", [None, article(), article(headline="A front page", kind="list")])
def test_articles_are_gained_and_lost(nothing: Article | None) -> None:
    assert change_between(nothing, article(ONE)) == Change(kind="gained", headline="Storm")
    lost = change_between(article(ONE), nothing, "the page is a list of others")
    assert lost == Change(kind="lost", headline="Storm", why="the page is a list of others")
    assert change_between(nothing, None, "it is none").kind == "nothing"


def test_a_live_blog_without_text_is_an_article() -> None:
    blog = article(updates=(Update(text=ONE),))
    assert change_between(None, blog).kind == "gained"
    assert change_between(blog, article(updates=(Update(text=TWO),))).fields.keys() == {"updates"}


def test_what_goes_is_counted_under_the_rule_that_removes_it_now() -> None:
    change = change_between(article(ONE, APPEAL, TWO), article(ONE, TWO, removed={APPEAL: "appeal:words"}))
    assert change.kind == "altered"
    assert change.removed == (Paragraph(APPEAL, "appeal:words"),)
    assert change.restored == ()


def test_what_is_back_is_counted_under_the_rule_that_had_removed_it() -> None:
    change = change_between(article(ONE, removed={TWO: "related:list"}), article(ONE, TWO))
    assert change.restored == (Paragraph(TWO, "related:list"),)
    assert change.removed == ()


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"standfirst": TWO}, "field:standfirst"),
        ({"captions": (THREE, TWO)}, "field:captions"),
        ({"comments": (Comment(text=TWO),)}, "field:comments"),
        ({"updates": (Update(text=f"{THREE} {TWO}"),)}, "field:updates"),
        ({}, ""),
    ],
)
def test_what_went_into_a_field_is_said_so(fields: dict[str, Any], rule: str) -> None:
    change = change_between(article(ONE, TWO), article(ONE, **fields))
    assert change.removed == (Paragraph(TWO, rule),)
    assert set(change.fields) == set(fields)


def test_a_block_that_holds_the_line_tells_its_rule() -> None:
    whole = f"Advertisement {TWO} Read on below."
    change = change_between(article(ONE, TWO), article(ONE, removed={"no": "share", whole: "advertisement"}))
    assert change.removed == (Paragraph(TWO, "advertisement"),)


def test_a_paragraph_with_other_words_is_rewritten() -> None:
    change = change_between(article(ONE, f"READ MORE {TWO}"), article(ONE, TWO))
    assert change.rewritten == ((f"READ MORE {TWO}", TWO),)
    assert (change.removed, change.restored, change.moved) == ((), (), False)


def test_one_of_two_equal_paragraphs_may_go() -> None:
    change = change_between(article(ONE, TWO, ONE), article(ONE, TWO, removed={ONE: "duplicate:repeated"}))
    assert change.removed == (Paragraph(ONE, "duplicate:repeated"),)


def test_another_order_is_a_change() -> None:
    change = change_between(article(ONE, TWO, THREE), article(TWO, THREE, ONE))
    assert change.moved
    assert (change.kind, change.removed, change.restored) == ("altered", (), ())


def test_fields_tell_what_they_were_and_are() -> None:
    change = change_between(article(ONE, authors=("Ann Lee",)), article(ONE, authors=(), headline="Gale"))
    assert change.kind == "altered"
    assert change.fields == {"headline": ("Storm", "Gale"), "authors": (["Ann Lee"], [])}


def test_another_trace_is_told_apart() -> None:
    assert change_between(article(ONE), article(ONE, removed={APPEAL: "appeal"})).kind == "explained"
    assert change_between(
        article(ONE, removed={APPEAL: "appeal"}), article(ONE, removed={APPEAL: "learned"})
    ) == Change(kind="explained", headline="Storm")


def test_texts_with_nothing_in_common_take_no_time() -> None:
    old = [f"{ONE} {n}" for n in range(1500)]
    new = [f"{TWO} {n}" for n in range(1500)]
    change = change_between(article(*old), article(*new))
    assert (len(change.removed), len(change.restored), len(change.rewritten)) == (1500, 1500, 0)
