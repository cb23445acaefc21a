"""``scrapy crawl SOURCE``: Scrapy's own command, with one sentence instead of a traceback."""

from __future__ import annotations

import argparse

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError

from crawler.command import Crawls


class Command(ScrapyCrawl):
    default_settings = {"LIVE_VIEW": True}  # noqa: RUF012 - as Scrapy declares it

    def syntax(self) -> str:
        return "[options] SOURCE"

    def short_desc(self) -> str:
        return "Crawl one source into the archive"

    def long_desc(self) -> str:
        return (
            "Fetch what a source announces anew and the articles that are due for another look, archive every exchange "
            "as it crossed the wire, and store the clean text with its provenance. Arguments of the crawl: "
            "-a url='URL URL' (these pages only), -a limit=N (so many), -a since=2026-11-01 (announced since), "
            "-a home=URL (for sources without a home of their own), -a fresh=1 (everything that is announced now, "
            "whatever is known of it). -O articles.jsonl writes the articles to a file as well. "
            "With -s REPLAY=PATH every request is answered from an archive instead (a store, a WARC or WACZ file, or a "
            "folder of these), with -s REPLAY_AT=2026-11-20 as it was then, and nothing is fetched or stored. "
            "scrapy list names the sources."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            raise UsageError("Name one source; scrapy list shows them.", print_help=False)
        assert self.crawler_process is not None
        crawls = Crawls(self.crawler_process)
        for name, error in getattr(self.crawler_process.spider_loader, "errors", {}).items():
            if name != args[0]:  # of its own error the crawl tells
                crawls.complain(error)
        crawls.add(args[0], opts.spargs)
        self.exitcode = crawls.run()
