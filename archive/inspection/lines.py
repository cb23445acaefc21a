"""Lines of a file of anyone, however long one of them may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from archive.inspection.findings import Findings

__all__ = ["read_lines"]

LONGEST = 32 << 20


def read_lines(file: IO[bytes], place: str, findings: Findings) -> Iterator[bytes]:
    """Lines without their ends; an empty one at the end is passed over. Stops at one longer than 32 MiB."""
    while line := file.readline(LONGEST + 1):
        if len(line) > LONGEST:
            findings.fault(place, f"has a line of more than {LONGEST >> 20} MiB; it was not read on")
            return
        stripped = line.rstrip(b"\r\n")
        if stripped or line != b"\n":
            yield stripped
