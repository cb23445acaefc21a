"""The head of a WARC record judged by WARC 1.1, clause 5 and 6."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

__all__ = ["TYPES", "Head", "Remark", "judge_head", "parse_head", "reference", "seconds_of"]

TYPES = ("warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation")

_VERSION = re.compile(rb"WARC/(\d+\.\d+)")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile("[\0-\x08\x0a-\x1f\x7f]")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>]+")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?Z)?)?)?", re.ASCII)
_PARTS = ((0, 4, 1), (5, 7, 1), (8, 10, 1), (11, 13, 0), (14, 16, 0), (17, 19, 0))
"""Where year, month, ... stand in a date, and the least of each."""
_MOST_LINES = 1000
_SHOWN = 60
"""Characters of a value that are shown."""

_ALL = frozenset(TYPES)
_MANDATORY = ("WARC-Type", "WARC-Record-ID", "WARC-Date", "Content-Length")
_NEEDED = {
    "WARC-Target-URI": _ALL - {"warcinfo", "metadata"},
    "WARC-Profile": {"revisit"},
    "WARC-Segment-Origin-ID": {"continuation"},
    "WARC-Segment-Number": {"continuation"},
}
_ALLOWED = {
    "WARC-Target-URI": _ALL - {"warcinfo"},
    "WARC-Refers-To": {"metadata", "revisit", "conversion"},
    "WARC-Refers-To-Target-URI": {"revisit"},
    "WARC-Refers-To-Date": {"revisit"},
    "WARC-Concurrent-To": _ALL - {"warcinfo", "conversion", "continuation"},
    "WARC-IP-Address": _ALL - {"warcinfo", "conversion", "continuation"},
    "WARC-Warcinfo-ID": _ALL - {"warcinfo"},
    "WARC-Filename": {"warcinfo"},
    "WARC-Segment-Origin-ID": {"continuation"},
    "WARC-Segment-Total-Length": {"continuation"},
}
_ONCE = {
    *_MANDATORY,
    *_NEEDED,
    *_ALLOWED,
    "Content-Type",
    "WARC-Block-Digest",
    "WARC-Payload-Digest",
    "WARC-Truncated",
    "WARC-Identified-Payload-Type",
} - {"WARC-Concurrent-To"}
"""Fields of the standard, which may not be repeated (5.1); others may be by their own rules."""
_IDS = ("WARC-Record-ID", "WARC-Concurrent-To", "WARC-Refers-To", "WARC-Warcinfo-ID", "WARC-Segment-Origin-ID")
_URIS = ("WARC-Target-URI", "WARC-Refers-To-Target-URI", "WARC-Profile")
_DATES = ("WARC-Date", "WARC-Refers-To-Date")
_NUMBERS = ("Content-Length", "WARC-Segment-Number", "WARC-Segment-Total-Length")


_ANEW = "; have its maker write it anew"
"""What to do about a head that is not as the standard has it."""


class Remark(NamedTuple):
    """Something about a record: a sentence without its subject."""

    what: str
    is_fault: bool
    kind: str = ""
    """The sentence without its particulars, where it has any."""


class Head(msgspec.Struct, frozen=True):
    """A record's head as it stands in the file."""

    version: str
    fields: tuple[tuple[str, str], ...]
    first: dict[str, str]
    """The first value of each field, by its name in lower case."""
    remarks: tuple[Remark, ...] = ()
    """What is wrong with its form."""

    def get(self, name: str) -> str | None:
        """The first field of that name (any case)."""
        return self.first.get(name.lower())

    def all(self, name: str) -> list[str]:
        """All fields of that name (any case)."""
        return [v for n, v in self.fields if n.lower() == name.lower()]

    @property
    def type(self) -> str:
        """WARC-Type; empty if there is none."""
        return (self.get("WARC-Type") or "").lower()

    @property
    def id(self) -> str | None:
        """WARC-Record-ID without brackets."""
        return reference(self.get("WARC-Record-ID"))

    @property
    def url(self) -> str | None:
        """WARC-Target-URI; without the brackets that some writers put around it."""
        return reference(self.get("WARC-Target-URI"))

    @property
    def content_type(self) -> str:
        """Content-Type without parameters, lower case."""
        return (self.get("Content-Type") or "").split(";")[0].strip().lower()

    @property
    def length(self) -> int | None:
        """Content-Length, if it is a number."""
        value = self.get("Content-Length") or ""
        return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def reference(value: str | None) -> str | None:
    """A URI without the angle brackets around it."""
    return value[1:-1] if value and value[0] == "<" and value[-1] == ">" else value


def seconds_of(date: str | None) -> str:
    """A WARC-Date in whole seconds."""
    return (date or "").partition(".")[0].removesuffix("Z") + "Z"


def parse_head(raw: bytes) -> Head | None:
    """A head with its blank line, or None if it doesn't begin with the version line of a WARC record."""
    first, _, rest = raw.partition(b"\n")
    match = _VERSION.fullmatch(first.rstrip(b"\r"))
    if not match:
        return None
    remarks = []
    try:
        text = rest.decode()
    except UnicodeDecodeError:
        text = rest.decode("latin-1")
        remarks.append(Remark("has a head that is no UTF-8", True))
    if raw.count(b"\n") != raw.count(b"\r\n"):
        remarks.append(Remark("has lines in its head that do not end in CR LF, which strict readers refuse", True))
    fields: list[tuple[str, str]] = []
    folded: list[str] = []
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > _MOST_LINES:
        remarks.append(Remark(f"has more than {_MOST_LINES} head lines; no more were read", True))
    for line in lines[:_MOST_LINES]:
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t") and fields:
            folded.append(line)
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line.strip()}".strip())
        elif line and not (colon and _NAME.fullmatch(name)):
            what = f"has a head line that is no field: {_show(line)}"
            remarks.append(Remark(what, True, "has head lines that are no fields"))
        elif line:
            fields.append((name, value.strip(" \t")))
            if _CONTROL.search(value):
                remarks.append(Remark(f"has control characters in {name}", True))
    if folded:
        remarks.append(Remark("has a head line that is folded, which many readers don't understand", False))
    values = {name.lower(): value for name, value in reversed(fields)}
    return Head(match[1].decode(), tuple(fields), values, tuple(remarks))


def _show(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def judge_head(head: Head) -> Iterator[Remark]:
    """What is wrong with a head's fields, one by one."""
    for what, is_fault, kind in _judge(head):
        yield Remark(what + _ANEW * is_fault, is_fault, kind or what)


def _judge(head: Head) -> Iterator[Remark]:
    yield from head.remarks
    if head.version not in ("1.0", "1.1"):
        known = head.version in ("0.17", "0.18", "0.16")
        kind = "is of another version of WARC than 1.0 and 1.1" + (", an old one" if known else "")
        yield Remark(f"is of version WARC/{head.version}", not known, kind)
    elif head.version == "1.0":
        yield Remark("is WARC/1.0; 1.1 is clearer about revisits and times", False)
    named = Counter(name.lower() for name, _ in head.fields)
    kind = head.type
    for name in _MANDATORY:
        if name.lower() not in named:
            yield Remark(f"has no {name}", True)
    for name in _ONCE:
        if named[name.lower()] > 1:
            yield Remark(f"has {name} more than once, so that tools read different values", True)
    if kind in _ALL:
        yield from _judge_type(kind, named)
    elif kind:
        yield Remark(f"is of the type {_show(kind)}, which the standard does not know", False)
    yield from _judge_values(head)


def _judge_type(kind: str, named: Counter[str]) -> Iterator[Remark]:
    """What fields the record's type must have, or must not."""
    for name, types in _NEEDED.items():
        if kind in types and name.lower() not in named:
            yield Remark(f"is a {kind} without {name}", True)
    for name, types in _ALLOWED.items():
        if kind not in types and name.lower() in named:
            yield Remark(f"is a {kind} with {name}, which WARC 1.1 forbids there", True)
    if kind != "revisit" and "warc-profile" in named:
        yield Remark(f"is a {kind} with WARC-Profile, which means nothing there", False)
    if kind in ("warcinfo", "metadata") and "warc-identified-payload-type" in named:
        yield Remark(f"is a {kind} with WARC-Identified-Payload-Type, though it can have no payload", False)


def _judge_values(head: Head) -> Iterator[Remark]:
    """Whether values are of the form that their fields have."""
    for name, value in head.fields:
        proper = _PROPER.get(name.lower())
        if proper is None:
            continue
        if proper in _IDS:
            yield from _judge_id(proper, value)
        elif proper in _URIS:
            yield from _judge_uri(proper, value, head)
        elif proper in _DATES:
            yield from _judge_date(proper, value, head.version)
        elif proper in _NUMBERS and not (value.isascii() and value.isdigit() and len(value) < 19):
            yield Remark(
                f"has the {proper} {_show(value)}, which is no number", True, f"has a {proper} that is no number"
            )
        elif proper == "WARC-IP-Address" and not _is_address(value):
            yield Remark(f"has the {proper} {_show(value)}, which is no address", False, f"has a {proper} that is none")


_PROPER = {name.lower(): name for name in (*_IDS, *_URIS, *_DATES, *_NUMBERS, "WARC-IP-Address")}


def _judge_id(name: str, value: str) -> Iterator[Remark]:
    if not _URI.fullmatch(reference(value) or ""):
        yield Remark(f"has the {name} {_show(value)}, which is no URI", True, f"has a {name} that is no URI")
    elif value[0] != "<":
        yield Remark(f"has a {name} without angle brackets", False)


def _judge_uri(name: str, value: str, head: Head) -> Iterator[Remark]:
    bare = reference(value) or ""
    if bare != value:
        yield Remark(f"has a {name} in angle brackets, which some replay tools take for a part of it", False)
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", bare):
        yield Remark(f"has the {name} {_show(value)}, which is no URI", True, f"has a {name} that is no URI")
    elif not bare.isascii() or re.search(r"[\s<>\"{}|\\^`]", bare):
        yield Remark(f"has a {name} with characters that no URI has; they should be percent-encoded", False)


def _judge_date(name: str, value: str, version: str) -> Iterator[Remark]:
    kind = f"has a {name} that is no date of WARC 1.1"
    if not _is_date(value):
        yield Remark(f"has the {name} {_show(value)}, which is no date such as 2026-11-20T09:00:00Z", True, kind)
    elif version == "1.0" and len(value) != 20:
        yield Remark(f"has the {name} {value}, though WARC/1.0 wants whole seconds", True, kind)
    elif len(value) < 20:
        yield Remark(f"has the {name} {value}, too vague for replay tools", False, f"has a {name} without seconds")


def _is_date(value: str) -> bool:
    """Whether it has the form of W3CDTF in UTC, and there is such a moment; a leap second is one."""
    if not _DATE.fullmatch(value):
        return False
    year, month, day, hour, minute, second = (int(value[at:to] or least) for at, to, least in _PARTS)
    try:
        datetime(year, month, day, hour, minute, min(second, 59))
    except ValueError:
        return False
    return second <= 60


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
