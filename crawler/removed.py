"""`Removed`: what was taken out of the archive (`scrapy redact`) is not fetched again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import IgnoreRequest

from archive.sealing.redactions import Redactions, url_digest
from archive.storage import Store

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

__all__ = ["Removed"]


class Removed:
    """A downloader middleware."""

    def __init__(self, store: Store) -> None:
        self._urls = Redactions(store).urls()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Removed:
        """Called by Scrapy. Raises `StoreError` if the list of what was taken out can't be read."""
        return cls(Store(crawler.settings.get("ARCHIVE_STORE", "data")))

    def process_request(self, request: Request) -> None:
        """Raises IgnoreRequest with one sentence."""
        if self._urls and url_digest(request.url) in self._urls:
            raise IgnoreRequest("It was taken out of the archive (redactions.jsonl), and is not fetched again.")
