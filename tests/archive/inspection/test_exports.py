"""What `scrapy export` writes is well, and whatever is changed in it is found."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from archive.signing import SigningKey
from archive.storage import Store
from tests.archive.export.papers import handed_over, paper
from tests.archive.inspection.files import advice, faults, judged, only


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return paper(tmp_path_factory.mktemp("paper"))


@pytest.mark.parametrize("query", [{}, {"versions": "all"}, {"words": "harbour"}, {"captured_since": "2026-11-20T10"}])
def test_packages_are_well(store: Store, tmp_path: Path, query: dict[str, Any]) -> None:
    path = tmp_path / "a.wacz"
    handed_over(store, path, **query)
    assert faults(path) == []
    assert any("is not signed" in text for text in advice(path))


def test_the_key_of_a_package_is_the_one_that_signed_it(store: Store, tmp_path: Path) -> None:
    key = SigningKey.make(tmp_path / "key.pem")
    handed_over(store, tmp_path / "a.wacz", key=key)
    found = judged(tmp_path / "a.wacz")
    assert found.faults == []
    assert only(found.signatures, key.fingerprint).endswith(key.fingerprint)


def test_texts_in_wet_are_well(store: Store, tmp_path: Path) -> None:
    handed_over(store, tmp_path / "a.wet.gz", format="wet")
    assert faults(tmp_path / "a.wet.gz") == []


@pytest.mark.parametrize("seed", range(2))
def test_any_flip_in_a_signed_package_is_found(store: Store, tmp_path: Path, seed: int) -> None:
    path, chosen = tmp_path / "a.wacz", random.Random(seed)
    handed_over(store, path, key=SigningKey.make(tmp_path / "key.pem"), versions="all")
    data = path.read_bytes()
    with zipfile.ZipFile(path) as made:
        starts = [(entry.header_offset + 30 + len(entry.filename), entry.compress_size) for entry in made.infolist()]
    content = [at for start, size in starts for at in range(start, start + size)]
    for at in chosen.sample(content, 25):
        changed = bytearray(data)
        changed[at] ^= 1 << chosen.randrange(8)
        path.write_bytes(changed)
        assert faults(path), at
