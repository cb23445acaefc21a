"""``scrapy replay``: today's extractor over stored captures, without network."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING

from archive.errors import ArchiveError, StoreError
from crawler.command import ArchiveCommand, complain, moment
from crawler.progress import Progress

if TYPE_CHECKING:
    from archive.rerun import Rerun


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Read stored pages again and show, or accept, what changes"

    def long_desc(self) -> str:
        return (
            "Have today's extractor, with today's site rules and furniture lists, read the stored pages again, and "
            "show for each source what would change: articles gained, lost and altered, paragraphs removed and "
            "restored by rule, fields. Nothing is written into the archive without --accept; with it, what has "
            "changed is stored as new versions, and the older ones stay. Interrupted and started again, it goes on."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--source", help="only captures of this source")
        parser.add_argument("--since", metavar="DATE", help="only what was captured on that day or later")
        parser.add_argument("--until", metavar="DATE", help="only what was captured on that day or before")
        parser.add_argument("--url", help="only captures of this URL")
        parser.add_argument("--accept", action="store_true", help="store what changes")
        parser.add_argument(
            "--traces", action="store_true", help="count as changes what only differs in what was removed and why"
        )
        shown = parser.add_mutually_exclusive_group()
        shown.add_argument("--diff", "--verbose", action="store_true", help="print what differs in each article")
        shown.add_argument("--json", action="store_true", help="print each change as a JSON line")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if args:
            self.fail("takes options only; scrapy replay -h tells more.")
            self.exitcode = 2
            return
        try:
            self._replay(opts)
        except ArchiveError as error:
            self.fail(error)
        except KeyboardInterrupt:
            complain("stopped; what was read is remembered, and the same command goes on.")
            self.exitcode = 130

    def _replay(self, opts: argparse.Namespace) -> None:
        from archive.rerun import Rerun, Selection
        from archive.workers import ExtractorPool
        from crawler.archiving import settings_digest
        from crawler.readings import Readings

        settings = self.settings
        assert settings is not None
        readings = Readings(settings)
        selection = Selection(
            source=opts.source,
            since=moment(opts.since, "--since"),
            until=moment(opts.until, "--until", end=True),
            url=opts.url,
            without=tuple(readings.errors),
        )
        for error in readings.errors.values():
            self.fail(error)
        pool = ExtractorPool(
            settings.getint("EXTRACT_WORKERS"),
            timeout=settings.getfloat("EXTRACT_TIMEOUT", 20),
            memory=settings.getint("EXTRACT_MEMORY", 2 << 30),
        )
        try:
            with Progress("reading") as progress:

                def complain_(error: ArchiveError) -> None:
                    progress.clear()
                    self.fail(error)

                rerun = Rerun(
                    self.store,
                    pool,
                    readings.of,
                    selection=selection,
                    is_listing=readings.is_listing,
                    explained=opts.traces,
                    complain=complain_,
                    progress=progress,
                    run_options={
                        "settings_digest": settings_digest(settings),
                        "info": {"operator": settings.get("CONTACT") or ""},
                        "max_file_size": settings.getint("ARCHIVE_FILE_SIZE", 1 << 30),
                    },
                )
                with rerun:
                    self._report(rerun, progress, opts)
        finally:
            pool.close(abandon=True)

    def _report(self, rerun: Rerun, progress: Progress, opts: argparse.Namespace) -> None:
        from crawler.changes import ChangeReport, sentences

        report = ChangeReport(diff=opts.diff, as_json=opts.json, explained=opts.traces)
        if opts.accept:
            for file in rerun.recover():
                complain(f"{file.file} was left open by a killed run; it is closed now.")
        for reread in rerun.changes():
            progress.clear()
            report.add(reread)
            if reread.problem:
                self.fail(reread.problem)
        progress.clear()
        if not report.pages:
            raise StoreError(_nothing(opts))
        say = partial(print, file=sys.stderr if opts.json else sys.stdout)
        if not opts.json:
            report.print_summary()
        if opts.accept:
            for sentence in sentences(rerun.accept()):
                progress.clear()
                say(sentence)
            for source, number in report.lost.items():
                say(f"{source}: of {number} articles that are lost today the last versions stay.")
        if not report.changed:
            say("Nothing would change.")
        elif not opts.accept:
            say("Nothing was stored; scrapy replay --accept stores what changes.")


def _nothing(opts: argparse.Namespace) -> str:
    """One sentence that says what was looked for."""
    asked = [f"--{name} {value}" for name in ("source", "since", "until", "url") if (value := getattr(opts, name))]
    return f"The archive has no page to read again{' for ' + ' '.join(asked) if asked else ''}."
