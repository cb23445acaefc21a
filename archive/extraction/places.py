"""`place_lines`: where in the page the lines of an extracted text stand."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass

from archive.extraction.blocks import Block, words_key

__all__ = ["Placed", "place_lines"]

_REACH = 60
"""Blocks behind the last known place that are looked at for a line that is no block's whole text."""
_ROW = "|"
"""How trafilatura begins a row of a table, which it makes one line."""
_SHORTEST_PART = 20
_ALIKE = 0.75
"""Share of words in common of a block and what an extractor made of it, by dropping or adding a few."""
_SEARCHES = 200
"""Lines a page that are looked for everywhere; more make no text."""


@dataclass(slots=True)
class Placed:
    """A line and the blocks it was made of: one, or several that were joined, or none that is known."""

    line: str
    key: str
    blocks: tuple[Block, ...]

    @property
    def block(self) -> Block | None:
        """The first of the blocks."""
        return self.blocks[0] if self.blocks else None

    @property
    def text(self) -> str:
        """The line as it stands on the page, list marks and all, where that is known."""
        return self.blocks[0].text if self.is_whole else self.line

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole text of one block."""
        return len(self.blocks) == 1 and self.blocks[0].key == self.key


def place_lines(lines: Sequence[str], blocks: Sequence[Block], taken: Container[Block] = ()) -> list[Placed]:
    """Tie each line to blocks of the page, and part what was joined.

    Of equal blocks a line gets the one between its neighbours, and none that is `taken` while there is
    another.
    """
    placer = _Placer(blocks, taken)
    keys = [words_key(line) for line in lines]
    unique = [placer.only(key) for key in keys]
    following = len(blocks)
    next_known = []
    for position in reversed(unique):
        next_known.append(following)
        following = position if position is not None else following
    placed, last = [], -1
    for line, key, known, following in zip(lines, keys, unique, reversed(next_known), strict=True):
        found = [known] if known is not None else placer.find(key, last, following)
        last = found[-1] if found else last
        made_of = tuple(blocks[i] for i in found)
        if len(found) > 1 and not line.startswith(_ROW):
            placed += [Placed(block.text, block.key, (block,)) for block in made_of]
        else:
            placed.append(Placed(line, key, made_of))
    return placed


class _Placer:
    def __init__(self, blocks: Sequence[Block], taken: Container[Block]) -> None:
        self._blocks = blocks
        free: defaultdict[str, list[int]] = defaultdict(list)
        others: defaultdict[str, list[int]] = defaultdict(list)
        for i, block in enumerate(blocks):
            (others if block in taken else free)[block.key].append(i)
        self._positions = others | free
        self._read_to: dict[int, int] = {}
        """Where in a block's key the last part of it ended: parts come in order, and blocks can be long."""
        self._searches_left = _SEARCHES

    def only(self, key: str) -> int | None:
        """The position of the only block with this key."""
        positions = self._positions.get(key, ())
        return positions[0] if len(positions) == 1 else None

    def find(self, key: str, last: int, following: int) -> list[int]:
        """The positions of the blocks that make up a line which stands between two that are known."""
        if not key:
            return []
        if positions := self._positions.get(key):
            return [_choose(positions, last, following)]
        near = range(max(last, 0), min(following, last + 1 + _REACH))
        return self._holding(key, near) or self._joined(key, near) or self._alike(key, near) or self._anywhere(key)

    def _holding(self, key: str, near: range) -> list[int]:
        """A block that an extractor parted, at a line break or around something it dropped."""
        for i in near:
            text, start = self._blocks[i].key, self._read_to.get(i, 0)
            at = text.find(key, start)
            if at >= 0 and (at == 0 or text[at - 1] == " ") and text[at + len(key) : at + len(key) + 1] in ("", " "):
                self._read_to[i] = at + len(key)
                return [i]
        return []

    def _joined(self, key: str, near: range) -> list[int]:
        """Blocks that an extractor joined, such as the cells of a row."""
        for start in near:
            parts, left = [], key
            for i in range(start, len(self._blocks)):
                part = self._blocks[i].key
                if not left or not f"{left} ".startswith(f"{part} "):
                    break
                parts.append(i)
                left = left[len(part) :].lstrip()
            if parts and not left:
                return parts
        return []

    def _alike(self, key: str, near: range) -> list[int]:
        words = Counter(key.split())
        for i in near:
            if not _ALIKE * len(key) <= 2 * len(self._blocks[i].key) <= 4 * len(key) / _ALIKE:
                continue
            others = Counter(self._blocks[i].key.split())
            if (words & others).total() >= _ALIKE * max(words.total(), others.total()):
                return [i]
        return []

    def _anywhere(self, key: str) -> list[int]:
        """A block that holds the line, or is held by it, wherever it stands."""
        self._searches_left -= 1
        if len(key) < _SHORTEST_PART or self._searches_left < 0:
            return []
        for i, block in enumerate(self._blocks):
            if key in block.key or (len(block.key) > _SHORTEST_PART and block.key in key):
                return [i]
        return []


def _choose(positions: Sequence[int], last: int, following: int) -> int:
    """The position that goes between two others; behind the last one, or before the next if that is the first."""
    if last < 0:
        return positions[max(bisect_left(positions, following) - 1, 0)]
    behind = bisect_right(positions, last)
    return positions[behind if behind < len(positions) else -1]
