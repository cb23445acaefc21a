"""``scrapy export``: articles for others, as WACZ, JSONL, Markdown, WET or Parquet."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, complain, counted, printable, through
from crawler.progress import Progress

if TYPE_CHECKING:
    from archive.export.formats import Export
    from archive.signing import SigningKey


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[options] -o FILE_OR_FOLDER"

    def short_desc(self) -> str:
        return "Write articles to a WACZ, JSONL, Markdown, WET or Parquet file"

    def long_desc(self) -> str:
        return (
            "Hand over the articles that fit all the conditions. A WACZ package holds their pages as captured, "
            "opens in replayweb.page and is signed if you have a key (scrapy keygen). The format is told by the name's "
            "end: .wacz, .jsonl, .wet.gz, .parquet, .zip or a folder (NAME/) for Markdown. The same export is the same "
            "bytes, always."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("-o", "--output", metavar="FILE_OR_FOLDER", help="where to write")
        add("--format", choices=("wacz", "jsonl", "markdown", "wet", "parquet"), help="if the name doesn't tell")
        add("--source", help="only articles of this source")
        add("--since", metavar="D", help="published then or later: 2026, 2026-11, 2026-11-20, 2026-11-20T09:30")
        add("--until", metavar="D", help="published until then, itself included")
        add("--captured-since", metavar="D", help="only versions that were captured then or later (UTC)")
        add("--captured-until", metavar="D", help="only versions captured until then, itself included")
        add("--search", metavar="WORDS", help="only articles that scrapy search finds")
        add("--language", metavar="L", help="only articles in this language, such as en")
        add("--versions", choices=("latest", "all"), default="latest", help="of each article (default latest)")
        add("--only-permitted", action="store_true", help="nothing whose rights are reserved (RIGHTS_RESERVED)")
        add("--key", metavar="FILE", help="sign a package with this key (default: EXPORT_KEY, if there is one)")
        add("--unsigned", action="store_true", help="sign nothing")
        add("--title", default="", help="of a package")
        add("--force", action="store_true", help="replace an existing file")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.export.formats import export, format_of
        from archive.export.query import Query
        from crawler.rights import Question, policy

        assert self.settings is not None
        if args or not opts.output:
            self.fail("say where to write with -o, and nothing else without an option; scrapy export -h tells more.")
            self.exitcode = 2
            return
        for number in (signal.SIGINT, signal.SIGTERM):  # so that nothing half is left, and no traceback is shown
            signal.signal(number, lambda number, _: sys.exit(128 + number))
        try:
            wanted = format_of(opts.output, opts.format)
        except ArchiveError as error:
            self.fail(error)
            self.exitcode = 2
            return
        try:
            questions: list[Question] = ["not_exported", "reserved"] if opts.only_permitted else ["not_exported"]
            query = Query(
                source=opts.source,
                language=opts.language,
                since=opts.since,
                until=through(opts.until),
                captured_since=opts.captured_since,
                captured_until=through(opts.captured_until),
                words=opts.search,
                versions=opts.versions,
                without=policy(self.settings, *questions),
            )
            key = self._key(opts) if wanted == "wacz" else None
            target = Path(opts.output)
            with Progress("exporting") as progress:
                done = export(
                    self.store, query, target, wanted, key=key, title=opts.title, force=opts.force, progress=progress
                )
        except ArchiveError as error:
            self.fail(error)
            return
        print(printable(summary(done, "version" if opts.versions == "all" else "article"), line_ends=False))
        if done.left_out:
            complain(f"{done.left_out} revisits were left out: the archive lacks their originals; run scrapy verify.")

    def _key(self, opts: argparse.Namespace) -> SigningKey | None:
        """The key that is named, or the one in its usual place, if there is one."""
        from archive.signing import SigningKey, default_path

        assert self.settings is not None
        named = opts.key or self.settings.get("EXPORT_KEY")
        path = Path(named).expanduser() if named else default_path()
        if opts.unsigned or not (named or path.exists()):
            return None
        return SigningKey.read(path)


def summary(done: Export, noun: str) -> str:
    """What was written, in one sentence or two."""
    what = counted(done.versions, noun)
    if done.captures:
        what += f", {done.captures} captures"
    text = f"{done.path}: {what}, {done.size:,} bytes."
    if done.format == "wacz":
        text += f" Signed by {done.signer}." if done.signer else " Not signed."
    return text
