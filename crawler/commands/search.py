"""``scrapy search WORDS``: articles that hold all the words."""

from __future__ import annotations

import argparse

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, printable


class Command(ArchiveCommand):
    ends_on_broken_pipe = True

    def syntax(self) -> str:
        return "[options] WORDS"

    def short_desc(self) -> str:
        return "Find articles by words of their text"

    def long_desc(self) -> str:
        return (
            "Print the articles whose headline or text holds all the words, best first: date, source, headline, URL. "
            "Words in double quotes stand together. Other forms of a word are found as well."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--source", help="only articles of this source")
        parser.add_argument("--limit", type=int, default=20, help="so many articles (default 20)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.catalogue import Catalogue

        try:
            self.store.require()
            catalogue = Catalogue(self.store.catalogue_path)
            rows = catalogue.search(" ".join(args), source=opts.source, limit=opts.limit)
            catalogue.close()
        except ArchiveError as error:
            self.fail(error)
            return
        for row in rows:
            day = (row["published"] or row["first_seen"])[:10]
            print(f"{day}  {row['source']:<20} {printable(row['headline'] or '(no headline)')}\n    {row['url']}")
        if not rows:
            self.fail("no article holds all these words.")
