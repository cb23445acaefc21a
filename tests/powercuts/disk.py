"""`Disk`: what a power cut can leave of files, by what POSIX promises and no more.

Bytes and lengths are safe when their file was synced, names when their folder was. Of what was not, any part may be
there: of a file's writes the first ones, the last of them torn or turned to zeros, or zeros for all of them; of a
folder's changes the first ones, each folder by itself.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.powercuts.log import Call

_SECTOR = 512


class _File:
    def __init__(self) -> None:
        self.now = bytearray()
        self.safe = b""
        self.waiting: list[tuple[str, int, bytes]] = []

    def do(self, kind: str, at: int, data: bytes) -> None:
        _apply(self.now, kind, at, data)
        self.waiting.append((kind, at, data))

    def sync(self) -> None:
        self.safe, self.waiting = bytes(self.now), []

    def after(self, chance: random.Random, much: str) -> bytes:
        if much == "all":
            return bytes(self.now)
        if much == "none" or not self.waiting:
            return self.safe
        left = bytearray(self.safe)
        number = chance.randrange(len(self.waiting) + 1)
        for kind, at, data in self.waiting[:number]:
            _apply(left, kind, at, data)
        how = chance.choice(["whole", "torn", "zeros", "all zeros"])
        if number < len(self.waiting):
            kind, at, data = self.waiting[number]
            if kind == "write" and how == "torn":
                most = chance.randrange(len(data) + 1)
                _apply(left, kind, at, data[: most if chance.random() < 0.5 else most - most % _SECTOR])
            elif kind == "write" and how == "zeros":
                written = chance.randrange(len(data) + 1)
                _apply(left, kind, at, data[:written] + bytes(len(data) - written))
        if how == "all zeros":  # the length was kept, and no byte
            left = bytearray(self.safe)
            for kind, at, data in self.waiting[:number]:
                _apply(left, kind, at, bytes(len(data)))
        return bytes(left)


def _apply(content: bytearray, kind: str, at: int, data: bytes) -> None:
    if kind == "truncate":
        del content[at:]
        content.extend(bytes(at - len(content)))
    else:
        content.extend(bytes(max(0, at - len(content))))
        content[at : at + len(data)] = data


class _Folder:
    def __init__(self) -> None:
        self.now: dict[str, _File | _Folder] = {}
        self.safe: dict[str, _File | _Folder] = {}
        self.waiting: list[Callable[[dict[str, _File | _Folder]], None]] = []

    def do(self, change: Callable[[dict[str, _File | _Folder]], None]) -> None:
        change(self.now)
        self.waiting.append(change)

    def sync(self) -> None:
        self.safe, self.waiting = dict(self.now), []

    def after(self, chance: random.Random, much: str) -> dict[str, _File | _Folder]:
        if much == "all":
            return self.now
        left = dict(self.safe)
        if much == "some":
            for change in self.waiting[: chance.randrange(len(self.waiting) + 1)]:
                change(left)
        return left


class Disk:
    """A folder that calls are played to; it is empty, and itself on the disk, at the beginning."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._top = _Folder()

    def play(self, call: Call) -> None:
        """Do what the program did."""
        if call.path.endswith("-shm"):  # SQLite's index of its journal: shared memory, made anew after each cut
            return
        folder, name = self._place(call.path)
        if call.name == "sync":
            (folder.now[name] if name else folder).sync()
        elif call.name == "mkdir":
            made = _Folder()
            folder.do(lambda names: names.__setitem__(name, made))
        elif call.name == "unlink":
            folder.do(lambda names: names.pop(name, None) and None)
        elif call.name in ("rename", "link"):
            self._rename(call, folder, name)
        else:
            self._write(call, folder, name)

    def _write(self, call: Call, folder: _Folder, name: str) -> None:
        file = folder.now.get(name)
        if file is None:
            file = _File()
            new = file
            folder.do(lambda names: names.__setitem__(name, new))
        assert isinstance(file, _File), call
        if call.name == "open":
            if "O_TRUNC" in call.flags and file.now:
                file.do("truncate", 0, b"")
        elif call.name == "truncate":
            assert call.at is not None
            file.do("truncate", call.at, b"")
        else:  # what is no pwrite is only ever appended here
            file.do("write", len(file.now) if call.at is None else call.at, call.data)

    def _rename(self, call: Call, folder: _Folder, name: str) -> None:
        other, new = self._place(call.other)
        assert other is folder, "a rename from one folder to another"
        moved = folder.now[name]

        def change(names: dict[str, _File | _Folder]) -> None:
            names[new] = moved
            if call.name == "rename":
                names.pop(name, None)

        folder.do(change)

    def _place(self, path: str) -> tuple[_Folder, str]:
        parts = os.path.relpath(path, self._root).split("/")
        if parts == ["."]:
            return self._top, ""
        folder = self._top
        for part in parts[:-1]:
            step = folder.now[part]
            assert isinstance(step, _Folder)
            folder = step
        found = folder.now.get(parts[-1])
        return (found, "") if isinstance(found, _Folder) else (folder, parts[-1])

    def cut(self, to: Path, seed: int, much: str = "some") -> None:
        """Write down what a power cut at this moment may leave: "none", "some" or "all" of what was not synced."""
        shutil.rmtree(to, ignore_errors=True)
        self._leave(self._top, to, random.Random(seed), much)

    def _leave(self, folder: _Folder, to: Path, chance: random.Random, much: str) -> None:
        to.mkdir()
        for name, what in folder.after(chance, much).items():
            if isinstance(what, _Folder):
                self._leave(what, to / name, chance, much)
            else:
                (to / name).write_bytes(what.after(chance, much))
