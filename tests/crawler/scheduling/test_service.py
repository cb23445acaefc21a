"""Archives that no scheduler can work in; what it does in others is in `tests.test_schedule`."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.errors import StoreError
from archive.storage import Store
from crawler.scheduling.service import Service


def service(root: Path) -> Service:
    return Service(
        store=Store(root),
        schedules=dict,
        settings={},
        at_once=1,
        grace=0,
        tell=lambda name, line: None,
        say=lambda name, sentence: None,
    )


def test_an_archive_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"can't be used as archive: .*; set ARCHIVE_STORE to a folder"):
        service(tmp_path / "file").run(once=True)


def test_two_schedulers_in_one_archive(tmp_path: Path) -> None:
    first = Store(tmp_path).lock("schedule", "a scheduler that started at noon")
    in_use = pytest.raises(StoreError, match="schedule is in use by a scheduler that started at noon")
    with first, in_use:
        service(tmp_path).run(once=True)
    assert service(tmp_path).run(once=True) == 0
