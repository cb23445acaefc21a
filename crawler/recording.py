"""`Recording`: the bytes of one HTTP exchange while they cross the wire."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from typing import IO

from archive import clock
from archive.capture import Exchange, Lead, Truncation
from archive.http import is_http, is_interim, split_interim
from archive.rights.statement import Statement

__all__ = ["Recording"]

_SPILL = 8 << 20
"""Bytes of a response beyond which it goes to a temporary file."""
_HEAD = 1 << 20
"""Bytes at the beginning of a large response among which interim replies are looked for."""


class Recording:
    """Filled by the tee protocol; made into an `Exchange` when the request has ended, well or not."""

    def __init__(self, url: str, method: str, lead: Lead | None, proxy: str | None) -> None:
        self.url, self.method, self.lead, self.proxy = url, method, lead, proxy
        self.rights: tuple[Statement, ...] = ()
        """What robots.txt and tdmrep.json say of the URL."""
        self.attempts = 0
        self.begun = clock.now()
        self._clear()

    def _clear(self) -> None:
        self.started: dt.datetime | None = None
        self.first_byte: dt.datetime | None = None
        self.ended: dt.datetime | None = None
        self.ip: str | None = None
        self.port: int | None = None
        self.tls: str | None = None
        self.cipher: str | None = None
        self.complete = False
        self.by_close = False
        """Its end is where the connection ended, whoever closed that."""
        self.surplus = 0
        self._sent: list[bytes] = []
        self._chunks: list[bytes] = []
        self._file: IO[bytes] | None = None
        self.size = 0

    def begin(self, ip: str | None, port: int | None) -> None:
        """A request is about to be written to a connection; forget what an earlier attempt left."""
        self._clear()
        self.attempts += 1
        self.started = clock.now()
        self.ip, self.port = ip, port

    def sent(self, data: bytes) -> None:
        """Bytes written to the connection."""
        self._sent.append(data)

    def received(self, data: bytes) -> None:
        """Bytes read from the connection."""
        if not self.size:
            self.first_byte = clock.now()
        self.size += len(data)
        if self._file is None and self.size > _SPILL:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the exchange
            self._file.writelines(self._chunks)
            self._chunks.clear()
        if self._file is None:
            self._chunks.append(data)
        else:
            self._file.write(data)

    def end(self, *, complete: bool, surplus: int = 0) -> None:
        """The response has ended; `surplus` bytes of what came are not part of it."""
        if self.ended is None:
            self.ended = clock.now()
            self.complete, self.surplus = complete, surplus

    @property
    def has_response(self) -> bool:
        """Whether a final HTTP response has at least begun."""
        _, response = split_interim(self.raw)
        return is_http(response) and not is_interim(response)

    @property
    def raw(self) -> bytes:
        """The bytes received; of a spilled response only the first MB."""
        if self._file is None:
            return b"".join(self._chunks)
        self._file.seek(0)
        data = self._file.read(_HEAD)
        self._file.seek(0, os.SEEK_END)
        return data

    def exchange(self, truncated: Truncation | None, error: str | None) -> Exchange:
        """The exchange as it goes into the archive."""
        interim, response = self._response()
        now = clock.now()
        return Exchange(
            url=self.url,
            method=self.method,
            request=b"".join(self._sent),
            response=response,
            interim=interim,
            started=self.started or self.begun,
            first_byte=self.first_byte,
            ended=self.ended or now,
            ip=self.ip,
            port=self.port,
            proxy=self.proxy,
            tls=self.tls,
            cipher=self.cipher,
            truncated=truncated,
            error=error,
            surplus=self.surplus,
            attempts=self.attempts,
            lead=self.lead,
            rights=self.rights,
        )

    def _response(self) -> tuple[tuple[bytes, ...], bytes | IO[bytes]]:
        if self._file is None:
            raw = b"".join(self._chunks)
            return split_interim(raw[: len(raw) - self.surplus])
        self._file.truncate(self.size - self.surplus)
        self._file.seek(0)
        interim, _ = split_interim(self._file.read(_HEAD))
        if not interim:
            return (), self._file
        self._file.seek(sum(map(len, interim)))
        final = tempfile.TemporaryFile()  # noqa: SIM115
        while block := self._file.read(_HEAD):
            final.write(block)
        return interim, final
