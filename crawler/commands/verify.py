"""``scrapy verify``: is everything in the archive, or in WARC and WACZ files of anyone, what it was, and true?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, printable
from crawler.progress import Progress

if TYPE_CHECKING:
    from archive.verify import Verification


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[FILE_OR_FOLDER...]"

    def short_desc(self) -> str:
        return "Check every file, record, reference and text of the archive, or WARC and WACZ files"

    def long_desc(self) -> str:
        return (
            "Read the whole archive again: digests of files and records, revisits and their originals, provenance, "
            "the catalogue against the files, and every text against the page it was read from. With files (or "
            "folders of them), judge these instead, whoever made them: WARC files together as one set, each WACZ by "
            "itself. Each fault is named; the exit code is 1 if there is one, advice aside. Nothing is changed."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--no-extraction", action="store_true", help="do not read the pages again")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.inspection import inspect
        from archive.verify import verify

        try:
            with Progress("checking") as progress:
                if args:
                    found = inspect(map(Path, args), progress=progress)
                else:
                    found = verify(self.store, extract=not opts.no_extraction, progress=progress)
        except ArchiveError as error:
            self.fail(error)
            return
        for line in report(found):
            print(printable(line).replace("\n", " "))
        print(summary(found))
        self.exitcode = 0 if found.ok else 1


def report(found: Verification) -> Iterator[str]:
    """What was found, a line each: signatures, advice, and faults last, where they are seen."""
    yield from (f"SIGNED {line}" for line in found.signatures)
    yield from (f"ADVICE {advice}" for advice in found.advice)
    yield from (f"FAULT {fault}" for fault in found.faults)


def summary(found: Verification) -> str:
    """One sentence on what was checked."""
    counted = ((found.files, "file"), (found.records, "record"), (found.conversions, "text"))
    text = ", ".join(f"{count} {name}{'s' * (count != 1)}" for count, name in counted)
    if found.compared:
        text += f" ({found.compared} read again from their pages)"
    if found.other_version:
        text += f"; {found.other_version} texts of other versions of newswarc were not read again"
    if found.open_files:
        text += f"; {len(found.open_files)} files are being written and were left out"
    count = len(found.faults) + found.more
    return f"{text}: " + ("all is well." if found.ok else f"{count} fault{'s' * (count > 1)}.")
