"""Queries: what is understood, and what is explained."""

from __future__ import annotations

import pytest

from archive.catalogue.query import QueryError, parse_query
from tests.archive.making import refused


def match(words: str) -> str:
    """The query in the database's language, for texts that are not stemmed."""
    return parse_query(words, "xx").match


@pytest.mark.parametrize(
    ("words", "understood"),
    [
        ("a", '("a")'),
        ("a b", '("a") AND ("b")'),
        ("a AND b", '("a") AND ("b")'),
        ('"a b" c', '("a b") AND ("c")'),
        ("a OR b c", '(("a") OR ("b")) AND ("c")'),
        ("a OR b OR c", '(("a") OR ("b") OR ("c"))'),
        ("(a b) OR c", '((("a") AND ("b")) OR ("c"))'),
        ("a -b -c", '(("a")) NOT (("b") OR ("c"))'),
        ("-b a", '(("a")) NOT (("b"))'),
        ("a NOT b c", '(("a") AND ("c")) NOT (("b"))'),
        ("a -(b c)", '(("a")) NOT ((("b") AND ("c")))'),
        ("headline:a b", 'headline : ("a") AND ("b")'),
        ('headline:"a b"', 'headline : ("a b")'),
        ("headline:(a OR b)", '((headline : ("a") OR headline : ("b")))'),
        ("-headline:a b", '(("b")) NOT (headline : ("a"))'),
        ("abc*", '("abc"*)'),
        ("a ... b", '("a") AND ("b")'),
        ("a OR ... b", '("a") AND ("b")'),
        ("a -... b", '("a") AND ("b")'),
        ("(...) a", '("a")'),
        ("o'malley", '("o malley")'),
        ("a-b", '("a b")'),
        ("10:30", '("10 30")'),
        ("text:a", '("text a")'),
        ("headline: a", '("headline") AND ("a")'),
        ("not or and", '("not") AND ("or") AND ("and")'),
        ("a\nb\tc", '("a") AND ("b") AND ("c")'),
        ("word(s)", '("word") AND (("s"))'),
        ('a"b c"d', '("a") AND ("b c") AND ("d")'),
        ("„a b“", '("a b")'),
        ("北京时间", '("北京 京时 时间")'),
        ("港", '("港"*)'),
        ("北*", '("北"*)'),
        ("北京*", '("北京")'),
    ],
)
def test_what_is_understood(words: str, understood: str) -> None:
    assert match(words) == understood


def test_words_have_the_forms_of_every_language_or_of_one() -> None:
    assert {'"boats"', '"boat"'} <= {form.match() for form in parse_query("boats").terms[0].forms}
    assert [form.match() for form in parse_query("boats", "en-GB").terms[0].forms] == ['"boat"']
    assert {form.match() for form in parse_query("running*", "en").terms[0].forms} == {'"run"', '"running"*'}
    assert {form.match() for form in parse_query("harbour*", "en").terms[0].forms} == {'"harbour"*'}


def test_what_was_excluded_is_not_to_be_marked() -> None:
    query = parse_query("a -b headline:c", "xx")
    assert [(term.forms[0].tokens, term.headline) for term in query.terms] == [(("a",), False), (("c",), True)]


@pytest.mark.parametrize("words", ["", " ", '""', '" "', "...", "!?", "( )", "-", "\ud800", "。", "\0"])
def test_no_word_to_look_for(words: str) -> None:
    with pytest.raises(QueryError) as error:
        parse_query(words)
    assert "has no word to search for" in refused(error.value)


@pytest.mark.parametrize(
    ("words", "says", "position"),
    [
        ('"', "This quotation mark is never closed", 0),
        ('storm "twelve boats', "This quotation mark is never closed", 6),
        ("storm OR", "OR needs a word on both sides", 6),
        ("OR storm", "OR needs a word on both sides", 0),
        ("storm OR OR boats", "OR needs a word on both sides", 6),
        ("storm OR -boats", "OR can't be followed by -", 9),
        ("-boats OR storm", "OR joins words to be found", 7),
        ("AND storm", "AND needs a word on both sides", 0),
        ("storm AND", "AND needs a word on both sides", 6),
        ("storm NOT", "NOT needs a word behind it", 6),
        ("-storm", "only words to leave out", 0),
        ("storm (-boats)", "only words to leave out", 7),
        ("NOT storm", "only words to leave out", 0),
        ("(storm", "This parenthesis is never closed", 0),
        ("storm)", "This parenthesis closes none", 5),
        ("*", "* stands only at the end", 0),
        ("storm *", "* stands only at the end", 6),
        ("st*rm", "* stands only at the end", 2),
        ("*storm", "* stands only at the end", 0),
        ("s*", "begins too many words", 0),
        ("storm st*", "begins too many words", 6),
        ("ёл*", "begins too many words", 0),
        ("a " * 33, "more than 32 words", 64),
        ("a" * 1001, "1000 are the most", 1000),
        ("(" * 17 + "a" + ")" * 17, "more than 16 deep", 16),
    ],
)
def test_mistakes_are_explained(words: str, says: str, position: int) -> None:
    with pytest.raises(QueryError) as error:
        parse_query(words)
    assert says in refused(error.value)
    assert error.value.position == position
