"""`Snippets`: what a query found is marked as readers of that language would mark it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.catalogue.query import parse_query
from archive.catalogue.snippets import Parts, Snippets
from archive.errors import ArchiveError

WALL = (
    "The council had put off the repair of the old sea wall for three years running, and nobody was surprised. "
    "Fishermen who lost their nets will be paid out of a fund that the province keeps for such winters. Twelve boats "
    "were caught in the storm on Friday night (it was cold) and ran for the “shelter” of the outer islands."
)


def told(parts: Parts) -> str:
    return "".join(f"[{text}]" if matches else text for text, matches in parts)


def snippets(query: str, *texts: str, language: str | None = "en") -> list[str]:
    return [told(parts) for parts in Snippets(parse_query(query).terms, language).of(texts)]


def headline(query: str, text: str, language: str | None = "en") -> str:
    return told(Snippets(parse_query(query).terms, language).headline(text))


@pytest.mark.parametrize(
    ("query", "text", "language", "marked"),
    [
        ("boat", "Boats, BOAT; boating, boatman", "en", "[Boats], [BOAT]; [boating], boatman"),
        ('"twelve boats"', "Twelve  boats. Boats twelve.", "en", "[Twelve  boats]. Boats twelve."),
        ("harb*", "harbour, harbours; the Harbinger’s arms", "en", "[harbour], [harbours]; the [Harbinger]’s arms"),
        ("o'malley", "Mr O'Malley’s boat", "en", "Mr [O'Malley]’s boat"),
        ("foo_bar", "foo_bar foo bar foo", "en", "[foo_bar] [foo bar] foo"),
        ("storm -boat", "The storm and the boat", "en", "The [storm] and the boat"),
        ("straße", "Straßen, STRASSE…", "de", "[Straßen], [STRASSE]…"),
        ("hafen", "Die Häfen, am Hafen.", "de", "Die [Häfen], am [Hafen]."),
        ("electeur", "Les e\u0301lecteurs, l’électeur", "fr", "Les [e\u0301lecteurs], l’[électeur]"),
        ("news fish", "ｎｅｗｓ of the ﬁsh, ½ eaten", "en", "[ｎｅｗｓ] of the [ﬁsh], ½ eaten"),
        ("лодка", "Ёлка. Лодки вернулись с лодкой.", "ru", "Ёлка. [Лодки] вернулись с [лодкой]."),
        ("елка", "Ёлка на площади", "ru", "[Ёлка] на площади"),
        ("القوارب", "بقيت القوارب في الميناء", "ar", "بقيت [القوارب] في الميناء"),
        ("الميناء", "في المِيناءِ، طوال الليل", "ar", "في [المِيناءِ]، طوال الليل"),
        ("שלום", "אמר שָׁלוֹם, והלך", "he", "אמר [שָׁלוֹם], והלך"),
        ("渔船", "十二艘渔船返回港口。", "zh", "十二艘[渔船]返回港口。"),
        ("北京时间", "北京时间，北京的时间", "zh", "[北京时间]，北京的时间"),
        ("港", "返回港口，香港。", "zh", "返回[港]口，香[港]。"),
        ("東京都", "東京都で、ﾄｳｷｮｳ", "ja", "[東京都]で、ﾄｳｷｮｳ"),
        ("ガス", "ｶﾞｽ漏れ", "ja", "[ｶﾞｽ]漏れ"),
        ("항구", "폭풍으로 항구를 폐쇄", "ko", "폭풍으로 [항구]를 폐쇄"),
        ("เรือ", "มีเรือประมงสิบสองลำ", "th", "มี[เรือ]ประมงสิบสองลำ"),
        ("नाव", "तूफान में नाव डूबी।", "hi", "तूफान में [नाव] डूबी।"),
        ("istanbul", "İstanbul'da", "tr", "[İstanbul]'da"),
    ],
)
def test_matches_are_marked(query: str, text: str, language: str, marked: str) -> None:
    assert snippets(query, text, language=language) == [marked]
    assert headline(query, text, language) == marked


def test_two_best_places_of_about_thirty_words() -> None:
    first, second = snippets('boats running "sea wall"', WALL)
    assert first == (
        "… had put off the repair of the old [sea wall] for three years [running], and nobody was surprised. "
        "Fishermen who lost their nets will be paid out of a fund …"
    )
    assert second == (
        "… fund that the province keeps for such winters. Twelve [boats] were caught in the storm on Friday night "
        "(it was cold) and ran for the “shelter” of the outer islands."
    )


def test_punctuation_goes_with_its_word() -> None:
    text = "word " * 40 + "(“storm”), " + "word " * 40
    (part,) = snippets("storm", text)
    assert " (“[storm]”), " in part
    text = "storm " + "word " * 25 + "“one two three, four five” six"
    (part,) = snippets("storm", text)
    assert part.endswith(" “one two three, four …")
    (part,) = snippets("storm", "one “two “" + "word " * 8 + "storm " + "word " * 30)
    assert part.startswith("… “word word")


def test_a_place_that_holds_all_words_comes_before_places_that_hold_one() -> None:
    lines = ["A storm came.", *["A boat and a boat and a boat."] * 3, "The boat in the storm.", "A storm again."]
    assert snippets("storm boat", "\n".join(lines))[-1] == "The [boat] in the [storm]."


def test_places_stand_in_the_texts_order_and_do_not_overlap() -> None:
    text = "storm " + "word " * 60 + "boat " + "word " * 60 + "storm"
    assert [s[:10] for s in snippets("boat storm", text)] == ["[storm] wo", "… word wor"]
    assert len(snippets("storm", "storm storm storm")) == 1


def test_words_next_to_each_other_are_marked_apart() -> None:
    assert snippets("storm boat", "storm boat") == ["[storm] [boat]"]


def test_headline_words_are_marked_in_the_headline_alone() -> None:
    assert headline("headline:storm boat", "Storm and boat") == "[Storm] and [boat]"
    assert snippets("headline:storm boat", "The storm and the boat") == ["The storm and the [boat]"]
    assert snippets("headline:storm", "The storm and the boat") == ["The storm and the boat"]


def test_without_a_match_the_text_begins() -> None:
    (beginning,) = snippets("nothing", "\n", "\n\n" + WALL)
    assert beginning.startswith("The council had put off")
    assert beginning.endswith(" will be paid out of …")
    assert snippets("nothing", "Short.") == ["Short."]
    assert snippets("nothing") == snippets("nothing", "", " \n—\n") == []


def test_further_texts_are_looked_at_if_something_is_missing() -> None:
    def texts(*given: str) -> Iterator[str]:
        for text in given:
            asked.append(text)
            yield text

    asked: list[str] = []
    terms = parse_query("storm boat").terms
    assert [told(p) for p in Snippets(terms, "en").of(texts("A storm.", "A boat.", "None."))] == [
        "A [storm].",
        "A [boat].",
    ]
    assert asked == ["A storm.", "A boat."]
    asked.clear()
    Snippets(terms, "en").of(texts("A storm.\nA boat.", "Another."))
    assert asked == ["A storm.\nA boat."]


def test_scripts_without_spaces_have_places_as_long_as_others() -> None:
    text = "北京时间星期五晚上，十二艘船返回港口。" * 5 + "渔船" + "北京时间星期五晚上，十二艘船返回港口。" * 5
    (place,) = snippets("渔船", text, language="zh")
    assert 40 < len(place) < 90
    assert place.startswith("… ")
    assert place.endswith(" …")


def test_long_words_are_cut() -> None:
    (place,) = snippets("storm", "x" * 5000 + " storm " + "y" * 5000)
    assert "[storm]" in place
    assert len(place) < 1000
    (place,) = snippets("a" * 900, "a" * 900)
    assert len(place) < 400


def test_a_huge_text_takes_no_time() -> None:
    started = time.process_time()
    snippets("storm boat", "storm " * 200_000)
    snippets("船 storm", "船船" * 200_000, language="zh")
    assert time.process_time() - started < 10


@settings(deadline=None)
@given(st.text(max_size=80), st.text(max_size=10), st.sampled_from([None, "en", "ru", "zh"]))
def test_marks_change_no_text(text: str, query: str, language: str | None) -> None:
    try:
        terms = parse_query(query or "a").terms
    except ArchiveError:
        return
    marked = Snippets(terms, language)
    assert "".join(part for part, _ in marked.headline(text)) == text
    for parts in marked.of([text]):
        assert all(part for part, _ in parts)
        assert "".join(part for part, _ in parts).strip("… ") in text
