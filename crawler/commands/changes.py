"""``scrapy changes``: what became of articles."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, json_line, moment, printable, through

if TYPE_CHECKING:
    from archive.catalogue.changes import ChangeFilters


class Command(ArchiveCommand):
    ends_on_broken_pipe = True

    def syntax(self) -> str:
        return "[options] [URL]"

    def short_desc(self) -> str:
        return "List edits, silent edits and takedowns"

    def long_desc(self) -> str:
        return (
            "Print what became of articles between two looks at them, newest first: edits with their kinds and words, "
            "articles that are gone, articles that came back; of all sources, of one, or of one article (URL). An edit "
            "is silent if the page's date of change did not move and no note of correction came with it. Kinds: "
            "headline, standfirst, number, quote, name, added, removed, moved, wording, typo."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--source", help="only articles of this source")
        parser.add_argument("--since", metavar="DATE", help="only what became certain on that day or later")
        parser.add_argument("--until", metavar="DATE", help="only what became certain until that day, itself included")
        parser.add_argument("--silent", action="store_true", help="only edits of which the page says nothing")
        parser.add_argument("--gone", action="store_true", help="only articles that are gone, or came back")
        parser.add_argument("--kind", action="append", default=[], help="only edits of this kind; may be given again")
        parser.add_argument("--no-typos", action="store_true", help="without edits of nothing but spelling")
        parser.add_argument("--limit", type=int, default=50, help="so many changes (default 50, 0 for all)")
        parser.add_argument("--json", action="store_true", help="print each change as a JSON line")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.catalogue import Catalogue

        if len(args) > 1:
            self.fail("name one URL, or none.")
            self.exitcode = 2
            return
        try:
            filters = _filters(args, opts)
            self.store.require()
            limit = opts.limit or sys.maxsize - 1
            with Catalogue(self.store.catalogue_path, read_only=True) as catalogue:
                rows = catalogue.changes(filters, limit=limit + 1)
        except ArchiveError as error:
            self.fail(error)
            return
        for row in rows[:limit]:
            print(json_line(row) if opts.json else _sentences(row))
        if len(rows) > limit:
            print(f"There are more than {limit} changes; --limit 0 shows all.", file=sys.stderr)
        elif not rows:
            print("There is no such change.", file=sys.stderr)


def _filters(args: list[str], opts: argparse.Namespace) -> ChangeFilters:
    from archive.catalogue.changes import KINDS, ChangeFilters

    if opts.limit < 0:
        raise ArchiveError(f"--limit {opts.limit}: is a number of changes, 0 for all.")
    if unknown := [kind for kind in opts.kind if kind not in KINDS]:
        raise ArchiveError(f"--kind {unknown[0]}: is none of {', '.join(KINDS)}.")
    return ChangeFilters(
        source=opts.source,
        url=args[0] if args else None,
        since=moment(opts.since, "--since"),
        until=moment(through(opts.until), "--until"),
        kinds=tuple(opts.kind),
        silent=opts.silent,
        gone=opts.gone,
        typos=not opts.no_typos,
    )


def _sentences(row: dict[str, Any]) -> str:
    from archive.history.telling import Telling

    told = Telling.of(row)
    headline = printable(row["headline"] or "(no headline)", line_ends=False)
    lines = [f"{row['date'][:16].replace('T', ' ')}  {row['source']:<20} {told.title:<15} {headline}"]
    lines.append(f"    {printable(row['url'], line_ends=False)}")
    lines += [f"    {printable(line, line_ends=False)}" for line in told.lines]
    return "\n".join(lines)
