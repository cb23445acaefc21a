"""`Takedown`: an answer that an article's address gives once the article is gone."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urljoin, urlsplit

import msgspec
from sqlalchemy import select

from archive.article import Article
from archive.catalogue import Catalogue, schema
from archive.catalogue.rows import Row, url_key
from archive.errors import ArchiveError
from archive.extraction.blocks import blocks, words_key
from archive.extraction.document import decode, parse
from archive.history.wording import count_words
from archive.http import parse_stored, repaired
from archive.reader import parse_member
from archive.storage import Store

__all__ = ["Takedown", "Takedowns", "Why"]

Why = Literal["404", "410", "451", "redirect", "emptied"]

_STATUS: dict[int, Why] = {404: "404", 410: "410", 451: "451"}
_FINAL = frozenset({"410", "451"})
_NOT_MODIFIED = 304
_HTML = ("text/html", "application/xhtml+xml", None)
_LARGEST = 16 << 20
"""Bytes of a page that is looked into."""
_STILL_THERE = 0.2
"""Share of an article's text on a page that has it still, whoever could not read it."""
_STUB, _MOST_WORDS = 0.2, 80
"""A text that has shrunk to so little of itself, and to no more words, is the notice that stands in its place."""


class Takedown(msgspec.Struct, frozen=True):
    """Why an article counts as gone."""

    why: Why
    """The status; ``redirect``: its address leads to a page that is no article; ``emptied``: the page is there, the
    text is not."""
    target: str | None = None
    """Where a redirect leads."""

    @property
    def is_final(self) -> bool:
        """Whether the server says that it is for good."""
        return self.why in _FINAL


class Takedowns:
    """Judges captures at an address that showed an article."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store, self._catalogue = store, catalogue

    def of_answer(self, capture: Row) -> Takedown | None:
        """By status and redirect alone. Raises `ArchiveError` if the capture can't be read."""
        status = capture["status"]
        if status in _STATUS:
            return Takedown(_STATUS[status])
        if 300 <= status < 400 and status != _NOT_MODIFIED:
            target = self._target(capture)
            return Takedown("redirect", target) if target and self._is_no_article(capture["url"], target) else None
        return None

    def of_page(self, capture: Row, article: Article) -> Takedown | None:
        """Of a page that no article was read from: whether the text of the `article` is no longer on it."""
        if capture["status"] != 200 or capture["mime"] not in _HTML or self._share(capture, article) >= _STILL_THERE:
            return None
        return Takedown("emptied")

    def of_stub(self, capture: Row, before: Article, after: Article) -> Takedown | None:
        """Of a page from which less was read than before: whether a few words stand in the place of the text."""
        if after.paywalled or after.updates:
            return None
        one, two = count_words(before.text), count_words(after.text)
        if two > _MOST_WORDS or two >= _STUB * one:
            return None
        return Takedown("emptied") if self._share(capture, before) < _STILL_THERE else None

    def _target(self, capture: Row) -> str | None:
        data = self._store.read(capture["file"], capture["offset"], capture["length"])
        named = parse_stored(parse_member(data, capture["offset"]).block).get("Location")
        try:
            return urljoin(capture["url"], named) if named else None
        except ValueError:
            return None

    def _is_no_article(self, url: str, target: str) -> bool:
        """Whether a redirect leads to a front page, to a folder that the article lay in, or to a page that a source
        names as a place where articles are announced. A page of login or consent is none of these."""
        if url_key(url) == url_key(target):
            return False
        try:
            one, two = urlsplit(url), urlsplit(target)
        except ValueError:
            return False
        if two.query:
            return self._is_listing(target)
        path = two.path.strip("/")
        same_site = (one.hostname or "").removeprefix("www.") == (two.hostname or "").removeprefix("www.")
        above = same_site and f"{one.path.strip('/')}/".startswith(f"{path}/")
        return not path or above or self._is_listing(target)

    def _is_listing(self, url: str) -> bool:
        f = schema.fetches.c
        return bool(self._catalogue.rows(select(f.id).where(f.url == url, f.lead_kind == "source").limit(1)))

    def _share(self, capture: Row, article: Article) -> float:
        """How much of an article's text, by characters, stands anywhere on a page, scripts included; 1 if the page
        can't be read."""
        lines = {key for line in article.text.split("\n") if (key := words_key(line))}
        try:
            data = self._store.read(capture["file"], capture["offset"], capture["length"])
            message = repaired(parse_stored(parse_member(data, capture["offset"]).block))
            body = message.content(_LARGEST)
            shown = words_key(" ".join(block.text for block in blocks(parse(body, message.get("Content-Type")))))
            hidden = words_key(decode(body, message.get("Content-Type")))
        except ArchiveError:
            return 1.0
        found = sum(len(line) for line in lines if line in shown or line in hidden)
        return found / max(1, sum(map(len, lines)))
