"""`ExtractorPool`: pages are read in processes of their own, with limits of time and memory a page."""

from __future__ import annotations

import datetime as dt
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLong
from contextlib import contextmanager
from functools import cache
from multiprocessing import forkserver, resource_tracker
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from pebble import ProcessExpired, ProcessPool

from archive.answers import WorkerContext
from archive.article import Article
from archive.capture import Capture
from archive.catalogue.words import Words, words_of
from archive.errors import ArchiveError, ExtractionError, RecordError
from archive.health.measures import Measures, measured
from archive.rules import Reading
from archive.sandbox import confine, lacking

if TYPE_CHECKING:
    from archive.reader import StoredRecord

T = TypeVar("T")
logger = logging.getLogger(__name__)

__all__ = ["Extracted", "ExtractorPool", "Task", "extract_capture", "read_measured"]

_PAGES_A_WORKER = 2000
"""A worker is replaced after so many pages, so that memory stays flat."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A page in the archive that is to be read."""

    store: str
    """A store, a WARC or WACZ file, a folder of these, or `Collection.place`."""
    capture: Capture
    reading: Reading = Reading()


class Extracted(msgspec.Struct, frozen=True, kw_only=True):
    """What a capture says, ready for `Run.keep_article`."""

    article: Article
    words: Words
    started: dt.datetime
    ended: dt.datetime
    reading: Reading
    measures: Measures | None = None


def extract_capture(task: Task) -> Extracted:
    """Read the article of a capture out of the archive: what is extracted is what is stored.

    Raises `NotAPage`, `RecordError` or `StoreError`.
    """
    started = dt.datetime.now(dt.UTC)
    article, measures = read_measured(task)
    return Extracted(
        article=article,
        words=words_of(article),
        started=started,
        ended=dt.datetime.now(dt.UTC),
        reading=task.reading,
        measures=measures,
    )


def read_measured(task: Task, check: Callable[[StoredRecord], None] | None = None) -> tuple[Article, Measures]:
    """The article and what is measured of it, as `extract_capture`; `check` looks at the record first and raises if it
    is not to be read.
    """
    from archive.collection.files import message_of, reader_of, record_of
    from archive.extraction.extractor import read_page
    from archive.http import repaired

    capture = task.capture
    if capture.kind == "revisit":
        raise RecordError(f"{capture.id} is a revisit; its page is in {capture.refers_to}.")
    record = record_of(reader_of(task.store), capture)
    if check:
        check(record)
    message = repaired(message_of(record))
    article, stated = read_page(
        message.content(),
        url=capture.url,
        content_type=message.get("Content-Type"),
        reading=task.reading,
        captured=dt.datetime.fromisoformat(capture.date),
    )
    trace = msgspec.structs.replace(article.trace, capture=capture.id)
    article = msgspec.structs.replace(article, trace=trace)
    return article, measured(article, stated=stated)


class ExtractorPool:
    """Workers that read pages.

    `workers` processes (0: one a core); a page that takes over `timeout` seconds, or `memory` bytes of
    address space, ends its worker but nothing else. Workers are confined (`archive.sandbox`): they read files and
    answer, and can do nothing else.
    """

    def __init__(self, workers: int = 0, *, timeout: float = 20, memory: int = 2 << 30) -> None:
        if missing := lacking():
            _say_once(missing)
        context = WorkerContext()
        context.set_forkserver_preload(
            [
                "archive.orphans",
                "archive.workers",
                "archive.extraction.extractor",
                "archive.catalogue.words",
                "archive.collection.files",
            ]
        )
        with _ignoring_ctrl_c():
            forkserver.ensure_running()
        self._timeout = timeout
        self._pool = ProcessPool(
            max_workers=workers or os.cpu_count() or 1,
            max_tasks=_PAGES_A_WORKER,
            initializer=_limit,
            initargs=(memory,),
            context=context,
        )

    def submit(self, task: Task) -> Future[Extracted]:
        """Have a page of the archive read. `explain` turns the future's errors into ours."""
        return self.submit_call(extract_capture, task)

    def submit_call(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Have a module-level function called in a worker."""
        future: Future[T] = self._pool.schedule(function, args=arguments, timeout=self._timeout)
        return future

    def explain(self, error: BaseException, url: str) -> ArchiveError:
        """One of our errors for whatever a future of `submit` raised."""
        if isinstance(error, ArchiveError):
            return error if not url or url in str(error) else type(error)(f"{url}: {error}")
        if isinstance(error, TooLong):
            return ExtractionError(f"{url}: reading the page took longer than {self._timeout:g} s (EXTRACT_TIMEOUT).")
        if isinstance(error, MemoryError):
            return ExtractionError(f"{url}: reading the page took too much memory (EXTRACT_MEMORY).")
        first_line = (str(error).strip().splitlines() or [""])[0].rstrip(".")
        if isinstance(error, ProcessExpired):
            return ExtractionError(f"{url}: reading the page ended its worker ({first_line}).")
        return ExtractionError(f"{url}: the page can't be read: {type(error).__name__}: {first_line}.")

    def close(self, *, abandon: bool = False) -> None:
        """Wait for the pages in work and end the workers; `abandon` the work instead of waiting."""
        if abandon:
            self._pool.stop()  # type: ignore[no-untyped-call]
        else:
            self._pool.close()  # type: ignore[no-untyped-call]
        self._pool.join()


@contextmanager
def _ignoring_ctrl_c() -> Iterator[None]:
    """Processes that start inside ignore Ctrl-C from their first moment: it is the crawl's, which ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@cache
def _say_once(sentence: str) -> None:
    logger.warning("%s", sentence)


def _limit(memory: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _let_go()
    confine(memory)


def _let_go() -> None:
    """Close the pipes to the fork server and its tracker of resources, which are for processes that start others.

    The first would keep the fork server, and so the workers, alive without their master.
    """
    for owner, name in ((forkserver._forkserver, "_forkserver_alive_fd"), (resource_tracker._resource_tracker, "_fd")):
        if (descriptor := getattr(owner, name)) is not None:
            os.close(descriptor)
            setattr(owner, name, None)
