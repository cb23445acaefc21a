"""`Collection`: captures found and read alike, wherever they lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.collection import open_collection, upper_bound
from archive.errors import StoreError
from archive.workers import Task, extract_capture
from tests.archive.making import refused, varied_store

STORM, FERRY = "https://www.ellery.test/2026/11/storm", "https://ellery.test/ferry?line=2"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return varied_store(tmp_path_factory.mktemp("collection") / "store").root


@pytest.mark.parametrize("at", [".", "originals"])
def test_a_store_and_its_files_answer_alike(store: Path, at: str) -> None:
    with open_collection(store / at) as collection:
        captures = list(collection.captures())
        assert [c.date for c in captures] == sorted(c.date for c in captures)
        assert len(captures) == 14
        assert collection.problems == []
        times = ("2026-11-20T09", "2026-11-20T11", "2026-11-20", "2026", "2025")
        dates = {at: collection.nearest(STORM, at) for at in times}
        assert [found and (found.kind, found.status, found.date[11:]) for found in dates.values()] == [
            ("response", 200, "09:00:00Z"),
            ("revisit", 200, "11:00:00Z"),
            ("revisit", 304, "12:00:00Z"),
            ("revisit", 304, "09:00:00Z"),
            None,
        ]
        newest = collection.nearest(STORM)
        assert newest is not None
        assert b"nine boats" in collection.message(newest).content()
        assert collection.message(newest).status == 200
        assert extract_capture(Task(store=str(store / at), capture=collection.resolve(newest))).article.text


def test_upper_bounds() -> None:
    wanted = {
        "2026": "2026-12-31T23:59:59Z",
        "2026-02": "2026-02-28T23:59:59Z",
        "2024-02": "2024-02-29T23:59:59Z",
        "2026-11": "2026-11-30T23:59:59Z",
        "2026-11-20": "2026-11-20T23:59:59Z",
        "2026-11-20T09": "2026-11-20T09:59:59Z",
        "2026-11-20 09:30": "2026-11-20T09:30:59Z",
        "2026-11-20T09:30:10": "2026-11-20T09:30:10Z",
        "2026-11-20T09:30:10Z": "2026-11-20T09:30:10Z",
        "2026-11-20T09:30:10.999Z": "2026-11-20T09:30:10Z",
        "2026-11-20T10:30:10+01:00": "2026-11-20T09:30:10Z",
        "20261120093010": "2026-11-20T09:30:10Z",
        "20261120": "2026-11-20T23:59:59Z",
    }
    assert {at: upper_bound(at) for at in wanted} == wanted


@pytest.mark.parametrize("at", ["yesterday", "2026-13", "2026-11-31", "20261", "2026-11-20T25", "", "२०२६"])
def test_what_is_no_date_is_refused(at: str) -> None:
    with pytest.raises(StoreError) as caught:
        upper_bound(at)
    assert "is no date" in refused(caught.value)
