"""`Block`: a record's block as it passes by: where its payload begins, and whether its digests are true."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archive.inspection.digests import Digest, Sums, parse_digest
from archive.inspection.headers import Head, Remark

__all__ = ["Block"]

_BLANK_LINE = re.compile(rb"\n\r?\n")
_KEPT = 1 << 16
"""Bytes of the HTTP head that are kept."""
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})")
_CHUNKED = re.compile(rb"^transfer-encoding:[^\n]*\bchunked\b", re.I | re.M)
_SIZE_LINE = 4096


class Block:
    """Give it the block piece by piece with `feed`, then ask."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._said = {name: parse_digest(head.get(name) or "") for name in ("WARC-Block-Digest", "WARC-Payload-Digest")}
        algorithms = {d.algorithm for d in self._said.values() if isinstance(d, Digest)}
        self._whole = Sums(algorithms)
        self._payload = Sums(algorithms)
        self._unchunked: _Unchunked | None = None
        self._algorithms = algorithms
        self._in_head = _is_http(head)
        self._http_head = b""
        self._carry = b""
        self.size = 0

    def feed(self, data: bytes) -> None:
        """The next piece."""
        self.size += len(data)
        self._whole.update(data)
        if self._in_head:
            data = self._after_head(data)
        if data:
            self._payload.update(data)
            if self._unchunked:
                self._unchunked.feed(data)

    def _after_head(self, data: bytes) -> bytes:
        """What of a piece is payload."""
        joined = self._carry + data
        match = _BLANK_LINE.search(joined)
        head, rest = (data, b"") if not match else (data[: match.end() - len(self._carry)], joined[match.end() :])
        self._http_head += head[: _KEPT - len(self._http_head)]
        self._carry = joined[-2:]
        if match:
            self._in_head = False
            if self._algorithms and _CHUNKED.search(self._http_head):
                self._unchunked = _Unchunked(Sums(self._algorithms))
        return rest

    @property
    def status(self) -> int | None:
        """The status of the HTTP response that it begins with, if it is one."""
        match = _STATUS.match(self._http_head)
        return int(match[1]) if match else None

    def judge(self) -> Iterator[Remark]:
        """What is wrong with the digests."""
        for name, digest in self._said.items():
            text = self._head.get(name)
            if text is None:
                continue
            if digest is None:
                yield Remark(f"has a {name} that is no digest: {text[:80]!r}", True, f"has a {name} that is no digest")
            elif isinstance(digest, str):
                yield Remark(f"has a {name} by {digest[:20]!r}, which can't be checked here", False)
            else:
                if digest.algorithm in ("md5", "sha1"):
                    yield Remark(f"has a digest by {digest.algorithm}, which can be forged; use sha256", False)
                yield from self._judge_block(digest) if name == "WARC-Block-Digest" else self._judge_payload(digest)
        if self._head.get("WARC-Block-Digest") is None:
            yield Remark("has no WARC-Block-Digest, so that damage may stay unseen", False)

    def _judge_block(self, digest: Digest) -> Iterator[Remark]:
        if self._whole.matches(digest):
            return
        if self._head.type == "revisit" and Sums([digest.algorithm]).matches(digest):
            what = (
                "has the WARC-Block-Digest of an empty block, as wget writes it, so that nothing vouches for its head"
            )
            yield Remark(what, False)
        else:
            what = "has a block that does not match its WARC-Block-Digest: it was changed after it was written"
            yield Remark(f"{what}; get the file again", True)

    def _judge_payload(self, digest: Digest) -> Iterator[Remark]:
        kind = self._head.type
        if kind in ("revisit", "continuation") or self._head.get("WARC-Segment-Number"):
            return  # of another record's payload, or of several records'
        matches = self._payload.matches(digest) or bool(self._unchunked and self._unchunked.matches(digest))
        if kind in ("warcinfo", "metadata") and matches:
            yield Remark(f"is a {kind} with WARC-Payload-Digest, though it can have no payload", False)
        elif not matches:
            what = "has a payload that does not match its WARC-Payload-Digest: it was changed after it was written"
            yield Remark(f"{what}; get the file again", True)


def _is_http(head: Head) -> bool:
    """Whether the block is an HTTP message; a record that does not say so is believed to be what it should be."""
    if head.content_type:
        return head.content_type == "application/http"
    kinds = ("response", "request", "revisit")
    return head.type in kinds and (head.url or "").lower().startswith(("http:", "https:"))


class _Unchunked:
    """Sums over a chunked body with the chunking undone (RFC 9112, 7.1); some writers mean that."""

    def __init__(self, sums: Sums) -> None:
        self._sums = sums
        self._line = b""
        self._left = 0
        self._state = "size"

    def feed(self, data: bytes) -> None:
        while data and self._state in ("size", "data", "end"):
            if self._state == "data":
                piece, data = data[: self._left], data[self._left :]
                self._sums.update(piece)
                self._left -= len(piece)
                if not self._left:
                    self._state = "end"
                continue
            at = data.find(b"\n") + 1
            self._line += data[: at or len(data)]
            data = data[at:] if at else b""
            if at:
                self._read_line()
            elif len(self._line) > _SIZE_LINE:
                self._state = "broken"

    def _read_line(self) -> None:
        line, self._line = self._line.strip(), b""
        if self._state == "end":
            self._state = "size" if not line else "broken"
            return
        try:
            self._left = int(line.partition(b";")[0], 16)
        except ValueError:
            self._state = "broken"
            return
        self._state = "data" if self._left > 0 else "done"

    def matches(self, digest: Digest) -> bool:
        return self._state != "broken" and self._sums.matches(digest)
