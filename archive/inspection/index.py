"""``indexes/`` of a WACZ: CDXJ, plain or as ZipNum (``.cdx.gz`` with ``.idx``), held against the records it names."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import IO, Any

import msgspec

from archive.inspection.digests import Digest, parse_digest
from archive.inspection.findings import Findings
from archive.inspection.headers import reference
from archive.inspection.ledger import Ledger
from archive.inspection.lines import read_lines
from archive.inspection.members import Damage, Plain, read_members
from archive.surt import surt, url_key

__all__ = ["IndexInspector", "judge_index"]

_BATCH = 500
_AGAIN = "make the index anew"
_LONGEST_KEY = 1 << 20
_HOST = re.compile(r"^https?://\(?")
_DIGITS = re.compile(r"\d{14}(\d{3})?", re.ASCII)
_CAPTURES = ("response", "revisit", "resource", "metadata")
"""What an index may name (pywb, cdxj-indexer)."""


class _Block(msgspec.Struct, frozen=True):
    """A block of a ZipNum index as its ``.idx`` has it."""

    key: bytes
    offset: int
    length: int
    digest: str | None


class IndexInspector:
    """Reads the indexes of one package into the ledger, and judges their form."""

    def __init__(self, label: str, ledger: Ledger, findings: Findings) -> None:
        self._label, self._ledger, self._findings = label, ledger, findings
        self._rows: list[tuple[Any, ...]] = []
        self._blocks: dict[str, list[_Block]] = {}
        self.lines = 0

    def read_idx(self, file: IO[bytes], name: str) -> None:
        """A ``.idx``; to be read before the ``.cdx.gz`` that it is about."""
        place = f"{self._label}, {name}"
        about = name.rpartition("/")[2].removesuffix(".idx") + ".cdx.gz"
        before = b""
        for number, line in enumerate(read_lines(file, place, self._findings), 1):
            where = f"line {number}"
            facts, key = self._facts(line, place, where)
            if facts is None:
                continue
            if line.startswith(b"!meta"):
                about = facts["filename"] if isinstance(facts.get("filename"), str) else about
                continue
            if key < before:
                self._unsorted(place, where)
            before = key
            digest = facts.get("digest")
            block = _Block(key, _number(facts.get("offset")), _number(facts.get("length")), digest and str(digest))
            named = facts.get("filename")
            self._blocks.setdefault(named if isinstance(named, str) else about, []).append(block)

    def read_cdx(self, file: IO[bytes], name: str) -> None:
        """A CDXJ, compressed if its name ends in ``.gz``. Raises what reading the file raises."""
        place = f"{self._label}, {name}"
        if not name.endswith(".gz"):
            self._read(read_lines(file, place, self._findings), place)
            return
        members = _Members(file, place, self._findings)
        self._read(read_lines(io.BufferedReader(members), place, self._findings), place)
        blocks = self._blocks.pop(name.rpartition("/")[2], None)
        if blocks is not None and not members.damaged:
            self._judge_blocks(blocks, members.found, place)

    def finish(self) -> None:
        """All indexes have been read."""
        self._ledger.add_lines(self._rows)
        self._rows = []
        for name in self._blocks:
            self._findings.fault(self._label, f"has an .idx about indexes/{name}, which is not there; {_AGAIN}")

    def _judge_blocks(self, blocks: list[_Block], found: list[_Block], place: str) -> None:
        """Whether the ``.idx`` names every gzip member, and nothing else."""
        if [(b.offset, b.length) for b in blocks] != [(b.offset, b.length) for b in found]:
            self._findings.fault(place, f"is not cut into the pieces that its .idx names; {_AGAIN}")
            return
        for said, true in zip(blocks, found, strict=True):
            where = f"byte {true.offset}"
            if said.key != true.key:
                self._findings.fault(
                    place, f"begins a piece with another line than its .idx says; {_AGAIN}", place=where
                )
            if said.digest and parse_digest(said.digest) != parse_digest(true.digest or ""):
                self._findings.fault(
                    place, f"has a piece that does not match its digest in the .idx; {_AGAIN}", place=where
                )

    def _unsorted(self, place: str, where: str) -> None:
        what = "is not sorted by bytes (LC_ALL=C), so that replay tools miss captures; sort it"
        self._findings.fault(place, what, place=where)

    def _facts(self, line: bytes, place: str, where: str) -> tuple[dict[str, Any] | None, bytes]:
        """A line's JSON object, and what stands before it."""
        key, brace, rest = line.partition(b" {")
        try:
            facts = msgspec.json.decode(brace[1:] + rest, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            kind = "lines that are no CDXJ"
            self._findings.fault(place, f"is no line of CDXJ (key, time, JSON); {_AGAIN}", place=where, kind=kind)
            return None, key
        return facts, key

    def _read(self, lines: Iterator[bytes], place: str) -> None:
        before = b""
        for number, line in enumerate(lines, 1):
            where = f"line {number}"
            if line.startswith(b"!meta") or not line:
                continue
            if line < before:
                self._unsorted(place, where)
            before = line
            facts, key = self._facts(line, place, where)
            if facts is not None:
                self._take(facts, key, place, where)

    def _take(self, facts: dict[str, Any], key: bytes, place: str, where: str) -> None:
        self.lines += 1
        surt_key, _, time = key.decode("utf-8", "replace").partition(" ")
        url, file = facts.get("url"), facts.get("filename")
        if not (isinstance(url, str) and isinstance(file, str) and _DIGITS.fullmatch(time)):
            what = f"lacks url, filename or a time of 14 digits; {_AGAIN}"
            self._findings.fault(place, what, place=where)
            return
        url = reference(url) or ""
        if not _same_host(surt_key, url):
            what = "stands under the key of another host than its URL's, so that replay shows it there"
            self._findings.fault(place, f"{what} ({url}); {_AGAIN}", place=where, kind=what)
        payload = parse_digest(str(facts.get("digest", "")))
        self._rows.append(
            (
                f"{place}\n{where}",
                file,
                _number(facts.get("offset")),
                _number(facts.get("length")),
                url,
                url_key(url),
                time,
                str(payload) if isinstance(payload, Digest) else None,
                facts.get("recordDigest") if isinstance(facts.get("recordDigest"), str) else None,
                str(facts.get("method") or "GET"),
            )
        )
        if len(self._rows) >= _BATCH:
            self._ledger.add_lines(self._rows)
            self._rows = []


def _number(value: object) -> int:
    """A number that may be written as text; -1 for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and 0 <= value < 1 << 62 else -1


def _same_host(key: str, url: str) -> bool:
    """Whether a sort-friendly key is of the URL's host; tools differ in all else, so nothing else is compared."""
    if not url.lower().startswith(("http://", "https://")):
        return True
    mine, theirs = (_HOST.sub("", text.lower()).partition(")")[0].partition(":")[0] for text in (surt(url), key))
    return mine == theirs.rstrip(",").removesuffix(",www")


class _Members(io.RawIOBase):
    """The content of a gzip file of several members, and where each lies."""

    def __init__(self, file: IO[bytes], place: str, findings: Findings) -> None:
        self._members = read_members(file, digests=True)
        self._member: Plain | None = None
        self._first = b""
        self._place, self._findings = place, findings
        self.found: list[_Block] = []
        self.damaged = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)
        data = self._next(len(view))
        view[: len(data)] = data
        return len(data)

    def _next(self, most: int) -> bytes:
        while not self.damaged:
            try:
                if self._member is None:
                    self._member = next(self._members, None)
                    self._first = b""
                if self._member is None:
                    return b""
                if data := self._member.take(most):
                    if b"\n" not in self._first and len(self._first) < _LONGEST_KEY:
                        self._first += data
                    return data
            except Damage as damage:
                self.damaged = True
                what = f"has a gzip member that {damage}; {_AGAIN}"
                self._findings.fault(self._place, what, place=f"byte {damage.offset}")
                return b""
            key = self._first.partition(b" {")[0]
            self.found.append(_Block(key, self._member.offset, self._member.length, self._member.digest))
            self._member = None
        return b""


# Held against the records


def judge_index(ledger: Ledger, findings: Findings) -> None:
    """Whether each line leads to the record that it says, and each capture stands in the index."""
    joined = """SELECT l.place, l.url, l.time, l.length, l.payload, l.digest, l.method, l.file, l.offset,
                       r.type, r.url, r.date, r.length, r.payload, r.digest
                FROM lines AS l LEFT JOIN files AS f ON f.name = l.file
                LEFT JOIN records AS r ON r.file = f.number AND r.offset = l.offset AND r.nth = 0"""
    for where, *said in ledger.rows(joined):
        file, _, place = where.partition("\n")
        for what, named in _wrong(said[:8], said[8:]):
            findings.fault(file, f"{what} ({named}); {_AGAIN}", place=place, kind=what)
    lost = """JOIN files AS h ON h.number = r.file AND h.replayed
              WHERE r.type IN ('response', 'revisit', 'resource') AND (r.url LIKE 'http:%' OR r.url LIKE 'https:%')
              AND NOT EXISTS (SELECT 1 FROM lines AS l JOIN files AS f ON f.name = l.file
                              WHERE f.number = r.file AND l.offset = r.offset) ORDER BY r.number"""
    for record in ledger.ask(lost):
        what = "is a capture that is not in the index, so that replay does not show it"
        label = ledger.files[record.file][0]
        findings.fault(label, f"{what} ({record.url}); {_AGAIN}", place=record.place, record=record.id, kind=what)


def _wrong(said: list[Any], record: list[Any]) -> Iterator[tuple[str, str]]:
    """What a line says that its record does not: a sentence, and what it is about."""
    url, time, length, payload, digest, method, file, offset = said
    kind, true_url, date, true_length, true_payload, true_digest = record
    if kind is None:
        yield "names a place where no record begins", f"{file}, byte {offset}"
        return
    if kind not in _CAPTURES:
        yield f"names a {kind}, which replay tools would show as a page", url
    if true_url != url and method == "GET":
        yield "names the record of another URL", f"{url}, not {true_url}"
    digits = re.sub(r"\D", "", date or "")
    if not (digits.startswith(time) or time.startswith(digits)):
        yield "has another time than its record", f"{time}, not {date}"
    # Of a WARC that isn't compressed, warcio counts a record without the two line ends behind its block.
    if length != true_length and (true_digest or length + 4 != true_length):
        yield "has another length than its record", f"{length}, not {true_length}"
    if payload and true_payload and payload != true_payload and payload[:4] == true_payload[:4]:
        yield "has another digest than its record's payload", url
    if digest and true_digest and parse_digest(digest) != parse_digest(true_digest):
        yield "has another recordDigest than its record", url
