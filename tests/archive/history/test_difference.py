"""What became of an article between two versions: paragraphs, words, fields, posts; and what is our reading only."""

from __future__ import annotations

import random
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.article import Article, Removed, Trace, Update
from archive.history.difference import Change, Counts, Difference, FieldChange, difference
from archive.history.wording import Piece
from tests.archive.making import SENTENCES

URL = "https://www.ellery.test/storm"
LINES = st.lists(
    st.sampled_from([*SENTENCES[:3], SENTENCES[0].replace("ice", "fog"), "***", "港口关闭", "a b"]), max_size=7
)


def article(*lines: str, removed: tuple[Removed, ...] = (), capture: str | None = None, **fields: Any) -> Article:
    trace = Trace(removed=removed, capture=capture)
    return Article(url=URL, text="\n".join(lines), trace=trace, **fields)


def kinds(found: Difference) -> list[str]:
    return [change.kind for change in found.paragraphs]


def check(before: Article, after: Article) -> Difference:
    found = difference(before, after)
    assert found.text_before == before.text
    assert found.text_after == after.text
    return found


@settings(deadline=None, derandomize=True, max_examples=300)
@given(LINES, LINES)
def test_both_texts_can_be_made_from_it(before: list[str], after: list[str]) -> None:
    found = check(article(*before), article(*after))
    assert found.is_empty == (before == after)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.text(alphabet="ab \n\u0301港", max_size=30), st.text(alphabet="ab \n\u0301港", max_size=30))
def test_both_texts_can_be_made_from_it_whatever_they_hold(before: str, after: str) -> None:
    check(article(before), article(after))


def test_equal_versions() -> None:
    found = check(article(*SENTENCES, headline="Storm"), article(*SENTENCES, headline="Storm"))
    assert found.is_empty
    assert found.changed == ()
    assert kinds(found) == ["equal"] * len(SENTENCES)
    assert found.headline == (Piece("equal", "Storm"),)
    assert found.summary == Counts(0, 0, 0, 0, 0, 0, 0)


def test_paragraphs_and_words() -> None:
    a, b, c, d, *_ = SENTENCES
    found = check(article(a, b, c), article(b, c.replace("three", "four"), a, d))
    assert [(x.kind, x.before, x.after) for x in found.paragraphs] == [
        ("left", 0, 2),
        ("equal", 1, 0),
        ("changed", 2, 1),
        ("moved", 0, 2),
        ("added", None, 3),
    ]
    assert found.paragraphs[2].pieces[1:3] == (Piece("removed", "three"), Piece("added", "four"))
    assert found.changed == ("text",)
    assert found.summary == Counts(
        added=1, removed=0, changed=1, moved=1, reading=0, words_added=1 + len(d.split()), words_removed=1
    )


def test_headline_and_standfirst_are_words() -> None:
    found = difference(article(headline="Twelve boats out"), article(headline="Nine boats out", standfirst="Late."))
    assert found.headline == (Piece("removed", "Twelve"), Piece("added", "Nine"), Piece("equal", " boats out"))
    assert found.standfirst == (Piece("added", "Late."),)
    assert found.changed == ("headline", "standfirst")


def test_other_fields_are_values() -> None:
    before = article(authors=("Anna Petrova",), published="2026-11-20", kind="article")
    after = article(authors=("Anna Petrova", "Ola Berg"), published="2026-11-20", modified="2026-11-21", kind="opinion")
    found = difference(before, after)
    assert found.fields == (
        FieldChange("kind", "article", "opinion"),
        FieldChange("authors", ("Anna Petrova",), ("Anna Petrova", "Ola Berg")),
        FieldChange("modified", None, "2026-11-21"),
    )
    assert found.changed == ("kind", "authors", "modified")
    assert not found.is_empty


# Changes of the page and changes of our reading


BANNER = Removed("Give the Courier 5 euros a month.", "div.give > p", "appeal", 1)


def test_furniture_is_no_change_of_the_article() -> None:
    after = article(*SENTENCES, removed=(BANNER, Removed("Menu", "nav", "navigation", 0)))
    assert difference(article(*SENTENCES), after).is_empty


def test_what_one_version_removed_and_the_other_has_is_our_reading() -> None:
    with_it = article(SENTENCES[0], BANNER.text, *SENTENCES[1:])
    without = article(*SENTENCES, removed=(BANNER,))
    found = check(with_it, without)
    assert found.paragraphs[1] == Change("reading", 1, None, (Piece("removed", BANNER.text),), "appeal")
    assert found.is_empty
    assert found.summary == Counts(0, 0, 0, 0, 1, 0, 0)
    back = check(without, with_it)
    assert back.paragraphs[1] == Change("reading", None, 1, (Piece("added", BANNER.text),), "appeal")
    assert back.is_empty


def test_what_left_the_page_is_a_change_even_if_it_looks_like_furniture() -> None:
    found = check(article(SENTENCES[0], BANNER.text, *SENTENCES[1:]), article(*SENTENCES))
    assert kinds(found)[1] == "removed"
    assert not found.is_empty


def test_each_removed_block_answers_for_one_paragraph() -> None:
    found = check(article(BANNER.text, *SENTENCES, BANNER.text), article(*SENTENCES, removed=(BANNER,)))
    assert kinds(found) == ["reading", *["equal"] * len(SENTENCES), "removed"]


def test_a_paragraph_that_was_read_as_a_field_is_our_reading() -> None:
    lead, *rest = SENTENCES
    found = check(article(lead, *rest), article(*rest, standfirst=lead))
    assert (found.paragraphs[0].kind, found.paragraphs[0].rule) == ("reading", "standfirst")
    assert found.changed == ("standfirst",)


def test_a_paragraph_that_our_reading_took_is_not_matched_with_a_new_one() -> None:
    new = BANNER.text.replace("5", "6")
    found = check(article(*SENTENCES, BANNER.text), article(*SENTENCES, new, removed=(BANNER,)))
    assert kinds(found)[-2:] == ["reading", "added"]


def test_two_readings_of_one_capture() -> None:
    one, two = article(*SENTENCES, capture="urn:uuid:1"), article(*SENTENCES[1:], capture="urn:uuid:1")
    assert difference(one, two).same_page
    assert not difference(one, article(*SENTENCES, capture="urn:uuid:2")).same_page
    assert not difference(article(), article()).same_page


# Live blogs


def test_posts_are_known_again_by_their_time_and_else_by_their_words() -> None:
    first, second = Update("Boats are out.", "2026-11-20T09:00:00Z"), Update(SENTENCES[0], headline="Harbour")
    before = article(updates=(second, first))
    rewritten = msgspec.structs.replace(first, text="All are home now")
    reworded = msgspec.structs.replace(second, text=SENTENCES[0].replace("ice", "fog"), headline="The harbour")
    new = Update(SENTENCES[4], "2026-11-20T10:00:00Z")
    found = difference(before, article(updates=(new, reworded, rewritten)))
    assert [(post.kind, post.published) for post in found.updates] == [
        ("added", "2026-11-20T10:00:00Z"),
        ("changed", None),
        ("changed", "2026-11-20T09:00:00Z"),
    ]
    assert found.updates[1].headline == (Piece("removed", "Harbour"), Piece("added", "The harbour"))
    assert found.updates[2].pieces[0] == Piece("removed", "Boats are out.")
    assert found.changed == ("updates",)
    gone = difference(before, article(updates=(first,)))
    assert [(post.kind, post.headline) for post in gone.updates] == [
        ("removed", (Piece("removed", "Harbour"),)),
        ("equal", ()),
    ]
    assert difference(before, before).is_empty


def test_posts_of_one_time_are_told_apart() -> None:
    posts = tuple(Update(text, "2026-11-20") for text in SENTENCES)
    found = difference(article(updates=posts), article(updates=(*posts[:2], *posts[3:])))
    assert [post.kind for post in found.updates] == ["equal", "equal", "removed", "equal", "equal", "equal"]


# Size


@pytest.mark.parametrize("paragraph", [60, 20_000])
def test_long_texts_in_which_everything_differs(paragraph: int) -> None:
    def text(seed: int) -> list[str]:
        some = random.Random(seed)
        words = [f"w{int(some.paretovariate(0.5)) % 20_000}" for _ in range(20_000)]
        return [" ".join(words[i : i + paragraph]) for i in range(0, len(words), paragraph)]

    started = time.process_time()
    found = check(article(*text(1)), article(*text(2)))
    assert found.summary.words_added > 15_000
    assert time.process_time() - started < 1


def test_a_hundred_thousand_times_one_word() -> None:
    started = time.process_time()
    assert check(article("no " * 100_000), article("no " * 90_000 + "yes")).summary.words_removed == 10_000
    check(article("no " * 100_000), article("yes no " * 50_000))
    assert time.process_time() - started < 2
