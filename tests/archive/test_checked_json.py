"""JSON files with a digest inside: every byte counts."""

from __future__ import annotations

import pytest

from archive.checked_json import has_digest, pack, unpack
from archive.errors import StoreError

CONTENT = {"ellery": {"next": "2026-12-01T06:00:00Z", "seen": [1, 2.5, None, True]}, "ярмарка": {}}


def test_what_was_packed_is_unpacked() -> None:
    assert unpack(pack(CONTENT)) == CONTENT
    assert unpack(pack([])) == []
    assert has_digest(pack(CONTENT))


def test_any_changed_byte_is_found() -> None:
    data = pack(CONTENT)
    for at in range(len(data)):
        for mask in (1, 0x20, 0x80):
            changed = bytearray(data)
            changed[at] ^= mask
            with pytest.raises(StoreError):
                unpack(bytes(changed))
    for end in range(len(data)):
        with pytest.raises(StoreError):
            unpack(data[:end])


@pytest.mark.parametrize("data", [b'{"ellery": {}}', b'["a"]', b"{}"])
def test_files_of_older_versions_are_read_as_they_stand(data: bytes) -> None:
    assert unpack(data) in ({"ellery": {}}, ["a"], {})
    assert not has_digest(data)
