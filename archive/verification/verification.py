"""`Verification`: what was looked at and what was found, in a store or in files of anyone."""

from __future__ import annotations

import msgspec

__all__ = ["Fault", "Verification"]


class Fault(msgspec.Struct, frozen=True):
    """One thing that is not as it should be."""

    where: str
    """File, and byte offset where one is known."""
    what: str
    """One sentence, without the place."""
    record: str | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.record})" if self.record else "")


class Verification(msgspec.Struct):
    """What was looked at, and what was found wrong."""

    files: int = 0
    records: int = 0
    conversions: int = 0
    compared: int = 0
    """Conversions that were extracted again and compared."""
    other_version: int = 0
    """Conversions made by other versions of the software, which can't be compared to the letter."""
    open_files: list[str] = []
    """Files that a running crawl is writing; they were not looked at."""
    faults: list[Fault] = []
    advice: list[Fault] = []
    """What breaks neither the standard nor the archive's integrity, but could be better."""
    signatures: list[str] = []
    """Who signed which package, one line each."""
    gone: list[Fault] = []
    """What tombstones stand for: it was lost or taken out, as they say. No fault: it is known."""
    skipped: int = 0
    """Files that were not to be looked at this time."""
    removed: int = 0
    """Sealed records that were taken out; a tombstone stands for each."""
    more: int = 0
    """Faults that were found but are not in `faults`, which lists only so many of a kind."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; advice aside."""
        return not self.faults
