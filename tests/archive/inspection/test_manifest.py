"""datapackage.json and datapackage-digest.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.archive.inspection.files import Wacz, advice, faults, only


def edited(tmp_path: Path, **changes: Any) -> Path:
    package = Wacz()

    def edit(manifest: dict[str, Any]) -> None:
        manifest |= changes
        for name in [name for name, value in changes.items() if value is None]:
            del manifest[name]

    package.edit = edit
    return package.build(tmp_path / "a.wacz")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"profile": "tabular-data-package"}, "has the profile 'tabular-data-package' instead of"),
        ({"profile": None}, "has the profile None"),
        ({"profile": "multi-wacz-package"}, "lists other WACZ files"),
        ({"wacz_version": None}, "has the wacz_version None"),
        ({"wacz_version": "9"}, "has the wacz_version '9'"),
        ({"resources": None}, "can't be read: Object missing required field `resources`"),
        ({"resources": "all"}, "can't be read: Expected `array`"),
        ({"resources": [{"path": 1}]}, "can't be read: Expected `str`"),
    ],
)
def test_a_manifest_that_is_not_as_it_should_be_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    texts = faults(edited(tmp_path, **changes))
    assert texts[0].startswith("a.wacz, datapackage.json: ")
    only(texts, said)


@pytest.mark.parametrize("version", ["1.0.0", "1.2.0"])
def test_other_versions_are_judged_all_the_same(tmp_path: Path, version: str) -> None:
    path = edited(tmp_path, wacz_version=version)
    assert faults(path) == []
    assert any(f"is of WACZ {version}" in text for text in advice(path))


@pytest.mark.parametrize("data", [b"", b"hello", b"[]", b'{"resources": 1', b"[" * 200_000, b"\xff"])
def test_a_manifest_that_is_none_is_one_sentence(tmp_path: Path, data: bytes) -> None:
    package = Wacz()
    package.after = lambda files: files.update({"datapackage.json": data})
    texts = faults(package.build(tmp_path / "a.wacz"))
    assert ["can't be read" in text for text in texts] == [True, False]
    assert "does not match datapackage.json" in texts[1]


def test_a_manifest_that_was_changed_is_named(tmp_path: Path) -> None:
    package = Wacz()
    package.edit = lambda manifest: manifest.update(title="Skagen News")
    name = "datapackage.json"
    package.after = lambda files: files.update({name: files[name].replace(b"Skagen News", b"Spread News")})
    text = only(faults(package.build(tmp_path / "a.wacz")), "does not match datapackage.json")
    assert text.startswith("a.wacz, datapackage-digest.json: ")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"{}", "can't be read: Object missing required field `hash`"),
        (b'{"hash": "sha256:12"}', "has a hash that is none"),
        (b'{"hash": "crc32:12"}', "has a hash that is none"),
        (b'{"hash": 7}', "can't be read"),
        (b'{"hash": "sha256:%b", "path": "x.json"}' % (b"0" * 64), "is about 'x.json' instead of datapackage.json"),
    ],
)
def test_a_digest_that_is_none_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    package = Wacz()
    package.after = lambda files: files.update({"datapackage-digest.json": data})
    assert said in faults(package.build(tmp_path / "a.wacz"))[0]


def test_a_large_manifest_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.inspection.manifest.LARGEST", 100)
    assert any("which is more than 100" in text for text in faults(edited(tmp_path)))
