"""The short form of ``make torture``: each kind of fault for some seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.torture.__main__ import torture


@pytest.mark.parametrize(
    ("only", "kills", "lives"),
    [
        ("kill crawls", 14, 0),
        ("kill rebuilds,kill exports", 14, 0),
        ("I/O errors,clock jumps", 0, 0.3),
        ("damaged catalogue,cut connections", 0, 0.2),
    ],
)
def test_nothing_is_lost(only: str, kills: int, lives: float, tmp_path: Path) -> None:
    rows = torture(tmp_path, kills=kills, seed=11, only=only, lives=lives)
    assert len(rows) == len(only.split(","))
    assert [finding for row in rows for finding in row.findings] == []
    for row in rows:
        assert row.tries or row.skipped
        assert (row.exchanges_lost, row.articles_lost) == (0, 0)
