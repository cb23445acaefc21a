"""`Exchange`: one HTTP request and response as they crossed the wire. `Capture`: where it lies."""

from __future__ import annotations

import datetime as dt
from typing import IO, Literal

import msgspec

from archive.rights.statement import Statement

__all__ = ["Announcement", "Capture", "Exchange", "Failure", "Lead", "Truncation"]

Truncation = Literal["length", "time", "disconnect", "unspecified"]
"""Reasons of WARC-Truncated (WARC 1.1, 5.13)."""


class Lead(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a URL worth fetching was found: ``given`` by a person, ``source``: the definition of a source names it as
    a place where articles are announced; ``again``: it is known and due for another look; the others tell what
    announced it."""

    kind: Literal["given", "source", "again", "feed", "sitemap", "section", "link", "robots", "redirect", "requisite"]
    via: str | None = None
    """URL of the feed, sitemap or page that announced it."""
    announced: str | None = None
    """ISO 8601 date that came with it (feed entry, sitemap lastmod)."""


class Announcement(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a listing (feed, sitemap, section page) says of one URL."""

    url: str
    """As it is fetched: absolute, escaped, without a fragment."""
    announced: str | None = None
    """ISO 8601, with the zone as it was given, or none."""
    title: str | None = None
    summary: str | None = None
    """Plain text, cut after some 2,000 signs."""
    is_article: bool = True
    """Whether the URL has the form of an article of the source; what has not is noted, but not fetched."""


class Exchange(msgspec.Struct, kw_only=True):
    """One HTTP exchange, exactly as it crossed the wire (above TLS, below HTTP parsing)."""

    url: str
    method: str
    request: bytes
    """The request as sent, request line to last body byte."""
    response: bytes | IO[bytes]
    """The final response as received, status line to last byte; a seekable file when it is large."""
    interim: tuple[bytes, ...] = ()
    """1xx replies that came before the final response, each as received."""
    started: dt.datetime
    """UTC, when the request was handed to the connection."""
    first_byte: dt.datetime | None = None
    ended: dt.datetime
    ip: str | None = None
    """The peer's address; the proxy's when `proxy` is set."""
    port: int | None = None
    proxy: str | None = None
    tls: str | None = None
    """TLS version as OpenSSL names it, e.g. ``TLSv1.3``; None on plain HTTP."""
    cipher: str | None = None
    truncated: Truncation | None = None
    error: str | None = None
    """Why it was cut short, one sentence."""
    surplus: int = 0
    """Bytes the server sent after the end of the response; not kept, only counted."""
    attempts: int = 1
    lead: Lead | None = None
    rights: tuple[Statement, ...] = ()
    """What robots.txt and tdmrep.json say of the URL, as far as they were asked."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A fetch that ended before any response: DNS, refused, TLS, or a reply that is not HTTP."""

    url: str
    method: str
    started: dt.datetime
    ended: dt.datetime
    kind: Literal["dns", "refused", "tls", "timeout", "disconnect", "not-http", "forbidden-address", "robots", "other"]
    error: str
    received: bytes = b""
    """Whatever bytes did arrive."""
    lead: Lead | None = None
    rights: tuple[Statement, ...] = ()
    """As in `Exchange`."""


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """The address of an exchange in the archive, and what its WARC headers say."""

    id: str
    """WARC-Record-ID without angle brackets: ``urn:uuid:...``."""
    kind: Literal["response", "revisit"]
    url: str
    date: str
    """WARC-Date: UTC in whole seconds, ``2026-11-20T09:00:00Z``."""
    status: int
    mime: str | None
    """Content-Type of the response without parameters, lower case."""
    payload_digest: str | None
    """``sha256:<hex>`` of the message body as transferred (before transfer and content decoding)."""
    refers_to: str | None = None
    """For a revisit: record id of the response that has the payload."""
    truncated: Truncation | None = None
    file: str
    """Name of the WARC file when closed, relative to the store, with ``/``."""
    offset: int
    length: int
    """Bytes of the gzip member at `offset`."""
    record_digest: str
    """``sha256:<hex>`` of the gzip member."""
