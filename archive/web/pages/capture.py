"""One capture: what crossed the wire, and where it lies."""

from __future__ import annotations

from contextlib import suppress

import msgspec
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response

from archive.capture import Lead
from archive.catalogue import Catalogue, schema
from archive.catalogue.rows import Row
from archive.errors import RecordError
from archive.reader import FACTS
from archive.storage import Store
from archive.web.members import Member
from archive.web.parameters import Parameters
from archive.web.refusals import Unknown
from archive.web.room import room_of

__all__ = ["Exchanged", "Facts", "capture_page", "known_capture", "read_exchange"]

_MOST = 64 << 10
"""Bytes of a block that are looked at for its head."""
_AROUND = 20
"""Captures of the same address that are named before and behind one."""


class Facts(msgspec.Struct, frozen=True):
    """What is known of an exchange beside its bytes, as far as the archive's record tells (`archive.records`)."""

    size: int | None = None
    started: str | None = None
    first_byte: str | None = None
    ended: str | None = None
    ip: str | None = None
    port: int | None = None
    proxy: str | None = None
    protocol: str | None = None
    tls: str | None = None
    cipher: str | None = None
    attempts: int = 1
    error: str | None = None
    lead: Lead | None = None
    head: str = ""


class Exchanged(msgspec.Struct, frozen=True):
    """The records of one exchange."""

    response: Member
    request: Member | None
    facts: Facts
    """Without any if no record tells them, as in foreign files."""
    facts_at: int | None
    """Where that record lies."""

    @property
    def response_head(self) -> str:
        """Status line and headers as received; of a 304 to a known page they stand in the facts."""
        head = self.response.block[: self.response.http_head].decode("latin-1")
        return head or self.facts.head

    @property
    def request_head(self) -> str:
        """Request line and headers as sent."""
        return self.request.block[: self.request.http_head].decode("latin-1") if self.request else ""


def capture_page(request: Request) -> Response:
    """One capture."""
    room = room_of(request)
    asked = Parameters(request.query_params)
    with room.catalogue() as catalogue:
        capture = known_capture(catalogue, asked.needed_id("id"))
        room.check_page(catalogue, capture["url"])
        original = catalogue.capture(capture["refers_to"]) if capture["refers_to"] else None
        read_from = original["id"] if original else capture["id"]
        v = schema.versions
        versions = catalogue.rows(select(v).where(v.c.capture == read_from).order_by(v.c.extracted, v.c.id))
        others = catalogue.captures(capture["url"])
    return room.templates.page(
        "capture.html",
        capture=capture,
        original=original,
        versions=versions,
        others=_around(others, capture["id"]),
        count=len(others),
        exchanged=read_exchange(room.store, capture),
        can_replay=room.frame(capture) is not None,
    )


def _around(captures: list[Row], record_id: str) -> list[Row]:
    """Those that are nearest in time to one of them."""
    at = next((n for n, row in enumerate(captures) if row["id"] == record_id), 0)
    return captures[max(0, at - _AROUND) : at + _AROUND + 1]


def known_capture(catalogue: Catalogue, record_id: str) -> Row:
    """The capture with that record id. Raises `Unknown`."""
    capture = catalogue.capture(record_id)
    if capture is None:
        raise Unknown(f"The archive has no capture {record_id}.")
    return capture


def read_exchange(store: Store, capture: Row) -> Exchanged:
    """The record of a capture, and those of the same exchange that lie behind it. Raises `RecordError`."""
    path = store.path(capture["file"])
    response = Member.read(path, capture["offset"], _MOST)
    request, facts, facts_at = None, Facts(), None
    at = response.offset + response.length
    for _ in range(2):
        try:
            member = Member.read(path, at, 1 << 20)
        except RecordError:  # the file ends here, or is just being written
            break
        if member.get("WARC-Concurrent-To") != capture["id"]:
            break
        if member.type == "request":
            request = member
        elif member.type == "metadata":
            facts, facts_at = _facts(member), at
        at += member.length
    return Exchanged(response, request, facts, facts_at)


def _facts(member: Member) -> Facts:
    for line in member.block.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(": ")
        if name == FACTS:
            with suppress(msgspec.DecodeError):
                return msgspec.json.decode(value, type=Facts)
    return Facts()
