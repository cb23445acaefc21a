"""The index of a package: CDXJ lines in gzip members of some dozens each, and an index of these (ZipNum).

Lines and order are those of cdxj-indexer with record digests (CDXJ 0.1.0).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO

from archive.catalogue.rows import Row
from archive.export.gzipping import stored
from archive.warc import sha256

__all__ = ["cdx_line", "write_index"]

_LINES = 64
_MOST_LINES = 4096
_META = '!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n'


def cdx_line(row: Row, file: str, offset: int) -> str:
    """The line of a capture that lies in a file of the package."""
    is_revisit = row["kind"] == "revisit"
    told = {
        "url": row["url"],
        "mime": "warc/revisit" if is_revisit else row["mime"],
        # A revisit without a block shows its original as it is: a status of 304 would be replayed as that.
        "status": None if is_revisit and row["status"] == 304 else str(row["status"]),
        "digest": row["payload_digest"],
        "length": str(row["length"]),
        "offset": str(offset),
        "filename": file,
        "recordDigest": row["record_digest"],
    }
    moment = row["date"].translate({ord(c): None for c in "-:TZ"})
    return f"{row['surt']} {moment} {json.dumps({name: value for name, value in told.items() if value})}\n"


def write_index(lines: Iterable[str], cdx: IO[bytes], idx: IO[bytes]) -> None:
    """Write sorted lines to `cdx`, and to `idx` where each of its members begins."""
    idx.write(_META.encode())
    offset = 0
    for block in _blocks(lines):
        data = stored("".join(block).encode())
        cdx.write(data)
        key = " ".join(block[0].split(" ", 2)[:2])
        idx.write(f"{key} {json.dumps({'offset': offset, 'length': len(data), 'digest': sha256(data)})}\n".encode())
        offset += len(data)


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Lines by the dozens, without parting a key from those that begin with it.

    replayweb.page looks for ``path/`` although the key is ``path``, and would not find it in the block before.
    """
    block: list[str] = []
    prefixes: list[str] = []
    """Keys of the block that the last one begins with; the ones that end in a slash are looked for as they are."""
    for line in lines:
        key = line.partition(" ")[0]
        prefixes = [
            prefix for prefix in prefixes if key.startswith(prefix) and key[len(prefix) : len(prefix) + 1] < "/"
        ]
        if len(block) >= _MOST_LINES or (len(block) >= _LINES and not prefixes):
            yield block
            block, prefixes = [], []
        block.append(line)
        if key not in prefixes and not key.endswith("/"):
            prefixes.append(key)
    if block:
        yield block
