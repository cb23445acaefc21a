"""Pages of a file that is not ours: compared with what the archive has, taken, and read once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.collection.collection import open_collection
from archive.storage import Store
from archive.verification.verify import verify
from archive.workers import ExtractorPool
from tests.archive.collection.test_adoption import URL, record, sha1, warc
from tests.archive.making import dump, keep_page, later, page, refused, running, wire
from tests.archive.rerun.rerunning import (
    FRONT,
    CountingPool,
    Replay,
    files_of,
    latest,
    of_nothing,
    of_rules,
    same_as_rebuilt,
)

OTHER = "https://other.test/b"
HTML = page("Storm keeps twelve boats out")


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractorPool]:
    pool = ExtractorPool(2)
    yield pool
    pool.close(abandon=True)


@pytest.fixture
def replay(tmp_path: Path, pool: ExtractorPool) -> Replay:
    """An archive that has the page of `URL`, from that very second."""
    store = Store(tmp_path / "archive")
    with running(store, "paper") as run:
        keep_page(run, URL, HTML)
    return Replay(store, CountingPool(pool))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The same page, a later version of it, one of another site, and a front page."""
    return warc(
        tmp_path / "foreign.warc.gz",
        record("response", wire(HTML)),
        record("response", wire(page("Storm keeps nine boats out")), 2, WARC_Date="2026-11-21T09:00:00Z"),
        record("response", wire(page("Ferry stops at noon")), 3, WARC_Target_URI=OTHER),
        record("response", wire(FRONT), 4, WARC_Target_URI="https://other.test/"),
    )


def source_of(named: str, url: str) -> str:
    return "paper" if "paper.test" in url else "other"


def compared(replay: Replay, path: Path, reading_of: object = of_nothing, **options: str) -> list[tuple[str, str, str]]:
    with (
        open_collection(path) as collection,
        replay.rerun(reading_of, collection=collection, source_of=source_of, **options) as rerun,
    ):
        changes = list(rerun.changes())
        replay.said += [refused(r.problem) for r in changes if r.problem]
        return [(r.source, r.capture.url, r.change.kind if r.change else "failed") for r in changes]


def accepted(replay: Replay, path: Path, reading_of: object = of_nothing) -> dict[str, tuple[int, int]]:
    """Captures taken and texts stored, by source."""
    with (
        open_collection(path) as collection,
        replay.rerun(reading_of, collection=collection, source_of=source_of) as rerun,
    ):
        rerun.recover()
        list(rerun.changes())
        return {a.source: (a.adopted.stored if a.adopted else 0, a.articles) for a in rerun.accept()}


def test_it_is_compared_with_what_the_archive_has_of_that_moment(replay: Replay, path: Path) -> None:
    before = files_of(replay.store)
    assert sorted(compared(replay, path)) == [
        ("other", "https://other.test/", "nothing"),
        ("other", OTHER, "gained"),
        ("paper", URL, "gained"),
        ("paper", URL, "same"),
    ]
    assert sorted(kind for _, url, kind in compared(replay, path, of_rules) if url == URL) == ["altered", "gained"]
    assert files_of(replay.store) == before


@pytest.mark.parametrize(
    ("options", "number"), [({"source": "other"}, 2), ({"since": "2026-11-21"}, 1), ({"url": URL}, 2)]
)
def test_what_fits_is_read(options: dict[str, str], number: int, replay: Replay, path: Path) -> None:
    assert len(compared(replay, path, **options)) == number


def test_without_an_archive_all_is_gained(tmp_path: Path, pool: ExtractorPool, path: Path) -> None:
    replay = Replay(Store(tmp_path / "none"), CountingPool(pool))
    assert sorted(kind for _, _, kind in compared(replay, path)) == ["gained", "gained", "gained", "nothing"]
    assert not replay.store.root.exists()


def test_what_was_compared_is_not_read_again_when_it_is_taken(replay: Replay, path: Path) -> None:
    compared(replay, path)
    assert len(replay.pool.read) == 4
    assert accepted(replay, path) == {"other": (2, 1), "paper": (2, 1)}
    assert replay.pool.read == []
    assert replay.said == []
    texts = latest(replay.store)
    assert {key for key in texts if key[0] == OTHER} == {(OTHER, "2026-11-20T09:00:00Z")}
    assert (URL, "2026-11-21T09:00:00Z") in texts
    assert [str(fault) for fault in verify(replay.store).faults] == []
    same_as_rebuilt(replay.store)
    assert {row["source"] for row in dump(replay.store)["captures"]} == {"paper", "other"}


def test_what_was_taken_is_a_part_of_the_archive(replay: Replay, path: Path) -> None:
    accepted(replay, path)
    assert accepted(replay, path) == {}
    assert replay.pool.read == []  # what was found out of the file is known of its copies, and the other way round
    assert set(replay.compare().values()) <= {"same", "nothing"}
    assert replay.compare(of_rules)[OTHER] == "altered"


def test_a_page_with_a_wrong_digest_is_neither_read_nor_taken(replay: Replay, tmp_path: Path) -> None:
    bad = record("response", wire(page("Forged")), 8, WARC_Target_URI=OTHER, WARC_Block_Digest=sha1(b"other"))
    path = warc(tmp_path / "bad.warc.gz", bad)
    assert compared(replay, path) == [("other", OTHER, "failed")]
    assert "does not match its WARC-Block-Digest" in replay.said[0]
    assert accepted(replay, path) == {"other": (0, 0)}
    assert all(row["url"] != OTHER for row in dump(replay.store)["captures"])
    assert verify(replay.store).ok


def test_a_forged_copy_of_a_record_we_have_changes_nothing(replay: Replay, tmp_path: Path, path: Path) -> None:
    """What was found out about one file's record is not taken for ours of the same id."""
    accepted(replay, path)
    forged = warc(tmp_path / "forged.warc.gz", record("response", wire(page("Forged")), 3, WARC_Target_URI=OTHER))
    assert compared(replay, forged) == [("other", OTHER, "altered")]
    before = latest(replay.store)
    assert accepted(replay, forged) == {"other": (0, 0)}
    assert "the archive has another record with its id" in replay.said[0]
    assert latest(replay.store)[OTHER, "2026-11-20T09:00:00Z"] == before[OTHER, "2026-11-20T09:00:00Z"]
    assert replay.compare()[OTHER] == "same"


def test_a_store_may_be_taken_into_another(replay: Replay, tmp_path: Path) -> None:
    other = Store(tmp_path / "second")
    with running(other, "skagen") as run:
        keep_page(run, "https://skagen.test/1", page("Herring prices fall"), at=later(1))
        keep_page(run, "https://skagen.test/1", page("Herring prices fall"), at=later(2))
    assert accepted(replay, other.root) == {"other": (2, 1)}
    assert verify(replay.store).ok
    same_as_rebuilt(replay.store)
