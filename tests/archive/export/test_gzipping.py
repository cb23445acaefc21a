from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.export.gzipping import packed, stored

SIZES = [0, 1, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFE, 0x1FFFF, 200_000]


@pytest.mark.parametrize("size", SIZES)
def test_members_are_read_by_everybody(size: int) -> None:
    data = bytes(i * i % 251 for i in range(size))
    assert gzip.decompress(stored(data)) == data
    assert gzip.decompress(packed(data)) == data


@given(st.binary(max_size=300))
def test_stored_members_hold_the_data_as_it_is(data: bytes) -> None:
    member = stored(data)
    assert member[15:-8] == data
    assert len(member) == len(data) + 23


def test_their_heads_tell_no_time_and_no_system() -> None:
    for member in (stored(b"text"), packed(b"text")):
        assert member[:10] == b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"


def test_texts_get_smaller() -> None:
    text = b"The harbour of Ellery stays closed. " * 100
    assert len(packed(text)) < len(text) / 10
