"""``scrapy verify``: is everything in the archive what it was, and true?"""

from __future__ import annotations

import argparse
import signal
from typing import TYPE_CHECKING

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, printable
from crawler.progress import Progress

if TYPE_CHECKING:
    from archive.verify import Verification


class Command(ArchiveCommand):
    def short_desc(self) -> str:
        return "Check every file, record, reference and text of the archive"

    def long_desc(self) -> str:
        return (
            "Read the whole archive again: digests of files and records, revisits and their originals, provenance, "
            "the catalogue against the files, and every text against the page it was read from. Each fault is named; "
            "the exit code is 1 if there is one. Nothing is changed. With --url, only the texts of one article are "
            "checked, each from its own bytes to those of its page; every step is shown."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--no-extraction", action="store_true", help="do not read the pages again")
        parser.add_argument("--url", help="check only the texts of the article at this URL, and show each step")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.verify import verify

        if opts.url:
            self._check_url(opts.url)
            return
        try:
            with Progress("checking") as progress:
                found = verify(self.store, extract=not opts.no_extraction, progress=progress)
        except ArchiveError as error:
            self.fail(error)
            return
        for fault in found.faults:
            print(f"FAULT {fault}")
        print(summary(found))
        self.exitcode = 0 if found.ok else 1

    def _check_url(self, url: str) -> None:
        """Check every text of one article."""
        from archive.addresses import Addresses
        from archive.catalogue import Catalogue
        from archive.verify import check_capture
        from archive.workers import ExtractorPool

        try:
            self.store.require()
            catalogue = Catalogue(self.store.catalogue_path)
            rows = Addresses(self.store, catalogue, url).versions()
            if not rows:
                self.fail(f"{url}: no text of it is in the archive {self.store.root}.")
                return
            pool = ExtractorPool(1, timeout=60)
            try:
                checks = [(row, check_capture(self.store, catalogue, row["id"], pool=pool)) for row in rows]
            finally:
                pool.close(abandon=True)
                catalogue.close()
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
        print(f"{len(rows)} text{'s' * (len(rows) > 1)}: " + (f"{faults} with faults." if faults else "all is well."))
        self.exitcode = 1 if faults else 0


MARKS = {True: "ok", False: "FAULT", None: "?"}


def summary(found: Verification) -> str:
    """One sentence on what was checked."""
    text = f"{found.files} files, {found.records} records, {found.conversions} texts"
    if found.compared:
        text += f" ({found.compared} read again from their pages)"
    if found.other_version:
        text += f"; {found.other_version} texts of other versions of newswarc were not read again"
    if found.open_files:
        text += f"; {len(found.open_files)} files are being written and were left out"
    count = len(found.faults)
    return f"{text}: " + ("all is well." if found.ok else f"{count} fault{'s' * (count > 1)}.")
