"""The short form of ``make torture``: some of its faults, for some seconds each."""

from __future__ import annotations

from pathlib import Path

from tests.torture.__main__ import torture

FAULTS = ("kill crawls", "kill rebuilds", "kill exports", "I/O errors", "clock jumps", "damaged", "cut connections")


def test_nothing_is_lost(tmp_path: Path) -> None:
    rows = torture(tmp_path, kills=10, seed=11, only=",".join(FAULTS), lives=0.15)
    assert len(rows) == len(FAULTS)
    assert [finding for row in rows for finding in row.findings] == []
    for row in rows:
        assert row.tries or row.skipped
        assert (row.exchanges_lost, row.articles_lost) == (0, 0)
    assert sum(row.exchanges for row in rows) > 100  # or nothing was at work
