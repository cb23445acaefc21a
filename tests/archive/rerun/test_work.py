"""The work file: it remembers, forgets what other software found, and is never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.capture import Capture
from archive.errors import StoreError
from archive.rerun.change import Change, Paragraph
from archive.rerun.work import BEGUN, FOUND, Remembered, WorkFile
from tests.archive.making import refused


def remembered(number: int, *, site: str = "ellery.test", source: str = "ellery") -> Remembered:
    return Remembered(
        capture=f"urn:uuid:{number}",
        record="sha256:1",
        key=b"key",
        baseline="",
        source=source,
        site=site,
        date=f"2026-11-{number:02}T09:00:00Z",
        change=Change(kind="altered", removed=(Paragraph("a", "b"),), fields={"tags": ([], ["x"])}),
        extracted="2026-11-22T09:00:00.000001Z",
        result=b"\x00\xff" * 10,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "work" / "replay.sqlite"


def test_what_was_put_is_found_by_the_next(path: Path) -> None:
    work = WorkFile(path, "newswarc/1")
    work.put(remembered(1))
    work.close()
    work = WorkFile(path, "newswarc/1")
    found = work.find("urn:uuid:1")
    assert found is not None
    assert found.change.removed == (Paragraph("a", "b"),)
    assert (found.key, found.result, found.stage) == (b"key", b"\x00\xff" * 10, FOUND)
    assert work.find("urn:uuid:2") is None


def test_what_is_put_again_takes_the_place_of_the_old(path: Path) -> None:
    work = WorkFile(path, "newswarc/1")
    work.put(remembered(1))
    work.accepted("urn:uuid:1", "urn:uuid:v")
    work.put(remembered(1))
    found = work.find("urn:uuid:1")
    assert found is not None
    assert (found.stage, found.baseline) == (FOUND, "")


def test_what_other_software_found_is_dropped(path: Path) -> None:
    work = WorkFile(path, "newswarc/1")
    work.put(remembered(1))
    work.begin("urn:uuid:1")
    work.close()
    for software in ("newswarc/2", "newswarc/1"):
        work = WorkFile(path, software)
        assert work.find("urn:uuid:1") is None
        assert work.sites("ellery") == ["ellery.test"]  # what was written still has to be learned from


@pytest.mark.parametrize("damage", [b"no database at all" * 500, b"", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_begun_anew(path: Path, damage: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    work = WorkFile(path, "newswarc/1")
    work.put(remembered(1))
    assert work.find("urn:uuid:1")


def test_a_file_of_another_form_is_begun_anew(path: Path) -> None:
    work = WorkFile(path, "newswarc/1")
    work._database.execute("PRAGMA user_version = 99")
    work.close()
    work = WorkFile(path, "newswarc/1")
    work.put(remembered(1))
    assert work.find("urn:uuid:1")


def test_an_accept_is_followed_through_its_stages(path: Path) -> None:
    work = WorkFile(path, "newswarc/1")
    for number in range(1, 6):
        work.put(remembered(number, site="b.test" if number == 5 else "a.test"))
    work.put(remembered(9, source="other"))
    assert work.sources() == []
    for number in (1, 3, 2, 4, 5):
        work.begin(f"urn:uuid:{number}")
    found = work.find("urn:uuid:1")
    assert found is not None
    assert found.stage == BEGUN
    for number in (3, 2, 4, 5):
        work.accepted(f"urn:uuid:{number}", f"urn:uuid:v{number}")
    assert work.sources() == ["ellery"]
    assert work.sites("ellery") == ["a.test", "b.test"]
    assert work.unsettled("ellery", "a.test", 2) == ["urn:uuid:3", "urn:uuid:4"]
    work.settle("ellery", "a.test")
    assert work.sites("ellery") == ["b.test"]
    settled = work.find("urn:uuid:2")
    assert settled is not None
    assert (settled.change.kind, settled.baseline, settled.result, settled.stage) == (
        "same",
        "urn:uuid:v2",
        None,
        FOUND,
    )
    untouched = work.find("urn:uuid:1")
    assert untouched is not None
    assert (untouched.stage, untouched.change.kind) == (BEGUN, "altered")


def test_what_a_site_has_to_learn_outlives_what_is_put(path: Path) -> None:
    work = WorkFile(path, "newswarc/1")
    work.put(remembered(1))
    work.begin("urn:uuid:1")
    work.accepted("urn:uuid:1", "urn:uuid:v1")
    work.put(remembered(1))
    assert work.unsettled("ellery", "ellery.test", 9) == ["urn:uuid:1"]


def test_what_is_known_of_a_copy_is_handed_on(path: Path) -> None:
    work = WorkFile(path, "newswarc/1")
    work.put(remembered(1))
    to = Capture(
        id="urn:uuid:1", kind="response", url="u", date="d", status=200, mime=None, payload_digest=None, file="f",
        offset=0, length=1, record_digest="sha256:2",
    )  # fmt: skip
    for record, known in [("sha256:other", ("sha256:1", None)), ("sha256:1", ("sha256:2", "sha256:1"))]:
        work.hand_on(record, to)
        found = work.find("urn:uuid:1")
        assert found is not None
        assert (found.record, found.copied) == known


def test_where_no_file_can_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file")
    with pytest.raises(StoreError) as error:
        WorkFile(tmp_path / "work" / "replay.sqlite", "newswarc/1")
    assert "can't be made" in refused(error.value)
