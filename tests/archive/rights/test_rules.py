"""Rules for crawlers, as heads and meta elements write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.rights.rules import read_rules
from archive.rights.statement import MARKS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("noarchive", [("noarchive", "", None)]),
        ("NoAI, NOIMAGEAI", [("noai", "", None), ("noimageai", "", None)]),
        ("none", [("noindex", "", None), ("nofollow", "", None)]),
        ("nocache", [("noarchive", "", None)]),
        ("index, follow, max-image-preview:large, max-snippet:-1", []),
        ("noindex,noindex", [("noindex", "", None)]),
        ("googlebot: noindex, noarchive", [("noindex", "", "googlebot"), ("noarchive", "", "googlebot")]),
        ("noai, BadBot: noindex", [("noai", "", None), ("noindex", "", "badbot")]),
        ("a: noai, b: noindex", [("noai", "", "a"), ("noindex", "", "b")]),
        ("*: noarchive", [("noarchive", "", None)]),
        ("unavailable_after: 25 Jun 2027 15:00:00 PST", [("unavailable-after", "25 Jun 2027 15:00:00 PST", None)]),
        (
            "unavailable_after: Saturday, 25-Jun-27 15:00:00 GMT, noai",
            [("unavailable-after", "Saturday, 25-Jun-27 15:00:00 GMT", None), ("noai", "", None)],
        ),
        (
            "otherbot: unavailable_after: 2027-06-25, max-snippet: 20",
            [("unavailable-after", "2027-06-25", "otherbot")],
        ),
        ("", []),
        (",,: ,:::, noai", [("noai", "", None)]),
        ("no archive", []),
    ],
)
def test_rules(value: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert read_rules(value) == expected


def test_a_meta_element_for_one_crawler() -> None:
    assert read_rules("noindex", "newswarc") == [("noindex", "", "newswarc")]


PIECES = st.sampled_from(
    ["noai", "none", ",", ":", " ", "bot", "unavailable_after", "*", "25-Jun-27", "\x00", "é", "\ud800"]
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_whatever_stands_there(value: str) -> None:
    assert {name for name, _, _ in read_rules(value)} <= set(MARKS)
