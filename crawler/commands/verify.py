"""``scrapy verify``: is everything in the archive what it was, and true?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand
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
            "the exit code is 1 if there is one. Nothing is changed."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--no-extraction", action="store_true", help="do not read the pages again")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.verify import verify

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
