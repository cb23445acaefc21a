"""`Proof`: one small file that shows what a page said, to somebody who has neither the archive nor our word."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from archive.errors import SealError

__all__ = ["FORMAT", "Proof", "ProofRecord", "ProofSeal", "Quotation", "Role"]

FORMAT = "newswarc-proof/1"
_LARGEST = 512 << 20

Role = Literal[
    "response", "request", "exchange", "revisit", "revisit-request", "revisit-exchange", "text", "details",
    "provenance", "furniture",
]  # fmt: skip
"""What a record is to the proof.

``exchange`` is what is known of request and response beside their bytes; ``revisit`` a later look at the page that
found it unchanged; ``furniture`` the recurring paragraphs that the text was cleaned of.
"""


class ProofRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record with its way up to the root of a seal."""

    role: Role
    id: str
    seal: int
    """Number of the seal that covers it."""
    index: int
    """Of its leaf, from 0."""
    path: tuple[str, ...]
    """Hashes in hexadecimal, the nearest first (RFC 6962, 2.1.1)."""
    member: bytes
    """The gzip member as it lies in the archive; its content is the leaf. Base64 in the file."""


class Quotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A passage of the text."""

    text: str
    start: int
    end: int
    """Where it stands in the text, in characters (code points) from 0; `end` is behind the last one."""
    paragraph: int
    """That in which it begins, from 1."""


class ProofSeal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A seal as it is stored, and the time stamp that an authority gave for it."""

    number: int
    seal: str
    """All of ``seal.json``."""
    stamp: bytes | None = None
    """A TimeStampResp (RFC 3161) over these bytes. Base64 in the file."""
    commitment: bytes | None = None
    """An OpenTimestamps file of these bytes. Base64 in the file."""


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page said, with all that is needed to check it."""

    format: str
    url: str
    """As it was asked for."""
    made: str
    software: str
    quotation: Quotation | None
    records: tuple[ProofRecord, ...]
    seals: tuple[ProofSeal, ...]

    def encode(self) -> bytes:
        """As JSON in UTF-8, for people's eyes, too."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @classmethod
    def read(cls, path: Path) -> Proof:
        """The proof in a file. Raises `SealError` with one sentence if there is none."""
        try:
            if path.stat().st_size > _LARGEST:
                raise SealError(f"{path}: is no proof: it is larger than {_LARGEST >> 20} MB.")
            proof = msgspec.json.decode(path.read_bytes(), type=cls)
        except OSError as error:
            raise SealError(f"{path}: can't be read: {error.strerror}.") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SealError(f"{path}: is no proof of newswarc: {error}.") from error
        if proof.format != FORMAT:
            raise SealError(f"{path}: is a proof of a form that this version does not know: {proof.format[:40]!r}.")
        return proof

    def of(self, role: Role) -> ProofRecord | None:
        """The record with that role, if there is one."""
        return next((record for record in self.records if record.role == role), None)
