"""`Durability`: when what was written is forced onto the disk, so that a power cut can't take it.

A file that gets another name, or a new one, is on the disk only when its folder is. docs/warc.md has the promise.
"""

from __future__ import annotations

import errno
import math
import os
from pathlib import Path

import msgspec

from archive.errors import SettingError

__all__ = ["EXCHANGE", "FILE", "TICK", "Durability", "make_folder", "replace_file", "sync_file", "sync_folder"]

TICK = 2.0
"""Seconds between two looks at what waits to be forced onto the disk, while nothing is written."""


class Durability(msgspec.Struct, frozen=True):
    """How long records may wait in the memory of the system before they are forced onto the disk."""

    seconds: float
    """0: what is written is on the disk when the writing returns. Infinite: when the file is closed."""

    @classmethod
    def of(cls, value: object) -> Durability:
        """The value of the setting ``ARCHIVE_FSYNC``. Raises `SettingError` if it is none."""
        text = str(value).strip().lower()
        if text in ("exchange", "file"):
            return EXCHANGE if text == "exchange" else FILE
        try:
            seconds = float(text)
        except ValueError:
            seconds = math.nan
        if not 0 < seconds < math.inf:
            raise SettingError(f"ARCHIVE_FSYNC {value!r}: is neither exchange nor file nor a number of seconds.")
        return cls(seconds)

    @property
    def patience(self) -> float:
        """How old written records may be when they are forced onto the disk: somebody looks every `TICK` seconds."""
        return max(0.0, self.seconds - TICK)


EXCHANGE = Durability(0)
FILE = Durability(math.inf)


def sync_file(path: Path) -> None:
    """Force a file's bytes and length onto the disk. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_folder(path: Path) -> None:
    """Force the names in a folder onto the disk; where the file system can't, it says so by EINVAL. Raises OSError."""
    try:
        sync_file(path)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def make_folder(path: Path) -> None:
    """Make a folder and those above it, so that a power cut can't take them. Raises OSError."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in reversed(missing):
        sync_folder(folder.parent)


def replace_file(path: Path, data: bytes, *, temporary: Path | None = None) -> None:
    """Write a file so that its name leads to the old content or the new one, whole, whatever moment a power cut picks.

    Raises OSError; the old content then stays.
    """
    new = temporary or path.with_name(path.name + ".new")
    try:
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
