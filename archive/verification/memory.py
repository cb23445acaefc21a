"""`Memory`: which file was verified when, and how it then was, so that a nightly check can take the oldest share.

It is kept in ``verified.json`` in the store. It is believed of a file only while that has the same size, times, inode
and digest beside it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import msgspec

from archive import clock
from archive.checked_json import pack, unpack
from archive.durability import replace_file
from archive.errors import StoreError
from archive.storage import Store, read_sidecar

__all__ = ["NAME", "Look", "Memory", "State"]

NAME = "verified.json"


class State(msgspec.Struct, frozen=True):
    """What tells whether a file is still the one that was verified."""

    size: int
    modified: int
    changed: int
    inode: int
    digest: str | None
    """In its ``.sha256``."""

    @classmethod
    def of(cls, path: Path) -> State | None:
        """The state of a file now; None if it can't be looked at."""
        try:
            file = path.stat()
        except OSError:
            return None
        return cls(file.st_size, file.st_mtime_ns, file.st_ctime_ns, file.st_ino, read_sidecar(path))


class Look(msgspec.Struct, frozen=True):
    """One verification of a file."""

    at: str
    """UTC, whole seconds."""
    ok: bool
    extracted: bool
    """Its texts were read again from their pages."""
    state: State


class Memory:
    """The last look at each file."""

    def __init__(self, store: Store) -> None:
        """Read what is remembered. Of a memory that was changed nothing is believed; `problem` then says so."""
        self._store = store
        self.path = store.root / NAME
        self.problem: str | None = None
        self.looks: dict[str, Look] = {}
        try:
            self.looks = msgspec.convert(unpack(self.path.read_bytes()), dict[str, Look])
        except FileNotFoundError:
            return
        except OSError as error:
            self.problem = f"can't be read: {error.strerror}; every file counts as never verified"
        except (StoreError, msgspec.ValidationError) as error:
            self.problem = f"{str(error).rstrip('.')}; every file counts as never verified"

    def last(self, name: str, *, extract: bool) -> dt.datetime | None:
        """When a file was last found good, being what it is now, with `extract` its texts too; None if it must be
        verified anyway.
        """
        look = self.looks.get(name)
        if (
            look is None
            or not look.ok
            or (extract and not look.extracted)
            or look.state != State.of(self._store.path(name))
        ):
            return None
        return dt.datetime.fromisoformat(look.at)

    def due(self, names: Sequence[str], *, before: dt.datetime | None, budget: int | None, extract: bool) -> list[str]:
        """Which files to verify now: those that have changed, had faults or were never verified, then the oldest.

        Files verified since `before` are left out, and so is what exceeds `budget` bytes; one file is always taken.
        """
        seen = [(self.last(name, extract=extract), name) for name in names]
        order = sorted((at is not None, at or dt.datetime.min.replace(tzinfo=dt.UTC), name) for at, name in seen)
        chosen: list[str] = []
        left = budget
        for known, at, name in order:
            if known and before is not None and at >= before:
                break
            if left is not None:
                state = State.of(self._store.path(name))
                left -= state.size if state else 0
                if left < 0 and chosen:
                    break
            chosen.append(name)
        return sorted(chosen)

    def note(self, states: dict[str, State | None], faulty: set[str], *, extract: bool) -> str | None:
        """Remember that files were verified, in the states that they had before; `faulty` had faults.

        Files that are gone are forgotten. Returns a sentence if the store can't be written.
        """
        now = clock.now().astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        looks = {
            name: Look(now, name not in faulty, extract, state) for name, state in states.items() if state is not None
        }
        kept = {name: look for name, look in (self.looks | looks).items() if (self._store.root / name).exists()}
        self.looks = dict(sorted(kept.items()))
        try:
            replace_file(self.path, pack(self.looks))
        except OSError as error:
            return f"{self.path}: can't be written: {error.strerror}; that these files were verified is not remembered."
        return None
