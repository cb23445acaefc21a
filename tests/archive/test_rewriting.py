from pathlib import Path

import pytest

from archive.errors import StoreError
from archive.rewriting import SUFFIX, Replacement, finish_rewriting, rewrite
from archive.storage import Store
from archive.verification.chain import sidecar_problem
from tests.archive.making import digest_again, digest_of

OLD = b"0123456789"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "originals" / "2026-11" / "a.warc.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(OLD)
    digest_again(path)
    return path


def test_bytes_are_replaced_and_the_digest_with_them(path: Path) -> None:
    rewrite(path, [Replacement(1, b"ab"), Replacement(8, b"yz")])
    assert path.read_bytes() == b"0ab34567yz"
    assert sidecar_problem(path) is None
    assert sorted(p.name for p in path.parent.iterdir()) == ["a.warc.gz", "a.warc.gz.sha256"]


def test_a_kill_before_the_digest_leaves_the_old_file(path: Path) -> None:
    path.with_name(path.name + SUFFIX).write_bytes(b"0ab34")
    finish_rewriting(path.parent.parent.parent)
    assert path.read_bytes() == OLD
    assert sidecar_problem(path) is None
    assert not path.with_name(path.name + SUFFIX).exists()


def test_a_kill_after_the_digest_ends_with_the_new_file(path: Path) -> None:
    new = b"0ab3456789"
    path.with_name(path.name + SUFFIX).write_bytes(new)
    path.with_name(path.name + ".sha256").write_text(f"{digest_of(new).removeprefix('sha256:')}  {path.name}\n")
    Store(path.parent.parent.parent).recover()
    assert path.read_bytes() == new
    assert sidecar_problem(path) is None


def test_a_disk_that_refuses_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("archive.rewriting.write_sidecar", full)
    with pytest.raises(StoreError, match="can't be rewritten: No space left on device; it is as it was"):
        rewrite(path, [Replacement(0, b"x")])
    assert path.read_bytes() == OLD
    assert sidecar_problem(path) is None
    assert len(list(path.parent.iterdir())) == 2
