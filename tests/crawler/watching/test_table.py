"""Reports as lines of a terminal."""

from __future__ import annotations

import datetime as dt

import pytest
from rich.cells import cell_len

from archive import clock
from archive.tally import Tally
from crawler.scheduling.plan import Plan
from crawler.scheduling.schedule import read_schedule
from crawler.watching.board import Board
from crawler.watching.report import Report
from crawler.watching.table import board_table, table

TALLY = Tally(seconds=75, responses={"2xx": 1234, "5xx": 2}, revisits=100, articles=900, failures={"timeout": 1})
NOON = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.UTC)


def plain(lines: list[object]) -> list[str]:
    return [str(line).rstrip() for line in lines]


def test_a_crawl() -> None:
    report = Report(source="gazette", tally=TALLY, rate=58.4, fetching="https://gazette.test/a", open=3)
    assert plain(table([report], 80)) == [
        "source        pages a minute articles revisits errors         time",
        "gazette       1,236       58      900      100      3   1 min 15 s",
        "  https://gazette.test/a  +2 more",
    ]
    assert plain(table([Report(source="gazette")], 80))[1:] == [
        "gazette           0        0        0        0      0          0 s"
    ]


@pytest.mark.parametrize("width", [20, 40, 80, 120, 300])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    reports = [
        Report(source="ж" * 50, tally=TALLY, fetching="https://gazette.test/" + "報" * 200, open=12),
        Report(source="報" * 50, tally=TALLY),
    ]
    lines = table(reports, width)
    assert len(lines) == 4
    assert max(cell_len(line.plain) for line in lines) <= width
    if width >= 80:
        assert lines[2].plain.endswith("…  +11 more")


def test_addresses_of_strangers_steer_no_terminal() -> None:
    report = Report(source="a\x1b[2J", fetching="https://gazette.test/\x1b]0;x\x07\x9b2J\u202e\n[bold]a")
    lines = table([report], 80)
    text = "\n".join(line.plain for line in lines)
    assert not [c for c in text if c in "\x1b\x07\x9b\u202e"]
    assert len(text.splitlines()) == 3
    assert "[bold]a" in text, "no markup of rich"


def test_what_a_scheduler_shows() -> None:
    schedules = {name: read_schedule("every 2 hours", "UTC") for name in ("gazette", "herald")}
    plans = {
        "gazette": Plan(when="every 2 hours", handled=NOON, running=NOON),
        "herald": Plan(when="every 2 hours", handled=NOON - dt.timedelta(minutes=50)),
    }
    with clock.showing(lambda: NOON):
        board = Board()
        board.follow(schedules, plans)
        assert plain(board_table(board, 200))[0].startswith("1 of 2 sources under way; next: herald at ")
        board.begins("gazette")
        board.report("gazette", Report(source="whatever it says", tally=TALLY))
        lines = plain(board_table(board, 200))
        assert [line.split()[0] for line in lines] == ["source", "gazette", "1"]
        local = (NOON + dt.timedelta(minutes=70)).astimezone()
        assert lines[-1] == f"1 of 2 sources under way; next: herald at {local:%Y-%m-%d %H:%M:%S}, in 1 h 10 min"
        board.follow(schedules, plans | {"herald": Plan(when="every 2 hours", handled=NOON - dt.timedelta(hours=3))})
        assert plain(board_table(board, 200))[-1].endswith("; next: herald as soon as there is room")
        board.stopping = True
        assert plain(board_table(board, 200))[-1] == (
            "1 of 2 sources under way; stops when open exchanges have finished"
        )
