"""Crawls over an archive instead of the web: ``scrapy crawl SOURCE -s REPLAY=PATH [-s REPLAY_AT=TIME]``.

Every request is answered from the capture nearest at or before that time, robots.txt, feeds, pages and redirects
alike. What was not captured is missed, counted and never fetched. Nothing is written, no connection is made, no
name looked up.

Items equal those of the live crawl, to the letter, as long as code and source are the same. Furniture needs care:
a paragraph that recurs is taken out once three articles have shown it, so what an item holds depends on which
articles came before. From a store each text is read with the very list that it was read with at first, which its
derived records name; a page that the live crawl did not read gets the site's list of today. A WARC file or WACZ
has no lists: there pages wait until all have been found, and are then read one after the other in the order of
their capture, each teaching the next. So the items equal those of a crawl that began with an empty archive and
had read each article before it fetched the next, as a polite one has. One that read several at once may have left
a recurring paragraph in a few more of its first articles, and nothing else differs.

Private names of Scrapy that are relied on: `Scraper._check_if_closing`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag

import msgspec
from scrapy import signals
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import DontCloseSpider, DownloadCancelledError, IgnoreRequest, ResponseDataLossError
from scrapy.http import Headers
from scrapy.responsetypes import responsetypes
from scrapy.spidermiddlewares.base import BaseSpiderMiddleware

from archive.capture import Capture
from archive.collection.collection import Collection, open_collection, upper_bound
from archive.errors import ArchiveError, RecordError, StoreError
from archive.furniture.furniture import Furniture, site_of
from archive.furniture.learner import Learner, Seen
from archive.furniture.readings import FirstReadings
from archive.http import Message
from archive.workers import Extracted
from crawler.page import Page
from crawler.pipelines import PagePipeline
from crawler.progress import Progress

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

__all__ = ["Missed", "ReplayHandler", "ReplayPipeline", "Replaying", "Withheld"]

logger = logging.getLogger(__name__)

_LEARNED_FROM = 5000
"""Articles of a site; what all of them have shown holds for those behind them too."""


class Missed(IgnoreRequest):
    """The archive has no capture that answers a request; the message is one sentence."""


class NotReceived(ArchiveError):
    """The archive has a capture, but the live crawl did not get the page: it took too long, for instance."""


class Replaying:
    """The extension that owns the archive that a crawl is answered from."""

    def __init__(self, crawler: Crawler) -> None:
        """Raises `StoreError` if there is nothing to replay at that path or time."""
        assert crawler.stats is not None
        self._crawler, self._stats = crawler, crawler.stats
        path = crawler.settings["REPLAY"]
        self.at: str | None = crawler.settings.get("REPLAY_AT") or None
        if self.at:
            self._check_date(self.at)
        with Progress("indexing") as progress:
            self.collection = open_collection(path, progress)
        try:
            self._check_times(self.collection)
        except StoreError:
            self.collection.close()
            raise
        for problem in self.collection.problems:
            logger.warning("%s", problem)
        self._held: list[Page] = []
        self._handing: asyncio.Future[Any] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Replaying:
        """As Scrapy asks for it."""
        replaying = cls(crawler)
        crawler.signals.connect(replaying._opened, signals.spider_opened)
        crawler.signals.connect(replaying._idle, signals.spider_idle)
        crawler.signals.connect(replaying._closed, signals.spider_closed)
        return replaying

    @staticmethod
    def _check_date(at: str) -> None:
        try:
            upper_bound(at)
        except StoreError as error:
            raise StoreError(f"REPLAY_AT: {error}") from error

    def _check_times(self, collection: Collection) -> None:
        first = collection.first_date
        if first is None:
            why = f" ({collection.problems[0]})" if collection.problems else ""
            raise StoreError(f"REPLAY={collection.path}: there is no capture to replay{why}.")
        if self.at and upper_bound(self.at) < first:
            raise StoreError(f"REPLAY_AT={self.at}: that is before the first capture in {collection.path}, of {first}.")

    # Answers

    def answer(self, url: str) -> tuple[Capture, Message]:
        """The capture that answers a GET of `url`, and its response.

        Raises `Missed`, or `NotReceived` if the live crawl did not get it either, `RecordError` or `StoreError`
        if the archive is damaged.
        """
        capture = self.collection.nearest(url, self.at)
        if capture is None:
            self.miss()
            raise Missed(f"{url} was not captured" + (f" at or before {self.at}." if self.at else "."))
        if error := self.collection.error(capture):
            raise NotReceived(f"{url} was not received whole: {error}")
        message = self.collection.message(capture)
        self._stats.inc_value("newswarc/replay/answered")
        return capture, message

    def miss(self) -> None:
        """Count a request that can't be answered."""
        self._stats.inc_value("newswarc/replay/missed")

    # Pages that wait for their turn

    @property
    def holds_pages(self) -> bool:
        """Whether pages are read in the order of their capture, since furniture is learned anew from them."""
        return self.collection.store is None

    def hold(self, page: Page) -> None:
        """Have a page read when all have been found."""
        self._held.append(page)

    def _opened(self, spider: Spider) -> None:
        if hasattr(spider, "download_delay"):
            spider.download_delay = 0

    def _idle(self) -> None:
        if self._handing is not None and not self._handing.done():
            raise DontCloseSpider
        if self._held:
            turns: defaultdict[str, list[Page]] = defaultdict(list)
            for page in sorted(self._held, key=lambda p: (p.capture.date, p.capture.file, p.capture.offset)):
                turns[site_of(page.capture.url)].append(page)
            self._held = []
            self._handing = asyncio.gather(*map(self._hand_on, turns.values()))
            raise DontCloseSpider

    async def _hand_on(self, pages: list[Page]) -> None:
        """Give a site's pages to the pipelines, one after the other, until the crawl is stopped."""
        engine = self._crawler.engine
        assert engine is not None
        for page in pages:
            slot = engine.scraper.slot
            if slot is None or slot.closing:
                return
            await engine.scraper.start_itemproc_async(page, response=None)
            if slot.closing and not slot.closing.called:
                engine.scraper._check_if_closing()

    def _closed(self) -> None:
        self.collection.close()


class ReplayHandler(BaseDownloadHandler):
    """Answers http and https requests from the archive.

    Afterwards ``request.meta["capture"]`` is the `archive.capture.Capture`, as in a live crawl.
    """

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        replaying = crawler.get_extension(Replaying)
        if replaying is None:
            raise RuntimeError("The replay handler needs the add-on crawler.addon.Newswarc and the setting REPLAY.")
        self._replaying = replaying
        self._max_size = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._fail_on_data_loss = crawler.settings.getbool("DOWNLOAD_FAIL_ON_DATALOSS")

    async def download_request(self, request: Request) -> Response:
        """The archived response. Raises `Missed` for what was not captured, and for other methods than GET."""
        request.meta.pop("capture", None)
        url = urldefrag(request.url)[0]
        if request.method != "GET":
            self._replaying.miss()
            raise Missed(f"{url} is asked for with {request.method}; only GET is answered from the archive.")
        capture, message = self._replaying.answer(url)
        body = message.transferred()
        request.meta["capture"] = capture
        request.meta["download_latency"] = 0.0
        if capture.truncated == "disconnect" and request.meta.get("download_fail_on_dataloss", self._fail_on_data_loss):
            raise ResponseDataLossError(f"{url} was cut short (DOWNLOAD_FAIL_ON_DATALOSS).")
        most = request.meta.get("download_maxsize", self._max_size)
        if most and len(body) > most:
            raise DownloadCancelledError(f"The response is larger than DOWNLOAD_MAXSIZE allows, {most} bytes.")
        headers = Headers(
            [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in message.headers]
        )
        kind = responsetypes.from_args(headers=headers, url=request.url, body=body)
        return kind(
            url=request.url,
            status=message.status,
            headers=headers,
            body=body,
            flags=["dataloss"] if capture.truncated else [],
            protocol=f"HTTP/{message.version}",
        )


class Withheld(BaseSpiderMiddleware):
    """Keeps the pages that a spider hands on until all have been found, where that matters."""

    def get_processed_item(self, item: Any, response: Response | None) -> Any:
        """As Scrapy asks for it."""
        replaying = self.crawler.get_extension(Replaying)
        if isinstance(item, Page) and replaying is not None and replaying.holds_pages:
            replaying.hold(item)
            return None
        return item


class ReplayPipeline(PagePipeline):
    """Hands on the articles of archived pages; stores nothing."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        replaying = crawler.get_extension(Replaying)
        assert replaying is not None
        self._collection = collection = replaying.collection
        self.place = collection.place
        self._readings = FirstReadings(collection.store, collection.catalogue) if collection.store else None
        self._learners: dict[str, Learner] = {}
        self._texts: dict[str, str] = {}

    def readable(self, capture: Capture) -> Capture:
        """A revisit's original, under the URL that was asked for."""
        try:
            original = self._collection.resolve(capture)
        except RecordError as error:
            raise self._drop("failed", str(error)) from None
        return msgspec.structs.replace(original, url=capture.url)

    def furniture(self, capture: Capture) -> Furniture | None:
        """The list that the page was read with at first, or what its site's earlier pages have taught."""
        if self._readings:
            try:
                return self._readings.furniture(capture)
            except ArchiveError as error:
                raise self._drop("failed", f"{capture.url}: {error}") from None
        furniture = self._learner(capture.url).furniture
        return furniture if furniture.keys else None

    def keep(self, capture: Capture, extracted: Extracted) -> None:
        """Learn from an article, as a live crawl does."""
        article = extracted.article
        learner = self._learner(article.url)
        if not self._readings and len(self._texts) < _LEARNED_FROM:
            self._texts[capture.id] = article.text
            learner.learn(Seen.of(article, capture.id, capture.date), article.text)
        self._stats.inc_value("newswarc/replay/articles")

    def _learner(self, url: str) -> Learner:
        site = site_of(url)
        return self._learners.setdefault(site, Learner(site, (), self._texts.__getitem__))
