"""`Tickets`: what lets a frame read replay for a while. Standard library only, as `accounts`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time

__all__ = ["LASTS", "Tickets"]

LASTS = 3600
"""Seconds for which a ticket is good: a page that was left open longer is opened again."""
_MAC = 24


class Tickets:
    """Makes and checks tickets: the second they end at, and a code that only who has the key can make (HMAC-SHA256)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, now: float | None = None) -> str:
        """A ticket, fit to be part of a path."""
        until = int((time.time() if now is None else now) + LASTS).to_bytes(6, "big")
        return base64.urlsafe_b64encode(until + self._code(until)).decode()

    def is_good(self, ticket: str, now: float | None = None) -> bool:
        """Whether it is ours and has not ended."""
        try:
            data = base64.b64decode(ticket.encode("ascii"), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error):
            return False
        until, code = data[:6], data[6:]
        if len(ticket) != (6 + _MAC) * 4 // 3 or not hmac.compare_digest(code, self._code(until)):
            return False
        return 0 <= int.from_bytes(until, "big") - (time.time() if now is None else now) <= LASTS

    def _code(self, until: bytes) -> bytes:
        return hmac.digest(self._key, b"newswarc replay " + until, hashlib.sha256)[:_MAC]
