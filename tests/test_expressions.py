"""No regular expression of ours can be made to take for ever: each is looked at for what repeats can share."""

from __future__ import annotations

import re

import pytest

import archive
import crawler
from tests.expressions import ambiguities, expressions


@pytest.mark.parametrize(
    ("pattern", "most", "nested"),
    [
        (r"a+b+", 1, False),
        (r"a+a+", 2, False),
        (r"\s*,?\s*;?\s*x", 3, False),
        (r"\s*(Z|UTC)?\s*([+-]\d)?\s*$", 3, False),
        (r"(a+)+", 1, True),
        (r"(?:a|a+)*b", 1, True),
        (r"(\w+\s?)*$", 1, True),
        (r"(\w+,)*$", 1, False),
        (r"(?:[^\"\\]++|\\.)*+", 0, False),
        (r"a{0,3}a{0,3}", 0, False),
        (r"a{0,99}[ab]{2,}", 2, False),
        (rb"[^\n]*\n[^\n]*", 1, False),
        (r".*x.*x.*z", 3, False),
        (r"(?s:.)*x.*", 2, False),
    ],
)
def test_the_check_itself(pattern: str | bytes, most: int, nested: bool) -> None:
    assert ambiguities(pattern) == (most, nested)


def test_every_expression_of_ours() -> None:
    found = expressions(archive, crawler)
    assert len(found) > 150
    exponential, cubic = [], []
    for (pattern, flags), where in found.items():
        most, nested = ambiguities(pattern, flags)
        if nested:
            exponential.append((where, pattern))
        if most > 2:
            cubic.append((where, pattern))
    assert exponential == []
    assert cubic == []


def test_patterns_are_those_that_are_used() -> None:
    found = {pattern for pattern, _ in expressions(archive)}
    from archive import http

    assert http._STATUS_LINE.pattern in found
    assert all(re.compile(pattern) for pattern in found)
