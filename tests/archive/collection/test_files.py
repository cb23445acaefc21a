"""Names of files in files, and reading them in any process."""

from __future__ import annotations

import gzip
import os
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from archive.collection import files as module
from archive.collection.collection import open_collection
from archive.collection.files import Files, reader_of
from archive.errors import StoreError
from archive.storage import Store
from archive.workers import ExtractorPool, Task
from tests.archive.foreign_files import URL, contents, file, problems, record, reply, wacz
from tests.archive.making import SENTENCES, page, refused, run_python, varied_store

ONE, TWO = record("response", reply(b"one")), record("response", reply(b"two"), WARC_Target_URI=URL + "2")
BOTH = {URL: b"one", URL + "2": b"two"}


def whole(path: Path) -> Path:
    path.write_bytes(gzip.compress(ONE + TWO))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of everything."""
    root = tmp_path / "folder"
    (root / "deep" / "er").mkdir(parents=True)
    stories = {n: record("response", reply(b"%d" % n), WARC_Target_URI=f"{URL}/{n}") for n in range(5)}
    file(root, stories[0], name="a.warc")
    file(root / "deep", stories[1])
    wacz(root / "deep" / "er" / "b.wacz", [("archive/x.warc.gz", gzip.compress(stories[2]))])
    wacz(root / "c.WACZ", [("archive/x.warc", stories[3])], packed=True)
    whole(root / "whole.warc.gz")
    varied_store(root / "store")
    (root / "notes.txt").write_text("none")
    (root / "page.html.gz").write_bytes(gzip.compress(b"<html>"))
    file(root, stories[4][:-30], name="open.warc.gz.open")
    return root


def test_a_folder_is_read_all_the_way_down(folder: Path) -> None:
    found = contents(folder)
    assert {url: body for url, body in found.items() if url.startswith(URL)} == BOTH | {
        f"{URL}/{n}": b"%d" % n for n in range(4)
    }
    assert any("ellery" in url for url in found)
    with open_collection(folder) as collection:
        names = {capture.file for capture in collection.captures() if capture.url.startswith(URL)}
        assert names == {
            "a.warc", "deep/other.warc.gz", "deep/er/b.wacz/archive/x.warc.gz", "c.WACZ/archive/x.warc",
            "whole.warc.gz/whole.warc",
        }  # fmt: skip
        assert [problem.split(":")[0] for problem in collection.problems] == ["open.warc.gz.open"]


def test_every_capture_can_be_read_through_the_path_alone(folder: Path) -> None:
    """As workers do: another process, no index."""
    with open_collection(folder) as collection:
        captures = [c for c in collection.captures() if c.kind == "response"]
        for place in (str(folder), collection.place):
            reader = Files(Path(place)) if place == str(folder) else reader_of(place)
            for capture in captures:
                assert reader.read(capture.file, capture.offset, capture.length) == collection.read(
                    capture.file, capture.offset, capture.length
                )


@pytest.mark.parametrize("packed", [True, False])
def test_workers_read_from_any_of_them(tmp_path: Path, packed: bool) -> None:
    story = record("response", reply(page("Storm"), "Content-Type: text/html"), WARC_Target_URI=URL + "/storm")
    path = wacz(tmp_path / "a.wacz", [("archive/a.warc.gz", gzip.compress(story + ONE))], packed=packed)
    pool = ExtractorPool(1)
    try:
        with open_collection(path) as collection:
            capture = collection.nearest(URL + "/storm")
            assert capture is not None
            for place in (collection.place, str(path), str(tmp_path / "." / "a.wacz")):
                article = pool.submit(Task(store=place, capture=capture)).result().article
                assert article.text.split("\n") == list(SENTENCES)
    finally:
        pool.close()


def test_nothing_is_left_behind(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    before = sorted(folder.rglob("*"))
    times = [path.stat().st_mtime_ns for path in before]
    code = "from archive.collection.collection import open_collection\nlist(open_collection(sys.argv[1]).captures())"
    monkeypatch.setenv("TMPDIR", str(scratch))
    done = run_python(code + "\nopen_collection(sys.argv[1]).close()", folder)
    assert done.returncode == 0, done.stderr
    assert list(scratch.iterdir()) == []
    assert sorted(folder.rglob("*")) == before
    assert [path.stat().st_mtime_ns for path in before] == times


def test_unpacked_files_without_a_shared_folder_have_no_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    files = Files(whole(tmp_path / "whole.warc.gz"))
    assert files.read("whole.warc.gz/whole.warc", 0, len(ONE)) == ONE
    assert list(scratch.iterdir()) == []
    files.close()


# Compressed as a whole


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(ONE + TWO, mtime=0),
        gzip.compress(ONE) + gzip.compress(TWO + record("response", reply(b"3"), WARC_Target_URI=URL + "3")),
        gzip.compress(ONE + TWO[:50]) + gzip.compress(TWO[50:]),
        gzip.compress(ONE + TWO) + bytes(512),
    ],
    ids=["in one", "some in one", "anyhow", "padded"],
)
def test_files_compressed_as_a_whole(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "whole.warc.gz"
    path.write_bytes(data)
    assert contents(path).items() >= BOTH.items()
    assert problems(path) == []


def test_a_whole_one_that_is_cut_short_gives_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "whole.warc.gz"
    noise = record("response", reply(os.urandom(5000)), WARC_Target_URI=URL + "/noise")
    path.write_bytes(gzip.compress(ONE + TWO + noise)[:-2000])
    assert contents(path) == BOTH
    told = problems(path)
    assert "whole.warc.gz/whole.warc: is cut short; what comes before is read." in told


def test_a_whole_one_that_expands_without_end(tmp_path: Path) -> None:
    path = tmp_path / "whole.warc.gz"
    bombs = [record("response", reply(bytes(20 << 20)), WARC_Target_URI=f"{URL}/{n}") for n in range(4)]
    path.write_bytes(gzip.compress(ONE + TWO) + gzip.compress(b"".join(bombs)))
    with pytest.raises(StoreError) as caught:
        open_collection(path)
    assert "expands without end" in refused(caught.value)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage(10, 10, 0))
    with pytest.raises(StoreError) as caught:
        open_collection(whole(tmp_path / "whole.warc.gz"))
    assert "there is no room to unpack it" in refused(caught.value)


# What is no archive


def test_paths_that_lead_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "page.html").write_text("<html>")
    os.mkfifo(tmp_path / "pipe")
    for name, why in (
        ("none", "no such file"),
        ("empty", "no archive"),
        ("page.html", "neither a WARC nor a WACZ"),
        ("pipe", "neither a file nor a folder"),
    ):
        with pytest.raises(StoreError) as caught:
            open_collection(tmp_path / name)
        assert why in refused(caught.value)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, ONE)

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", forbidden)
        with pytest.raises(StoreError) as caught:
            list(Files(path).names())
    assert "can't be read: Permission denied" in refused(caught.value)


def test_empty_and_damaged_files_beside_a_good_one(tmp_path: Path) -> None:
    file(tmp_path, ONE, TWO, name="good.warc.gz")
    (tmp_path / "empty.warc.gz").touch()
    (tmp_path / "text.warc").write_text("This is no WARC.")
    (tmp_path / "zstd.warc.gz").write_bytes(b"\x28\xb5\x2f\xfd rest")
    (tmp_path / "cut.wacz").write_bytes(b"PK\x03\x04")
    assert contents(tmp_path) == BOTH
    assert sorted(problem.split(":")[0] for problem in problems(tmp_path)) == [
        "cut.wacz", "empty.warc.gz", "text.warc", "zstd.warc.gz",
    ]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux")
def test_a_name_that_is_no_unicode(tmp_path: Path) -> None:
    file(tmp_path, ONE, name="a.warc")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.warc")).write_bytes(TWO)
    assert contents(tmp_path) == {URL: b"one"}
    (problem,) = problems(tmp_path)
    assert "no Unicode" in problem


@pytest.mark.parametrize("name", ["../x.warc", "/etc/passwd", "", "a/../../x", "none.warc", "."])
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.warc").write_bytes(ONE)
    (tmp_path / "in").mkdir()
    with pytest.raises(StoreError) as caught:
        Files(tmp_path / "in").read(name, 0, 5)
    refused(caught.value)


def test_reading_beyond_the_end(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="ends before byte"):
        Files(file(tmp_path, ONE)).read("other.warc.gz", 5, 5000)


def test_who_reads_what(tmp_path: Path) -> None:
    store = varied_store(tmp_path / "store")
    assert isinstance(reader_of(str(store.root)), Store)
    assert isinstance(reader_of(str(store.root / "originals")), Files)
    with pytest.raises(StoreError):
        reader_of(str(tmp_path / "none"))
