"""`table`: reports as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import set_cell_size
from rich.text import Text

from archive import clock
from crawler.command import printable
from crawler.watching.board import Board
from crawler.watching.report import Report
from crawler.watching.words import counted, lasted

__all__ = ["board_table", "table"]

_COLUMNS = (("pages", 7), ("a minute", 9), ("articles", 9), ("revisits", 9), ("errors", 7), ("time", 13))
_NARROWEST_NAME, _WIDEST_NAME = 12, 32


def table(reports: Iterable[Report], width: int) -> list[Text]:
    """A head, and for each report its numbers and what it fetches now; no line is wider than `width` cells."""
    reports = list(reports)
    numbers = sum(size for _, size in _COLUMNS)
    longest = max([len("source"), *(len(report.source) for report in reports)])
    name = min(max(longest, _NARROWEST_NAME), max(width - numbers, _NARROWEST_NAME), _WIDEST_NAME)
    head = set_cell_size("source", name) + "".join(f"{title:>{size}}" for title, size in _COLUMNS)
    lines = [Text(head, style="dim")]
    for report in reports:
        lines += _lines(report, name, width)
    for line in lines:
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
    return lines


def board_table(board: Board, width: int) -> list[Text]:
    """The crawls under way, and what comes next."""
    reports = board.reports
    running = sum(plan.running is not None for plan in board.plans.values())  # those included that others began
    line = Text(f"{running} of {counted(len(board.plans), 'source')} under way", style="dim")
    if board.stopping:
        line.append("; stops when open exchanges have finished")
    elif coming := board.next():
        name, due = coming
        left = (due - clock.now()).total_seconds()
        when = f"at {due.astimezone():%Y-%m-%d %H:%M:%S}, in {lasted(left)}" if left > 0 else "as soon as there is room"
        line.append(f"; next: {printable(name, line_ends=False)} {when}")
    line.no_wrap = True
    line.truncate(width, overflow="ellipsis")
    return [*(table(reports, width) if reports else []), line]


def _lines(report: Report, name: int, width: int) -> Iterator[Text]:
    tally = report.tally
    line = Text(set_cell_size(printable(report.source, line_ends=False), name), style="bold")
    values = (tally.pages, report.rate, tally.articles, tally.revisits, tally.errors)
    for (title, size), value in zip(_COLUMNS, values, strict=False):
        troubled = title == "errors" and value
        line.append(f"{value:>{size},.0f}", style="not bold red" if troubled else "not bold")
    line.append(f"{lasted(tally.seconds):>{_COLUMNS[-1][1]}}", style="not bold")
    yield line
    if report.fetching:
        more = f"  +{report.open - 1} more" if report.open > 1 else ""
        now = Text("  " + printable(report.fetching, line_ends=False), style="dim")
        now.truncate(width - len(more), overflow="ellipsis")
        yield now.append(more)
