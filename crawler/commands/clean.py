"""``scrapy clean``: the article of each page, one JSON object a line."""

from __future__ import annotations

import argparse

from crawler.command import ArchiveCommand


class Command(ArchiveCommand):
    def syntax(self) -> str:
        return "[options] FILE_OR_URL..."

    def short_desc(self) -> str:
        return "Print the clean text and fields of pages as JSON lines"

    def long_desc(self) -> str:
        return (
            "Read HTML files (gzipped ones too), WARC files, standard input (-) or URLs, and print one JSON article "
            "a line: headline, standfirst, text, authors, dates and more, every block that was removed with the rule "
            "that removed it, and the evidence for each field. URLs are fetched politely and archived. A bad input "
            "gets one line on standard error; the rest still come out."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--url", default="", help="address of the page, for one file or standard input")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from crawler.cleaner import Cleaner

        assert self.settings is not None
        if not args:
            self.fail("name at least one file or URL, or - for standard input; scrapy clean -h tells more.")
            self.exitcode = 2
        elif not Cleaner(self.settings, opts.url).clean(args):
            self.exitcode = 1
