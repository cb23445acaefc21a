"""`align`: what two sequences have in common, in order, within a time that grows with neither's likeness."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence

__all__ = ["Pair", "align"]

Pair = tuple[int, int]

_CELLS = 400_000_000
"""Bits of the table that is kept, 50 MB; larger sequences are aligned in parts."""


def align(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Pair]:
    """Positions of equal items, rising in both sequences: as many as can be.

    Where both are longer than some 20,000 items, and of items that the other has too, they are parted first: then
    there may be fewer than could be.
    """
    start, shortest = 0, min(len(before), len(after))
    while start < shortest and before[start] == after[start]:
        start += 1
    end = 0
    while end < shortest - start and before[-1 - end] == after[-1 - end]:
        end += 1
    pairs = [(i, i) for i in range(start)]
    common = set(before[start : len(before) - end]) & set(after[start : len(after) - end])
    if common:
        left = [i for i in range(start, len(before) - end) if before[i] in common]
        right = [i for i in range(start, len(after) - end) if after[i] in common]
        if len(left) < len(before) or len(right) < len(after):  # what is left may begin and end alike
            inner = align([before[i] for i in left], [after[i] for i in right])
        else:
            inner = list(_in_parts(before, after))
        pairs += [(left[i], right[j]) for i, j in inner]
    return pairs + [(len(before) - n, len(after) - n) for n in range(end, 0, -1)]


def _in_parts(before: Sequence[Hashable], after: Sequence[Hashable]) -> Iterator[Pair]:
    """Longest common subsequence, of parts one after the other where the table would be too large."""
    parts = 1
    while (len(before) // parts + 1) * (len(after) // parts + 1) > _CELLS:
        parts += 1
    for part in range(parts):
        i, j = len(before) * part // parts, len(after) * part // parts
        to_i, to_j = len(before) * (part + 1) // parts, len(after) * (part + 1) // parts
        yield from ((i + a, j + b) for a, b in _longest(before[i:to_i], after[j:to_j]))


def _longest(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Pair]:
    """The longest common subsequence, with a row of the table in one number (Hyyrö 2004, bit-parallel LCS).

    A bit of a row is 0 where the length rises from that column to the next.
    """
    where: defaultdict[Hashable, int] = defaultdict(int)
    for j, item in enumerate(after):
        where[item] |= 1 << j
    every = (1 << len(after)) - 1
    row, rows = every, []
    for item in before:
        both = row & where[item]
        row = (row + both | row - both) & every
        rows.append(row)
    pairs = []
    i, j = len(before) - 1, len(after) - 1
    while i >= 0 and j >= 0:
        if rows[i] >> j & 1:
            j -= 1
        elif i and not rows[i - 1] >> j & 1:
            i -= 1
        else:
            pairs.append((i, j))
            i, j = i - 1, j - 1
    return pairs[::-1]
