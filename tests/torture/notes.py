"""`Notes`: a Scrapy extension that writes down, outside the archive, what the archive has said that it keeps."""

from __future__ import annotations

import os
from typing import Any

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import Response

__all__ = ["Notes"]


class Notes:
    """Lines of the file ``NOTES``: ``X URL RECORD`` for an exchange and ``A URL CAPTURE`` for an article.

    A response is received when `Run.keep` has returned, an item is scraped when `Run.keep_article` has.
    """

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Notes:
        notes = cls(crawler.settings["NOTES"])
        crawler.signals.connect(notes.response, signals.response_received)
        crawler.signals.connect(notes.item, signals.item_scraped)
        return notes

    def response(self, response: Response, request: Request) -> None:
        if capture := request.meta.get("capture"):
            os.write(self._file, f"X {capture.url} {capture.id}\n".encode())

    def item(self, item: Any) -> None:
        os.write(self._file, f"A {item['url']} {item['trace']['capture']}\n".encode())
