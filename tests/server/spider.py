"""For `scrapy runspider`: fetches what a JSON file lists, and writes down what Scrapy made of it."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy.http import Response


class ListedSpider(scrapy.Spider):
    """``-a spec=FILE``: a list of chains; a chain's next request starts when the one before has ended.

    ``-a seen=FILE`` gets one JSON line for each: url, method, and status with the body's digest, or error.
    """

    name = "listed"

    def __init__(self, spec: str, seen: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chains = json.loads(Path(spec).read_text("utf-8"))
        self.seen = Path(seen)
        self.entries: list[dict[str, Any]] = []

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for chain in self.chains:
            for request in self._next(chain):
                yield request

    def closed(self, reason: str) -> None:
        self.seen.write_text("".join(json.dumps(entry) + "\n" for entry in self.entries), "utf-8")

    def _next(self, chain: list[dict[str, Any]]) -> Iterator[scrapy.Request]:
        if chain:
            first, *rest = chain
            yield scrapy.Request(
                **first,
                callback=self._arrived,
                errback=self._failed,
                dont_filter=True,
                cb_kwargs={"url": first["url"], "rest": rest},
            )

    def _arrived(self, response: Response, url: str, rest: list[dict[str, Any]]) -> Iterator[scrapy.Request]:
        method = response.request.method if response.request else None
        digest = hashlib.sha256(response.body).hexdigest()
        self._note(
            url=url,
            method=method,
            status=response.status,
            body=digest,
            ip=str(response.ip_address),
        )
        yield from self._next(rest)

    def _failed(self, failure: Any) -> Iterator[scrapy.Request]:
        url, rest = failure.request.cb_kwargs["url"], failure.request.cb_kwargs["rest"]
        self._note(url=url, error=type(failure.value).__name__, text=str(failure.value))
        yield from self._next(rest)

    def _note(self, **entry: Any) -> None:
        self.entries.append(entry)
