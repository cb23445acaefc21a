"""The few records that an export makes itself: their bytes and ids follow from what they say."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence

from archive.warc import sha256

__all__ = ["record_bytes", "record_id"]


def record_id(kind: str, name: str, block: bytes) -> str:
    """A record id that is always the same for the same record, in angle brackets."""
    digest = hashlib.sha256(f"newswarc {kind} {name} {sha256(block)}".encode()).digest()
    return f"<urn:uuid:{uuid.UUID(bytes=digest[:16], version=5)}>"


def record_bytes(version: str, headers: Sequence[tuple[str, str]], block: bytes) -> bytes:
    """A WARC record of WARC/`version`, not compressed. Header values must be lines."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in [*headers, ("Content-Length", str(len(block)))])
    return f"WARC/{version}\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"
