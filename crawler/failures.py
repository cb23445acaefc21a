"""`Failures`: what is said and kept of fetches that gave no usable page."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy.spidermiddlewares.httperror import HttpError

from archive import clock
from archive.capture import Failure
from archive.errors import StoreError
from crawler.middlewares import Disallowed

if TYPE_CHECKING:
    from scrapy import Request
    from twisted.python.failure import Failure as TwistedFailure

    from crawler.spider import SourceSpider

__all__ = ["Failures"]


class Failures:
    """Those of one crawl: each is counted and said in one line."""

    def __init__(self, spider: SourceSpider) -> None:
        self._spider = spider

    def say(self, failure: TwistedFailure) -> None:
        """Count a fetch that failed, and say why."""
        from crawler.handlers import explain
        from crawler.patience import LeftAlone
        from crawler.replaying import Missed

        error: Any = failure.value
        request: Request = failure.request  # type: ignore[attr-defined]
        logger = self._spider.logger
        if isinstance(error, HttpError):
            self._spider.count("http_error")
            logger.warning("%s answers %d; it is archived.", request.url, error.response.status)
        elif isinstance(error, Disallowed):
            self._spider.count("refused")
            self.refused(request, str(error))
        elif isinstance(error, LeftAlone):  # counted and said by the one who leaves it alone
            logger.debug("%s is not fetched: %s", request.url, error)
        elif isinstance(error, Missed):
            logger.warning("%s", error)
        elif not isinstance(error, StoreError):
            self._spider.count("unreachable")
            logger.warning("%s could not be fetched: %s", request.url, explain(error))

    def refused(self, request: Request, sentence: str, level: int = logging.WARNING) -> None:
        """Say and archive that a request was not made because of what robots.txt or tdmrep.json say."""
        now = clock.now()
        self._spider.logger.log(level, "%s is not fetched: %s", request.url, sentence)
        if archiving := self._spider.archiving:
            archiving.keep_failure(
                Failure(
                    url=request.url,
                    method=request.method,
                    started=now,
                    ended=now,
                    kind="robots",
                    error=sentence,
                    lead=request.meta.get("lead"),
                    rights=request.meta.get("rights", ()),
                )
            )
