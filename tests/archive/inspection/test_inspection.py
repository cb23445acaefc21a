"""`inspect`: files and folders of anyone, and our own."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from archive.errors import StoreError
from archive.inspection import inspect
from archive.storage import Store
from archive.warc import write_sidecar
from tests.archive.inspection.files import Wacz, faults, good, info, judged, only, put, response, revisit, sha256_hex
from tests.archive.making import (
    SETTINGS,
    exchange,
    keep_page,
    killed,
    later,
    page,
    refused,
    running,
    varied_store,
)


def test_our_own_files_are_well(tmp_path: Path) -> None:
    store = varied_store(tmp_path / "archive")
    paths = [store.path(name) for name in store.files()]
    found = inspect(paths)
    assert found.faults == []
    assert (found.files, found.conversions) == (12, 7)
    assert inspect([store.root]).faults == []


def test_our_own_files_get_no_advice(tmp_path: Path) -> None:
    with running(Store(tmp_path)) as run:
        keep_page(run, "https://ellery.test/storm", page("Storm keeps twelve boats out"))
        for hour in (1, 2):
            kept = keep_page(run, "https://ellery.test/storm", page("Storm keeps nine boats out"), at=later(hour))
        assert kept.kind == "revisit"
    assert inspect([tmp_path]).advice == []


def test_a_file_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    with running(Store(tmp_path)) as run:
        run.keep(exchange("https://ellery.test/"))
        found = inspect([tmp_path])
        assert [Path(name).suffix for name in found.open_files] == [".open"]
        assert (found.faults, found.files) == ([], 0)


def test_a_file_that_was_left_open_is_judged(tmp_path: Path) -> None:
    killed(
        "run = Run(Store(sys.argv[1]), 'skagen', settings_digest=SETTINGS)\n"
        "run.keep(exchange('https://skagen.test/1', wire(os.urandom(400))))",
        tmp_path,
    )
    (path,) = tmp_path.rglob("*.open")
    assert (faults(path), judged(path).records) == ([], 4)
    path.write_bytes(path.read_bytes()[:-60])
    only(faults(path), "cut short")
    assert SETTINGS


def test_folders_are_searched(tmp_path: Path) -> None:
    put(tmp_path / "a.warc.gz", *good())
    (tmp_path / "deep" / "er").mkdir(parents=True)
    put(tmp_path / "deep" / "er" / "b.warc", info(id="urn:x:1"))
    Wacz().build(tmp_path / "deep" / "c.wacz")
    (tmp_path / "notes.txt").write_text("not looked at")
    found = judged(tmp_path)
    assert (found.faults, found.files) == ([], 3)


def test_a_folder_without_archives_is_a_fault(tmp_path: Path) -> None:
    only(faults(tmp_path), "is a folder without WARC or WACZ files")


def test_what_can_not_be_read_is_a_fault(tmp_path: Path) -> None:
    only(faults(tmp_path / "none.warc.gz"), "can't be read: No such file or directory")
    only(faults(tmp_path / "none.wacz"), "can't be read: No such file or directory")
    other = put(tmp_path / "a.warc.gz", *good())
    assert judged(tmp_path / "none.warc", other).files == 1


def test_the_digest_beside_a_file_is_believed(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", *good())
    write_sidecar(path, sha256_hex(path.read_bytes()))
    assert faults(path) == []
    put(path, info(), response())
    only(faults(path), "is not what it was: it does not match a.warc.gz.sha256")
    (tmp_path / "a.warc.gz.sha256").write_text("hello\n")
    only(faults(path), "that is not as sha256sum writes it")


def test_a_package_is_known_by_its_content(tmp_path: Path) -> None:
    path = Wacz().build(tmp_path / "a.wacz").rename(tmp_path / "download")
    assert faults(path) == []


def test_progress_is_told_in_mebibytes(tmp_path: Path) -> None:
    paths = [put(tmp_path / f"{n}.warc.gz", info(id=f"urn:x:{n}"), b"") for n in range(2)]
    big = put(tmp_path / "big.warc", info(id="urn:x:9"), response(bytes(3 << 20), fields={"WARC-Warcinfo-ID": None}))
    steps: list[tuple[str, int, int]] = []
    inspect([*paths, big], progress=lambda *step: steps.append(step))
    assert {total for _, _, total in steps} == {4}
    assert [number for _, number, _ in steps] == sorted(number for _, number, _ in steps)
    assert steps[-1][0] == "MiB, big.warc"


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_files_does_not_matter(tmp_path: Path, order: int) -> None:
    paths = [put(tmp_path / "a.warc.gz", info(), response()), put(tmp_path / "b.warc.gz", revisit())]
    assert faults(*paths[::order]) == []


def test_names_of_any_bytes_are_told(tmp_path: Path) -> None:
    path = put(tmp_path / os.fsdecode(b"sild-\xe5r.warc.gz"), info(), revisit())
    package = Wacz([info(), revisit()]).build(tmp_path / os.fsdecode(b"\xff.wacz"))
    first, second = (str(fault) for fault in judged(package, path).faults)
    assert first.startswith(f"{tmp_path}/\ufffd.wacz, archive/originals.warc.gz, byte ")
    assert second.startswith(f"{tmp_path}/sild-\ufffdr.warc.gz, byte ")


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.warc.gz")
    only(faults(tmp_path / "a.warc.gz"), "is no file")


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("archive.inspection.ledger.Ledger.note", full)
    with pytest.raises(StoreError) as error:
        inspect([put(tmp_path / "a.warc.gz", *good())])
    assert "set TMPDIR" in refused(error.value)


def test_a_link_that_leads_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "loop.warc.gz"
    path.symlink_to(path.name)
    only(faults(path), "can't be read: Too many levels of symbolic links")
