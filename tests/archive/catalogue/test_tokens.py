"""Words as they stand in the index: one form for what a reader takes for one word."""

from __future__ import annotations

import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.catalogue import tokens as module
from archive.catalogue.tokens import Spans, query_forms, tokens


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


# Places in the text


@pytest.mark.parametrize(
    ("text", "language", "held"),
    [
        ("The Boats’ crews", "en", ["The", "Boats", "crews"]),
        ("Straße…STRASSE", "de", ["Straße", "STRASSE"]),
        ("e\u0301le\u0300ve, ½ ﬁsh", "fr", ["e\u0301le\u0300ve", "½", "½", "ﬁsh"]),
        ("שָׁלוֹם כִתָاب", None, ["שָׁלוֹם", "כִתָاب"]),
        ("iPhone発売、", "ja", ["iPhone", "発売", "売"]),
        ("ｶﾞｽ漏れ", "ja", ["ｶﾞｽ", "ｽ漏", "漏れ", "れ"]),
        ("foo_bar", None, ["foo", "bar"]),
        ("한국 한", "ko", ["한국", "국", "한"]),
        ("㎏ 5㎏", None, ["㎏", "5㎏"]),
    ],
)
def test_tokens_have_places(text: str, language: str | None, held: list[str]) -> None:
    spans = Spans(text, language)
    assert [text[spans.start(n) : spans.end(n)] for n in range(len(spans))] == held


SIGNS = "aéé́ßﬁ½ㅏ가ｶﾞ東…'\u0300 \u1161\u1112Ё_ё\u05b0א\u064bا\u0e31\u0e01İ\u0345\u0399\n"


@settings(deadline=None, max_examples=500)
@given(
    st.text(max_size=30) | st.text(alphabet=SIGNS, max_size=12), st.sampled_from([None, "en", "de", "ru", "tr", "zz"])
)
def test_tokens_with_places_are_the_same_tokens(text: str, language: str | None) -> None:
    spans = Spans(text, language)
    assert spans.tokens == tokens(text, language).split()
    places = [(spans.start(n), spans.end(n)) for n in range(len(spans))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert [start for start, _ in places] == sorted(start for start, _ in places)


def test_stems_are_the_same_when_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_STEMS", 10)
    texts = [f"Boats {n} running войны {n} القوارب 東京" for n in range(30)]
    first = [tokens(text, "en") for text in texts]
    assert first == [tokens(text, "en") for text in texts]
    assert {text.replace(str(n), "") for n, text in enumerate(first)} == {"boat  run войн  قوارب 東京 京"}


def test_threads_stem_alike() -> None:
    words = [f"{word}{n}" for n in range(500) for word in ("boats", "running", "войны")]
    wanted = tokens(" ".join(words), "fi")
    module._stems.clear()
    with ThreadPoolExecutor(8) as threads:
        assert {*threads.map(lambda _: tokens(" ".join(words), "fi"), range(16))} == {wanted}
