"""The directory of a ZIP file (APPNOTE 6.3), read without believing it.

`zipfile` believes what a directory says, holds all of it in memory however long it is, and lets entries overlap.
"""

from __future__ import annotations

import re
import stat
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from archive.errors import PackageError

__all__ = ["DEFLATED", "STORED", "Directory", "Entry", "read_directory"]

MOST_ENTRIES = 100_000
LARGEST_DIRECTORY = 64 << 20
"""Bytes of the directory at the end of the file."""
EXPANSION = 100
"""An entry may be so many times as large as its compressed bytes once it passes `EXPANSION_FROM` bytes."""
EXPANSION_FROM = 64 << 20
STORED, DEFLATED = 0, 8

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 1 | 1 << 6 | 1 << 13, 1 << 3, 1 << 11
_UNIX = (3, 19)
"""Systems whose attributes tell a link from a file."""
_CONTROL = re.compile("[\0-\x1f\x7f]")
_DRIVE = re.compile("[A-Za-z]:")

Pread = Callable[[int, int], bytes]
"""Gives the bytes at an offset, so many or fewer."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a package."""

    name: str
    size: int
    packed: int
    """Bytes in the package."""
    method: int
    """How they are compressed: `STORED` or `DEFLATED`."""
    crc: int
    start: int
    """Where they begin."""
    problem: str | None = None
    """Why it must not be read: a sentence without its subject."""
    harmful: bool = False
    """Whether the problem is damage or malice, not just a way of packing that isn't known here."""
    oddity: str | None = None
    """What another tool may read in another way, though this one can read it."""

    @property
    def is_folder(self) -> bool:
        """Whether it is only the name of a folder."""
        return self.name.endswith("/")


class _Said(NamedTuple):
    """What the directory says of an entry."""

    raw_name: bytes
    flags: int
    method: int
    time: int
    """DOS date and time."""
    crc: int
    packed: int
    size: int
    header: int
    """Where its local header lies."""
    mode: int
    """As `os.stat` has it; 0 where the ZIP doesn't say."""
    problem: str | None


class _Place(NamedTuple):
    """Where the directory lies, and how many entries it has."""

    offset: int
    length: int
    total: int
    shift: int
    """Bytes before the ZIP, by which all that it says of places must be raised."""


class Directory(NamedTuple):
    """What a ZIP holds."""

    entries: list[Entry]
    """In the directory's order."""
    notes: list[str]
    """What is odd about the whole: sentences without their subject."""
    shift: int
    """Bytes before the ZIP that it does not know of; many readers then find nothing."""


def read_directory(pread: Pread, size: int, label: str) -> Directory:
    """The directory of a ZIP of `size` bytes.

    Raises `PackageError` (about `label`) if it can't be read or is not to be believed.
    """
    try:
        place = _find(pread, size)
        said = list(_listed(pread, place))
        return Directory(*_located(pread, said, place), place.shift)
    except _Refused as error:
        raise PackageError(f"{label}: {error}.") from error


class _Refused(Exception):
    """A sentence about the file, without its end."""


# The end of the file


def _find(pread: Pread, size: int) -> _Place:
    tail_start = max(0, size - _END.size - _FULL16)
    tail = pread(tail_start, _END.size + _FULL16)
    found = []
    at = tail.rfind(b"PK\5\6")
    while at >= 0:
        if at + _END.size <= len(tail) and _END.unpack_from(tail, at)[7] == len(tail) - at - _END.size:
            found.append(at)
        at = tail.rfind(b"PK\5\6", 0, at)
    if not found and pread(0, 4) == b"PK\3\4":
        raise _Refused("the ZIP is cut short: the directory at its end is missing; get the file again")
    if not found:
        raise _Refused("is no ZIP; get the file again")
    if len(found) > 1:
        raise _Refused("has more than one end, so that tools read different contents; get a file without")
    end = tail_start + found[0]
    _, *numbers, _ = _END.unpack_from(tail, found[0])
    locator = pread(end - _LOCATOR64.size, _LOCATOR64.size) if end >= _LOCATOR64.size else b""
    if locator.startswith(b"PK\6\7"):
        end, numbers = _zip64(pread, end, locator, numbers)
    disk, first_disk, here, total, length, offset = numbers
    if disk or first_disk or here != total:
        raise _Refused("is one part of a ZIP in several files; put them together")
    if offset + length > end:
        raise _Refused(
            f"says that its directory ends at byte {offset + length}, where it does not: the ZIP is cut short or "
            "damaged; get the file again"
        )
    if total > MOST_ENTRIES or length > LARGEST_DIRECTORY:
        raise _Refused(f"has {total} entries in a directory of {length} bytes, which is too much; it was not read")
    return _Place(end - length, length, total, end - length - offset)


def _zip64(pread: Pread, end: int, locator: bytes, short: list[int]) -> tuple[int, list[int]]:
    """Where the directory ends by the ZIP64 record, and what that record says in place of the `short` one."""
    _, _, at, disks = _LOCATOR64.unpack(locator)
    data = pread(at, _END64.size) if at < end else b""
    if len(data) < _END64.size or not data.startswith(b"PK\6\6") or disks > 1:
        raise _Refused("has a ZIP64 directory that is not where it says; the ZIP is damaged, get it again")
    _, size, _, _, *long = _END64.unpack(data)
    if at + 12 + size != end - _LOCATOR64.size:
        raise _Refused("has a ZIP64 record whose length is not true; the ZIP is damaged, get it again")
    for one, other, full in zip(short, long, (_FULL16,) * 4 + (_FULL32,) * 2, strict=True):
        if one not in (full, other):
            raise _Refused("has two directories that differ (ZIP and ZIP64); get a file without")
    return at, long


# The directory


def _listed(pread: Pread, place: _Place) -> Iterator[_Said]:
    data = pread(place.offset, place.length)
    at = count = 0
    while at < len(data):
        if len(data) - at < _CENTRAL.size or data[at : at + 4] != b"PK\1\2":
            raise _Refused(f"the ZIP's directory is damaged at byte {place.offset + at}; get the file again")
        _, made, _, flags, method, time, date, crc, packed, size, *rest = _CENTRAL.unpack_from(data, at)
        names, extras, comments, disk, _, attributes, header = rest
        at += _CENTRAL.size
        name, extra = data[at : at + names], data[at + names : at + names + extras]
        at += names + extras + comments
        count += 1
        if at > len(data) or count > place.total:
            break
        (size, packed, header), problem = _long(extra, (size, packed, header))
        if disk not in (0, _FULL16):
            problem = "lies in another part of the ZIP"
        mode = attributes >> 16 if made >> 8 in _UNIX else 0
        header += place.shift
        yield _Said(name, flags, method, date << 16 | time, crc, packed, size, header, mode, problem)
    if at != place.length or count != place.total:
        raise _Refused(f"the ZIP's directory does not hold the {place.total} entries that its end says; get it again")


def _long(extra: bytes, values: tuple[int, ...]) -> tuple[tuple[int, ...], str | None]:
    """Lengths and offset with those that are too large for 32 bits taken from the ZIP64 field; or what is wrong."""
    wanted = sum(v == _FULL32 for v in values)
    if not wanted:
        return values, None
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1 and length >= 8 * wanted and at + 4 + length <= len(extra):
            large = iter(struct.unpack_from(f"<{wanted}Q", extra, at + 4))
            return tuple(next(large) if v == _FULL32 else v for v in values), None
        at += 4 + length
    return values, "is said to be large, but its ZIP64 field is missing; the ZIP is damaged"


# The entries


def _located(pread: Pread, said: list[_Said], place: _Place) -> tuple[list[Entry], list[str]]:
    """The entries after a look at each one's local header and its neighbours, and what lies between them."""
    directory = place.offset
    counted = Counter(s.raw_name for s in said)
    found: dict[int, Entry] = {}
    notes = []
    end, before = place.shift, -1
    for n in sorted(range(len(said)), key=lambda n: said[n].header):
        one = said[n]
        entry, after = _entry(pread, one, directory, repeated=counted[one.raw_name] > 1)
        if one.header < end:
            found[before] = _flawed(found[before], f"overlaps {entry.name!r} in the ZIP")
            entry = _flawed(entry, f"overlaps {found[before].name!r} in the ZIP")
        elif one.header > end:
            notes.append(f"has {one.header - end} bytes at byte {end} that belong to no entry")
        if after > end:
            end, before = after, n
        found[n] = entry
    if end < directory:
        notes.append(f"has {directory - end} bytes at byte {end} that belong to no entry")
    return [found[n] for n in range(len(said))], notes


def _flawed(entry: Entry, problem: str) -> Entry:
    return msgspec.structs.replace(entry, problem=entry.problem or problem, harmful=True)


def _entry(pread: Pread, one: _Said, directory: int, *, repeated: bool) -> tuple[Entry, int]:
    """The entry, and where it ends in the file."""
    name, harm = _name(one)
    harm = harm or one.problem or _danger(name, one)
    if repeated:
        harm = "stands in the ZIP more than once, so that tools read different contents"
    start, wrong, oddity = _local(pread, one, directory)
    harm = harm or wrong
    end = start + one.packed
    if end > directory:
        harm, end = harm or "is cut short; the ZIP is damaged", min(start, directory)
    elif one.flags & _DESCRIPTOR:
        end += _descriptor(pread(end, 24), one)
    entry = Entry(
        name=name,
        size=one.size,
        packed=one.packed,
        method=one.method,
        crc=one.crc,
        start=start,
        problem=harm or _locked(one),
        harmful=harm is not None,
        oddity=oddity,
    )
    return entry, end


def _local(pread: Pread, one: _Said, directory: int) -> tuple[int, str | None, str | None]:
    """Where an entry's bytes begin, and what its local header says in another way: problem and oddity."""
    start = one.header + _LOCAL.size
    local = pread(one.header, _LOCAL.size) if start <= directory else b""
    if len(local) < _LOCAL.size or not local.startswith(b"PK\3\4"):
        return start, "is not where the ZIP's directory says; the ZIP is damaged", None
    _, _, flags, method, time, date, crc, packed, size, names, extras = _LOCAL.unpack(local)
    rest = pread(start, names + extras)
    start += names + extras
    if rest[:names] != one.raw_name or method != one.method:
        return start, "has another name or method at its place than in the ZIP's directory", None
    if not (flags & _DESCRIPTOR and not crc and {packed, size} <= {0, _FULL32}):  # else they follow the content
        (size, packed), wrong = _long(rest[names:], (size, packed))
        if wrong or (crc, packed, size) != (one.crc, one.packed, one.size):
            return start, wrong or "has another length or checksum at its place than in the ZIP's directory", None
    if (flags, date << 16 | time) != (one.flags, one.time):
        return start, None, "has other flags or another time at its place than in the ZIP's directory"
    return start, None, None


def _descriptor(data: bytes, one: _Said) -> int:
    """Bytes of the data descriptor behind an entry; 0 if there is none that fits."""
    for form in ("<4sLLL", "<4sLQQ", "<LLL", "<LQQ"):
        length = struct.calcsize(form)
        if len(data) >= length:
            *mark, crc, packed, size = struct.unpack_from(form, data)
            if (crc, packed, size) == (one.crc, one.packed, one.size) and mark in ([], [b"PK\7\10"]):
                return length
    return 0


def _name(one: _Said) -> tuple[str, str | None]:
    try:
        return one.raw_name.decode("utf-8" if one.flags & _UTF8 else "cp437"), None
    except UnicodeDecodeError:
        return one.raw_name.decode("utf-8", "replace"), "has a name that is no UTF-8"


def _danger(name: str, one: _Said) -> str | None:
    """Why an entry must not be read."""
    parts = name.removesuffix("/").split("/")
    if _CONTROL.search(name) or not name:
        return "has a name that is empty or has control characters in it"
    if name[0] == "/" or "\\" in name or _DRIVE.match(name):
        return "has an absolute path or backslashes in it; a path in a ZIP is relative and has slashes"
    if ".." in parts:
        return "has a path that climbs out of the package"
    if "." in parts or "" in parts:
        return "has a path with empty parts"
    if stat.S_IFMT(one.mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device, not a file"
    if one.method == STORED and one.packed != one.size:
        return "is stored, but its two lengths differ; the ZIP is damaged"
    if name.endswith("/") and one.size:
        return "is a folder with content"
    if one.size > EXPANSION_FROM and one.size > EXPANSION * one.packed:
        return f"expands without end: from {one.packed} to {one.size} bytes"
    return None


def _locked(one: _Said) -> str | None:
    """Why an entry can't be read here."""
    if one.flags & _ENCRYPTED:
        return "is encrypted; decrypt it"
    if one.method not in (STORED, DEFLATED):
        return f"is compressed by method {one.method}, which is not known here, nor to replay tools; store it"
    return None
