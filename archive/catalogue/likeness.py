"""Near-duplicates: the same story in other articles, cut, reordered or with words changed.

A text's signature holds a fixed sample of the hashes of its shingles (runs of words, of signs in scripts
without spaces): those under a threshold that is the same for all texts, so that two signatures tell how much
of each text stands in the other one, whatever their lengths.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from zlib import crc32

from sqlalchemy import select

from archive.catalogue import schema
from archive.catalogue.database import Database
from archive.catalogue.rows import Row
from archive.furniture.furniture import unpack

__all__ = ["alike", "marks", "shares", "signature"]

_SHINGLE = 3
"""Words; in scripts without spaces pairs of signs, which overlap: four signs."""
_SCATTER = 2654435761
"""Spreads the checksums that serve as hashes over all numbers."""
_RATE = 1 << 29
"""Hashes of 32 bits under it are kept: one in eight."""
_FEWEST, _MOST = 32, 256
"""Hashes of a signature; a short text keeps more than its share, a long one less."""
_SHORTEST = 16
"""Shingles; a text with fewer is like no other."""
_ALIKE = 0.35
"""Of the shorter text stands in the other one."""
_WHOLE, _BESIDES = 0.6, 0.15
"""One paragraph that both have is no story unless it makes so much of the shorter text, or so much more is shared."""
_FEWEST_SHARED = 3
_COMMON = 300
"""A hash that so many articles have is a turn of phrase, or furniture."""
_CANDIDATES = 300


def signature(words: Sequence[str]) -> bytes:
    """The threshold under which all hashes of a text are kept, then these; nothing for a short text.

    `words` are those of `archive.catalogue.tokens.plain_words`: the text's language does not count.
    """
    grams = set(map(" ".join, zip(*(words[n:] for n in range(_SHINGLE)), strict=False)))
    if len(grams) < _SHORTEST:
        return b""
    hashes = sorted({crc32(gram.encode()) * _SCATTER & 0xFFFFFFFF for gram in grams})
    kept = [h for h in hashes if h < _RATE]
    limit = _RATE
    if len(kept) < _FEWEST:
        kept = hashes[:_FEWEST]
        limit = max(_RATE, kept[-1] + 1) if len(hashes) > _FEWEST else (1 << 32) - 1
    elif len(kept) > _MOST:
        kept, limit = kept[:_MOST], kept[_MOST]
    return struct.pack(f">{len(kept) + 1}I", limit, *kept)


def marks(data: bytes) -> list[str]:
    """The hashes of a signature as words of the index."""
    return [f"{h:08x}" for h in _Hashes(data).all]


def shares(one: bytes, other: bytes) -> tuple[float, float]:
    """How much of the first text stands in the second, and of the second in the first: 0 to 1."""
    mine, theirs = _Hashes(one), _Hashes(other)
    return theirs.shares(mine, theirs.known(mine), dict.fromkeys(mine.all, 1.0))


class _Hashes:
    """Those of a text."""

    def __init__(self, signature: bytes) -> None:
        self.limit, *self.all = struct.unpack(f">{len(signature) // 4}I", signature) if signature else (0,)

    def known(self, mine: _Hashes) -> set[int]:
        """Those that the other one has, too."""
        return {*mine.all}.intersection(self.all)

    def shares(self, mine: _Hashes, both: set[int], weights: Mapping[int, float]) -> tuple[float, float]:
        """How much of the other text stands in this one, and of this in the other one; all else here weighs 1."""
        limit = min(mine.limit, self.limit)
        total = sum(weights[h] for h in mine.all if h < limit)
        shared = sum(weights[h] for h in both if h < limit)
        rest = bisect_left(self.all, limit) - sum(h < limit for h in both)
        return (shared / total, shared / (rest + shared)) if shared else (0.0, 0.0)


def alike(database: Database, version: Row, limit: int) -> list[Row]:
    """See `Catalogue.alike`."""
    mine = _Hashes(version["signature"])
    query = "SELECT rowid FROM likeness WHERE likeness MATCH ? LIMIT ?"
    holders = database.tuples(query, [(mark, _COMMON) for mark in marks(version["signature"])])
    common = {h for h, numbers in zip(mine.all, holders, strict=True) if len(numbers) == _COMMON}
    shared = Counter(number for numbers in holders if len(numbers) < _COMMON for (number,) in numbers)
    candidates = [number for number, n in shared.most_common(_CANDIDATES) if n >= _FEWEST_SHARED]
    a, v = schema.articles, schema.versions
    rows = database.rows(
        select(a, v.c.signature, v.c.lines)
        .join(v, v.c.id == a.c.version)
        .where(a.c.number.in_(candidates), a.c.url != version["article"])
    )
    theirs = [_Hashes(row.pop("signature")) for row in rows]
    both = [hashes.known(mine) for hashes in theirs]
    weights = _weights(mine, version["source"], [(row["source"], known) for row, known in zip(rows, both, strict=True)])
    weights |= dict.fromkeys(common, 0.0)
    found = []
    for row, hashes, known in zip(rows, theirs, both, strict=True):
        of_this, of_other = hashes.shares(mine, known, weights)
        similarity, lines = max(of_this, of_other), row.pop("lines")
        if similarity >= _ALIKE and _is_story(similarity, _paragraph(version["lines"], lines)):
            found.append(row | {"similarity": similarity, "of_this": of_this, "of_other": of_other})
    found.sort(key=lambda row: (row["source"] == version["source"], -row["similarity"], row["number"]))
    return found[:limit]


def _weights(mine: _Hashes, source: str, others: list[tuple[str, set[int]]]) -> dict[int, float]:
    """What each hash counts for: the less, the more articles of one source have it."""
    held: dict[int, Counter[str]] = {h: Counter([source]) for h in mine.all}
    for other, known in others:
        for h in known:
            held[h][other] += 1
    return {h: 1 / max(sources.values()) for h, sources in held.items()}


def _is_story(similarity: float, paragraph: float) -> bool:
    """Whether more is shared than one paragraph, or that is the story."""
    return paragraph >= _WHOLE or similarity - paragraph >= _BESIDES


def _paragraph(lines: bytes, other: bytes) -> float:
    """How much of the shorter text the longest paragraph makes that both have."""
    mine, theirs = ({p.key: p.size for p in unpack(data) if not p.is_learned} for data in (lines, other))
    longest = max((size for key, size in mine.items() if key in theirs), default=0)
    return longest / max(1, min(sum(mine.values()), sum(theirs.values())))
