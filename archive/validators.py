"""`Validators`: what a server gave with a response to ask later whether it still holds (RFC 9110, 8.8)."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from typing import IO, Any

import msgspec

from archive.http import head_length

__all__ = ["Validators", "validators_in", "validators_of"]

_ETAG = re.compile(rb"^etag:[ \t]*([\x21-\x7e][\x20-\x7e]*)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_MODIFIED = re.compile(rb"^last-modified:[ \t]*([\x21-\x7e][\x20-\x7e]*)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_LONGEST = 512
_LONGEST_HEAD = 256 << 10
_AHEAD = dt.timedelta(minutes=5)
"""So far another computer's clock may be ahead of ours."""


class Validators(msgspec.Struct, frozen=True):
    """An entity tag and a date, each as the server wrote it, or None."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)

    def renewed(self, by: Validators) -> Validators:
        """These after a 304 that came with others (RFC 9111, 3.2)."""
        return Validators(by.etag or self.etag, by.last_modified or self.last_modified)

    def headers(self) -> dict[str, str]:
        """A request's header fields that ask for the page only if it has changed (RFC 9110, 13.1)."""
        fields = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in fields.items() if value}


def validators_of(head: bytes, date: str) -> Validators:
    """Those in the head of a response that came at `date` (ISO 8601).

    A date in the future says nothing (RFC 9110, 8.8.2.1), nor one that is none; an entity tag that is too long is left.
    """
    etag, modified = _ETAG.search(head), _MODIFIED.search(head)
    return Validators(
        etag[1].decode().rstrip() if etag and len(etag[1]) <= _LONGEST else None,
        modified[1].decode().rstrip() if modified and _is_past(modified[1].decode(), date) else None,
    )


def _is_past(modified: str, date: str) -> bool:
    try:
        when = email.utils.parsedate_to_datetime(modified)
        came = dt.datetime.fromisoformat(date)
        return when.astimezone(dt.UTC) <= came.astimezone(dt.UTC) + _AHEAD
    except (ValueError, TypeError, OverflowError):
        return False


def validators_in(block: bytes | IO[bytes], date: str, facts: dict[str, Any]) -> Validators:
    """Those of a response or revisit record of ours: its block and date, and the facts that are known beside it."""
    if facts["status"] == 304:
        return validators_of(str(facts.get("head") or "").encode("latin-1", "replace"), date)
    if facts["status"] != 200 or facts["method"] != "GET":
        return Validators()
    if isinstance(block, bytes):
        head = block
    else:
        block.seek(0)
        head = block.read(_LONGEST_HEAD)
    return validators_of(head[: head_length(head)], date)
