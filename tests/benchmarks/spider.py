"""For ``scrapy runspider``: fetches /page/0 to /page/N-1 and does what ``-a then=`` says with each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.http import Response


class LoadSpider(scrapy.Spider):
    """``then`` is ``nothing``, ``save`` (the body into the folder ``to``), ``read`` (our extraction) or ``again`` (only
    what has changed is asked for)."""

    name = "load"

    def __init__(self, base: str, pages: str, then: str = "nothing", to: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.base, self.pages, self.then, self.to = base, int(pages), then, Path(to)

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for number in range(self.pages):
            request = scrapy.Request(f"{self.base}/page/{number}")
            if self.then == "again":
                request.headers["If-None-Match"] = f'"{number:08x}"'
                request.meta["handle_httpstatus_list"] = [304]
            yield request

    def parse(self, response: Response) -> Iterator[Any]:
        if self.then == "save":
            (self.to / response.url.rpartition("/")[2]).write_bytes(response.body)
        elif self.then == "read":
            from crawler.page import Page  # not a part of what bare Scrapy is measured with

            yield Page(response.meta["capture"])
