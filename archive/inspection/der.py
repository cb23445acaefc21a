"""As much of DER (X.690) as a time stamp needs to be read: nested values of tag and content."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec

__all__ = ["Value", "read_der"]

SEQUENCE, SET, INTEGER, OCTETS, OID, TIME = 0x30, 0x31, 2, 4, 6, 0x18


class Value(msgspec.Struct, frozen=True):
    """One value. Raises `ValueError` when it is asked for what it is not."""

    tag: int
    content: bytes
    raw: bytes
    """Tag, length and content."""

    def children(self) -> list[Value]:
        """The values that it consists of."""
        return list(_values(self.content))

    def of(self, tag: int) -> Value:
        """Itself, if it has this tag."""
        if self.tag != tag:
            raise ValueError(f"tag {self.tag:#x} instead of {tag:#x}")
        return self

    def oid(self) -> str:
        """An object identifier in dotted form."""
        data = self.of(OID).content
        numbers, number = [], 0
        for byte in data:
            number = number << 7 | byte & 0x7F
            if not byte & 0x80:
                numbers.append(number)
                number = 0
        if not numbers:
            raise ValueError("an empty object identifier")
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))

    def integer(self) -> int:
        """A number."""
        return int.from_bytes(self.of(INTEGER).content, signed=True)

    def time(self) -> dt.datetime:
        """A GeneralizedTime, which RFC 3161 has in UTC."""
        text = self.of(TIME).content.decode("ascii").removesuffix("Z")
        whole, _, fraction = text.partition(".")
        moment = dt.datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
        return moment + dt.timedelta(microseconds=int(fraction.ljust(6, "0")[:6] or 0))


def read_der(data: bytes) -> Value:
    """The one value in `data`. Raises `ValueError` if that is none."""
    values = list(_values(data))
    if len(values) != 1:
        raise ValueError(f"{len(values)} values instead of one")
    return values[0]


def _values(data: bytes) -> Iterator[Value]:
    at = 0
    while at < len(data):
        start = at
        if at + 2 > len(data):
            raise ValueError("a value is cut short")
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4 or at + size > len(data):
                raise ValueError("a length that is none")
            length = int.from_bytes(data[at : at + size])
            at += size
        if at + length > len(data):
            raise ValueError("a value is cut short")
        yield Value(tag, data[at : at + length], data[start : at + length])
        at += length
