"""JSON files with a digest of their own inside: any byte that changes is found when they are read."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from archive.errors import StoreError

__all__ = ["has_digest", "pack", "unpack"]


def pack(content: Any) -> bytes:
    """A value as the bytes of such a file."""
    plain = msgspec.to_builtins(content)
    digest = hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()
    return msgspec.json.format(msgspec.json.encode({"sha256": digest, "content": plain}), indent=1) + b"\n"


def unpack(data: bytes) -> Any:
    """The value in such a file. Raises `StoreError`, a sentence without the file, if any byte of it has changed.

    What older versions wrote, without a digest, is given as it stands.
    """
    try:
        held = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise StoreError(f"is no JSON: {error}.") from error
    if not isinstance(held, dict) or not held.keys() & {"sha256", "content"}:
        return held
    if held.keys() != {"sha256", "content"} or pack(held["content"]) != data:
        raise StoreError("was changed: it does not match the digest in it.")
    return held["content"]


def has_digest(data: bytes) -> bool:
    """Whether these are the bytes of a file that has a digest, and not of one that an older version wrote."""
    return data.startswith(b'{\n "sha256":')
