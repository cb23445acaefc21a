"""Which paragraph of one text is which of another."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.history.matching import Matching, Slot
from tests.archive.making import SENTENCES

A, B, C, D, E, F = SENTENCES
A2, C2 = A.replace("harbour", "port"), C.replace("three years", "four long years")
FEW = st.lists(st.sampled_from(["a", "b", "c c", "c d", A, A2, ""]), max_size=8)


def slots(before: list[str], after: list[str]) -> list[Slot]:
    matching = Matching(before, after)
    matching.match_similar()
    found = list(matching.slots())
    check(before, after, found)
    return found


def check(before: list[str], after: list[str], found: list[Slot]) -> None:
    assert sorted(i for kind, i, _ in found if i is not None and kind != "left") == list(range(len(before)))
    assert [j for kind, _, j in found if j is not None and kind != "left"] == list(range(len(after)))
    for kind, i, j in found:
        if kind == "equal":
            assert i is not None
            assert j is not None
            assert before[i] == after[j]
    assert [s[1:] for s in found if s[0] == "moved"] == sorted(
        (s[1:] for s in found if s[0] == "left"), key=lambda s: s[1]
    )


@settings(deadline=None, derandomize=True, max_examples=300)
@given(FEW, FEW)
def test_every_paragraph_has_one_place(before: list[str], after: list[str]) -> None:
    found = slots(before, after)
    assert {kind for kind, *_ in found} <= {"equal"} or before != after


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ([], [], []),
        ([A, B], [A, B], [("equal", 0, 0), ("equal", 1, 1)]),
        ([A, B], [A, C, B], [("equal", 0, 0), ("added", None, 1), ("equal", 1, 2)]),
        ([A, B, C], [A, C], [("equal", 0, 0), ("removed", 1, None), ("equal", 2, 1)]),
        ([A, C], [A2, C2], [("changed", 0, 0), ("changed", 1, 1)]),
        ([A, B], [A, E], [("equal", 0, 0), ("removed", 1, None), ("added", None, 1)]),
        # The shorter way round moves
        ([A, B, C], [B, C, A], [("left", 0, 2), ("equal", 1, 0), ("equal", 2, 1), ("moved", 0, 2)]),
        # Moved and changed
        ([A, B, D], [B, D, A2], [("left", 0, 2), ("equal", 1, 0), ("equal", 2, 1), ("moved", 0, 2)]),
        ([A, C, B], [C2, A2, B], [("left", 0, 1), ("changed", 1, 0), ("moved", 0, 1), ("equal", 2, 2)]),
        # A paragraph that is there twice, then once
        ([A, B, A], [A, B], [("equal", 0, 0), ("equal", 1, 1), ("removed", 2, None)]),
        # Short ones are no others that have changed
        (["Boats", A, B], [A, B, "Boat"], [("removed", 0, None), ("equal", 1, 0), ("equal", 2, 1), ("added", None, 2)]),
        # ... but in their place they may have
        (["Two more boats", A], ["Two more ships", A], [("changed", 0, 0), ("equal", 1, 1)]),
        (["***", A, B], [A, "***", B], [("left", 0, 1), ("equal", 1, 0), ("moved", 0, 1), ("equal", 2, 2)]),
    ],
)  # fmt: skip
def test_what_became_of_paragraphs(before: list[str], after: list[str], found: list[Slot]) -> None:
    assert slots(before, after) == found


def test_the_most_alike_are_paired() -> None:
    close, far = A.replace("Ellery", "Skagen"), A.replace("closed until the ice", "shut while that fog")
    assert slots([A], [far, close]) == [("added", None, 0), ("changed", 0, 1)]


def test_numbers_that_are_something_else_stay_alone() -> None:
    matching = Matching([A, B], [A2, B])
    assert (matching.left, matching.right) == ([0], [0])
    matching.match_similar(not_right={0})
    assert list(matching.slots()) == [("removed", 0, None), ("added", None, 0), ("equal", 1, 1)]


def words(kinds: int, seed: int, length: int, count: int) -> list[str]:
    some = random.Random(seed)
    return [" ".join(f"w{some.randrange(kinds)}" for _ in range(length)) for _ in range(count)]


@pytest.mark.parametrize("kinds", [1, 2, 70, 300, 5000, 10**9])
@pytest.mark.parametrize(("length", "count"), [(1, 5000), (2, 5000), (20, 1000), (1, 20_000)])
def test_many_paragraphs_take_a_second(kinds: int, length: int, count: int) -> None:
    started = time.process_time()
    matching = Matching(words(kinds, 1, length, count), words(kinds, 2, length, count))
    matching.match_similar()
    assert sum(1 for _ in matching.slots()) >= count
    assert time.process_time() - started < 1.5
