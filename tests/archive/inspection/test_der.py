"""DER, as much of it as a time stamp needs."""

from __future__ import annotations

import datetime as dt

import pytest

from archive.inspection.der import read_der
from tests.archive.inspection.keys import der, oid


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 70_000])
def test_values_of_any_length(size: int) -> None:
    value = read_der(der(0x30, der(4, bytes(size)), der(5)))
    first, second = value.children()
    assert (first.content, second.raw, value.tag) == (bytes(size), b"\5\0", 0x30)


@pytest.mark.parametrize("dotted", ["1.2.840.113549.1.7.2", "2.16.840.1.101.3.4.2.1", "2.999.3", "0.9.1"])
def test_object_identifiers(dotted: str) -> None:
    assert read_der(oid(dotted)).oid() == dotted


def test_numbers_and_times() -> None:
    assert read_der(der(2, b"\xff")).integer() == -1
    assert read_der(der(2, b"\1\0")).integer() == 256
    moment = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
    assert read_der(der(0x18, b"20261120090000Z")).time() == moment
    assert read_der(der(0x18, b"20261120090000.5Z")).time() == moment + dt.timedelta(milliseconds=500)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x05\0",
        b"\x30\x80",
        b"\x30\x85\0\0\0\0\0",
        b"\x30\x82\1",
        b"\5\0\5\0",
        b"\x30\x84\xff\xff\xff\xff",
    ],
)
def test_what_is_none(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"value|length"):
        read_der(data)


@pytest.mark.parametrize("name", ["oid", "integer", "time"])
def test_what_is_asked_for_must_be_there(name: str) -> None:
    with pytest.raises(ValueError, match="tag 0x5 instead of"):
        getattr(read_der(der(5)), name)()
    with pytest.raises(ValueError, match="empty"):
        read_der(der(6)).oid()
    for text in (b"yesterday", b"20261320090000Z", b"\xff", b"20261120090000.xZ"):
        with pytest.raises(ValueError, match=r".+"):
            read_der(der(0x18, text)).time()
