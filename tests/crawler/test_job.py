"""The folder of a job: which may go on, and what becomes of the others."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from archive.errors import StoreError
from crawler.job import Job

NOBODY: Any = None


def queue(folder: Path) -> Path:
    path = folder / "requests.queue" / "0"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"request")
    (folder / "requests.seen").write_bytes(b"seen")
    return path


def job(folder: Path) -> Job:
    return Job(folder, "gazette")


def test_what_was_closed_in_good_order_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = job(tmp_path / "job")
    waiting = queue(tmp_path / "job")
    first.closed(NOBODY, "shutdown")
    job(tmp_path / "job").closed(NOBODY, "shutdown")
    assert waiting.read_bytes() == b"request"
    assert caplog.messages == []


def test_what_has_finished_is_emptied(tmp_path: Path) -> None:
    first = job(tmp_path)
    queue(tmp_path)
    first.closed(NOBODY, "finished")
    assert [path.name for path in tmp_path.iterdir()] == ["newswarc.json"]


@pytest.mark.parametrize("spoil", ["killed", "changed", "shorter", "more", "about", "no about"])
def test_what_is_not_as_it_was_closed_begins_anew(spoil: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = job(tmp_path)
    waiting = queue(tmp_path)
    if spoil == "killed":
        import os

        os.close(first._about)  # as its process's end does
    else:
        first.closed(NOBODY, "shutdown")
    match spoil:
        case "changed":
            waiting.write_bytes(b"Request")
        case "shorter":
            waiting.unlink()
        case "more":
            waiting.with_name("1").write_bytes(b"")
        case "about":
            (tmp_path / "newswarc.json").write_bytes(b'{"source": "gaz')
        case "no about":
            (tmp_path / "newswarc.json").write_bytes(b"[1]")
    with caplog.at_level(logging.WARNING):
        job(tmp_path).closed(NOBODY, "shutdown")
    assert len(caplog.messages) == 1
    assert caplog.messages[0].endswith("; this one begins anew.")
    assert [path.name for path in tmp_path.iterdir()] == ["newswarc.json"]


def test_another_sources_is_refused_and_stays(tmp_path: Path) -> None:
    first = job(tmp_path)
    waiting = queue(tmp_path)
    first.closed(NOBODY, "shutdown")
    with pytest.raises(StoreError, match=r"is of gazette, not of courier; give each its own\.$"):
        Job(tmp_path, "courier")
    assert waiting.exists()


def test_one_in_use_is_refused(tmp_path: Path) -> None:
    first = job(tmp_path)
    with pytest.raises(StoreError, match=r"is in use by another crawl\.$"):
        job(tmp_path)
    first.closed(NOBODY, "finished")


def test_a_folder_of_something_else_is_refused_and_stays(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("dear")
    with pytest.raises(StoreError, match=r"holds letters, which is of no crawl; name an empty folder\.$"):
        job(tmp_path)
    assert (tmp_path / "letters").read_text() == "dear"


def test_what_can_be_no_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"can't be used: (File exists|Not a directory)\.$"):
        job(tmp_path / "file")
