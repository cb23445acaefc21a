"""tdmrep.json: its rules, and the one that counts for a page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import RecordError
from archive.rights.statement import NOT_RESERVED, RESERVED, UNSET
from archive.rights.tdmrep import Rule, file_statement, read_rules

SITE = "https://www.ellery.test"
FILE = f"{SITE}/.well-known/tdmrep.json"


def said(rules: Any, path: str) -> tuple[str, str | None]:
    found = file_statement(read_rules(json.dumps(rules).encode()), SITE + path, FILE, "urn:uuid:1", "2026-11-20")
    return found.value, found.policy


RULES = [
    {"location": "/sea/free/", "tdm-reservation": 0},
    {"location": "/sea/", "tdm-reservation": 1, "tdm-policy": "/policies/sea.json"},
    {"location": "/*.jpg$", "tdm-reservation": 1, "tdm-policy": "javascript:alert(1)"},
    {"location": "/odd", "tdm-reservation": 7},
]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/sea/ice", (RESERVED, f"{SITE}/policies/sea.json")),
        ("/sea/free/ice", (NOT_RESERVED, None)),
        ("/a/b.jpg", (RESERVED, None)),
        ("/a/b.jpg?x", (UNSET, None)),
        ("/land", (UNSET, None)),
        ("/odd", (UNSET, None)),
        ("/SEA/ice", (UNSET, None)),
        ("", (UNSET, None)),
    ],
)
def test_the_first_rule_that_fits(path: str, expected: tuple[str, str | None]) -> None:
    assert said(RULES, path) == expected


@pytest.mark.parametrize(
    ("location", "path", "fits"),
    [
        ("/", "/anything?at=all", True),
        ("*", "/anything", True),
        ("/this/path/exactly$", "/this/path/exactly", True),
        ("/this/path/exactly$", "/this/path/exactly/not", False),
        ("/this/*/then", "/this/and/that/then/on", True),
        ("/this/*/then", "/this/then", False),
        ("/*a*a$", "/ba", False),
        ("/*a*a$", "/baa", True),
        ("/path/foo-%24", "/path/foo-$", True),
        ("/path/foo-%2A", "/path/foo-*", True),
        ("/%7Euser", "/~user", True),
        ("/caf\u00e9", "/caf%c3%a9/menu", True),
        ("/a%2fb", "/a/b", False),
        ("/a%2fb", "/a%2Fb", True),
        ("sea/", "/sea/ice", True),
        ("https://www.ellery.test/sea/", "/sea/ice", True),
        ("/search?q=*", "/search?q=ice", True),
    ],
)
def test_patterns(location: str, path: str, fits: bool) -> None:
    assert Rule(location, RESERVED).fits(SITE + path) is fits


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, RESERVED), ("1", RESERVED), (0, NOT_RESERVED), (True, UNSET), (1.0, UNSET), ("yes", UNSET), (None, UNSET)],
)
def test_values_of_a_reservation(value: Any, expected: str) -> None:
    assert said([{"location": "/", "tdm-reservation": value}], "/")[0] == expected


@pytest.mark.parametrize(
    "body", [b"", b"<html>not here</html>", b"{}", b"null", b"[" * 100_000, b"\xff\xfe", b" " * ((1 << 20) + 1)]
)
def test_what_is_no_such_file(body: bytes) -> None:
    with pytest.raises(RecordError, match=r"^tdmrep\.json is no .*\.$"):
        read_rules(body)


def test_what_is_no_rule_is_passed_over() -> None:
    assert said([None, 5, [], {"location": 5}, {"tdm-reservation": 1}, *RULES], "/sea/")[0] == RESERVED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["location", "tdm-reservation", "x"]), inner),
    max_leaves=12,
)


@given(JSON, st.text())
def test_any_json_and_any_address(value: Any, path: str) -> None:
    assert said([value], f"/{path}")[0] in (RESERVED, NOT_RESERVED, UNSET)


def test_many_stars_take_no_time() -> None:
    assert not Rule("/" + "*a" * 900 + "b$", RESERVED).fits(f"{SITE}/{'a' * 100_000}")
