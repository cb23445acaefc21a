"""The demo itself: serve, crawl, archive, clean, verify, and tell."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from scrapy.crawler import AsyncCrawlerProcess

from archive.catalogue import Catalogue
from archive.errors import ArchiveError
from archive.storage import Store
from archive.verification.verify import Verification, verify
from crawler.command import Crawls, complain
from crawler.demo.newspapers import SOURCES, Newspapers
from crawler.progress import Progress
from crawler.source import Source, load_sources
from crawler.spider import SourceSpider
from crawler.summary import counts

if TYPE_CHECKING:
    from scrapy.settings import Settings

__all__ = ["show_demo"]

_COLUMNS = {
    "pages": "pages/fetched",
    "captures": "captures/response",
    "revisits": "captures/revisit",
    "articles": "articles",
    "furniture": "blocks_removed",
}
"""Of the table, and the counters they show."""


def show_demo(settings: Settings, folder: str) -> int:
    """Run the demo into the archive `folder`; returns the exit code."""
    sources, _ = load_sources(SOURCES)
    console = Console()
    known = Store(folder).exists()
    with Newspapers(evening=known) as papers:
        edition = "evening" if known else "morning, then their evening"
        console.print(
            f"Five newspapers on loopback port {papers.address[1]}; crawling their {edition} edition into {folder} ...",
            soft_wrap=True,
        )
        for name, value in {
            "ARCHIVE_STORE": folder,
            "CONNECT_TO": papers.connect_to,
            "PRIVATE_NETWORKS_ALLOWED": ["127.0.0.0/8"],
            "EXTRACT_WORKERS": 1,
            # Our own papers need no rest between two requests.
            "DOWNLOAD_DELAY": 0,
            "AUTOTHROTTLE_ENABLED": False,
            "LOG_ENABLED": False,
        }.items():
            settings.set(name, value, priority="cmdline")
        crawls = Crawls(AsyncCrawlerProcess(settings))

        def crawl_all() -> None:
            for source in sources.values():
                crawls.add(SourceSpider.of(source), {"fresh": "1"})  # the evening comes at once

        def crawl_evening() -> None:
            papers.print_evening_edition()
            crawl_all()

        crawl_all()
        if not known:
            crawls.then(crawl_evening)
        exit_code = crawls.run()
    store = Store(folder)
    try:
        with Progress("checking") as progress:
            found = verify(store, progress=progress)
    except ArchiveError as error:
        complain(error)
        return 1
    console.print(_table(sources, crawls))
    _print_verification(console, found)
    _print_next(console, store)
    return exit_code or (0 if found.ok else 1)


def _table(sources: dict[str, Source], crawls: Crawls) -> Table:
    table = Table()
    table.add_column("source", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    sums = {name: Counter[str]() for name in sources}
    for crawler in crawls.crawlers:
        got = counts(crawler)
        sums[str(crawler.spidercls.name)].update({c: got.get(counter, 0) for c, counter in _COLUMNS.items()})
    for name, row in sums.items():
        table.add_row(sources[name].title, *(str(row[c]) for c in _COLUMNS))
    table.add_section()
    together = sum(sums.values(), Counter[str]())
    table.add_row("together", *(str(together[c]) for c in _COLUMNS))
    return table


def _print_verification(console: Console, found: Verification) -> None:
    from crawler.commands.verify import summary

    for fault in found.faults:
        console.print(f"FAULT {fault}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"Verified: {summary(found)}", markup=False, highlight=False, soft_wrap=True)


def _print_next(console: Console, store: Store) -> None:
    catalogue = Catalogue(store.catalogue_path)
    newest = catalogue.articles(limit=1)
    catalogue.close()
    url = newest[0]["url"] if newest else ""
    option = f"-s ARCHIVE_STORE={store.root}"
    root = store.root
    console.print(f"\nThe originals are in {root}/originals, the clean texts in {root}/derived.", soft_wrap=True)
    console.print("Try next:", highlight=False)
    for command in (f"serve {option}", f"search {option} harbour", f"show {option} {url}", f"verify {option}"):
        console.print(f"  .venv/bin/scrapy {command}", markup=False, highlight=False, soft_wrap=True)
