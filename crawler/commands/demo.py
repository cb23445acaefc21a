"""``scrapy demo``: five invented newspapers, from the wire to a verified archive, on this machine alone."""

from __future__ import annotations

import argparse

from scrapy.settings import SETTINGS_PRIORITIES

from crawler.command import ArchiveCommand

STORE = "data/demo"


class Command(ArchiveCommand):
    def short_desc(self) -> str:
        return "Crawl five invented newspapers on this machine, archive, clean and verify them"

    def long_desc(self) -> str:
        return (
            f"Start five small newspapers on loopback, crawl them into {STORE}, clean and verify what was kept, and "
            "print what came of it. Nothing leaves this machine. Run it twice: the second time nothing is new."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        from crawler.demo.show import show_demo  # the web server and its papers are for this command alone

        assert self.settings is not None
        chosen = self.settings.getpriority("ARCHIVE_STORE") == SETTINGS_PRIORITIES["cmdline"]
        self.exitcode = show_demo(self.settings, self.settings["ARCHIVE_STORE"] if chosen else STORE)
