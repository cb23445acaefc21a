"""WARC records as they lie in the files, to read and to download."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from archive.catalogue import Catalogue, schema
from archive.errors import RecordError
from archive.http import parse_response
from archive.web.members import Member, blocks, stored_bytes
from archive.web.parameters import Parameters
from archive.web.refusals import TooLarge, Unknown
from archive.web.room import Room, room_of

__all__ = ["bytes_of_record", "content_of_record", "payload_of_record", "record_page"]

_SHOWN = 128 << 10
_DECODED = 64 << 20
_HEX = 2048
_LARGEST_OFFSET = 1 << 53
_TEXT = re.compile(r"text/|application/(json|xml|warc-fields|javascript|[\w.-]+\+(json|xml))", re.IGNORECASE)
_SAFE = re.compile(r"[^\w.-]+")


def record_page(request: Request) -> Response:
    """A record's headers, and its block as text or as bytes in hexadecimal."""
    room = room_of(request)
    name, path, member = _asked_for(request, room, _SHOWN)
    body = member.block[member.http_head :]
    shown = _as_text(member, body)
    with room.catalogue() as catalogue:
        capture = catalogue.capture(member.get("WARC-Record-ID"))
    return room.templates.page(
        "record.html",
        file=name,
        member=member,
        head=member.block[: member.http_head].decode("latin-1"),
        text=shown,
        hexadecimal=_hexadecimal(body[:_HEX]) if shown is None else "",
        capture=capture,
        is_open=path.name.endswith(".open"),
    )


def bytes_of_record(request: Request) -> Response:
    """The record as it lies in the file: one gzip member, itself a valid WARC file."""
    name, path, member = _asked_for(request, room_of(request), 0)
    return _attachment(stored_bytes(path, member), f"{_stem(name)}-{member.offset}.warc.gz", "application/gzip")


def payload_of_record(request: Request) -> Response:
    """What WARC-Payload-Digest is of: the message body as transferred, or a text."""
    name, path, member = _asked_for(request, room_of(request), _SHOWN)
    return _attachment(blocks(path, member, member.http_head), f"{_stem(name)}-{member.offset}.payload")


def content_of_record(request: Request) -> Response:
    """The message body with chunks and compression undone."""
    name, path, member = _asked_for(request, room_of(request), _SHOWN)
    if member.size > _DECODED:
        raise TooLarge(f"The record has {member.size} bytes; {_DECODED} at most are decoded here.")
    block = b"".join(blocks(path, member))
    content = parse_response(block).content(_DECODED) if member.type == "response" else block
    return _attachment(iter([content]), f"{_stem(name)}-{member.offset}.content")


def _asked_for(request: Request, room: Room, most: int) -> tuple[str, Path, Member]:
    asked = Parameters(request.query_params)
    name, offset = asked.needed("file", 500), asked.number("offset", 0, 0, _LARGEST_OFFSET)
    with room.catalogue() as catalogue:
        _require_file(catalogue, name)
    path = room.store.path(name)
    try:
        return name, path, Member.read(path, offset, most)
    except RecordError as error:
        raise Unknown(f"{name}: {error}") from error


def _require_file(catalogue: Catalogue, name: str) -> None:
    """Only files that the catalogue knows by exactly that name are opened."""
    f = schema.files.c
    if not catalogue.rows(select(f.name).where(f.name == name)):
        raise Unknown(f"The archive has no file {name}.")


def _as_text(member: Member, body: bytes) -> str | None:
    """The block as text, if it is one and can be read at all."""
    if member.http_head and member.type in ("response", "revisit"):
        try:
            message = parse_response(member.block)
            if not _TEXT.match(message.mime or "text/html"):
                return None
            data = message.content(_DECODED)[:_SHOWN]
        except RecordError:
            return None
        charset = re.search(r"charset=[\"']?([\w-]+)", message.get("Content-Type") or "", re.IGNORECASE)
        return _decoded(data, charset[1] if charset else "utf-8")
    if member.http_head:
        return _decoded(body, "utf-8") if body else ""
    if not _TEXT.match(member.get("Content-Type") or "application/octet-stream"):
        return None
    if member.get("Content-Type").startswith("application/json") and member.is_whole:
        try:
            return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
        except ValueError:
            pass
    return _decoded(body, "utf-8")


def _decoded(data: bytes, charset: str) -> str | None:
    try:
        text = data.decode(charset, "replace")
    except LookupError:
        text = data.decode("utf-8", "replace")
    return None if text.count("\ufffd") > 20 + len(text) // 20 else text


def _hexadecimal(data: bytes) -> str:
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        seen = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        lines.append(f"{at:08x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  {seen}")
    return "\n".join(lines)


def _stem(name: str) -> str:
    return _SAFE.sub("-", name.rpartition("/")[2].removesuffix(".warc.gz"))[:150]


def _attachment(data: Iterator[bytes], filename: str, kind: str = "application/octet-stream") -> Response:
    """A download that no browser shows or runs, whatever it holds."""
    headers = {
        "Content-Disposition": f'attachment; filename="{filename}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return StreamingResponse(data, media_type=kind, headers=headers)
