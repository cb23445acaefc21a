"""One WARC file judged record by record, in one pass."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple

from archive.inspection.block import Block
from archive.inspection.digests import Digest, parse_digest
from archive.inspection.findings import Findings
from archive.inspection.headers import TYPES, Head, Remark, judge_head, parse_head, reference
from archive.inspection.ledger import Ledger, Noted
from archive.inspection.members import MAGIC, Damage, Plain, find_member, read_members, read_plain

__all__ = ["WarcInspector"]

_PIECE = 1 << 20
_MOST_DAMAGES = 1000
_TAIL = b"\r\n\r\n"
_MAGIC_LENGTH = 16
_ZSTD = (b"\x28\xb5\x2f\xfd", b"\x5d\x2a\x4d\x18")
_AGAIN = "get the file again"

Advance = Callable[[int], None]
"""Called with how many bytes of the file have been passed."""


class WarcInspector:
    """Judges the files of one set; what their records say of each other goes into the ledger."""

    def __init__(
        self, findings: Findings, ledger: Ledger, *, advance: Advance | None = None, member_digests: bool = False
    ) -> None:
        """`member_digests` has the ledger keep the sha256 of each gzip member, for an index to be held against."""
        self._findings, self._ledger = findings, ledger
        self._advance = advance or (lambda _: None)
        self._member_digests = member_digests
        self._label = ""
        self._file = 0
        self._records = 0
        self._waiting: _Waiting | None = None

    def inspect(self, file: IO[bytes], label: str, name: str, *, replayed: bool = True) -> None:
        """Judge one file, open at its beginning; `name` is what an index would call it, if it is to be `replayed`.

        Raises what reading the file raises (`OSError`, `PackageError`).
        """
        self._label, self._file = label, self._ledger.add_file(label, name, replayed=replayed)
        self._records = 0
        first = _look(file)
        if not first:
            self._findings.fault(label, "is empty: it holds no record")
        elif first.startswith(_ZSTD):
            self._findings.fault(label, "is compressed with zstandard, which can't be judged here; decompress it")
        elif first.startswith(MAGIC):
            self._inspect_gzip(file)
        elif first.startswith(b"WARC/"):
            self._inspect_plain(file)
        else:
            begins = repr(first).removeprefix("b")
            self._findings.fault(label, f"is no WARC file: it begins with {begins}; WARC and WACZ files can be judged")
        self._findings.verification.records += self._records

    # Files

    def _inspect_gzip(self, file: IO[bytes]) -> None:
        start: int | None = 0
        damages = 0
        while start is not None and (damage := self._inspect_members(file, start)):
            damages += 1
            start = None
            if file.seekable() and not damage.final and damages < _MOST_DAMAGES:
                start = find_member(file, damage.offset + 1)
            then = f"reading goes on at byte {start}" if start else "nothing behind it was read"
            what, kind = f"{damage}; {then}; {_AGAIN}", f"damaged gzip members; {_AGAIN}"
            self._findings.fault(self._label, what, place=f"byte {damage.offset}", kind=kind)

    def _inspect_members(self, file: IO[bytes], start: int) -> Damage | None:
        """Judge gzip members up to the end or to one that is damaged."""
        try:
            for member in read_members(file, start, digests=self._member_digests):
                self._advance(member.offset)
                self._inspect_member(member)
        except Damage as damage:
            self._waiting = None
            return damage
        return None

    def _inspect_member(self, member: Plain) -> None:
        nth = 0
        while member.peek():
            if not self._inspect_record(member, member.offset, nth):
                member.drain()
            nth += 1
        if nth != 1:
            what = f"holds {nth} records in one gzip member, so that replay tools can't find them; "
            what += "write the file anew with one member a record (warcio recompress)"
            kind = "gzip members that do not hold one record"
            self._findings.fault(self._label, what, place=f"byte {member.offset}", kind=kind)
        self._write_down(member)

    def _inspect_plain(self, file: IO[bytes]) -> None:
        stream = read_plain(file)
        while stream.peek():
            start = stream.offset + stream.taken
            self._advance(start)
            if not self._inspect_record(stream, start, 0):
                if file.seekable():  # the length may have been too large, and another record have been taken for block
                    stream = read_plain(file, start + len("WARC/"))
                stream.skip_to_record()
        self._write_down(None)

    # Records

    def _inspect_record(self, stream: Plain, offset: int, nth: int) -> bool:
        """Judge the next record; returns whether another one can begin where it ended.

        What is found waits until its gzip member has ended or the next record begins: should the member turn out to
        be damaged, that is all there is to say of it.
        """
        self._write_down(None)
        noted = Noted(file=self._file, offset=offset, nth=nth, type="")
        start = stream.taken
        raw = stream.take_head()
        head = parse_head(raw) if raw is not None else None
        if head is None:
            what = f"does not begin with the head of a WARC record, fields and a blank line; {_AGAIN}"
            self._waiting = _Waiting(noted, [Remark(what, True)], None)
            return False
        block = Block(head)
        length = head.length
        while length is not None and block.size < length and (piece := stream.take(min(_PIECE, length - block.size))):
            block.feed(piece)
        end = b""
        if block.size == length:
            while len(end) < len(_TAIL) and (piece := stream.take(len(_TAIL) - len(end))):
                end += piece
        remarks = [*judge_head(head), *_judge_end(block, length, end, stream.peek())]
        if end == _TAIL:
            remarks += block.judge()
            remarks += _judge_message(head, block)
        self._waiting = _Waiting(_noted(noted, head, stream.taken - start), remarks, head)
        return end == _TAIL and stream.peek()[:5] in (b"", b"WARC/")

    def _write_down(self, member: Plain | None) -> None:
        """Report the record that waits; `member` is its gzip member if that has ended."""
        waiting, self._waiting = self._waiting, None
        if waiting is None:
            return
        noted, head = waiting.noted, waiting.head
        if member:
            noted.length, noted.digest = member.length, member.digest
        first = self._records == 0
        self._records += 1
        for remark in waiting.remarks:
            tell = self._findings.fault if remark.is_fault else self._findings.advise
            tell(self._label, remark.what, place=noted.place, record=noted.id, kind=remark.kind)
        if head is None:
            return
        if noted.type == "conversion":
            self._findings.verification.conversions += 1
        if first and noted.type != "warcinfo":
            self._findings.advise(self._label, f"begins with a {noted.type} instead of a warcinfo record")
        if noted.type != "warcinfo" and noted.info is None:
            what = "has no WARC-Warcinfo-ID, which says how it was made even when records are moved"
            self._findings.advise(self._label, what, place=noted.place, record=noted.id)
        self._ledger.note(noted, [reference(v) or "" for v in head.all("WARC-Concurrent-To")])


class _Waiting(NamedTuple):
    noted: Noted
    remarks: list[Remark]
    head: Head | None


def _look(file: IO[bytes]) -> bytes:
    """The first bytes of a file; of one that can't be sought in, only what a buffer shows."""
    if isinstance(file, io.BufferedReader):
        return file.peek(_MAGIC_LENGTH)[:_MAGIC_LENGTH]
    first = file.read(_MAGIC_LENGTH)
    file.seek(0)
    return first


def _judge_end(block: Block, length: int | None, end: bytes, following: bytes) -> Iterator[Remark]:
    """Whether the block is as long as Content-Length says, and ends as it should."""
    wrong = "a Content-Length that is not true"
    if length is not None and block.size < length:
        what = f"ends after {block.size} bytes of block, but its Content-Length is {length}; {_AGAIN}"
        yield Remark(what, True, wrong)
    elif length is not None and (end != _TAIL or following[:5] not in (b"", b"WARC/")):
        what = f"does not end with two line ends behind {length} bytes of block: its Content-Length is not true, or "
        yield Remark(what + f"it is damaged; {_AGAIN}", True, wrong)


def _judge_message(head: Head, block: Block) -> Iterator[Remark]:
    """Whether the block is what the record's type says."""
    is_http = (head.url or "").lower().startswith(("http:", "https:"))
    if block.size and head.get("Content-Type") is None and head.type != "continuation":
        yield Remark("has no Content-Type", False)
    if head.type == "revisit" and block.status == 304:
        what = (
            "is a revisit with the head of a 304 as its block, which replays as a blank page; write it without a block"
        )
        yield Remark(what, True)
    if head.type in ("response", "request") and is_http and head.content_type != "application/http":
        yield Remark(f"is a {head.type} of HTTP that is not of the type application/http", False)
    elif head.type == "response" and is_http and block.status is None:
        yield Remark("is a response that does not begin with an HTTP status line", False)
    if head.type == "revisit" and block.size and head.get("WARC-Truncated") is None and _is_identical(head):
        yield Remark("is a revisit without its payload that does not say so (WARC-Truncated: length)", False)


def _is_identical(head: Head) -> bool:
    return (head.get("WARC-Profile") or "").endswith("identical-payload-digest")


def _noted(noted: Noted, head: Head, length: int) -> Noted:
    payload = parse_digest(head.get("WARC-Payload-Digest") or "")
    return Noted(
        file=noted.file,
        offset=noted.offset,
        nth=noted.nth,
        length=length,
        type=head.type if head.type in TYPES else "unknown",
        id=head.id,
        url=head.url,
        date=head.get("WARC-Date"),
        payload=str(payload) if isinstance(payload, Digest) else None,
        refers=reference(head.get("WARC-Refers-To")),
        refers_url=reference(head.get("WARC-Refers-To-Target-URI")),
        refers_date=head.get("WARC-Refers-To-Date"),
        profile=head.get("WARC-Profile"),
        info=reference(head.get("WARC-Warcinfo-ID")),
        content_type=head.content_type,
    )
