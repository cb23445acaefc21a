"""`Collection`: captures found and read alike, wherever they lie."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.catalogue import Catalogue
from archive.collection.collection import Collection, open_collection, upper_bound
from archive.errors import RecordError, StoreError
from archive.reader import parse_member
from archive.storage import Store
from archive.workers import Task, extract_capture
from tests.archive.foreign_files import file, record, reply, wacz
from tests.archive.making import exchange, later, refused, running, varied_store, wire

STORM, FERRY = "https://www.ellery.test/2026/11/storm", "https://ellery.test/ferry?line=2"
URL = "https://paper.test/a"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return varied_store(tmp_path_factory.mktemp("collection") / "store").root


@pytest.fixture(scope="module", params=["store", "folder", "wacz"])
def collection(request: pytest.FixtureRequest, store: Path) -> Iterator[Collection]:
    """The same captures in a store, in a folder of files, and in a package."""
    path = {"store": store, "folder": store / "originals", "wacz": store.parent / "all.wacz"}[request.param]
    if request.param == "wacz":
        files = sorted((store / "originals").rglob("*.gz"))
        wacz(path, [(f"archive/{one.name}", one.read_bytes()) for one in files])
    with open_collection(path) as opened:
        yield opened


# Finding


def test_all_captures_by_date(collection: Collection) -> None:
    captures = list(collection.captures())
    assert len(captures) == 14  # the HEAD is not among them
    assert [c.date for c in captures] == sorted(c.date for c in captures)
    assert collection.problems == []
    assert collection.first_date == "2026-11-20T09:00:00Z"


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"source": "nordlys"}, 1),
        ({"source": "skagen"}, 3),
        ({"source": "none"}, 0),
        ({"url": STORM}, 5),
        ({"url": "http://ellery.test/2026/11/storm/"}, 5),
        ({"since": "2026-11-21"}, 8),
        ({"until": "2026-11-21"}, 6),
        ({"since": "2026-11-21", "until": "2026-11-21T11"}, 2),
        ({"since": "2026-11-21", "source": "skagen"}, 3),
        ({"since": "2027"}, 0),
    ],
)
def test_some_captures(collection: Collection, asked: dict[str, str], count: int) -> None:
    assert sum(1 for _ in collection.captures(**asked)) == count


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        ("2026-11-20T09", ("response", 200, "09:00:00Z")),
        ("2026-11-20T10:59:59Z", ("response", 200, "09:00:00Z")),
        ("2026-11-20T11", ("revisit", 200, "11:00:00Z")),
        ("20261120110000", ("revisit", 200, "11:00:00Z")),
        ("2026-11-20T10:59:59.999Z", ("response", 200, "09:00:00Z")),
        ("2026-11-20T12:00:00+01:00", ("revisit", 200, "11:00:00Z")),
        ("2026-11-20", ("revisit", 304, "12:00:00Z")),
        ("2026", ("revisit", 304, "09:00:00Z")),
        (None, ("revisit", 304, "09:00:00Z")),
        ("2025", None),
        ("2026-11-20T08:59:59Z", None),
    ],
)
def test_the_nearest_at_or_before(collection: Collection, at: str | None, wanted: tuple[object, ...] | None) -> None:
    found = collection.nearest(STORM, at)
    assert (found and (found.kind, found.status, found.date[11:])) == wanted


def test_every_capture_can_be_read(collection: Collection) -> None:
    for capture in collection.captures():
        original = collection.resolve(capture)
        assert original.kind == "response"
        assert collection.resolve(original) == original
        member = collection.read(capture.file, capture.offset, capture.length)
        assert parse_member(member).id == capture.id == collection.record(capture).id
        assert collection.message(capture).content() is not None


def test_what_is_replayed(collection: Collection) -> None:
    newest = collection.nearest(STORM)
    assert newest is not None
    message = collection.message(newest)
    assert (newest.status, message.status) == (304, 200)  # not modified: the page as it was
    assert b"nine boats" in message.content()
    old = collection.nearest("https://ellery.test/old")
    assert old is not None
    assert collection.message(old).get("Location") == "/new"
    task = Task(store=str(collection.path), capture=collection.resolve(newest))
    assert extract_capture(task).article.headline == "Storm keeps nine boats out"


def test_urls_that_nobody_captured(collection: Collection) -> None:
    for url in ("https://ellery.test/none", "https://ellery.test/ferry?line=3", "", "urn:x", "http://[", "\ud800"):
        assert collection.nearest(url) is None
        assert list(collection.captures(url=url)) == []


# Which of several


def collected(folder: Path, *captures: tuple[str, bytes, dict[str, str | None]]) -> Path:
    return file(folder, *(record("response", block, WARC_Target_URI=url, **more) for url, block, more in captures))


def body(path: Path, url: str = URL, at: str | None = None) -> bytes | None:
    with open_collection(path) as opened:
        found = opened.nearest(url, at)
        return opened.message(found).content() if found else None


def test_that_very_url_goes_before_its_relatives_however_new(tmp_path: Path) -> None:
    relatives = ["http://paper.test/a", "https://www.paper.test/a", "https://paper.test/a/", "https://paper.test:443/a"]
    later_ones = [(url, reply(b"relative"), {"WARC_Date": "2026-11-22T00:00:00Z"}) for url in relatives]
    assert body(collected(tmp_path, (URL, reply(b"own"), {}), *later_ones)) == b"own"
    for url in relatives:
        assert body(collected(tmp_path, (URL, reply(b"own"), {})), url) == b"own"
    for url in ("https://paper.test/A", "https://paper.test/a?", "https://paper.test/a?x", "https://m.paper.test/a"):
        assert body(collected(tmp_path, (URL, reply(b"own"), {})), url) == (b"own" if url.endswith("a?") else None)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("http://paper.test/é?q=ü b", "http://paper.test/%C3%A9?q=%C3%BC%20b"),
        ("http://paper.test/%c3%a9", "http://paper.test/%C3%A9"),
        ("http://paper.test/a|b", "http://paper.test/a%7Cb"),
        ("http://paper.test/%7Eme", "http://paper.test/~me"),
        ("http://zürich.test/a", "http://xn--zrich-kva.test/a"),
    ],
)
def test_escapes_do_not_count_but_case_does(tmp_path: Path, written: str, asked: str) -> None:
    path = collected(tmp_path, (written, reply(b"own"), {}))
    assert body(path, asked) == b"own"
    assert body(path, written) == b"own"
    assert body(path, asked.replace("/a", "/A").replace("~me", "~Me").replace("?q", "?Q") + "x") is None


def test_redirects_of_relatives_are_left_out(tmp_path: Path) -> None:
    redirect = ("http://paper.test/a", reply(b"", f"Location: {URL}", status="301 Moved"), {})
    assert body(collected(tmp_path, redirect)) is None
    assert body(collected(tmp_path, redirect), "http://paper.test/a") == b""


def test_whole_ones_go_before_truncated_ones_however_new(tmp_path: Path) -> None:
    cut = {"WARC_Truncated": "length", "WARC_Date": "2026-11-22T00:00:00Z"}
    path = collected(tmp_path, (URL, reply(b"whole"), {}), (URL, reply(b"cut"), cut))
    assert body(path) == b"whole"
    assert body(collected(tmp_path, (URL, reply(b"cut"), cut))) == b"cut"
    assert body(collected(tmp_path, (URL, reply(b"cut"), cut)), at="2026-11-21") is None
    relative = ("http://paper.test/a", reply(b"relative"), {})
    assert body(collected(tmp_path, (URL, reply(b"cut"), cut), relative)) == b"cut"


def test_a_revisit_is_whole_although_its_own_block_is_cut(tmp_path: Path) -> None:
    """As Heritrix writes it, and the standard wants it."""
    head, date = b"HTTP/1.1 200 OK\r\nX-Look: second\r\n\r\n", "2026-11-22T00:00:00Z"
    one = record("response", reply(b"one"), WARC_Record_ID="<urn:uuid:one>")
    again = record("revisit", head, WARC_Refers_To="<urn:uuid:one>", WARC_Truncated="length", WARC_Date=date)
    with open_collection(file(tmp_path, one, again)) as collection:
        found = collection.nearest("https://paper.test/story")
        assert found is not None
        assert (found.date, found.truncated) == (date, None)
        assert collection.message(found).get("X-Look") == "second"
        assert collection.message(found).body == b"one"


def test_of_two_of_one_second_the_later_in_the_file(tmp_path: Path) -> None:
    path = collected(tmp_path, (URL, reply(b"503", status="503 Busy"), {}), (URL, reply(b"200"), {}))
    assert body(path) == b"200"


def test_every_status_answers(tmp_path: Path) -> None:
    path = collected(
        tmp_path, (URL, reply(b"ok"), {}), (URL, reply(b"no", status="404 No"), {"WARC_Date": "2026-11-21T00:00:00Z"})
    )
    assert body(path) == b"no"


def test_many_captures_of_one_url(tmp_path: Path) -> None:
    lost = [
        record(
            "revisit", reply(b""), WARC_Target_URI=URL, WARC_Date=f"2026-11-21T09:{n:02}:00Z", WARC_Refers_To="<urn:x>"
        )
        for n in range(60)
    ]
    path = file(tmp_path, record("response", reply(b"own"), WARC_Target_URI=URL), *lost)
    assert body(path) == b"own"


# Stores


def test_a_store_without_a_catalogue(store: Path, tmp_path: Path) -> None:
    (tmp_path / "originals").mkdir()
    with pytest.raises(StoreError) as caught:
        open_collection(tmp_path)
    assert "there is no catalogue; scrapy rebuild makes it" in refused(caught.value)


def test_files_that_the_catalogue_does_not_know(tmp_path: Path) -> None:
    store = varied_store(tmp_path / "store")
    (month,) = (tmp_path / "store" / "originals").iterdir()
    file(month, record("response", reply(b"x")), name="new.warc.gz")
    with open_collection(store.root) as opened:
        (problem,) = opened.problems
    assert refused(StoreError(problem)).startswith(f"originals/{month.name}/new.warc.gz: the catalogue does not know")


def test_a_store_that_is_being_written(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with running(store) as run:
        run.keep(exchange(URL, wire(b"one")))
        run.flush()
        with open_collection(tmp_path) as opened:
            assert opened.problems == []
            found = opened.nearest(URL)
            assert found is not None
            assert opened.message(found).body == b"one"
            run.keep(exchange(URL, wire(b"two"), at=later(1)))
            run.flush()
            newer = opened.nearest(URL)
            assert newer is not None
            assert opened.message(newer).body == b"two"
    assert opened.store is not None


def test_nothing_in_a_store_is_touched(store: Path) -> None:
    def state() -> list[tuple[str, int, int]]:
        return [(str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in sorted(store.rglob("*"))]

    before = state()
    with open_collection(store) as opened:
        assert [opened.message(c).status for c in opened.captures()]
        assert state() == before
    assert state() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_store_on_a_disk_that_cannot_be_written(store: Path, tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "--bind", "-o", "ro", str(store), str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is forbidden here")
    try:
        with open_collection(tmp_path) as opened:
            assert opened.nearest(STORM) is not None
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_missing_file_and_a_wrong_record(store: Path) -> None:
    import msgspec

    with open_collection(store) as opened:
        first, second, *_ = opened.captures()
        with pytest.raises(StoreError):
            opened.message(msgspec.structs.replace(first, file="originals/none.warc.gz"))
        with pytest.raises(RecordError, match="holds"):
            opened.message(msgspec.structs.replace(first, id=second.id))
        with pytest.raises(RecordError):
            opened.resolve(msgspec.structs.replace(first, kind="revisit", refers_to="urn:uuid:none"))


def test_an_older_catalogue(tmp_path: Path) -> None:
    import sqlite3

    store = varied_store(tmp_path / "store")
    database = sqlite3.connect(store.catalogue_path)
    database.execute("PRAGMA user_version = 1")
    database.commit()
    database.close()
    with pytest.raises(StoreError) as caught:
        open_collection(store.root)
    assert "run scrapy rebuild" in refused(caught.value)


def test_progress_is_told(store: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    with open_collection(store / "originals", lambda *step: told.append(step)) as opened:
        assert isinstance(opened.catalogue, Catalogue)
        assert opened.store is None
    assert [number for _, number, _ in told] == list(range(1, len(told) + 1))
    assert {total for *_, total in told} == {len(told)}


# Times


def test_upper_bounds() -> None:
    wanted = {
        "2026": "2026-12-31T23:59:59Z",
        "2026-02": "2026-02-28T23:59:59Z",
        "2024-02": "2024-02-29T23:59:59Z",
        "1900-02": "1900-02-28T23:59:59Z",
        "2026-11": "2026-11-30T23:59:59Z",
        "2026-12": "2026-12-31T23:59:59Z",
        "2026-11-20": "2026-11-20T23:59:59Z",
        "2026-11-20T09": "2026-11-20T09:59:59Z",
        "2026-11-20 09:30": "2026-11-20T09:30:59Z",
        "2026-11-20T09:30:10": "2026-11-20T09:30:10Z",
        "2026-11-20T09:30:10Z": "2026-11-20T09:30:10Z",
        " 2026-11-20T09:30:10.999Z ": "2026-11-20T09:30:10Z",
        "2026-11-20T10:30:10+01:00": "2026-11-20T09:30:10Z",
        "20261120093010": "2026-11-20T09:30:10Z",
        "20261120": "2026-11-20T23:59:59Z",
        "202611": "2026-11-30T23:59:59Z",
    }
    assert {at: upper_bound(at) for at in wanted} == wanted


@pytest.mark.parametrize(
    "at", ["yesterday", "2026-13", "2026-11-31", "20261", "2026-11-20T25", "", "२०२६", "2026-00", "99999999999999", "0"]
)
def test_what_is_no_date_is_refused(at: str) -> None:
    with pytest.raises(StoreError) as caught:
        upper_bound(at)
    assert "is no date" in refused(caught.value)
