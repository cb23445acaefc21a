"""`Matching`: which paragraph of one text is which of another."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal

from archive.history.alignment import Pair, align
from archive.history.wording import Features, features, likeness, most_alike

__all__ = ["Matching", "Slot"]

Slot = tuple[Literal["equal", "changed", "moved", "left", "added", "removed"], int | None, int | None]
"""What became of a paragraph, its number before and its number after; of a moved one ``left`` is its old place."""

_CHANGED, _MOVED = 0.4, 0.6
"""Likeness of a paragraph to the one in its place, and to one elsewhere, to be a change of it."""
_SMALLEST_MOVED = 40
"""Characters of a paragraph that is known again elsewhere although it has changed."""
_FEW = 25
"""Pairs of paragraphs in one gap that are all compared."""
_COMMON, _LIKELY = 30, 4
"""A word that more paragraphs have tells none; so many likely ones are looked at."""


class Matching:
    """Pairs the paragraphs of two texts: equal ones in order, equal ones elsewhere, then those that are alike."""

    def __init__(self, before: Sequence[str], after: Sequence[str]) -> None:
        self._before, self._after = before, after
        self._in_place = align(before, after)
        self._anchors = [i for i, _ in self._in_place], [j for _, j in self._in_place]
        self._elsewhere: list[Pair] = []
        self.left = sorted(set(range(len(before))).difference(self._anchors[0]))
        """Numbers of paragraphs before that have no partner."""
        self.right = sorted(set(range(len(after))).difference(self._anchors[1]))
        """Numbers of paragraphs after that have none."""
        waiting: defaultdict[str, list[int]] = defaultdict(list)
        for j in reversed(self.right):
            waiting[after[j]].append(j)
        self._take([(i, waiting[before[i]].pop()) for i in self.left if waiting.get(before[i])])

    def _take(self, pairs: Iterable[Pair]) -> None:
        self._elsewhere += pairs
        self.left = sorted(set(self.left).difference(i for i, _ in self._elsewhere))
        self.right = sorted(set(self.right).difference(j for _, j in self._elsewhere))

    def match_similar(self, not_left: Collection[int] = (), not_right: Collection[int] = ()) -> None:
        """Pair paragraphs that have changed, but none of those numbers."""
        one = {i: features(self._before[i]) for i in self.left if i not in not_left}
        two = {j: features(self._after[j]) for j in self.right if j not in not_right}
        rated = []
        for i, j in self._likely(one, two):
            same_gap = self._gap(i, 0) == self._gap(j, 1)
            least = _CHANGED if same_gap else _MOVED
            if not same_gap and min(len(self._before[i]), len(self._after[j])) < _SMALLEST_MOVED:
                continue
            if most_alike(one[i], two[j]) >= least and (alike := likeness(one[i], two[j])) >= least:
                rated.append((-alike - (_MOVED - _CHANGED) * same_gap, i, j))
        pairs: list[Pair] = []
        for _, i, j in sorted(rated):
            if i in one and j in two:
                del one[i], two[j]
                pairs.append((i, j))
        self._take(pairs)

    def _likely(self, one: dict[int, Features], two: dict[int, Features]) -> set[Pair]:
        """Pairs that are worth a look: they share words that few have, or are among few in their gap."""
        gaps: defaultdict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for i in one:
            gaps[self._gap(i, 0)][0].append(i)
        for j in two:
            gaps[self._gap(j, 1)][1].append(j)
        likely = {(i, j) for a, b in gaps.values() if len(a) * len(b) <= _FEW for i in a for j in b}
        having: defaultdict[str, list[int]] = defaultdict(list)
        for j, known in two.items():
            for word in known.words:
                having[word].append(j)
        for i, wanted in one.items():
            shared: Counter[int] = Counter()
            for word in wanted.words:
                if len(others := having.get(word, ())) <= _COMMON:
                    for j in others:
                        shared[j] += len(word)
            likely |= {(i, j) for j, _ in shared.most_common(_LIKELY)}
        return likely

    def _gap(self, number: int, side: Literal[0, 1]) -> int:
        """Between which of the paragraphs that are in place another one stands."""
        return bisect_left(self._anchors[side], number)

    def slots(self) -> Iterator[Slot]:
        """Every paragraph of both texts, in the order of the text after; what is only before stands where it stood,
        above what is new there."""
        in_place = sorted([*self._in_place, *self._settled()])
        kept = set(in_place)
        moved = [pair for pair in self._elsewhere if pair not in kept]
        to, of = dict(moved), {j: i for i, j in moved}
        i = j = 0
        for next_i, next_j in [*in_place, (len(self._before), len(self._after))]:
            for gone in range(i, next_i):
                yield ("left", gone, to[gone]) if gone in to else ("removed", gone, None)
            for new in range(j, next_j):
                yield ("moved", of[new], new) if new in of else ("added", None, new)
            if next_i < len(self._before):
                yield ("equal" if self._before[next_i] == self._after[next_j] else "changed"), next_i, next_j
            i, j = next_i + 1, next_j + 1

    def _settled(self) -> Iterator[Pair]:
        """Pairs that did not move: as many of one gap as stand in the same order in both texts."""
        gaps: defaultdict[int, list[Pair]] = defaultdict(list)
        for i, j in sorted(self._elsewhere):
            if (gap := self._gap(i, 0)) == self._gap(j, 1):
                gaps[gap].append((i, j))
        for pairs in gaps.values():
            order = [j for _, j in pairs]
            yield from (pairs[place] for place, _ in align(order, sorted(order)))
