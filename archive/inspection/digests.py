"""Labelled digests (WARC 1.1, 5.8) in all the forms that are about, and sums over streams."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable

import msgspec

__all__ = ["Digest", "Sums", "parse_digest"]

_ALGORITHMS = {
    "md5": "md5",
    "sha1": "sha1",
    "sha224": "sha224",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "sha3224": "sha3_224",
    "sha3256": "sha3_256",
    "sha3384": "sha3_384",
    "sha3512": "sha3_512",
    "blake2s": "blake2s",
    "blake2b": "blake2b",
}
"""Labels in lower case without dashes, and what `hashlib` calls them."""
_HEX = re.compile("[0-9A-Fa-f]+")


class Digest(msgspec.Struct, frozen=True):
    """An algorithm as `hashlib` calls it, and a value."""

    algorithm: str
    value: bytes

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value.hex()}"


def parse_digest(text: str) -> Digest | str | None:
    """A digest such as ``sha1:BASE32`` or ``sha256:hex``; base64 and padding too.

    Returns the label when the algorithm is not known here, and None for what is no digest at all.
    """
    label, colon, value = text.strip().partition(":")
    if not colon or not label or not value or " " in value:
        return None
    algorithm = _ALGORITHMS.get(label.lower().replace("-", "").replace("_", ""))
    if algorithm is None:
        return label
    size = hashlib.new(algorithm, usedforsecurity=False).digest_size
    found = _decoded(value, size)
    return Digest(algorithm, found) if found is not None else None


def _decoded(value: str, size: int) -> bytes | None:
    """The value's bytes: hex, base32 or base64, told apart by their length."""
    bare = value.rstrip("=")
    try:
        if len(value) == 2 * size and _HEX.fullmatch(value):
            return bytes.fromhex(value)
        if len(bare) == -(-size * 8 // 5):
            data = base64.b32decode(bare.upper() + "=" * (-len(bare) % 8))
        elif len(bare) == -(-size * 8 // 6):
            data = base64.b64decode(bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4), validate=True)
        else:
            return None
    except (binascii.Error, ValueError):
        return None
    return data if len(data) == size else None


class Sums:
    """Digests of one stream by several algorithms at once."""

    def __init__(self, algorithms: Iterable[str]) -> None:
        self._sums = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms}

    def update(self, data: bytes | memoryview) -> None:
        """Go on with these bytes."""
        for one in self._sums.values():
            one.update(data)

    def matches(self, digest: Digest) -> bool:
        """Whether the stream had this digest, whose algorithm must be one of those given."""
        return self._sums[digest.algorithm].digest() == digest.value
