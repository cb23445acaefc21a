"""`Cleaner`: the articles of files and URLs, one JSON object a line on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from archive.article import Article
from archive.cleaning import PageBytes, article_dict, extract_page, pages_of
from archive.errors import ArchiveError
from archive.furniture.furniture import Furniture, site_of
from archive.furniture.learner import Learner, Seen
from archive.rules import UNKNOWN_SITE
from archive.workers import ExtractorPool
from crawler.command import complain, json_line
from crawler.fetching import fetch
from crawler.limits import Limits
from crawler.source import known_reading

if TYPE_CHECKING:
    from scrapy.settings import Settings

__all__ = ["Cleaner"]

_AHEAD = 32
"""Pages that may wait for a worker."""
_LEARNED_FROM = 3000
"""Pages; what they all have shown holds for those behind them too."""


class Cleaner:
    """Reads pages in workers and prints their articles in the order of the inputs.

    `url` is the address of a page that comes from a file; without one its canonical link serves. Paragraphs
    that recur on a site are taken out from the third page on that shows them.
    """

    def __init__(self, settings: Settings, url: str = "") -> None:
        self._settings, self._url = settings, url
        self._clean = True
        self._learners: dict[str, Learner] = {}
        self._texts: dict[str, str] = {}

    def clean(self, inputs: list[str]) -> bool:
        """Print the articles; what can't be read gets a line on standard error. False if there was any."""
        urls = [i for i in inputs if i.startswith(("http://", "https://"))]
        fetched = fetch(urls, self._settings) if urls else {}
        pool = Limits.of(self._settings).pool(min(len(inputs), os.cpu_count() or 1))
        waiting: list[tuple[str, PageBytes, Future[Article]]] = []
        try:
            for name, page in self._pages(inputs, fetched):
                reading = known_reading(self._settings, page.url) if page.url else UNKNOWN_SITE
                waiting.append((name, page, pool.submit_call(extract_page, page, reading)))
                if len(waiting) > _AHEAD:
                    self._print(pool, *waiting.pop(0))
            for name, page, future in waiting:
                self._print(pool, name, page, future)
        except BrokenPipeError:  # `| head` is no error
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        finally:
            pool.close(abandon=True)
        return self._clean

    def _pages(
        self, inputs: list[str], fetched: dict[str, PageBytes | ArchiveError]
    ) -> Iterator[tuple[str, PageBytes]]:
        for name in inputs:
            try:
                if found := fetched.get(name):
                    if isinstance(found, ArchiveError):
                        raise found
                    yield name, found
                    continue
                data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
                for page in pages_of(data, self._url):
                    yield name, page
            except OSError as error:
                self._complain(name, f"can't be read: {error.strerror}.")
            except ArchiveError as error:
                self._complain(name, str(error))

    def _print(self, pool: ExtractorPool, name: str, page: PageBytes, future: Future[Article]) -> None:
        try:
            article = future.result()
            if not page.url and article.canonical_url:
                reading = known_reading(self._settings, article.canonical_url)
                if reading != UNKNOWN_SITE:  # only now is it known where the page is from
                    page = PageBytes(page.body, article.canonical_url, page.content_type)
                    article = pool.submit_call(extract_page, page, reading).result()
            if furniture := self._learned_from(article):
                reading = known_reading(self._settings, article.url) if page.url else UNKNOWN_SITE
                reading = msgspec.structs.replace(reading, furniture=furniture)
                article = pool.submit_call(extract_page, page, reading).result()
        except Exception as error:  # noqa: BLE001 - a worker can fail in any way; each becomes a line
            self._complain(name, str(pool.explain(error, name)))
            return
        sys.stdout.buffer.write(json_line(article_dict(article, name)).encode() + b"\n")
        sys.stdout.buffer.flush()

    def _learned_from(self, article: Article) -> Furniture | None:
        """What this page and those before it show to be their site's furniture, if the article has some of it."""
        site = site_of(article.url)
        if not site:
            return None
        learner = self._learners.setdefault(site, Learner(site, (), self._texts.__getitem__))
        if len(self._texts) < _LEARNED_FROM:
            version = str(len(self._texts))
            self._texts[version] = article.text
            learner.learn(Seen.of(article, version, version), article.text)
        furniture = learner.furniture
        return furniture if any(line in furniture for line in article.text.split("\n")) else None

    def _complain(self, name: str, sentence: str) -> None:
        complain(sentence if sentence.startswith(name) else f"{name}: {sentence}")
        self._clean = False
