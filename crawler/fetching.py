"""Fetching single pages, archived like every other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess

from archive.cleaning import PageBytes
from archive.errors import ArchiveError, StoreError
from crawler.command import Crawls
from crawler.handlers import explain

if TYPE_CHECKING:
    from scrapy.http import Response
    from scrapy.settings import Settings
    from twisted.python.failure import Failure

__all__ = ["fetch"]


class _FetchSpider(Spider):
    name = "clean"
    custom_settings = {"HTTPERROR_ALLOW_ALL": True}  # noqa: RUF012 - as Scrapy declares it

    def __init__(self, urls: list[str], found: dict[str, PageBytes | ArchiveError], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._urls, self._found = urls, found

    async def start(self) -> AsyncIterator[Any]:
        for url in self._urls:
            try:
                yield Request(url, errback=self.failed, dont_filter=True, cb_kwargs={"given": url}, meta={"given": url})
            except ValueError:
                self._found[url] = ArchiveError("is no http or https URL.")

    def parse(self, response: Response, given: str) -> Iterator[Any]:
        if response.status == 200:
            content_type = (response.headers.get("Content-Type") or b"").decode("latin-1")
            self._found[given] = PageBytes(response.body, response.url, content_type)
        else:
            self._found[given] = ArchiveError(f"The server answers {response.status}; that is archived.")
        yield from ()

    def failed(self, failure: Failure) -> None:
        error: Any = failure.value
        given: str = failure.request.meta["given"]  # type: ignore[attr-defined]
        if isinstance(error, ArchiveError):
            self._found[given] = error
        else:
            self._found[given] = ArchiveError(explain(error))


def fetch(urls: list[str], settings: Settings) -> dict[str, PageBytes | ArchiveError]:
    """Fetch pages into the archive; for each URL its bytes, or why there are none."""
    found: dict[str, PageBytes | ArchiveError] = {}
    crawls = Crawls(AsyncCrawlerProcess(settings))
    crawls.add(_FetchSpider, {"urls": list(dict.fromkeys(urls)), "found": found})
    crawls.run()
    missing = StoreError("was not fetched.")
    return {url: found.get(url, missing) for url in urls}
