"""``scrapy verify``: is everything in the archive, or in WARC and WACZ files of anyone, what it was, and true?"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, complain, counted, printable, size_of
from crawler.progress import Progress

if TYPE_CHECKING:
    from archive.verification.verify import Verification


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[FILE_OR_FOLDER... | --url URL]"

    def short_desc(self) -> str:
        return "Check every file, record, reference and text of the archive, or WARC and WACZ files"

    def long_desc(self) -> str:
        return (
            "Read the whole archive again: digests of files and records, revisits and their originals, provenance, "
            "seals, the catalogue against the files, and every text against the page it was read from. With files (or "
            "folders of them), judge these instead, whoever made them: WARC files together as one set, each WACZ by "
            "itself. With --url, check the texts of one article, each from its own bytes to those of its page, and "
            "show every step. Each fault is named; the exit code is 1 if there is one, advice aside. Nothing is "
            "changed, but that verified.json remembers which file was verified when."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--no-extraction", action="store_true", help="do not read the pages again")
        parser.add_argument("--seal", metavar="DIGEST", help="this seal must be there: what scrapy seal printed then")
        parser.add_argument("--jobs", type=int, metavar="N", help="so many files at a time (default: one a core)")
        parser.add_argument("--rate", metavar="SIZE", help="read no more than this a second, such as 20MB")
        parser.add_argument(
            "--older-than", type=float, metavar="DAYS", help="only files that were not found good within so many days"
        )
        parser.add_argument(
            "--budget",
            metavar="SIZE",
            help="only so many bytes of files, such as 50GB: changed and new ones, then the oldest",
        )
        parser.add_argument("--url", help="check only the texts of the article at this URL, and show each step")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.inspection import inspect
        from archive.verification.files import cores
        from archive.verification.rounds import verify_round

        if sum(map(bool, (opts.url, args, opts.seal))) > 1:
            self.fail("give either files, --url or --seal.")
            self.exitcode = 2
            return
        if opts.url:
            self._check_url(opts.url)
            return
        said: list[str] = []
        try:
            with Progress("checking") as progress:
                if args:
                    found = inspect(map(Path, args), progress=progress)
                else:
                    found, said = verify_round(
                        self.store,
                        older_than=opts.older_than,
                        budget=size_of(opts.budget, "--budget") if opts.budget else None,
                        extract=not opts.no_extraction,
                        known_seal=opts.seal,
                        jobs=opts.jobs or cores(),
                        rate=size_of(opts.rate, "--rate") if opts.rate else 0,
                        progress=progress,
                    )
        except ArchiveError as error:
            self.fail(error)
            return
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the workers have ended
        for line in report(found):
            print(printable(line).replace("\n", " "))
        print(summary(found))
        for sentence in said:
            complain(sentence)
        self.exitcode = 0 if found.ok else 1

    def _check_url(self, url: str) -> None:
        """Check every text of one article."""
        from archive.catalogue import Catalogue
        from archive.history.addresses import Addresses
        from archive.verification.verify import check_capture
        from archive.workers import ExtractorPool

        try:
            self.store.require()
            with Catalogue(self.store.catalogue_path) as catalogue:
                rows = Addresses(self.store, catalogue, url).versions()
                if not rows:
                    self.fail(f"{url}: no text of it is in the archive {self.store.root}.")
                    return
                pool = ExtractorPool(1, timeout=60)
                try:
                    checks = [(row, check_capture(self.store, catalogue, row["id"], pool=pool)) for row in rows]
                finally:
                    pool.close(abandon=True)
        except ArchiveError as error:
            self.fail(error)
            return
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the workers have ended
        for row, check in checks:
            print(f"{row['date']}  {printable(row['headline'] or '(no headline)')}  {row['id']}")
            for step in check.steps:
                where = "" if step.ok or step.offset is None else f" ({step.file}, byte {step.offset})"
                print(f"  {MARKS[step.ok]:<6} {step.name:<11}  {printable(step.what)}{where}")
        faults = sum(not check.ok for _, check in checks)
        print(f"{counted(len(rows), 'text')}: " + (f"{faults} with faults." if faults else "all is well."))
        self.exitcode = 1 if faults else 0


MARKS = {True: "ok", False: "FAULT", None: "?"}


def report(found: Verification) -> Iterator[str]:
    """What was found, a line each: signatures, advice, what is known to be gone; faults last, where they are seen."""
    yield from (f"SIGNED {line}" for line in found.signatures)
    yield from (f"ADVICE {advice}" for advice in found.advice)
    yield from (f"GONE {gone}" for gone in found.gone)
    yield from (f"FAULT {fault}" for fault in found.faults)


def summary(found: Verification) -> str:
    """One sentence on what was checked."""
    text = ", ".join(
        (counted(found.files, "file"), counted(found.records, "record"), counted(found.conversions, "text"))
    )
    if found.compared:
        text += f" ({found.compared} read again from their pages)"
    if found.other_version:
        text += f"; {found.other_version} texts of other versions of newswarc were not read again"
    if found.removed:
        text += f"; {counted(found.removed, 'sealed record')} were taken out, with a tombstone in place of each"
    if found.open_files:
        text += f"; {len(found.open_files)} files are being written and were left out"
    if found.skipped:
        text += f"; {counted(found.skipped, 'file')} had no turn, and the catalogue was not compared with all files"
    count = len(found.faults) + found.more
    return f"{text}: " + ("all is well." if found.ok else f"{counted(count, 'fault')}.")
