"""Alignment of two sequences: as much in common as can be, in order, and soon."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.history import alignment
from archive.history.alignment import Pair, align

FEW = st.lists(st.sampled_from("abcd"), max_size=12)


def longest(before: list[str], after: list[str]) -> int:
    """How many can be in common, by the table of the textbook."""
    table = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for i, one in enumerate(before):
        for j, two in enumerate(after):
            table[i + 1][j + 1] = table[i][j] + 1 if one == two else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


def check(before: list[str], after: list[str], pairs: list[Pair]) -> None:
    assert all(before[i] == after[j] for i, j in pairs)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(pairs))


@settings(deadline=None, derandomize=True, max_examples=300)
@given(FEW, FEW)
def test_as_many_as_can_be_in_order(before: list[str], after: list[str]) -> None:
    pairs = align(before, after)
    check(before, after, pairs)
    assert len(pairs) == longest(before, after)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(FEW, FEW)
def test_in_parts_they_still_are_in_order(before: list[str], after: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(alignment, "_CELLS", 9)
        check(before, after, align(before, after))


@pytest.mark.parametrize("kinds", [1, 2, 1000, 100_000])
def test_long_ones_take_a_second(kinds: int) -> None:
    some = random.Random(kinds)
    before, after = ([f"{some.randrange(kinds)}" for _ in range(100_000)] for _ in range(2))
    started = time.process_time()
    check(before, after, align(before, after))
    assert time.process_time() - started < 2
