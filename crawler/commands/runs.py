"""``scrapy runs``: what the latest runs did, from the catalogue."""

from __future__ import annotations

import argparse
import datetime as dt
import sys

import msgspec

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.errors import ArchiveError
from archive.storage import Store
from archive.tally import Tally
from crawler.command import ArchiveCommand, printable
from crawler.watching.words import lasted, sized

_COLUMNS = ("source", "began", "took", "end", "pages", "revisits", "304", "articles", "errors", "received", "stored")
_NUMBERS = _COLUMNS[4:]
_WIDE = 110
_LEFT_OUT = ("revisits", "304", "received", "stored")
"""Columns that a terminal of less than `_WIDE` cells has no room for."""


class Command(ArchiveCommand):
    ends_on_broken_pipe = True

    def syntax(self) -> str:
        return "[options] [SOURCE]"

    def short_desc(self) -> str:
        return "Show what the latest runs did"

    def long_desc(self) -> str:
        return (
            "List the latest runs, of one source or of all, the last one first: when each began, how long it took, how "
            "it ended, what it fetched and stored. 304: pages that a server said are unchanged, so that they were not "
            "sent again. In a pipe the columns are parted by tabs."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--limit", type=int, default=20, metavar="N", help="so many runs; 0: all (default 20)")
        parser.add_argument("--json", action="store_true", help="one JSON object a line, with all numbers of a run")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            rows = self._rows(args, opts.limit)
        except ArchiveError as error:
            self.fail(error)
            return
        ends = _ends(rows, self.store)
        if opts.json:
            for row, end in zip(rows, ends, strict=True):
                print(msgspec.json.encode({**row, "end": end}).decode())
            return
        lines = [_cells(row, end) for row, end in zip(rows, ends, strict=True)]
        if sys.stdout.isatty():
            _print_table(lines)
        else:
            for line in lines:
                print("\t".join(line))

    def _rows(self, args: list[str], limit: int) -> list[Row]:
        if len(args) > 1 or limit < 0:
            raise ArchiveError("scrapy runs takes one source at most, and a --limit of 0 or more.")
        self.store.require()
        with Catalogue(self.store.catalogue_path, read_only=True) as catalogue:
            rows = catalogue.runs(args[0] if args else None, limit or -1)
            if args and not rows:
                known = ", ".join(sorted({row["source"] for row in catalogue.runs(limit=-1)})) or "none yet"
                raise ArchiveError(f"The archive has no run of {args[0]!r}; it has runs of: {known}.")
            return rows


def _ends(rows: list[Row], store: Store) -> list[str]:
    """How each run ended, in a word or two; only the latest one of a source can be under way."""
    ends: list[str] = []
    seen: set[str] = set()
    for row in rows:
        source = row["source"]
        if row["ended"]:
            end = {"finished": "done", "shutdown": "stopped"}.get(row["reason"], printable(row["reason"]))
        else:
            end = "under way" if source not in seen and store.is_held(f"source-{source}") else "killed"
        seen.add(source)
        ends.append(end)
    return ends


def _cells(row: Row, end: str) -> list[str]:
    began = dt.datetime.fromisoformat(row["started"]).astimezone()
    tally: Tally | None = row["tally"]
    cells = [printable(row["source"], line_ends=False), f"{began:%Y-%m-%d %H:%M}"]
    if tally is None:
        return [*cells, "", end, *[""] * len(_NUMBERS)]
    counts = (tally.pages, tally.revisits, tally.not_modified, tally.articles, tally.errors)
    sizes = (sized(tally.bytes_received), sized(tally.bytes_stored))
    return [*cells, lasted(tally.seconds), end, *map(str, counts), *sizes]


def _print_table(rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    shown = [name for name in _COLUMNS if console.width >= _WIDE or name not in _LEFT_OUT]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in shown:
        right = name in _NUMBERS or name == "took"
        table.add_column(name, justify="right" if right else "left", no_wrap=True, overflow="ellipsis")
    for cells in rows:
        table.add_row(*(Text(cell) for name, cell in zip(_COLUMNS, cells, strict=True) if name in shown))
    console.print(table)
