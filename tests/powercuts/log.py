"""What a program did to the files of a folder, as strace saw it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_CALLS = (
    "openat,open,creat,mkdir,mkdirat,rmdir,rename,renameat,renameat2,link,linkat,unlink,unlinkat,write,pwrite64,writev,"
    "pwritev,ftruncate,truncate,fallocate,copy_file_range,sendfile,fsync,fdatasync,sync_file_range"
)
_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (\d+)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FD = re.compile(r"(?:^|, )(\d+)<((?:\\x[0-9a-f]{2})*)>")


class Call(NamedTuple):
    """One system call that succeeded."""

    name: str
    path: str
    other: str = ""
    """The new name in a rename or link."""
    data: bytes = b""
    at: int | None = None
    """Offset of a write that names it, or the length of a truncated file."""
    flags: str = ""


def traced(code: list[str], folder: Path, log: Path) -> list[Call]:
    """Run Python code under strace: all that it did below `folder`, and what it wrote to standard output (path "")."""
    options = ["-f", "-y", "-xx", "-s", "100000000", "-e", f"trace={_CALLS}", "-o", str(log)]
    command = ["strace", *options, sys.executable, "-W", "error", "-c", *code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return list(_calls(log.read_text("ascii"), str(folder)))


def _calls(text: str, folder: str) -> Iterator[Call]:
    for line in text.splitlines():
        assert "unfinished ..." not in line, "the traced program must have one thread"
        match = _LINE.match(line)
        if not match:
            continue
        name, arguments, result = match[1], match[2], int(match[3])
        strings = [_text(s) for s in _STRING.findall(arguments)]
        opened = _FD.match(arguments)
        fd, path = (int(opened[1]), _text(opened[2]).decode()) if opened else (-1, "")
        if fd == 1 and name == "write":
            yield Call("mark", "", data=strings[0])
        elif name in ("write", "pwrite64") and path.startswith(folder):
            at = int(arguments.rsplit(", ", 1)[1]) if name == "pwrite64" else None
            yield Call("write", path, data=strings[0][:result], at=at)
        elif name == "ftruncate" and path.startswith(folder):
            yield Call("truncate", path, at=int(arguments.rsplit(", ", 1)[1]))
        elif name in ("fsync", "fdatasync") and path.startswith(folder):
            yield Call("sync", path)
        elif strings and strings[0].decode("utf-8", "replace").startswith(folder):
            yield from _named(name, [s.decode() for s in strings], arguments)
        else:
            assert not path.startswith(folder), f"a call that is not understood: {line[:200]}"


def _named(name: str, names: list[str], arguments: str) -> Iterator[Call]:
    if name in ("openat", "open", "creat"):
        if "O_CREAT" in arguments or "O_TRUNC" in arguments:
            yield Call("open", names[0], flags=arguments)
    elif name in ("rename", "renameat", "renameat2", "link", "linkat"):
        yield Call("link" if name.startswith("link") else "rename", names[0], names[1])
    elif name in ("unlink", "unlinkat", "rmdir"):
        yield Call("unlink", names[0])
    elif name in ("mkdir", "mkdirat"):
        yield Call("mkdir", names[0])
    elif name == "truncate":
        yield Call("truncate", names[0], at=int(arguments.rsplit(", ", 1)[1]))
    else:
        raise AssertionError(f"a call that is not understood: {name} {names}")


def _text(hexed: str) -> bytes:
    return bytes.fromhex(hexed.replace("\\x", ""))
