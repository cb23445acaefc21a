"""Merkle trees as in Certificate Transparency (RFC 6962, 2.1), with SHA-256.

Leaves are kept as one run of bytes, 32 for each; a million take 32 MB and a second or two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

__all__ = ["SIZE", "leaf_of", "path_to", "root_by", "root_of"]

SIZE = 32
"""Bytes of a hash."""
_LEAF, _NODE = b"\x00", b"\x01"


def leaf_of(record: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(_LEAF + record).digest()


def root_of(leaves: bytes) -> bytes:
    """The root of the tree over these leaves; of none, the hash of nothing. Raises `ValueError` for half a hash."""
    level = _checked(leaves)
    while len(level) > SIZE:
        level = _above(level)
    return level or hashlib.sha256(b"").digest()


def path_to(leaves: bytes, index: int) -> list[bytes]:
    """The hashes that lead from the leaf of that index to the root, the nearest first (RFC 6962, 2.1.1).

    Raises `IndexError` if there is no such leaf, `ValueError` for half a hash.
    """
    level = _checked(leaves)
    if not 0 <= index < len(level) // SIZE:
        raise IndexError(f"there is no leaf {index} among {len(level) // SIZE}")
    path = []
    while len(level) > SIZE:
        beside = (index ^ 1) * SIZE
        if beside < len(level):  # else the last one of an odd number, which goes up alone
            path.append(level[beside : beside + SIZE])
        level, index = _above(level), index >> 1
    return path


def root_by(leaf: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes:
    """The root of a tree of `size` leaves in which a path leads up from this leaf.

    Raises `ValueError` if no tree of that size has such a path.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    rest = list(path)
    reached, last = leaf, size - 1
    while last:
        if index & 1:
            reached = _node(_next(rest), reached)
        elif index < last:
            reached = _node(reached, _next(rest))
        index, last = index >> 1, last >> 1
    if rest:
        raise ValueError("the path is longer than the tree is high")
    return reached


def _next(path: list[bytes]) -> bytes:
    if not path or len(path[0]) != SIZE:
        raise ValueError("the path ends before the root, or holds no hash")
    return path.pop(0)


def _checked(leaves: bytes) -> bytes:
    if len(leaves) % SIZE:
        raise ValueError(f"{len(leaves)} bytes are no whole number of hashes")
    return leaves


def _above(level: bytes) -> bytes:
    """The next level: pairs are joined, an odd one at the end goes up as it is."""
    pairs = len(level) // (2 * SIZE)
    joined = b"".join(_node(level[at : at + SIZE], level[at + SIZE : at + 2 * SIZE]) for at in _steps(pairs))
    return joined + level[pairs * 2 * SIZE :]


def _steps(pairs: int) -> range:
    return range(0, pairs * 2 * SIZE, 2 * SIZE)


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()
