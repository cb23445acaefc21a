"""Near-duplicates: the same story in other articles, cut, reordered or with words changed.

A text's signature holds a fixed sample of the hashes of its shingles (runs of words, of signs in scripts
without spaces): those under a threshold that is the same for all texts, so that two signatures tell how much
of each text stands in the other one, whatever their lengths.
"""

from __future__ import annotations

import struct
from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from archive.catalogue import schema
from archive.catalogue.rows import Row
from archive.catalogue.tokens import tokens

if TYPE_CHECKING:
    from archive.catalogue.catalogue import Catalogue

__all__ = ["alike", "marks", "shares", "signature"]

_SHINGLE = 4
"""Tokens."""
_RATE = 1 << 29
"""Hashes of 32 bits under it are kept: one in eight."""
_FEWEST, _MOST = 32, 256
"""Hashes of a signature; a short text keeps more than its share, a long one less."""
_SHORTEST = 16
"""Shingles; a text with fewer is like no other."""
_ALIKE = 0.4
"""Of the shorter text stands in the other one."""
_FEWEST_SHARED = 3
_COMMON = 10
"""A mark that more articles of one source have stands for furniture."""
_MOST_ARTICLES = 500
"""Articles that are looked at for one mark."""
_CANDIDATES = 100


def signature(text: str) -> bytes:
    """The threshold under which all hashes of a text are kept, then these; nothing for a short text."""
    words = tokens(text).split()
    grams = {" ".join(words[i : i + _SHINGLE]) for i in range(len(words) - _SHINGLE + 1)}
    if len(grams) < _SHORTEST:
        return b""
    hashes = sorted({int.from_bytes(blake2b(gram.encode(), digest_size=4).digest()) for gram in grams})
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


def shares(one: bytes, other: bytes) -> tuple[float, float]:
    """How much of the first text stands in the second, and of the second in the first: 0 to 1."""
    if not one or not other:
        return 0.0, 0.0
    (limit, a), (other_limit, b) = _unpack(one), _unpack(other)
    limit = min(limit, other_limit)
    mine, theirs = {h for h in a if h < limit}, {h for h in b if h < limit}
    both = len(mine & theirs)
    return both / max(1, len(mine)), both / max(1, len(theirs))


def _unpack(data: bytes) -> tuple[int, tuple[int, ...]]:
    if not data:
        return 0, ()
    limit, *hashes = struct.unpack(f">{len(data) // 4}I", data)
    return limit, tuple(hashes)


def alike(catalogue: Catalogue, version_id: str, limit: int) -> list[Row]:
    """See `Catalogue.alike`."""
    version = catalogue.version(version_id)
    if version is None or not version["signature"]:
        return []
    a, v = schema.articles, schema.versions
    shared: Counter[int] = Counter()
    sources: dict[int, str] = {}
    for mark in marks(version["signature"]):
        rows = catalogue.rows(
            text(
                "SELECT a.number, a.source, a.url FROM likeness l JOIN articles a ON a.number = l.rowid"
                " WHERE likeness MATCH :mark LIMIT :limit"
            ),
            {"mark": mark, "limit": _MOST_ARTICLES},
        )
        if len(rows) == _MOST_ARTICLES or max(Counter(row["source"] for row in rows).values(), default=0) > _COMMON:
            continue
        for row in rows:
            if row["url"] != version["article"]:
                shared[row["number"]] += 1
                sources[row["number"]] = row["source"]
    numbers = [number for number, n in shared.most_common(_CANDIDATES) if n >= _FEWEST_SHARED]
    found = []
    for row in catalogue.rows(select(a, v.c.signature).join(v, v.c.id == a.c.version).where(a.c.number.in_(numbers))):
        of_this, of_other = shares(version["signature"], row.pop("signature"))
        row |= {"similarity": max(of_this, of_other), "of_this": of_this, "of_other": of_other}
        if row["similarity"] >= _ALIKE:
            found.append(row)
    found.sort(key=lambda row: (row["source"] == version["source"], -row["similarity"], row["number"]))
    return found[:limit]
