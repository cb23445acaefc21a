"""`Findings`: faults and advice as they are found, only so many of a kind."""

from __future__ import annotations

from collections import Counter

from archive.verification.verification import Fault, Verification

__all__ = ["Findings"]

MOST_OF_A_KIND = 50
"""Faults of one kind in one file that are listed; the others are counted."""


class Findings:
    """Collects what is wrong with one set of files.

    A kind is a sentence without its particulars; when none is given, the sentence is the kind.
    """

    def __init__(self, verification: Verification) -> None:
        self.verification = verification
        self._faults: Counter[tuple[str, str]] = Counter()
        self._advice: dict[tuple[str, str], tuple[str, str | None, str]] = {}
        self._advised: Counter[tuple[str, str]] = Counter()

    def fault(self, file: str, what: str, *, place: str = "", record: str | None = None, kind: str = "") -> None:
        """Something that breaks the standard, or misleads whoever replays or audits the file."""
        key = file, kind or what
        self._faults[key] += 1
        if self._faults[key] <= MOST_OF_A_KIND:
            self.verification.faults.append(Fault(_where(file, place), what, record))
        else:
            self.verification.more += 1

    def advise(self, file: str, what: str, *, place: str = "", record: str | None = None, kind: str = "") -> None:
        """Something that could be better; told once a file, with the number of its places."""
        key = file, kind or what
        self._advised[key] += 1
        self._advice.setdefault(key, (place, record, what))

    def close(self) -> None:
        """Say how many there are of what was not listed."""
        for (file, kind), count in self._faults.items():
            if count > MOST_OF_A_KIND:
                rest = count - MOST_OF_A_KIND
                self.verification.faults.append(Fault(file, f"{rest} more of the same kind: {kind}"))
                self.verification.more -= 1
        for key, (place, record, what) in self._advice.items():
            more = self._advised[key] - 1
            told = f"{what} (and {more} more like it)" if more else what
            self.verification.advice.append(Fault(_where(key[0], place), told, record if not more else None))


def _where(file: str, place: str) -> str:
    return f"{file}, {place}" if place else file
