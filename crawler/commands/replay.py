"""``scrapy replay``: today's extractor over stored captures, without network."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from archive.errors import ArchiveError, StoreError
from crawler.command import ArchiveCommand, complain
from crawler.progress import Progress


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[options] [FILE...]"

    def short_desc(self) -> str:
        return "Read stored pages again and show, or accept, what changes"

    def long_desc(self) -> str:
        return (
            "Have today's extractor, with today's site rules and furniture lists, read the stored pages again, and "
            "show for each source what would change: articles gained, lost and altered, paragraphs removed and "
            "restored by rule, fields. Nothing is written into the archive without --accept; with it, what has "
            "changed is stored as new versions, and the older ones stay. Interrupted and started again, it goes on. "
            "FILE is any WARC or WACZ, or a folder of them, whoever made it: shown is what it holds beside what the "
            "archive has of the same pages; with --accept its exchanges are taken into the archive, digests checked."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--source", help="only captures of this source")
        parser.add_argument("--since", metavar="DATE", help="only what was captured on that day or later")
        parser.add_argument("--until", metavar="DATE", help="only what was captured until that day, itself included")
        parser.add_argument("--url", help="only captures of this URL")
        parser.add_argument("--accept", action="store_true", help="store what changes")
        parser.add_argument(
            "--traces", action="store_true", help="count as changes what only differs in what was removed and why"
        )
        shown = parser.add_mutually_exclusive_group()
        shown.add_argument("--diff", "--verbose", action="store_true", help="print what differs in each article")
        shown.add_argument("--json", action="store_true", help="print each change as a JSON line")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if unknown := [argument for argument in args if argument.startswith("-")]:
            self.fail(f"{unknown[0]}: there is no such option; scrapy replay -h tells more.")
            self.exitcode = 2
            return
        try:
            self._replay(args, opts)
        except ArchiveError as error:
            self.fail(error)
        except KeyboardInterrupt:
            complain("stopped; what was read is remembered, and the same command goes on.")
            self.exitcode = 130

    def _replay(self, files: list[str], opts: argparse.Namespace) -> None:
        from crawler.rerun_report import RerunReport
        from crawler.rerunning import Rerunning

        report = RerunReport(diff=opts.diff, as_json=opts.json, explained=opts.traces)
        with Progress("reading") as progress:

            def say(error: ArchiveError) -> None:
                progress.clear()
                self.fail(error)

            assert self.settings is not None
            with Rerunning(self.settings, self.store, opts, report=report, say=say, progress=progress) as rerunning:
                for file in files or (None,):
                    rerunning.run(file)
            if opts.accept:
                from crawler.health import channels_of, say_alarms

                say_alarms(self.store, channels_of(self.settings))
        if not report.pages and not rerunning.taken:
            raise StoreError(_nothing(opts, files))
        say_last = partial(print, file=sys.stderr if opts.json else sys.stdout)
        if not report.changed:
            say_last("Nothing would change." if not opts.accept else "Nothing has changed.")
        elif not opts.accept:
            say_last("Nothing was stored; --accept stores what changes.")


def _nothing(opts: argparse.Namespace, files: list[str]) -> str:
    """One sentence that says what was looked for."""
    asked = [f"--{name} {value}" for name in ("source", "since", "until", "url") if (value := getattr(opts, name))]
    return f"{', '.join(files) or 'The archive'} has no page to read{' for ' + ' '.join(asked) if asked else ''}."
