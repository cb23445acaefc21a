"""HTTP/1.x messages as bytes: split them, read their headers, undo transfer and content codings."""

from __future__ import annotations

import re

import msgspec

from archive.codings import decode, is_chunked, is_undone, too_big
from archive.errors import RecordError

__all__ = [
    "MOST_CODINGS",
    "Message",
    "head_length",
    "is_http",
    "is_interim",
    "parse_response",
    "parse_stored",
    "repaired",
    "split_interim",
]

_BLANK_LINE = re.compile(rb"\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/(\d\.\d) +(\d{3})(?:[ \t]+([^\r\n]*))?\r?(?:\n|$)")
_NEWER_HTTP = re.compile(rb"HTTP/[2-9] ")
_MOST = 1 << 30
MOST_CODINGS = 5
"""One upon the other, as in curl: each may take the time that the largest body takes."""
_NO_CODINGS = {"identity", "none", "utf-8"}
_BLANKS = " \t\r"


class Message(msgspec.Struct, frozen=True):
    """A response as parsed from its wire bytes (RFC 9112)."""

    version: str
    status: int
    reason: str
    """As sent, Latin-1."""
    headers: tuple[tuple[str, str], ...]
    """Names and values as sent, Latin-1, repeated ones apart, in order."""
    head: bytes
    """Status line to blank line, verbatim."""
    body: bytes
    """What follows, verbatim: still chunked and compressed."""

    def get(self, name: str) -> str | None:
        """The first header of that name (any case)."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    def codings(self, name: str) -> list[str]:
        """The tokens of a list header such as Content-Encoding, lower case, in order."""
        values = ",".join(v for n, v in self.headers if n.lower() == name.lower())
        return [t for t in (part.strip(_BLANKS).lower() for part in values.split(",")) if t]

    @property
    def mime(self) -> str | None:
        """Media type without parameters, lower case."""
        value = (self.get("Content-Type") or "").split(";")[0].strip().lower()
        return value or None

    def transferred(self) -> bytes:
        """The body with its transfer codings undone, and its content codings left as they are."""
        message = msgspec.structs.replace(
            self, headers=tuple((n, v) for n, v in self.headers if n.lower() != "content-encoding")
        )
        return message.content(max(len(self.body), _MOST))

    def content(self, max_size: int = 64 << 20) -> bytes:
        """The body with chunking and content codings undone; what a truncated body holds is given.

        Raises `RecordError` for a coding that is unknown or broken from the start, or when the result
        would pass `max_size` bytes.
        """
        data = self.body
        codings = [
            coding
            for coding in self.codings("Content-Encoding") + self.codings("Transfer-Encoding")
            if coding not in _NO_CODINGS
        ]
        if len(codings) > MOST_CODINGS:
            raise RecordError(f"The body is encoded {len(codings)} times over; its bytes are kept as they came.")
        for coding in reversed(codings):
            data = decode(coding, data, max_size)
        if len(data) > max_size:
            raise too_big(max_size)
        return data


def head_length(raw: bytes) -> int:
    """Bytes of the head with its blank line; all of `raw` if the head never ends."""
    match = _BLANK_LINE.search(raw)
    return match.end() if match else len(raw)


def is_http(raw: bytes) -> bool:
    """Whether `raw` begins with an HTTP/1.x status line."""
    return _STATUS_LINE.match(raw) is not None


def is_interim(raw: bytes) -> bool:
    """Whether `raw` begins with the status line of an interim reply."""
    match = _STATUS_LINE.match(raw)
    return match is not None and match[2][:1] == b"1" and match[2] != b"101"


def split_interim(raw: bytes) -> tuple[tuple[bytes, ...], bytes]:
    """Part interim 1xx replies (RFC 9110, 15.2) from the final response, if one came; 101 is final."""
    interim = []
    while is_interim(raw) and _BLANK_LINE.search(raw):
        end = head_length(raw)
        interim.append(raw[:end])
        raw = raw[end:]
    return tuple(interim), raw


def parse_response(raw: bytes) -> Message:
    """Read a response. Header lines without a colon are passed over, as browsers do.

    Raises `RecordError` if it doesn't begin with a status line.
    """
    match = _STATUS_LINE.match(raw)
    if not match:
        raise RecordError(f"No HTTP status line, but {raw[:40]!r}.")
    end = head_length(raw)
    headers: list[tuple[str, str]] = []
    for line in raw[match.end() : end].decode("latin-1").split("\n"):
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t") and headers:  # obs-fold
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip(_BLANKS)}".strip(_BLANKS))
        elif colon:
            headers.append((name.strip(_BLANKS), value.strip(_BLANKS)))
    return Message(
        match[1].decode(),
        int(match[2]),
        (match[3] or b"").decode("latin-1"),
        tuple(headers),
        raw[:end],
        raw[end:],
    )


def parse_stored(block: bytes) -> Message:
    """The response in a record's block, whoever wrote it: interim replies are passed over, HTTP/2 is taken too.

    Raises `RecordError` if there is none.
    """
    _, raw = split_interim(block)
    if not _NEWER_HTTP.match(raw):
        return parse_response(raw)
    message = parse_response(raw[:6] + b".0" + raw[6:])
    return msgspec.structs.replace(message, version=message.version[:1], head=raw[: len(message.head) - 2])


def repaired(message: Message) -> Message:
    """Without the codings that the head names and the body no longer has.

    wget and Browsertrix keep ``Transfer-Encoding: chunked`` beside a body whose chunks they have joined, and
    Common Crawl kept Content-Encoding beside unpacked bodies. `head` and `body` stay as they are.
    """
    if not message.body:
        return message
    dropped = set()
    body = message.body
    transfer = message.codings("Transfer-Encoding")
    if transfer and transfer[-1] == "chunked":
        if is_chunked(body):
            body = decode("chunked", body, len(body))
        else:
            dropped.add("transfer-encoding")
    content = message.codings("Content-Encoding")
    if content and len(transfer) < 2 and is_undone(content[-1], body):
        dropped.add("content-encoding")
    if not dropped:
        return message
    headers = tuple((n, v) for n, v in message.headers if n.lower() not in dropped)
    return msgspec.structs.replace(message, headers=headers)
