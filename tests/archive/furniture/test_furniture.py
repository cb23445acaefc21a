"""Lists of furniture, and what is remembered of an article's lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.article import Article, Removed, Trace
from archive.furniture.furniture import LEARNED, Furniture, Paragraph, key_of, pack, paragraphs, site_of, unpack


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("You have read 3 articles this month.", "You have read 17 articles this month!"),
        ("Support  the COURIER", "support the courier"),
        ("Ends on 1.2.2026", "Ends on 30.11.2026"),
    ],
)
def test_what_differs_in_case_marks_and_numbers_is_one(one: str, two: str) -> None:
    assert key_of(one) == key_of(two) != ""


def test_other_words_are_another() -> None:
    assert key_of("Support the Courier") != key_of("Support the Gazette")
    assert key_of(" – ") == ""


def test_a_list_is_named_by_site_and_keys_alone() -> None:
    keys = frozenset(map(key_of, ("one", "two", "three")))
    digest = Furniture(site="a.test", keys=keys).digest
    assert digest == Furniture(site="a.test", keys=frozenset(sorted(keys))).digest
    assert digest != Furniture(site="b.test", keys=keys).digest
    assert digest != Furniture(site="a.test", keys=keys - {key_of("one")}).digest


def test_what_is_on_a_list() -> None:
    furniture = Furniture(site="a.test", keys=frozenset({key_of("Please give 5 euros")}))
    assert "Please give 10 euros" in furniture
    assert "Please take 10 euros" not in furniture
    assert 5 not in furniture


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.a.test/x", "a.test"),
        ("http://a.test:8080/", "a.test"),
        ("http://news.a.test", "news.a.test"),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_the_site_of_a_page(url: str, site: str) -> None:
    assert site_of(url) == site


def test_the_lines_of_an_article() -> None:
    removed = (Removed("Give 5 euros", "div.x > p", LEARNED), Removed("Menu", "nav", "navigation"))
    trace = Trace(places=("article > p", "article > h2", "article > p"), removed=removed)
    article = Article(url="u", text="One line\nA heading\nMore", trace=trace)
    found = list(paragraphs(article))
    assert [line.key for line in found] == [key_of(t) for t in ("One line", "A heading", "More", "Give 5 euros")]
    assert [line.is_apart for line in found] == [False, True, False, False]
    assert [line.is_learned for line in found] == [False, False, False, True]
    assert [line.size for line in found] == [8, 9, 4, 12]
    assert found[0].place == found[2].place != found[3].place


LINES = st.builds(
    Paragraph,
    st.binary(min_size=8, max_size=8).map(bytes.hex),
    st.integers(0, 2**32 - 1),
    st.integers(0, 65535),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(LINES))
def test_what_is_packed_is_unpacked(lines: list[Paragraph]) -> None:
    assert unpack(pack(lines)) == lines


def test_a_text_without_places_is_remembered_too() -> None:
    (line,) = paragraphs(Article(url="u", text="One"))
    assert not line.is_apart
    assert list(paragraphs(Article(url="u"))) == []
