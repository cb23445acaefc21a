"""`Protocol`: HTTP/1.1 as uvicorn speaks it, for clients that are quick, and few from each address."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from archive.access.rate import client_of
from archive.serving.addresses import is_loopback

__all__ = ["CONNECTIONS", "LONGEST_HEAD", "Protocol"]

CONNECTIONS = 500
"""At once; more are told to come again."""
LONGEST_HEAD = 64 << 10
"""Bytes of a request line with all headers."""


class Protocol(H11Protocol):
    """uvicorn waits for ever for a head, and for a client to take an answer."""

    head_seconds: ClassVar[float] = 20.0
    """For a whole head, and between two requests."""
    stalled_seconds: ClassVar[float] = 60.0
    """For a client to take a piece of the answer."""
    from_one: ClassVar[int] = 50
    """Connections from one address; a proxy on this machine may have more."""

    _waiting: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A new connection."""
        super().connection_made(transport)
        peer = self.client[0] if self.client else ""
        if not is_loopback(peer):
            key = client_of(peer, (), ())
            if sum(key == client_of(other, (), ()) for other in map(_peer, self.connections)) > self.from_one:
                transport.abort()
                return
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Bytes of a request; what keeps the clock from running is a whole head, not each byte of one."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._waiting = _stopped(self._waiting)
        elif self._waiting is None:
            self._wait()

    def pause_writing(self) -> None:
        """The client doesn't take what it asked for."""
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.stalled_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        self._stalled = _stopped(self._stalled)

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self._waiting, self._stalled = _stopped(self._waiting), _stopped(self._stalled)
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.head_seconds, self.transport.abort)


def _peer(connection: Any) -> str:
    return connection.client[0] if connection.client else ""


def _stopped(timer: asyncio.TimerHandle | None) -> asyncio.TimerHandle | None:
    """No timer any more."""
    if timer is not None:
        timer.cancel()
    return None
