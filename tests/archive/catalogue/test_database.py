"""The database file: read while others write, and left as it was by those who only read."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from archive.catalogue import Catalogue, schema
from archive.catalogue import database as module
from archive.errors import StoreError
from archive.rebuild import rebuild
from archive.run import Run
from archive.storage import Store, read_sidecar
from archive.verification.verify import verify
from tests.archive.catalogue.made import capture, version
from tests.archive.making import ROOT, SETTINGS, dump, exchange, keep_page, page, refused, running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.sqlite"
    with Catalogue(path, create=True) as catalogue:
        catalogue.add(captures=[capture(n) for n in range(20)], versions=[version(1, "Storm")])
    return path


def names(path: Path) -> set[str]:
    return {one.name for one in path.parent.iterdir()}


def reading(path: Path) -> Catalogue:
    return Catalogue(path, read_only=True)


# Reading leaves no trace


def test_reading_changes_nothing_and_leaves_nothing_behind(path: Path) -> None:
    before = (path.read_bytes(), path.stat().st_mtime_ns, names(path))
    with reading(path) as catalogue:
        assert catalogue.counts()["captures"] == 20
        assert names(path) == {path.name}
        assert len(list(catalogue.stream(schema.captures.select()))) == 20
        assert catalogue.original("https://x.test/", "sha256:", 200) is None
        assert catalogue.original("https://x.test/\ud800", "sha256:", 200) is None
    assert (path.read_bytes(), path.stat().st_mtime_ns, names(path)) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_can_be_read(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with reading(path) as catalogue:
            assert catalogue.counts()["captures"] == 20
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize(
    "rows",
    [{"captures": [capture(99)]}, {"versions": [version(99, "Storm")]}, {"files": [{"name": "f", "indexed": 1}]}],
)
def test_what_is_only_read_takes_no_rows(path: Path, rows: dict[str, Any]) -> None:
    with reading(path) as catalogue:
        with pytest.raises(StoreError):
            catalogue.add(**rows)
        with pytest.raises(StoreError):
            catalogue.settle()
        assert catalogue.counts()["captures"] == 20


def test_what_cannot_be_read_is_told(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no catalogue"):
        reading(tmp_path / "none")
    for content in (b"", b"no database" * 999, path.read_bytes()[: path.stat().st_size // 2]):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(StoreError) as error:
            reading(tmp_path / "bad").dump()
        refused(error.value)
    with pytest.raises(StoreError):
        reading(tmp_path)
    data = bytearray(path.read_bytes())
    data[60:64] = (99).to_bytes(4, "big")  # user_version
    path.write_bytes(data)
    with pytest.raises(StoreError, match="version 99"):
        reading(path)


def test_a_path_of_any_signs(path: Path, tmp_path: Path) -> None:
    odd = tmp_path / "50% of #1? ä"
    odd.mkdir()
    with reading(path.rename(odd / "cat?mode=rw&x#y.sqlite")) as catalogue:
        assert catalogue.counts()["captures"] == 20
    assert len(list(odd.iterdir())) == 1


def test_opening_is_cheap(path: Path) -> None:
    reading(path).close()
    started = time.process_time()
    for _ in range(50):
        with reading(path) as catalogue:
            catalogue.capture("urn:uuid:0001")
    assert (time.process_time() - started) / 50 < 0.02  # about 1 ms


# Reading while others write


def test_a_reader_sees_what_a_crawl_writes(path: Path) -> None:
    with reading(path) as reader:
        assert reader.counts()["captures"] == 20
        with Catalogue(path) as writer:
            for n in range(20, 60):
                writer.add(captures=[capture(n)])
                assert reader.counts()["captures"] == n + 1
            with reading(path) as late:
                assert late.counts() == reader.counts()
        assert reader.counts()["captures"] == 60
        assert reader.dump()["captures"]
    with reading(path) as catalogue:
        assert catalogue.counts()["captures"] == 60


def test_the_last_writer_leaves_a_whole_file_though_somebody_reads(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run = Run(store, "ellery", settings_digest=SETTINGS)
    keep_page(run, "https://ellery.test/1", page("Storm"))
    run.flush()
    with reading(store.catalogue_path) as reader:
        assert reader.counts()["captures"] == 1
        run.keep(exchange("https://ellery.test/2"))
        run.finish("finished", {})
        assert read_sidecar(store.catalogue_path) is not None
        assert reader.counts()["captures"] == 2
        assert verify(store, extract=False).faults == []
    assert verify(store, extract=False).faults == []


def test_a_reader_sees_the_catalogue_that_a_rebuild_puts_in_its_place(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with running(store) as run:
        keep_page(run, "https://ellery.test/1", page("Storm"))
    with reading(store.catalogue_path) as reader:
        before = reader.dump()
        rebuild(store)
        assert reader.dump() == before == dump(store)
        with Catalogue(store.catalogue_path) as catalogue:
            catalogue.add(captures=[capture(1)])
        assert reader.counts()["captures"] == 2
        store.catalogue_path.unlink()
        with pytest.raises(StoreError):
            reader.counts()
        rebuild(store)
        assert reader.counts()["captures"] == 1


def test_an_answer_during_which_the_file_was_written_is_asked_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reading(path) as reader, Catalogue(path) as writer:
        asked = module.Database._asked
        times = 0

        def slowly(self: module.Database, ask: Any) -> Any:
            nonlocal times
            answer = asked(self, ask)
            if self is reader._database and not times:
                times += 1
                writer.add(captures=[capture(99)])
            return answer

        monkeypatch.setattr(module.Database, "_asked", slowly)
        assert reader.counts()["captures"] == 21
        assert times == 1


def test_a_long_answer_ends_when_somebody_begins_to_write_underneath(path: Path) -> None:
    with Catalogue(path) as writer:
        writer.add(captures=[capture(n) for n in range(100, 2000)])
    with reading(path) as reader:
        rows = reader.stream(schema.captures.select())
        next(rows)
        with Catalogue(path) as writer:
            writer.add(captures=[capture(5000)])
            with pytest.raises(StoreError, match="try again"):
                list(rows)
            rows = reader.stream(schema.captures.select())
            next(rows)
            writer.add(captures=[capture(5001)])
            assert len(list(rows)) == 1920  # as it was when it was asked


WRITER = """
import sys
from pathlib import Path
from archive.catalogue import Catalogue
from tests.archive.catalogue.made import capture, version
for round in range(6):
    with Catalogue(Path(sys.argv[1])) as catalogue:
        for n in range(25):
            number = 1000 + round * 25 + n
            url = f"https://ellery.test/{number}"
            catalogue.add(captures=[capture(number, url)], versions=[version(number, "Storm", "boat", article=url)])
"""


def test_many_readers_beside_a_crawl_get_whole_answers(path: Path) -> None:
    errors: list[BaseException] = []
    seen: list[int] = []
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=ROOT) as process:

        def read() -> None:
            last = 0
            try:
                while process.poll() is None:
                    with reading(path) as catalogue:
                        for _ in range(3):
                            articles, hits = (
                                len(catalogue.articles(limit=999)),
                                len(list(catalogue.each_article("storm"))),
                            )
                            assert last <= articles <= hits
                            last = articles
                seen.append(last)
            except BaseException as error:  # noqa: BLE001 - told below
                errors.append(error)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    assert process.returncode == 0
    with reading(path) as catalogue:
        assert len(catalogue.articles(limit=999)) == 151
    with Catalogue(path) as catalogue:
        assert catalogue.check() == []
    assert names(path) == {path.name}


# Damage


@pytest.mark.parametrize("read_only", [False, True])
def test_damage_that_sqlite_repeats_in_its_message_is_one_sentence(path: Path, read_only: bool) -> None:
    """Python's driver can't decode such a message, and says that instead."""
    data = path.read_bytes()
    path.write_bytes(data.replace(b"CREATE TABLE captures", b"CREATE TABLE capt\xff\xfees"))
    with pytest.raises(StoreError) as error, Catalogue(path, read_only=read_only) as catalogue:
        catalogue.counts()
    assert "the catalogue can't be used: malformed database schema" in refused(error.value)
    assert "scrapy rebuild makes a damaged catalogue again" in str(error.value)
