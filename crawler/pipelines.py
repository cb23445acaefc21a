"""From a captured `Page` to an article: `PagePipeline` has it read, `ArticlePipeline` stores it as well."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import msgspec
from scrapy import signals
from scrapy.exceptions import DontCloseSpider, DropItem

from archive.capture import Capture
from archive.catalogue.rows import capture_from
from archive.errors import ArchiveError, NotAPage, StoreError
from archive.furniture.furniture import LEARNED, Furniture
from archive.rules import Reading
from archive.workers import Extracted, ExtractorPool, Task
from crawler.archiving import Archiving
from crawler.limits import Limits
from crawler.page import Page

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

__all__ = ["ArticlePipeline", "PagePipeline"]

logger = logging.getLogger(__name__)

_AHEAD = 16
"""Pages that wait for a worker at once when the crawl is over."""
_HTML = {"text/html", "application/xhtml+xml", None}


class PagePipeline:
    """Has each `Page` read by a worker, and hands the article on as the item.

    Items of other types pass untouched. A page that can't be read is counted and said in one line. Where pages
    lie and what becomes of articles is for subclasses to say.
    """

    place: str
    """What workers read from, see `archive.workers.Task.store`."""

    def __init__(self, crawler: Crawler) -> None:
        assert crawler.stats is not None
        self._stats = crawler.stats
        self._limits = Limits.of(crawler.settings)
        self._pool: ExtractorPool | None = None
        self._taken: set[int] = set()
        """Captures that were handed on in this crawl, as hashes of ids and URLs."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy asks for it."""
        return cls(crawler)

    def close_spider(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.close(abandon=True)

    def readable(self, capture: Capture) -> Capture:
        """The capture to read in place of one that was fetched: a revisit's original. May raise DropItem."""
        raise NotImplementedError

    def furniture(self, capture: Capture) -> Furniture | None:
        """What is known by now to recur on the capture's site."""
        raise NotImplementedError

    def keep(self, capture: Capture, extracted: Extracted) -> None:
        """Take what was read, and count it. May raise DropItem or one of our errors."""
        raise NotImplementedError

    async def process_item(self, item: Any) -> Any:
        """Returns the article as a dict, or raises DropItem."""
        if not isinstance(item, Page):
            return item
        capture = self.readable(item.capture)
        if (taken := hash((capture.id, capture.url))) in self._taken:
            raise self._drop("unchanged", f"{capture.url} was handed on before.", level="DEBUG")
        self._taken.add(taken)
        if capture.mime not in _HTML:
            raise self._drop("not_html", f"{capture.url} is {capture.mime}, no HTML page; it is archived.")
        if self._pool is None:
            self._pool = self._limits.pool()
        day = dt.date.fromisoformat(capture.date[:10])
        reading = item.source.reading(day) if item.source else Reading()
        reading = msgspec.structs.replace(reading, furniture=self.furniture(capture))
        task = Task(store=self.place, capture=capture, reading=reading)
        try:
            extracted = await asyncio.wrap_future(self._pool.submit(task))
        except Exception as error:  # noqa: BLE001 - a worker can fail in any way; each becomes a sentence
            reason = self._pool.explain(error, capture.url)
            raise self._drop("no_article" if isinstance(reason, NotAPage) else "failed", str(reason)) from None
        if not (extracted.article.text or extracted.article.updates):
            raise self._drop("no_article", f"{capture.url}: no article found on the page; it is archived.")
        try:
            self.keep(capture, extracted)
        except ArchiveError as error:
            raise self._drop("failed", str(error)) from None
        self._stats.inc_value("newswarc/blocks_removed", len(extracted.article.trace.removed))
        return msgspec.to_builtins(extracted.article)

    def _drop(self, count: str, sentence: str, level: str = "WARNING") -> DropItem:
        self._stats.inc_value(f"newswarc/pages/{count}")
        return DropItem(sentence, log_level=level)


class ArticlePipeline(PagePipeline):
    """Stores the articles of captured pages, and hands them on as items.

    A page that the archive has read already (a revisit) is dropped. When all is fetched, what was cleaned
    before its site's furniture was known is cleaned again.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        archiving = crawler.get_extension(Archiving)
        assert archiving is not None
        self._archiving = archiving
        self._run = archiving.run
        self.place = str(self._run.store.root)
        self._again: asyncio.Future[None] | None = None
        self._read_again: set[str] = set()
        crawler.signals.connect(self.idle, signals.spider_idle)

    def idle(self) -> None:
        """When all is fetched: read again what was cleaned before its site's furniture was known.

        Raises DontCloseSpider while that lasts. A crawl that is stopped leaves it to the next one.
        """
        if self._again is not None and not self._again.done():
            raise DontCloseSpider
        if self._pool is not None:
            stale = [task for task in self._run.stale() if task.capture.id not in self._read_again]
            if stale:
                self._read_again.update(task.capture.id for task in stale)
                self._again = asyncio.ensure_future(self._clean_again(stale, self._pool))
                raise DontCloseSpider

    async def _clean_again(self, stale: Sequence[Task], pool: ExtractorPool) -> None:
        waiting: deque[tuple[Task, asyncio.Future[Extracted]]] = deque()
        for number in range(len(stale) + _AHEAD):
            if number < len(stale):
                waiting.append((stale[number], asyncio.wrap_future(pool.submit(stale[number]))))
            if waiting and (number >= len(stale) or len(waiting) >= _AHEAD):
                task, future = waiting.popleft()
                try:
                    extracted = await future
                    if not self._run.keep_cleaned(task.capture, extracted):
                        continue
                    learned = sum(removed.rule == LEARNED for removed in extracted.article.trace.removed)
                    self._stats.inc_value("newswarc/articles_cleaned_again")
                    self._stats.inc_value("newswarc/blocks_removed", learned)
                except StoreError as error:
                    self._archiving.give_up(error)
                    return
                except Exception as error:  # noqa: BLE001 - as in process_item
                    logger.warning("%s", pool.explain(error, task.capture.url))

    def readable(self, capture: Capture) -> Capture:
        """A revisit's original, unless the archive has read that, or has found nothing to read in it."""
        if capture.kind == "response":
            return capture
        self._run.flush()
        catalogue = self._run.catalogue
        row = catalogue.capture(capture.refers_to or "")
        if row is None or catalogue.is_dealt_with(row["id"], self._run.source):
            raise self._drop("unchanged", f"{capture.url} is unchanged.", level="DEBUG")
        return capture_from(row)

    def furniture(self, capture: Capture) -> Furniture | None:
        """What is known by now to recur on the capture's site."""
        return self._run.lists.of(capture.url)

    def keep(self, capture: Capture, extracted: Extracted) -> None:
        """Store an article. A disk that refuses ends the crawl."""
        try:
            self._run.keep_extracted(capture, extracted)
        except StoreError as error:
            self._archiving.give_up(error)
            raise self._drop("failed", f"{capture.url}: its text could not be stored.", level="DEBUG") from None
        self._stats.inc_value("newswarc/articles")
