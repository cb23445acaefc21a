"""``scrapy rebuild``: the catalogue, made again from the WARC files alone."""

from __future__ import annotations

import argparse

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand
from crawler.progress import Progress


class Command(ArchiveCommand):
    def short_desc(self) -> str:
        return "Make the catalogue again from the WARC files"

    def long_desc(self) -> str:
        return (
            "Read every WARC file of the archive and write the catalogue anew. The old one is replaced when the new "
            "one is whole; the WARC files are not touched."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.catalogue import Catalogue
        from archive.rebuild import rebuild

        try:
            with Progress("reading") as progress:
                problems = rebuild(self.store, progress)
            with Catalogue(self.store.catalogue_path) as catalogue:
                counts = catalogue.counts()
        except ArchiveError as error:
            self.fail(error)
            return
        print("The catalogue holds " + ", ".join(f"{n} {table}" for table, n in counts.items()) + ".")
        for problem in problems:
            self.fail(problem)
