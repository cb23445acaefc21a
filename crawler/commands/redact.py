"""``scrapy redact``: takes articles out of the archive, for legal reasons, and says that it did."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, counted, printable
from crawler.progress import Progress

if TYPE_CHECKING:
    from archive.sealing.redaction import Doomed


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "URL... --reason TEXT [--yes]"

    def short_desc(self) -> str:
        return "Take articles out of the archive, leaving tombstones, so that all else stays provable"

    def long_desc(self) -> str:
        return (
            "Take all captures of the articles at these URLs, and all texts read from them, out of the WARC files. A "
            "tombstone stays in the place of each, with its id, date and hash, and the reason: so proofs and seals of "
            "everything else still hold. The articles are not fetched again. Without --yes it only says what it would "
            "do. Copies, exports and back-ups are not reached, nor listings that announced the article; they are named."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--reason", help="why, in a few words; everybody who has the archive can read them")
        parser.add_argument("--yes", action="store_true", help="do it; it can't be undone")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.catalogue import Catalogue
        from archive.sealing.redaction import doomed, finish_redactions, redact

        if not args or not (opts.reason or "").strip() or len(opts.reason) > _LONGEST:
            self.fail(f"name URLs, and a --reason of at most {_LONGEST} characters.")
            self.exitcode = 2
            return
        try:
            self.store.require()
            if opts.yes and (left := finish_redactions(self.store)):
                print(f"An earlier redaction had been stopped: {counted(left, 'record')} more were taken out.")
            with Catalogue(self.store.catalogue_path) as catalogue:
                found = [doomed(self.store, catalogue, url) for url in args]
            for one in found:
                _tell(one)
            if not opts.yes:
                print("Nothing was changed. With --yes it is done, and can't be undone.")
                return
            with Progress("taking out") as progress:
                made = redact(self.store, args, opts.reason.strip(), progress=progress)
        except ArchiveError as error:
            self.fail(error)
            return
        print(f"{counted(len(made.records), 'record')} were taken out; tombstones are in their places.")


_LONGEST = 200


def _tell(found: Doomed) -> None:
    print(printable(" = ".join(found.addresses), line_ends=False))
    records = counted(len(found.records), "record")
    print(f"  {counted(found.captures, 'capture')} and {counted(found.texts, 'text')}: {records}")
    for via in found.announced:
        print(f"  stays: {printable(via, line_ends=False)}, a listing that announced it")
