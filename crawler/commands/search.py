"""``scrapy search WORDS``: articles that hold all the words."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, printable

if TYPE_CHECKING:
    from archive.catalogue.snippets import Parts


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
        parser.add_argument("--language", help="only articles in this language, such as en")
        parser.add_argument("--since", metavar="DATE", help="only articles published on that day or later")
        parser.add_argument("--until", metavar="DATE", help="only articles published before that day")
        parser.add_argument("--limit", type=int, default=20, help="so many articles (default 20)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.catalogue import Catalogue
        from archive.catalogue.search import Search

        try:
            self.store.require()
            with Catalogue(self.store.catalogue_path, read_only=True) as catalogue:
                found = Search(catalogue, self.store).find(
                    " ".join(args),
                    source=opts.source,
                    language=opts.language,
                    since=opts.since,
                    until=opts.until,
                    limit=opts.limit,
                )
        except ArchiveError as error:
            self.fail(error)
            return
        for hit in found.hits:
            row = hit.article
            day = (row["published"] or row["first_seen"])[:10]
            print(f"{day}  {row['source']:<20} {printable(row['headline'] or '(no headline)')}\n    {row['url']}")
            for snippet in hit.snippets:
                print(f"    {_emphasised(snippet)}")
        if not found.hits:
            self.fail("no article holds all these words.")
        elif found.total > len(found.hits):
            print(f"{len(found.hits)} of {found.total} articles; --limit {found.total} shows all.", file=sys.stderr)


def _emphasised(parts: Parts) -> str:
    """A snippet on one line; on a terminal the words that were looked for are bold."""
    bold, plain = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    shown = ((printable(text).replace("\n", " "), matches) for text, matches in parts)
    return "".join(f"{bold}{text}{plain}" if matches else text for text, matches in shown)
