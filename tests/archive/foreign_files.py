"""WARC and WACZ files as other software writes them, and as nobody should."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from archive.collection.collection import open_collection
from archive.errors import StoreError
from tests.archive.making import refused

DATE = "2026-11-20T09:00:00Z"
URL = "https://paper.test/story"


def sha1(data: bytes) -> str:
    """As most crawlers write payload digests."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def reply(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An HTTP response, not a header more than is given."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


def record(kind: str, block: bytes = b"", *, version: str = "1.0", **headers: str | None) -> bytes:
    """One record. Headers are given with ``_`` for ``-``; None leaves one out that is there by default."""
    defaults: dict[str, str | None] = {"WARC-Type": kind, "WARC-Date": DATE, "WARC-Target-URI": URL}
    if kind in ("response", "revisit", "request"):
        defaults["Content-Type"] = f"application/http;msgtype={'request' if kind == 'request' else 'response'}"
    defaults["WARC-Record-ID"] = f"<urn:uuid:{hashlib.md5(repr((kind, block, headers)).encode()).hexdigest()}>"
    defaults["Content-Length"] = str(len(block))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in (defaults | named).items() if value is not None]
    return "\r\n".join([f"WARC/{version}", *lines, "", ""]).encode() + block + b"\r\n\r\n"


def request(method: str = "GET", **headers: str | None) -> bytes:
    """A request record."""
    return record("request", f"{method} /story HTTP/1.1\r\nHost: paper.test\r\n\r\n".encode(), **headers)


def by_record(*records: bytes) -> bytes:
    """Compressed record by record, as it should be."""
    return b"".join(gzip.compress(one, mtime=0) for one in records)


def file(folder: Path, *records: bytes, name: str = "other.warc.gz") -> Path:
    """A file of records; compressed by record if it is called so."""
    path = folder / name
    path.write_bytes(by_record(*records) if name.endswith(".gz") else b"".join(records))
    return path


def wacz(path: Path, entries: Iterable[tuple[str | zipfile.ZipInfo, bytes]], *, packed: bool = False) -> Path:
    """A package of entries, stored or `packed`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as package:
        for name, data in entries:
            package.writestr(name, data)
    return path


def deflated(data: bytes) -> bytes:
    """As a ZIP file holds it."""
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return z.compress(data) + z.flush()


def contents(path: Path) -> dict[str, bytes]:
    """The content that each URL showed last, and whose payload is there."""
    with open_collection(path) as collection:
        found = {}
        for capture in collection.captures():
            nearest = collection.nearest(capture.url)
            if nearest:
                found[capture.url] = collection.message(nearest).content()
        return found


def problems(path: Path) -> list[str]:
    """What a collection says can't be read; each must be one sentence."""
    with open_collection(path) as collection:
        for sentence in collection.problems:
            refused(StoreError(sentence))
        return collection.problems


def buffer(data: bytes) -> io.BytesIO:
    """A file in memory."""
    return io.BytesIO(data)
