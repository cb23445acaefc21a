"""``scrapy runspider FILE``: Scrapy's own command; what it fetches is archived too."""

from __future__ import annotations

import argparse
from pathlib import Path

from scrapy.commands.runspider import Command as ScrapyRunSpider
from scrapy.commands.runspider import _import_file
from scrapy.exceptions import UsageError
from scrapy.utils.spider import iter_spider_classes

from crawler.command import Crawls


class Command(ScrapyRunSpider):
    requires_project = True
    default_settings = {**ScrapyRunSpider.default_settings, "LIVE_VIEW": True}  # noqa: RUF012 - as Scrapy declares it

    def short_desc(self) -> str:
        return "Run a spider from a Python file, into the archive"

    def long_desc(self) -> str:
        return (
            "Run the spider defined in the given file; every exchange is archived. With -s REPLAY=PATH its requests "
            "are answered from an archive instead, as in scrapy crawl."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1:
            raise UsageError("Name one Python file.", print_help=False)
        path = Path(args[0])
        if not path.is_file():
            raise UsageError(f"{path}: there is no such file.", print_help=False)
        try:
            spiders = list(iter_spider_classes(_import_file(path)))
        except (ImportError, ValueError, SyntaxError) as error:
            raise UsageError(f"{path}: can't be loaded: {error}", print_help=False) from error
        if not spiders:
            raise UsageError(f"{path}: has no spider in it.", print_help=False)
        assert self.crawler_process is not None
        crawls = Crawls(self.crawler_process)
        crawls.add(spiders[-1], opts.spargs)
        self.exitcode = crawls.run()
