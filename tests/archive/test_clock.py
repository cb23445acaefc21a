"""Everything that writes times goes by one clock."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

import archive
from archive import clock
from archive.run import Run
from archive.storage import Store

_LONG_AGO = dt.datetime(2021, 3, 4, 5, 6, 7, tzinfo=dt.UTC)
_OWN = {"clock.py", "workers.py", "reading.py", "dates.py", "tickets.py"}
"""What runs in worker processes, or in replay's, has the real clock."""


def test_it_is_now() -> None:
    before = dt.datetime.now(dt.UTC)
    assert before <= clock.now() <= dt.datetime.now(dt.UTC)
    assert clock.now().utcoffset() == dt.timedelta(0)


def test_another_clock_holds_as_long_as_it_is_shown() -> None:
    with pytest.raises(ZeroDivisionError), clock.showing(lambda: _LONG_AGO):
        assert clock.now() == _LONG_AGO
        raise ZeroDivisionError
    assert clock.now() > _LONG_AGO


def test_a_run_goes_by_it(tmp_path: Path) -> None:
    with clock.showing(lambda: _LONG_AGO):
        run = Run(Store(tmp_path), "gazette")
        run.finish("finished", {})
    assert (run.row["started"], run.row["ended"]) == ("2021-03-04T05:06:07Z", "2021-03-04T05:06:07Z")


def test_nobody_looks_at_another_clock() -> None:
    root = Path(archive.__file__).parents[1]
    files = [p for room in ("archive", "crawler") for p in (root / room).rglob("*.py") if p.name not in _OWN]
    assert [p for p in files if re.search(r"datetime\.(utc)?now\(|date\.today\(|[^.]time\.time\(", p.read_text())] == []
