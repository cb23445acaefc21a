"""`find_list`: where the list of recurring paragraphs stands that a text was cleaned with."""

from __future__ import annotations

from archive.errors import ArchiveError
from archive.reader import parse_member, read_gzip
from archive.storage import Store
from archive.verification.chain import list_of

__all__ = ["find_list"]

_LIST = b"urn:newswarc:furniture:"
_HEAD = 1000
"""Bytes of a record in which its WARC-Target-URI stands."""


def find_list(store: Store, file: str, digest: str, end: int, *, near: int | None = None) -> tuple[int, int] | None:
    """Offset and length of the list with that digest, which stands before byte `end` of the text's file.

    None if it does not. Raises `LookupError` where the search passes byte `near`, `RecordError` if the file is damaged,
    OSError if it can't be read.
    """
    with store.path(file).open("rb") as opened:
        for offset, length, data in read_gzip(opened):
            if offset >= end:
                return None
            if near is not None and offset > near:
                raise LookupError(f"the list stands behind byte {near}")
            if _LIST in data[:_HEAD] and _has(store, file, offset, length, digest):
                return offset, length
    return None


def _has(store: Store, file: str, offset: int, length: int, digest: str) -> bool:
    try:
        found = list_of(parse_member(store.read(file, offset, length), offset))
    except ArchiveError:
        return False
    return found is not None and found.digest == digest
