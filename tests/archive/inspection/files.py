"""WARC and WACZ files to be judged, made without the archive's help: good ones, and ones with a fault."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from archive.inspection import inspect
from archive.verification.verification import Verification

URL = "https://www.skagen.test/2026/herring"
MORNING, NOON, EVENING = (f"2026-11-20T{hour:02}:00:00Z" for hour in (9, 12, 18))
PAGE = b"<html><title>Herring</title><p>The herring came early to Skagen this year.</p></html>"
LATER_PAGE = b"<html><title>Herring</title><p>The herring came late to Skagen this year.</p></html>"
INFO_ID, PAGE_ID, REVISIT_ID, LATER_ID, TEXT_ID = (f"urn:uuid:0000000{n}-0000-4000-8000-000000000000" for n in range(5))
IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"


def sha256_hex(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def sha1_base32(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


class Rec(msgspec.Struct, kw_only=True):
    """A record; `fields` are set last, and those that are None are left out."""

    type: str
    id: str | None = None
    date: str = MORNING
    url: str | None = None
    block: bytes = b""
    content_type: str | None = None
    payload: bytes | None = None
    fields: dict[str, str | None] = {}
    more: Sequence[tuple[str, str]] = ()
    """Fields at the end, repeated ones too."""
    version: str = "WARC/1.1"
    digest: Callable[[bytes], str] | None = sha256_hex
    end: bytes = b"\r\n\r\n"

    def plain(self) -> bytes:
        """The record as bytes."""
        told: dict[str, str | None] = {
            "WARC-Type": self.type,
            "WARC-Record-ID": f"<{self.id or 'urn:uuid:' + hashlib.md5(repr(self).encode()).hexdigest()}>",
            "WARC-Date": self.date,
            "WARC-Target-URI": self.url,
            "WARC-Warcinfo-ID": None if self.type == "warcinfo" else f"<{INFO_ID}>",
            "WARC-Block-Digest": self.digest(self.block) if self.digest else None,
            "WARC-Payload-Digest": self.digest(self.payload) if self.digest and self.payload is not None else None,
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.block)),
        }
        told |= self.fields
        lines = [
            self.version,
            *(f"{name}: {value}" for name, value in [*told.items(), *self.more] if value is not None),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.block + self.end


def info(**changes: Any) -> Rec:
    told = {"id": INFO_ID, "block": b"software: tests\r\n", "content_type": "application/warc-fields"}
    return Rec(type="warcinfo", **{**told, **changes})


def response(
    body: bytes = PAGE, *, head: str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", **changes: Any
) -> Rec:
    told: dict[str, Any] = {"id": PAGE_ID, "url": URL, "block": head.encode() + body, "payload": body}
    return Rec(type="response", content_type="application/http; msgtype=response", **{**told, **changes})


def later(**changes: Any) -> Rec:
    """Another version of the page."""
    return response(LATER_PAGE, **{"id": LATER_ID, "date": EVENING, **changes})


def request(**changes: Any) -> Rec:
    block = b"GET /2026/herring HTTP/1.1\r\nHost: www.skagen.test\r\n\r\n"
    told: dict[str, Any] = {
        "url": URL,
        "block": block,
        "payload": b"",
        "more": [("WARC-Concurrent-To", f"<{PAGE_ID}>")],
    }
    return Rec(type="request", content_type="application/http; msgtype=request", **{**told, **changes})


def revisit(*, fields: dict[str, str | None] | None = None, **changes: Any) -> Rec:
    """The page, seen again at noon."""
    said: dict[str, str | None] = {
        "WARC-Profile": IDENTICAL,
        "WARC-Truncated": "length",
        "WARC-Refers-To": f"<{PAGE_ID}>",
        "WARC-Refers-To-Target-URI": URL,
        "WARC-Refers-To-Date": MORNING,
        "WARC-Payload-Digest": sha256_hex(PAGE),
    }
    told: dict[str, Any] = {"id": REVISIT_ID, "date": NOON, "url": URL, "block": b"HTTP/1.1 200 OK\r\n\r\n"}
    told["content_type"] = "application/http; msgtype=response"
    return Rec(type="revisit", fields=said | (fields or {}), **{**told, **changes})


def metadata(block: bytes = b"via: https://www.skagen.test/\r\n", **changes: Any) -> Rec:
    told: dict[str, Any] = {"url": URL, "content_type": "application/warc-fields"}
    return Rec(type="metadata", block=block, **{**told, **changes})


def conversion(text: bytes = b"The herring came early.\n", **changes: Any) -> Rec:
    told: dict[str, Any] = {"id": TEXT_ID, "url": URL, "content_type": "text/plain", "payload": text}
    told["fields"] = {"WARC-Refers-To": f"<{PAGE_ID}>"}
    return Rec(type="conversion", block=text, **{**told, **changes})


def good() -> list[Rec]:
    return [info(), response(), request(), metadata(), revisit(), later()]


def member(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def warc(*records: Rec | bytes) -> bytes:
    """A compressed WARC, a member each; bytes stand for themselves."""
    return b"".join(r if isinstance(r, bytes) else member(r.plain()) for r in records)


def put(path: Path, *records: Rec | bytes) -> Path:
    """Write a WARC: compressed unless its name ends in .warc."""
    if path.name.endswith(".warc"):
        path.write_bytes(b"".join(r if isinstance(r, bytes) else r.plain() for r in records))
    else:
        path.write_bytes(warc(*records))
    return path


# WACZ


def surt(url: str) -> str:
    """The key of a URL without a port."""
    host, _, path = url.partition("://")[2].partition("/")
    return ",".join(reversed(host.removeprefix("www.").split("."))) + ")/" + path


def cdxj(filename: str, records: Sequence[Rec]) -> list[tuple[str, str, dict[str, Any]]]:
    """Key, time and facts of each capture in a compressed WARC."""
    lines, offset = [], 0
    for record in records:
        packed = member(record.plain())
        if record.type in ("response", "revisit", "resource") and record.url:
            facts = {
                "url": record.url,
                "mime": "warc/revisit" if record.type == "revisit" else "text/html",
                "status": "200",
                "digest": record.fields.get("WARC-Payload-Digest") or sha256_hex(record.payload or b""),
                "length": str(len(packed)),
                "offset": str(offset),
                "filename": filename,
                "recordDigest": sha256_hex(packed),
            }
            lines.append((surt(record.url), "".join(c for c in record.date if c.isdigit()), facts))
        offset += len(packed)
    return sorted(lines, key=lambda line: line[:2])


class Wacz:
    """A package in the making: `files` may be changed before `build`, the manifest with `edit`."""

    def __init__(self, records: Sequence[Rec] | None = None, derived: Sequence[Rec] = ()) -> None:
        self.records = list(good() if records is None else records)
        self.lines = cdxj("originals.warc.gz", self.records)
        self.pages: list[dict[str, Any]] = [{"id": "1", "url": URL, "ts": MORNING, "title": "Herring", "text": "..."}]
        self.header: dict[str, Any] | None = {"format": "json-pages-1.0", "id": "pages", "title": "Pages"}
        self.files: dict[str, bytes] = {"archive/originals.warc.gz": warc(*self.records)}
        if derived:
            self.files["archive/derived.warc.gz"] = warc(*derived)
        self.extra: dict[str, bytes] = {}
        """Files that the manifest does not list."""
        self.manifest: dict[str, Any] = {}
        self.signed_data: dict[str, Any] | None = None
        self.edit: Callable[[dict[str, Any]], None] = lambda _: None
        self.after: Callable[[dict[str, bytes]], None] = lambda _: None
        """May change files when the manifest is made."""
        self.compressed: set[str] = set()
        self.digest = True

    def index(self) -> None:
        """Write the index as ZipNum with pieces of two lines."""
        texts = [f"{key} {time} {json.dumps(facts)}\n" for key, time, facts in self.lines]
        pieces = [texts[n : n + 2] for n in range(0, len(texts), 2)]
        packed, heads = b"", ['!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n']
        for piece in pieces:
            data = member("".join(piece).encode())
            facts = {"offset": len(packed), "length": len(data), "digest": sha256_hex(data)}
            heads.append(f"{piece[0].partition(' {')[0]} {json.dumps(facts)}\n")
            packed += data
        self.files.setdefault("indexes/index.cdx.gz", packed)
        self.files.setdefault("indexes/index.idx", "".join(heads).encode())

    def build(self, path: Path) -> Path:
        """Write the package, and return its path."""
        if not any(name.startswith("indexes/") for name in self.files):
            self.index()
        rows = ([self.header] if self.header else []) + self.pages
        self.files.setdefault("pages/pages.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
        resources = [
            {"name": name.rpartition("/")[2].lower(), "path": name, "hash": sha256_hex(data), "bytes": len(data)}
            for name, data in self.files.items()
        ]
        self.manifest = {"profile": "data-package", "wacz_version": "1.1.1", "created": EVENING, "resources": resources}
        self.edit(self.manifest)
        files = {**self.files, **self.extra, "datapackage.json": json.dumps(self.manifest).encode()}
        if self.digest:
            digest: dict[str, Any] = {"path": "datapackage.json", "hash": sha256_hex(files["datapackage.json"])}
            if self.signed_data is not None:
                digest["signedData"] = self.signed_data
            files["datapackage-digest.json"] = json.dumps(digest).encode()
        self.after(files)
        with zipfile.ZipFile(path, "w") as made:
            for name, data in files.items():
                method = zipfile.ZIP_DEFLATED if name in self.compressed else zipfile.ZIP_STORED
                made.writestr(zipfile.ZipInfo(name, (2026, 11, 20, 9, 0, 0)), data, method)
        return path


# Judged


def judged(*paths: Path) -> Verification:
    return inspect(paths)


def faults(*paths: Path) -> list[str]:
    """What is wrong: sentences with their places, without the folder."""
    found = judged(*paths)
    assert found.ok == (not found.faults)
    return [str(fault).replace(f"{paths[0].parent}/", "") for fault in found.faults]


def advice(*paths: Path) -> list[str]:
    return [str(told).replace(f"{paths[0].parent}/", "") for told in judged(*paths).advice]


def only(texts: list[str], part: str) -> str:
    """The one text there is, which must have this part in it."""
    assert len(texts) == 1, texts
    assert part in texts[0], texts
    return texts[0]
