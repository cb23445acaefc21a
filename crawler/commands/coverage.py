"""``scrapy coverage``: the ledger of the sources, and what is unusual about their last days."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, moment, printable, through

if TYPE_CHECKING:
    from archive.catalogue.quiet import Quiet
    from archive.catalogue.rows import Row

_SHOWN_DAYS = 14
_COLUMNS = {
    "announced": "announced", "captured": "captured", "extracted": "read", "revisited": "unchanged",
    "changed": "edited", "robots": "robots", "paywall": "paywall", "error": "error", "too_large": "too large",
}  # fmt: skip


class Command(ArchiveCommand):
    ends_on_broken_pipe = True

    def syntax(self) -> str:
        return "[options] [SOURCE]"

    def short_desc(self) -> str:
        return "Show what was announced, captured, read and refused, day by day"

    def long_desc(self) -> str:
        return (
            "Print the ledger of one source or of all, of the last two weeks or of the days between --since and "
            "--until: articles announced by listings, pages captured, articles read, pages unchanged, edits found, and "
            "what was not had: forbidden by robots.txt, behind a paywall, errors, too large. Then what is unusual "
            "about the last days by each source's own history: no crawls, fewer articles, pages that yield none. Exits "
            "with 1 if there is anything unusual."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--since", metavar="DATE", help="only that day and later ones")
        parser.add_argument("--until", metavar="DATE", help="only days until that one, itself included")
        parser.add_argument("--json", action="store_true", help="print a JSON line for each day and each trouble")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive import clock
        from archive.catalogue import Catalogue
        from archive.catalogue.quiet import quiet

        if len(args) > 1:
            self.fail("name one source, or none for all.")
            self.exitcode = 2
            return
        try:
            since, until = moment(opts.since, "--since"), moment(through(opts.until), "--until")
            self.store.require()
            with Catalogue(self.store.catalogue_path, read_only=True) as catalogue:
                known = [row["source"] for row in catalogue.sources()]
                chosen = _chosen(args, known)
                ledger = {name: catalogue.coverage(name, since, until) for name in chosen}
                troubles = [one for name in chosen for one in quiet(catalogue, name, clock.now().date())]
        except ArchiveError as error:
            self.fail(error)
            return
        if not (since or until):
            ledger = {name: rows[-_SHOWN_DAYS:] for name, rows in ledger.items()}
        if opts.json:
            _print_json(ledger, troubles)
        else:
            _print_tables(ledger)
            for trouble in troubles:
                print(printable(trouble.text))
        if troubles:
            self.exitcode = 1


def _chosen(args: list[str], known: list[str]) -> list[str]:
    if args and args[0] not in known:
        has = f"it has {', '.join(known)}" if known else "it is empty"
        raise ArchiveError(f"{args[0]}: the archive has no such source; {has}.")
    return args or known


def _print_json(ledger: dict[str, list[Row]], troubles: list[Quiet]) -> None:
    import json

    import msgspec

    for name, rows in ledger.items():
        for row in rows:
            print(json.dumps({"source": name, **row}))
    for trouble in troubles:
        print(json.dumps({"trouble": msgspec.to_builtins(trouble)}))


def _print_tables(ledger: dict[str, list[Row]]) -> None:
    """Tables for people; lines that programs can read where no person looks."""
    if not sys.stdout.isatty():
        print("\t".join(["source", "day", *_COLUMNS]))
        for name, rows in ledger.items():
            for row in rows:
                print("\t".join([name, row["day"], *(str(row[column]) for column in _COLUMNS)]))
        return
    from rich.console import Console
    from rich.table import Table

    for name, rows in ledger.items():
        table = Table(title=printable(name), title_justify="left")
        table.add_column("day", no_wrap=True)
        for title in _COLUMNS.values():
            table.add_column(title, justify="right")
        for row in rows:
            table.add_row(row["day"], *(str(row[column] or "") for column in _COLUMNS))
        Console().print(table)
