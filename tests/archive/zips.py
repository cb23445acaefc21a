"""ZIP files as no ZIP program writes them: each field of each header can be said wrongly."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

LONG = 0xFFFFFFFF


class File(msgspec.Struct, kw_only=True):
    """One entry; what is None follows from the rest."""

    name: str | bytes
    data: bytes = b""
    deflated: bool = False
    flags: int = 0
    method: int | None = None
    crc: int | None = None
    packed: int | None = None
    size: int | None = None
    extra: bytes = b""
    local: dict[str, Any] = {}
    """Fields that the local header has otherwise than the directory."""
    mode: int = 0
    header: int | None = None
    """Where the directory says that it lies."""
    behind: bytes = b""
    """Bytes between it and the next one."""

    def fields(self) -> dict[str, Any]:
        packed = zlib.compress(self.data, wbits=-15) if self.deflated else self.data
        told = {"method": 8 if self.deflated else 0, "crc": zlib.crc32(self.data), "size": len(self.data)}
        told |= {"packed": len(packed)}
        told = {k: v if getattr(self, k) is None else getattr(self, k) for k, v in told.items()}
        name = self.name.encode() if isinstance(self.name, str) else self.name
        return told | {"name": name, "flags": self.flags, "extra": self.extra, "time": 0, "date": 33, "bytes": packed}


def zipped(files: Sequence[File], *, end: dict[str, int] | None = None, before: bytes = b"") -> bytes:
    """A ZIP of the files; `end` overrides what its last record says."""
    data, directory = bytearray(before), bytearray()
    for file in files:
        told, at = file.fields(), len(data)
        here = told | file.local
        data += struct.pack(
            "<4s5H3L2H", b"PK\3\4", 20, here["flags"], here["method"], here["time"], here["date"], here["crc"],
            here["packed"], here["size"], len(here["name"]), len(here["extra"]),
        )  # fmt: skip
        data += here["name"] + here["extra"] + here["bytes"] + file.behind
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 3 << 8 | 20, 20, told["flags"], told["method"], told["time"], told["date"],
            told["crc"], told["packed"], told["size"], len(told["name"]), len(told["extra"]), 0, 0, 0,
            file.mode << 16, at if file.header is None else file.header,
        )  # fmt: skip
        directory += told["name"] + told["extra"]
    said = {"disk": 0, "first": 0, "here": len(files), "total": len(files), "length": len(directory)}
    said |= {"offset": len(data), "comment": 0, **(end or {})}
    return bytes(data + directory + struct.pack("<4s4H2LH", b"PK\5\6", *said.values()))


def put(path: Path, *files: File, **options: Any) -> Path:
    """Write a ZIP to `path`, and return it."""
    path.write_bytes(zipped(files, **options))
    return path
