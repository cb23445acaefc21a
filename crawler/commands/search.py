"""``scrapy search WORDS``: articles that hold the words."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from archive.errors import ArchiveError
from crawler.command import ArchiveCommand, printable, through

if TYPE_CHECKING:
    from archive.catalogue.search import Hit
    from archive.catalogue.snippets import Parts

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


class Command(ArchiveCommand):
    ends_on_broken_pipe = True

    def syntax(self) -> str:
        return "[options] WORDS"

    def short_desc(self) -> str:
        return "Find articles by words of their text"

    def long_desc(self) -> str:
        return (
            "Print the articles whose headline or text holds all the words in any of their forms, best first: date, "
            "source, headline, URL, and where in the text they stand. '\"harbour bridge\"' finds words side by side, "
            "harbour OR port either, harbour NOT bridge one without the other, harb* what begins so, headline:harbour "
            "headlines; parentheses group."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--source", help="only articles of this source")
        parser.add_argument("--language", help="only articles in this language, such as en")
        parser.add_argument("--since", metavar="DATE", help="only articles published on that day or later")
        parser.add_argument("--until", metavar="DATE", help="only articles published until that day, itself included")
        parser.add_argument(
            "--only-permitted", action="store_true", help="nothing whose rights are reserved (RIGHTS_RESERVED)"
        )
        parser.add_argument("--newest", action="store_true", help="newest first, not best first")
        parser.add_argument("--limit", type=int, default=20, help="so many articles (default 20)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from archive.catalogue import Catalogue
        from archive.catalogue.search import QueryError, Search
        from archive.rights.policy import NOTHING
        from crawler.rights import policy

        assert self.settings is not None
        if not " ".join(args).strip():
            self.fail("say which words to look for; scrapy search -h tells more.")
            return
        try:
            self.store.require()
            with Catalogue(self.store.catalogue_path, read_only=True) as catalogue:
                results = Search(catalogue, self.store).find(
                    " ".join(args),
                    source=opts.source,
                    language=opts.language,
                    since=opts.since,
                    until=through(opts.until),
                    without=policy(self.settings, "reserved") if opts.only_permitted else NOTHING,
                    limit=opts.limit,
                    order="date" if opts.newest else "relevance",
                )
                known = {row["source"] for row in catalogue.sources()} if opts.source and not results.total else set()
        except QueryError as error:
            self.fail(f"character {error.position + 1} of the search: {error}" if error.position else error)
            return
        except ArchiveError as error:
            self.fail(error)
            return
        for hit in results.hits:
            _print(hit)
        if not results.total:
            self.fail(_missed(opts, known))
        elif len(results.hits) < results.total:
            told = f"{len(results.hits)} of {results.total} articles; --limit {results.total} shows all."
            print(told, file=sys.stderr)


def _missed(opts: argparse.Namespace, known: set[str]) -> str:
    """Why nothing was found: the words, the filters, or a source that is not among those that are `known`."""
    from archive.catalogue.rows import first_number

    if opts.source and opts.source not in known:
        return f"the archive holds nothing of {opts.source}; its sources are: {', '.join(sorted(known))}."
    if opts.since and opts.until and (first_number(opts.since) or 0) > (first_number(opts.until) or 0):
        return f"--until {opts.until} is before --since {opts.since}; nothing lies between."
    names = ("source", "language", "since", "until", "only_permitted")
    given = ["--" + name.replace("_", "-") for name in names if getattr(opts, name)]
    if given:
        return f"no article that fits {', '.join(given)} holds all these words; leave a filter or a word out."
    return "no article holds all these words; fewer words find more, and harb* finds what begins so."


def _print(hit: Hit) -> None:
    article = hit.article
    headline = _marked(hit.headline) or "(no headline)"
    print(f"{article['date'][:10]}  {article['source']:<20} {headline}\n    {printable(article['url'])}")
    for snippet in hit.snippets:
        print(f"    {_marked(snippet)}")


def _marked(parts: Parts) -> str:
    """The parts as one line; on a terminal those that match stand out."""
    shown = sys.stdout.isatty()
    texts = ((printable(text).replace("\n", " "), matches and shown) for text, matches in parts)
    return "".join(f"{_BOLD}{text}{_PLAIN}" if is_bold else text for text, is_bold in texts)
