"""Words as they stand in the index: one form for what a reader takes for one word."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.catalogue.tokens import query_forms, tokens


def matches(words: str) -> list[str]:
    """The forms of a query as FTS5 writes them."""
    return [form.match() for form in query_forms(words)]


def meets(query: str, text: str, language: str | None) -> bool:
    """Whether a search for `query` finds `text`, as FTS5 takes a phrase."""
    held = f" {tokens(text, language)} "
    return any(f" {p[1:-2]}" in held if p[-1] == "*" else f" {p[1:-1]} " in held for p in matches(query))


@pytest.mark.parametrize(
    ("query", "text", "language"),
    [
        ("boat", "boats", "en"),
        ("Boats", "BOATS", "en-GB"),
        ("running", "run", "en"),
        ("Straße", "STRASSE", "de"),
        ("Häuser", "Häusern", "de"),
        ("élections", "election", "fr"),
        ("journaux", "journaux", None),
        ("ёлка", "елки", "ru"),
        ("Войны", "война", None),
        ("їжак", "Їжак", "uk"),
        ("ÅLESUND", "Ålesund", "no"),
        ("città", "citta", "it"),
        ("ΛΌΓΟΣ", "λόγος", "el"),
        ("İstanbul", "istanbul", "tr"),
        ("كِتاب", "كتاب", "ar"),
        ("أحمد", "احمد", "ar"),
        ("ｎｅｗｓ", "news", None),
        ("ﬁsh", "fish", "en"),
        ("가족", "가족", "ko"),
        ("東京", "東京", "ja"),
        ("ｶﾞｽ", "ガス", "ja"),
        ("日报", "日报", "zh"),
        ("ข่าว", "ข่าว", "th"),
        ("हिन्दी", "हिन्दी", "hi"),
        ("2026", "2026", None),
        ("covid19", "COVID19", "en"),
    ],
)
def test_forms_of_one_word_meet(query: str, text: str, language: str | None) -> None:
    assert meets(query, text, language)


@pytest.mark.parametrize(
    ("query", "text", "language"),
    [("boat", "coat", "en"), ("йод", "иод", "ru"), ("東京", "京都", "ja"), ("я", "ты", "ru")],
)
def test_other_words_do_not(query: str, text: str, language: str | None) -> None:
    assert not meets(query, text, language)


@pytest.mark.parametrize(
    ("query", "text", "language"),
    [("バス", "ハス", "ja"), ("पिता", "पोता", "hi"), ("ที่", "ทู่", "th"), ("কবি", "কবে", "bn")],
)
def test_marks_that_make_another_letter_are_kept(query: str, text: str, language: str) -> None:
    assert not meets(query, text, language)


def test_scripts_without_spaces_become_bigrams() -> None:
    assert tokens("東京都庁") == "東京 京都 都庁 庁"
    assert tokens("水") == "水"
    assert tokens("iPhone発売、2026年") == "iphone 発売 売 2026 年"
    assert tokens("서울시") == "서울 울시 시"


def test_words_keep_their_order() -> None:
    assert tokens("One two 東京 three", "en").split() == ["one", "two", "東京", "京", "three"]
    assert tokens("") == tokens(" .,;!? ") == ""


def test_each_script_has_its_stemmer_whatever_the_page_says() -> None:
    assert tokens("Войны boats", "en").split() == [tokens("войны"), "boat"]
    assert tokens("boats", "ru") == "boats"
    assert tokens("boats", None) == "boats"
    assert tokens("boats", "xx-YY") == "boats"


def test_queries_know_every_form() -> None:
    assert {'"boat"', '"boats"'} <= set(matches("boats"))
    assert matches("...") == []
    assert matches("storm at sea") == sorted(set(matches("storm at sea")))
    assert matches("水") == ['"水"*']


@settings(deadline=None)
@given(st.text(max_size=60), st.sampled_from([None, "en", "ru", "ar", "tr", "zz"]))
def test_any_text_has_tokens_of_word_characters(text: str, language: str | None) -> None:
    found = tokens(text, language)
    assert not re.search(r"[!-/:-@\[-^`{-~\s]", found.replace(" ", ""))
    assert found == " ".join(found.split())
    assert all(re.fullmatch(r'"[^"]+"\*?', phrase) for phrase in matches(text))


@settings(deadline=None)
@given(st.text(alphabet=st.characters(categories=("Lu", "Ll", "Lo", "Nd")), min_size=1, max_size=12))
def test_a_word_meets_itself_however_it_is_composed(word: str) -> None:
    for form in ("NFC", "NFD", "NFKC"):
        same = unicodedata.normalize(form, word)
        assert not tokens(word) or meets(word, same, None)
