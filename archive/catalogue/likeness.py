"""Near-duplicates: the same story in other articles, cut, reordered or with words changed.

A text's signature holds a fixed sample of the hashes of its shingles (runs of words, of signs in scripts
without spaces): those under a threshold that is the same for all texts, so that two signatures tell how much
of each text stands in the other one, whatever their lengths.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from zlib import crc32

from sqlalchemy import select

from archive.catalogue import schema
from archive.catalogue.database import Database
from archive.catalogue.rows import Row

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
    return [f"{h:08x}" for h in _unpack(data)[1]]


def shares(
    one: bytes, other: bytes, weights: Mapping[int, float] | None = None, ignored: Collection[int] = ()
) -> tuple[float, float]:
    """How much of the first text stands in the second, and of the second in the first: 0 to 1.

    `weights` of hashes that don't count for 1, and those that don't count at all.
    """
    (limit, a), (other_limit, b) = _unpack(one), _unpack(other)
    limit = min(limit, other_limit)
    mine, theirs = ({h for h in hashes if h < limit}.difference(ignored) for hashes in (a, b))

    def weigh(hashes: set[int]) -> float:
        return sum(weights.get(h, 1) for h in hashes) if weights else len(hashes)

    both = weigh(mine & theirs)
    return (both / weigh(mine), both / weigh(theirs)) if both else (0.0, 0.0)


def _unpack(data: bytes) -> tuple[int, tuple[int, ...]]:
    if not data:
        return 0, ()
    limit, *hashes = struct.unpack(f">{len(data) // 4}I", data)
    return limit, tuple(hashes)


def alike(database: Database, version: Row, limit: int) -> list[Row]:
    """See `Catalogue.alike`."""
    shared, common = _shared(database, version["signature"])
    candidates = [number for number, n in Counter(shared).most_common(_CANDIDATES) if n >= _FEWEST_SHARED]
    a, v = schema.articles, schema.versions
    rows = database.rows(
        select(a, v.c.signature)
        .join(v, v.c.id == a.c.version)
        .where(a.c.number.in_(candidates), a.c.url != version["article"])
    )
    weights = _weights(version, rows)
    found = []
    for row in rows:
        of_this, of_other = shares(version["signature"], row.pop("signature"), weights, common)
        row |= {"similarity": max(of_this, of_other), "of_this": of_this, "of_other": of_other}
        if row["similarity"] >= _ALIKE:
            found.append(row)
    found.sort(key=lambda row: (row["source"] == version["source"], -row["similarity"], row["number"]))
    return found[:limit]


def _shared(database: Database, signature: bytes) -> tuple[list[int], set[int]]:
    """The articles that have hashes of a signature, once for each; and the hashes that too many have."""
    hashes = _unpack(signature)[1]
    query = f"SELECT rowid FROM likeness WHERE likeness MATCH ? LIMIT {_COMMON}"  # noqa: S608
    holders = database.numbers(query, [(mark,) for mark in marks(signature)])
    common = {h for h, numbers in zip(hashes, holders, strict=True) if len(numbers) == _COMMON}
    return [number for numbers in holders if len(numbers) < _COMMON for number in numbers], common


def _weights(version: Row, rows: list[Row]) -> dict[int, float]:
    """What each hash counts for: the less, the more articles of one source have it."""
    held: dict[int, Counter[str]] = {h: Counter([version["source"]]) for h in _unpack(version["signature"])[1]}
    for row in rows:
        for h in _unpack(row["signature"])[1]:
            if h in held:
                held[h][row["source"]] += 1
    return {h: 1 / max(sources.values()) for h, sources in held.items()}
