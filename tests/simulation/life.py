"""``python -m tests.simulation.life FOLDER``: the real scheduler and spider over the newspaper, for its whole life.

It may be killed at any time and started again: the paper follows from the time, and the time from the journal of what
the paper was asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from scrapy import Request
from scrapy.crawler import AsyncCrawlerRunner, Crawler
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.utils.project import get_project_settings
from scrapy.utils.reactor import install_reactor

from archive import clock
from archive.storage import Store
from archive.workers import ExtractorPool
from crawler import pipelines
from crawler.handlers import ArchivingDownloadHandler
from crawler.resolver import PublicResolver
from crawler.scheduling.lookup import last_run, outcome_of
from crawler.scheduling.plan import Outcome
from crawler.scheduling.schedule import Schedule
from crawler.scheduling.scheduler import Scheduler
from crawler.scheduling.state import StateFile
from crawler.scheduling.worth import Worth
from crawler.source import Source
from crawler.spider import SourceSpider
from tests.server.crawl import ROOT
from tests.simulation.newspaper import HOME, Newspaper

__all__ = ["BEGIN", "SOURCE", "Terms", "live"]

BEGIN = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
SOURCE = Source(
    name="mercury",
    title="Lowgate Mercury",
    home=HOME,
    language="en",
    timezone="Europe/London",
    feeds=("/feed.xml",),
    sitemaps=("/news-sitemap.xml",),
    article_urls=(r"/[a-z]+/\d{4}/\d\d/\d\d/[^/]+-\d+\.html", r"/partner/\d+/[^/]+\.html"),
)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is lived through."""

    days: int = 60
    a_day: int = 6
    seed: int = 1
    crawl_delay: float = 0.0
    """Seconds, of the reactor's clock."""
    every: str = "every 15 minutes"

    def paper(self) -> Newspaper:
        """The newspaper of these terms."""
        return Newspaper(BEGIN, days=self.days, a_day=self.a_day, seed=self.seed, crawl_delay=self.crawl_delay)


class Timed(ArchivingDownloadHandler):
    """Notes when each request's turn came, on the clock that delays are kept by: how long it takes from there to the
    paper, in a busy process, is another matter."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._crawler = crawler

    async def download_request(self, request: Request) -> Response:
        """As Scrapy asks for it."""
        assert self._crawler.engine is not None
        slot = self._crawler.engine.downloader.slots[request.meta["download_slot"]]
        with Path(self._archiving.run.store.root.parent / "sent").open("a") as file:
            file.write(f"{slot.lastseen}\n")
        return await super().download_request(request)


class _Runner:
    """Crawls in this process, one at a time."""

    ended: Callable[[str, Outcome], None]
    """Told how a crawl ended."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._runner = AsyncCrawlerRunner(settings)
        reactor: Any = importlib.import_module("twisted.internet.reactor")
        PublicResolver.from_crawler(self._runner, reactor).install_on_reactor()  # type: ignore[arg-type]
        self._store = store
        self.task: asyncio.Task[None] | None = None

    def start(self, name: str, schedule: Schedule) -> None:
        self.task = asyncio.ensure_future(self._crawl(name))

    async def _crawl(self, name: str) -> None:
        began = clock.now()
        await self._runner.crawl(SourceSpider.of(SOURCE))
        self.ended(name, outcome_of(self._store, name, began))

    def is_busy(self, name: str) -> bool:
        return self._store.is_held(f"source-{name}")

    def look_up(self, name: str, since: dt.datetime) -> Outcome:
        return outcome_of(self._store, name, since)

    def last_run(self, name: str) -> dt.datetime | None:
        return last_run(self._store, name)


async def _live(folder: Path, terms: Terms) -> None:
    from tests.simulation.site import Site, Time, read_journal

    journal, store = folder / "journal.jsonl", Store(folder / "store")
    known = read_journal(journal) if journal.exists() else []
    now = Time(max([BEGIN, *(asked.at for asked in known[-1:])]))
    paper = terms.paper()
    with clock.showing(now):
        site = Site(paper, now, journal)
        plans = StateFile(store.root)
        store.create()
        runner = _Runner(_settings(store, site.port), store)
        schedule = Schedule(when=terms.every, timezone="UTC", time_limit="1 hour", retry_after="10 minutes")
        scheduler = Scheduler(
            {SOURCE.name: schedule},
            runner,
            plans=plans.load(),
            keep=plans.keep,
            is_worth=Worth(store, {SOURCE.name: SOURCE}.get),
        )
        runner.ended = scheduler.ended
        try:
            while clock.now() < paper.end:
                if scheduler.step() and runner.task:
                    await runner.task
                    runner.task = None
                    continue
                now.reach(min(scheduler.next_time() or paper.end, paper.end))
        finally:
            site.close()


def _settings(store: Store, port: int) -> Settings:
    settings = get_project_settings()
    for name, value in {
        "ARCHIVE_STORE": str(store.root),
        "CONNECT_TO": [f"www.lowgate-mercury.example:80:127.0.0.1:{port}"],
        "PRIVATE_NETWORKS_ALLOWED": ["127.0.0.0/8"],
        "CONTACT": "https://archive.example/about",
        "DOWNLOAD_DELAY": 0,
        "AUTOTHROTTLE_ENABLED": False,
        "RETRY_ENABLED": False,
        "LOG_LEVEL": "ERROR",
        "EXTRACT_WORKERS": 1,
        "DOWNLOAD_HANDLERS": {"http": Timed},
    }.items():
        settings.set(name, value, priority="cmdline")
    return settings


class _Kept(ExtractorPool):
    """Workers that serve all runs: a run in a process of its own starts its own."""

    def close(self, *, abandon: bool = False) -> None:
        """Not now."""


def live(folder: Path, terms: Terms, kill_at: int | None, *, timeout: float | None = None) -> None:
    """Go on with a life, in a process of its own, until it is over, or until so many requests have been answered: then
    it is killed. Raises `subprocess.TimeoutExpired` when its end takes longer than `timeout` seconds."""
    told = msgspec.json.encode(terms).decode()
    command = [sys.executable, "-m", "tests.simulation.life", str(folder), "--terms", told]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    journal = folder / "journal.jsonl"
    while kill_at is not None and process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") >= kill_at:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return
        time.sleep(0.02)
    _, said = process.communicate(timeout=timeout)
    if process.returncode:
        raise RuntimeError(said)


def main() -> None:
    """Live, and say when it is over."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.life", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--terms", default="{}", help="JSON of Terms")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    terms = msgspec.json.decode(chosen.terms, type=Terms)
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    pool = _Kept(1)
    pipelines.ExtractorPool = lambda *_, **__: pool  # type: ignore[misc,assignment]
    from twisted.internet import defer, task

    failed: list[object] = []

    def begin(_: object) -> defer.Deferred[None]:
        living = defer.Deferred.fromFuture(asyncio.ensure_future(_live(chosen.folder, terms)))
        return living.addErrback(failed.append)

    try:
        task.react(begin)
    except SystemExit:
        pass
    finally:
        ExtractorPool.close(pool, abandon=True)
    if failed:
        sys.exit(str(failed[0]))


if __name__ == "__main__":
    main()
