"""`Store`: what a kill, a full disk or another process can leave in the archive folder."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import archive.warc
from archive.errors import StoreError
from archive.reader import StoredRecord, read_records
from archive.run import Run
from archive.storage import Recovered, Store, read_sidecar, whole_members_end
from archive.warc import OPEN_SUFFIX, WarcWriter, sidecar_of
from tests.archive.making import (
    PROLOGUE,
    ROOT,
    digest_of,
    exchange,
    killed,
    later,
    records,
    refused,
    run_python,
    running,
    wire,
)

INFO = {"created": "2026-11-20T09:00:00Z", "software": "tests", "isPartOf": "ellery"}
KILLED = """
run = Run(Store(sys.argv[1]), "skagen", settings_digest=SETTINGS)
for n in range(3):
    run.keep(exchange(f"https://skagen.test/{n}"))
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An archive with one closed run."""
    store = Store(tmp_path / "archive")
    with running(store) as run:
        run.keep(exchange("https://ellery.test/1"))
    return store


@pytest.fixture(scope="module")
def killed_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with one closed run and one that was killed; to be copied."""
    store = Store(tmp_path_factory.mktemp("killed") / "archive")
    with running(store) as run:
        run.keep(exchange("https://ellery.test/1"))
    killed(KILLED, store.root)
    return store.root


@dataclass
class Left:
    """What a killed run left open, with something cut off its file or put behind."""

    store: Store
    path: Path
    whole: bytes
    """What the file had been."""

    @property
    def name(self) -> str:
        return self.store.name(self.path)

    @property
    def closed(self) -> Path:
        return self.store.root / self.name

    @property
    def last(self) -> StoredRecord:
        """The last whole record."""
        *_, last = read_records(io.BytesIO(self.whole))
        return last


@pytest.fixture
def left(killed_store: Path, tmp_path: Path) -> Callable[..., Left]:
    def make(tail: bytes = b"", cut: int = 0) -> Left:
        store = Store(shutil.copytree(killed_store, tmp_path / "left"))
        (path,) = store.root.rglob("*" + OPEN_SUFFIX)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) - cut] + tail)
        return Left(store, path, whole)

    return make


# Layout


def test_files_are_known_by_their_final_names(store: Store) -> None:
    run = Run(store, "nordlys")
    (open_name,) = (name for name in store.files() if "nordlys" in name)
    assert open_name.endswith("-originals.warc.gz")
    assert store.path(open_name).name.endswith(OPEN_SUFFIX)
    assert store.name(store.path(open_name)) == open_name
    run.finish("finished", {})
    assert store.path(open_name) == store.root / open_name
    assert store.files("derived") == []
    assert store.files() == store.files("originals") == sorted(store.files())


def test_layout_of_the_folder(store: Store) -> None:
    (name,) = store.files()
    folder, month, file = name.split("/")
    assert folder == "originals"
    source, moment, run, serial, kind = file.split("-")
    assert (source, serial, kind) == ("ellery", "00001", "originals.warc.gz")
    assert month == f"{moment[:4]}-{moment[4:6]}"
    assert len(moment) == 14
    assert run == records(store, "warcinfo")[0].fields()["newswarc-run"][:8]


def test_a_member_is_read_where_it_lies(store: Store) -> None:
    record = records(store, "response")[0]
    (name,) = store.files()
    data = store.path(name).read_bytes()
    assert store.read(name, record.offset, record.length) == data[record.offset : record.offset + record.length]
    with pytest.raises(StoreError) as error:
        store.read(name, len(data) - 5, 10)
    assert "scrapy verify" in refused(error.value)
    with pytest.raises(StoreError) as error:
        store.read("originals/2026-11/gone.warc.gz", 0, 10)
    assert "gone.warc.gz" in refused(error.value)


def test_no_archive_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        Store(tmp_path / "nothing").require()
    assert "ARCHIVE_STORE" in refused(error.value)
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("where", ["", "originals", "locks"])
def test_a_folder_that_is_a_file_is_told_in_one_sentence(tmp_path: Path, where: str) -> None:
    root = tmp_path / "archive"
    (root / where).parent.mkdir(parents=True, exist_ok=True)
    (root / where).write_text("in the way")
    with pytest.raises(StoreError) as error:
        Run(Store(root), "ellery")
    assert "ARCHIVE_STORE" in refused(error.value)


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(store: Store) -> None:
    with mounted(store.root, "-t", "tmpfs", "-o", "ro", "none"), pytest.raises(StoreError) as error:
        Run(store, "ellery")
    assert "Read-only file system; set ARCHIVE_STORE" in refused(error.value)


# Locks


def test_a_source_is_crawled_once_at_a_time(store: Store) -> None:
    first = Run(store, "nordlys")
    with pytest.raises(StoreError) as error:
        Run(store, "nordlys")
    assert "source-nordlys is in use by a crawl of nordlys that started 2" in refused(error.value)
    other = Run(store, "ellery")
    other.finish("finished", {})
    first.finish("finished", {})
    Run(store, "nordlys").finish("finished", {})


def test_a_lock_ends_with_its_process(left: Callable[..., Left]) -> None:
    with running(left().store, "skagen") as run:
        assert len(run.recovered) == 1


def test_shared_locks_exclude_the_exclusive_one(store: Store) -> None:
    def taken(who: str, *, shared: bool) -> str:
        with store.lock("catalogue", who, shared=shared):
            return "free"

    with store.lock("catalogue", "a", shared=True), store.lock("catalogue", "b", shared=True):
        assert taken("c", shared=True) == "free"
        with pytest.raises(StoreError, match="catalogue is in use by "):
            taken("d", shared=False)
    with store.lock("catalogue", "e"), pytest.raises(StoreError, match="in use by e "):
        taken("f", shared=True)
    assert taken("g", shared=False) == "free"


def test_a_folder_with_nothing_but_warc_files_can_be_locked(store: Store) -> None:
    for path in (store.root / "locks").iterdir():
        path.unlink()
    (store.root / "locks").rmdir()
    with store.lock("catalogue", "scrapy rebuild"):
        pass


# Recovery


def test_a_killed_run_leaves_whole_records(left: Callable[..., Left]) -> None:
    found = left()
    assert found.store.recover() == [Recovered(found.name, 0, len(found.whole))]
    assert not found.path.exists()
    assert found.closed.read_bytes() == found.whole
    assert read_sidecar(found.closed) == digest_of(found.whole)
    assert not (found.store.root / "damaged").exists()
    assert [record.type for record in read_records(found.closed)].count("response") == 3
    assert found.store.recover() == []


@pytest.mark.parametrize("cut", [1, 7, 8, 9, 100, 300])
def test_a_torn_member_is_cut_and_kept_aside(left: Callable[..., Left], cut: int) -> None:
    found = left(cut=cut)
    last, whole = found.last, found.whole
    with running(found.store, "ellery") as run:
        assert run.recovered == [Recovered(found.name, last.length - cut, last.offset)]
    assert found.closed.read_bytes() == whole[: last.offset]
    assert read_sidecar(found.closed) == digest_of(whole[: last.offset])
    aside = found.store.root / "damaged" / f"{found.closed.name}.from-{last.offset}"
    assert aside.read_bytes() == whole[last.offset : len(whole) - cut]
    assert read_sidecar(aside) == digest_of(aside.read_bytes())


@pytest.mark.parametrize("tail", [b"\x1f", b"\x1f\x8b\x08\x00\x00\x00\x00\x00", bytes(1), bytes(512), bytes(3 << 20)])
def test_a_begun_member_or_zeros_behind_the_last_one_are_cut(left: Callable[..., Left], tail: bytes) -> None:
    found = left(tail)
    assert found.store.recover() == [Recovered(found.name, len(tail), len(found.whole))]
    assert found.closed.read_bytes() == found.whole
    (aside, _) = sorted((found.store.root / "damaged").iterdir())
    assert (aside.name.partition(".from-")[2], aside.read_bytes()) == (str(len(found.whole)), tail)


def test_a_torn_member_that_a_power_cut_filled_up_with_zeros_is_cut(left: Callable[..., Left]) -> None:
    found = left(cut=6, tail=bytes(4096))  # in the middle of the checksum
    found.store.recover()
    assert found.closed.read_bytes() == found.whole[: found.last.offset]


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08", bytes(100)])
def test_a_file_without_even_its_description_goes(store: Store, content: bytes) -> None:
    path = store.root / "originals" / "2026-11" / ("x-originals.warc.gz" + OPEN_SUFFIX)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    assert store.recover() == [Recovered("originals/2026-11/x-originals.warc.gz", len(content), 0)]
    assert list(path.parent.glob("x-*")) == []
    assert [p.read_bytes() for p in store.root.glob("damaged/*.from-0")] == [content] * bool(content)


def test_damage_in_the_middle_is_left_for_verify_to_name(left: Callable[..., Left]) -> None:
    found = left()
    middle = bytearray(found.whole)
    middle[len(middle) // 2] ^= 0x10
    found.path.write_bytes(middle)
    assert found.store.recover() == [Recovered(found.name, 0, len(middle))]
    assert found.closed.read_bytes() == middle


def test_what_is_kept_aside_survives_a_second_kill(left: Callable[..., Left]) -> None:
    found = left(tail=b"\x1f\x8b\x08")
    aside = found.store.root / "damaged" / f"{found.closed.name}.from-{len(found.whole)}"
    aside.parent.mkdir()
    aside.write_bytes(b"\x1f")  # the first recovery was killed while it wrote
    found.store.recover()
    assert aside.read_bytes() == b"\x1f\x8b\x08"
    assert read_sidecar(aside) == digest_of(b"\x1f\x8b\x08")


def test_a_digest_without_its_file_does_not_stop_recovery(left: Callable[..., Left]) -> None:
    found = left()
    sidecar_of(found.closed).write_text("killed between sidecar and rename")
    found.store.recover()
    assert read_sidecar(found.closed) == digest_of(found.whole)


def test_a_file_that_cannot_be_closed_is_told_in_one_sentence(store: Store) -> None:
    path = store.root / "originals" / ("folder.warc.gz" + OPEN_SUFFIX)
    path.mkdir(parents=True)
    with pytest.raises(StoreError) as error:
        store.recover()
    assert str(path) in refused(error.value)


def test_the_file_of_a_living_process_is_left_alone(store: Store) -> None:
    code = PROLOGUE + KILLED + "print('written', flush=True); sys.stdin.read(); run.finish('finished', {})"
    command = [sys.executable, "-c", code, str(store.root)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as living:
        assert living.stdout is not None
        assert living.stdout.readline() == "written\n"
        (path,) = store.root.rglob("*" + OPEN_SUFFIX)
        before = path.read_bytes()
        assert store.is_being_written(path)
        with running(store, "ellery") as run:
            assert run.recovered == []
        assert path.read_bytes() == before
        living.communicate("")
    assert living.returncode == 0
    assert not path.exists()
    assert read_sidecar(store.root / store.name(path)) == digest_of((store.root / store.name(path)).read_bytes())


def test_a_file_that_is_just_being_made_is_not_recovered(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    flock = fcntl.flock

    def recovered_first(fd: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        store.recover()  # another run starts in this very moment
        flock(fd, operation)

    monkeypatch.setattr(fcntl, "flock", recovered_first)
    writer = WarcWriter(store.root / "originals" / "2026-11" / "new.warc.gz", INFO)
    assert writer.open_path.exists()
    writer.close()
    assert writer.path.exists()


def test_where_whole_members_end(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    writer = WarcWriter(path, INFO)
    ends = [writer.size]
    for n in range(5):
        block = (b"%d" % n) * 40_000
        writer.append([archive.warc.Record(type="resource", date=INFO["created"], block=block)])
        ends.append(writer.size)
    writer.close()
    data = path.read_bytes()
    for length in range(0, len(data) + 1, 13):
        path.write_bytes(data[:length])
        assert whole_members_end(path) == max((end for end in ends if end <= length), default=0)


# Sidecars


def test_sidecars_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    good = f"{'0' * 64}  a.warc.gz\n"
    sidecar_of(path).write_text(good)
    assert read_sidecar(path) == "sha256:" + "0" * 64
    for bad in ("", good.rstrip("\n"), good.replace("a.", "b."), good.replace("  ", " "), good * 2, "ä" + good):
        sidecar_of(path).write_text(bad)
        assert read_sidecar(path) is None
    sidecar_of(path).unlink()
    assert read_sidecar(path) is None


# A full disk, in a whole run

FULL_DISK = """
import random, resource
from archive.errors import StoreError

run = Run(Store(sys.argv[1]), "nordlys", settings_digest=SETTINGS)
run.keep(exchange("https://nordlys.test/1", wire(random.randbytes(150_000))))
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
for n in (2, 3):
    try:
        run.keep(exchange(f"https://nordlys.test/{n}", wire(random.randbytes(500_000))))
    except StoreError as error:
        print(error)
run.keep(exchange("https://nordlys.test/4", wire(random.randbytes(50_000))))
run.finish("finished", {})
"""


def test_a_run_outlives_a_full_disk(store: Store) -> None:
    done = run_python(FULL_DISK, store.root)
    assert done.returncode == 0, done.stderr
    sentences = done.stdout.splitlines()
    assert len(sentences) == 2
    assert all("can't write: File too large; what was stored before is whole." in text for text in sentences)
    urls = [record.url for record in records(store, "response") if "nordlys" in (record.url or "")]
    assert urls == ["https://nordlys.test/1", "https://nordlys.test/4"]
    assert not list(store.root.rglob("*" + OPEN_SUFFIX))


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    with mounted(tmp_path, "-t", "tmpfs", "-o", "size=2m", "none"):
        store = Store(tmp_path / "archive")
        with running(store) as run:
            run.keep(exchange("https://ellery.test/1", wire(random.randbytes(1000))))
            filler = tmp_path / "filler"
            with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
                while True:
                    file.write(bytes(4096))
            (open_path,) = (store.root / "originals").rglob("*" + OPEN_SUFFIX)
            before = open_path.read_bytes()
            with pytest.raises(StoreError) as error:
                run.keep(exchange("https://ellery.test/2", wire(random.randbytes(100_000))))
            assert "No space left on device" in refused(error.value)
            assert open_path.read_bytes() == before
            filler.unlink()
            run.keep(exchange("https://ellery.test/2", wire(random.randbytes(100_000)), at=later(1)))
        assert len(records(store, "response")) == 2


def test_a_lock_holds_on_a_disk_that_fails(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the file's lock, not what is written into it."""

    def refuse(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "ftruncate", refuse)
    monkeypatch.setattr(os, "write", refuse)
    with store.lock("catalogue", "one"), pytest.raises(StoreError, match="catalogue is in use"):  # noqa: SIM117
        with store.lock("catalogue", "two"):
            pass


def test_a_folder_in_the_catalogues_place_is_told_in_one_sentence(store: Store) -> None:
    store.catalogue_path.unlink(missing_ok=True)
    store.catalogue_path.mkdir()
    with pytest.raises(StoreError, match="the catalogue can't be used"):
        Run(store, "ellery")
