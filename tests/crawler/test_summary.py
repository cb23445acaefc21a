"""What a crawl says: its last lines, and one sentence instead of a traceback where it was foreseen."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from types import TracebackType

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    CloseSpider,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.statscollectors import MemoryStatsCollector

from archive.errors import ExtractionError, NotAPage, RecordError, SourceError, StoreError
from crawler.summary import Summary, counts

logger = logging.getLogger(__name__)


class Gazette(Spider):
    name = "gazette"


def crawler(**counters: int) -> Crawler:
    """A crawl with these of our counters; ``__`` stands for a slash."""
    made = Crawler(Gazette)
    made.spider = Gazette.from_crawler(made)
    made.stats = MemoryStatsCollector(made)
    for name, value in counters.items():
        made.stats.set_value(f"newswarc/{name.replace('__', '/')}", value)
    made.stats.set_value("downloader/response_count", 99)
    return made


def last_words(crawl: Crawler, caplog: pytest.LogCaptureFixture, reason: str = "finished") -> list[str]:
    assert crawl.spider is not None
    with caplog.at_level(logging.INFO):
        Summary.from_crawler(crawl)._closed(crawl.spider, reason)
    (record,) = caplog.records
    return record.getMessage().split("\n")


def test_the_sum_of_a_crawl(caplog: pytest.LogCaptureFixture) -> None:
    crawl = crawler(
        captures__response=51,
        captures__revisit=3,
        captures__truncated=1,
        articles=34,
        blocks_removed=1058,
        pages__fetched=40,
        pages__no_article=2,
        pages__not_html=1,
        pages__failed=1,
        pages__http_error=4,
        pages__refused=5,
        pages__unreachable=6,
        failures__dns=7,
    )
    assert last_words(crawl, caplog) == [
        "gazette is done:",
        "     51 responses archived",
        "      3 unchanged ones archived as revisits",
        "      1 responses cut short",
        "     34 articles stored",
        "   1058 blocks of furniture removed",
        "      2 pages without an article",
        "      1 pages that are no HTML",
        "      1 pages that could not be read",
        "      4 error answers",
        "      5 not fetched because of robots.txt",
        "      6 not fetched",
    ]


def test_what_did_not_occur_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    assert last_words(crawler(captures__revisit=9, articles=0), caplog) == [
        "gazette is done:",
        "      9 unchanged ones archived as revisits",
    ]


def test_a_crawl_without_any_response(caplog: pytest.LogCaptureFixture) -> None:
    assert last_words(crawler(), caplog, "shutdown") == ["gazette is done (shutdown):", "      0 responses"]


def test_counts_are_ours_alone() -> None:
    assert counts(crawler(articles=3, pages__refused=1)) == {"articles": 3, "pages/refused": 1}
    assert counts(crawler()) == {}


# Tracebacks


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a handler of the root logger writes once a crawl has begun."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    root = logging.getLogger()
    before = {h: list(h.filters) for h in root.handlers}
    root.addHandler(handler)
    for _ in range(2):  # two crawls in one process
        Summary.from_crawler(crawler())._opened()
    assert len(handler.filters) == 1
    yield out
    root.removeHandler(handler)
    for other, filters in before.items():
        other.filters = filters


def caught(error: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """The error as `sys.exc_info` gives it, with a traceback."""
    with pytest.raises(type(error)) as found:
        raise error
    return found.type, found.value, found.tb


CLOSED = "The server closed the connection before it sent a whole response."
TOO_LARGE = "The response is larger than DOWNLOAD_MAXSIZE allows; what came of it is archived."
FORESEEN: dict[Exception, str] = {
    CannotResolveHostError("no such host"): "no such host",
    DownloadConnectionRefusedError("refused"): "refused",
    DownloadTimeoutError("took longer than 60 s"): "took longer than 60 s",
    DownloadFailedError("x"): CLOSED,
    ResponseDataLossError("lost"): "lost",
    DownloadCancelledError("too large"): TOO_LARGE,
    IgnoreRequest("not now"): "not now",
}


@pytest.mark.parametrize(
    ("error", "words"),
    [pytest.param(error, words, id=type(error).__name__) for error, words in FORESEEN.items()],
)
def test_a_foreseen_error_is_one_line(error: Exception, words: str, log: io.StringIO) -> None:
    logger.error("Error downloading %s\nmore", "http://gazette.example/", exc_info=caught(error))
    assert log.getvalue() == f"ERROR Error downloading http://gazette.example/ ({words})\n"


@pytest.mark.parametrize("kind", [StoreError, RecordError, NotAPage, ExtractionError, SourceError])
def test_an_error_of_ours_says_it_all(kind: type[Exception], log: io.StringIO) -> None:
    logger.error("Error processing %r", {"item": 1}, exc_info=caught(kind("The disk is full, 100%.")))
    assert log.getvalue() == "ERROR The disk is full, 100%.\n"


@pytest.mark.parametrize("error", [ValueError("a fault"), CloseSpider("enough"), KeyError("x"), AssertionError()])
def test_a_fault_keeps_its_traceback(error: Exception, log: io.StringIO) -> None:
    logger.error("Spider error processing %s", "x", exc_info=caught(error))
    assert log.getvalue().startswith("ERROR Spider error processing x\nTraceback (most recent call last):\n")
    assert log.getvalue().rstrip().endswith(f"{type(error).__name__}: {error}".rstrip(": "))


def test_plain_records_pass_untouched(log: io.StringIO) -> None:
    logger.warning("two\nlines and 100%")
    logger.warning("%d of %s", 3, "them")
    assert log.getvalue() == "WARNING two\nlines and 100%\nWARNING 3 of them\n"


def test_an_error_without_a_message(log: io.StringIO) -> None:
    logger.error("", exc_info=caught(StoreError("It is full.")))
    assert log.getvalue() == "ERROR It is full.\n"


def test_a_foreseen_error_without_a_message(log: io.StringIO) -> None:
    logger.error("", exc_info=caught(DownloadTimeoutError("took too long")))
    assert "took too long" in log.getvalue()


def test_the_record_is_whole_for_every_handler(log: io.StringIO) -> None:
    """The filter changes a record once; a second handler finds the same words."""
    second = io.StringIO()
    handler = logging.StreamHandler(second)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        Summary.from_crawler(crawler())._opened()
        logger.error("Error downloading %s", "x", exc_info=caught(DownloadTimeoutError("too slow")))
    finally:
        root.removeHandler(handler)
    assert log.getvalue() == f"ERROR {second.getvalue()}"
    assert second.getvalue() == "Error downloading x (too slow)\n"
