"""``scrapy list``: the sources, one a line; broken definitions are named on standard error."""

from __future__ import annotations

import argparse

from scrapy.spiderloader import get_spider_loader

from crawler.command import ArchiveCommand


class Command(ArchiveCommand):
    ends_on_broken_pipe = True

    def short_desc(self) -> str:
        return "List the sources"

    def long_desc(self) -> str:
        return "Print the names of all sources (settings/sources/*.toml) and hand-written spiders, one a line."

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        loader = get_spider_loader(self.settings)
        for name in sorted(loader.list()):
            print(name)
        for error in getattr(loader, "errors", {}).values():
            self.fail(error)
