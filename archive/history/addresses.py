"""`Addresses`: everywhere that one article stood: its own URL, others it was captured under, what led there."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import msgspec
from sqlalchemy import or_, select

from archive.catalogue import Catalogue, schema
from archive.catalogue.rows import Row, url_key
from archive.errors import ArchiveError
from archive.http import parse_response
from archive.reader import parse_member
from archive.storage import Store

__all__ = ["Address", "Addresses"]

_MOST = 100
"""Addresses of one article; who has more writes something else into them."""
_REDIRECTS = 10
"""Redirects of one address that are looked at."""
_NOT_MODIFIED = 304


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One of the addresses; http and https, with and without ``www.`` are one."""

    url: str
    """As it was captured last."""
    captures: int
    texts: int
    """Captures that the article was read from."""
    first: str | None
    last: str | None
    """WARC-Date of the first and the last capture."""
    leads_to: str | None = None
    """Where it redirected to, the last time, if it did."""


class Addresses:
    """Finds the addresses of an article and keeps what was captured there."""

    def __init__(self, store: Store, catalogue: Catalogue, url: str) -> None:
        """Raises `StoreError` if the catalogue can't be used."""
        self._store, self._catalogue = store, catalogue
        self._captures: dict[str, list[Row]] = {}
        self._urls: dict[str, str] = {}
        self._articles: set[str] = set()
        self._locations: dict[str, str | None] = {}
        self.asked = url_key(url)
        self._find(url)

    def __contains__(self, url: object) -> bool:
        return isinstance(url, str) and url_key(url) in self._captures

    def _find(self, url: str) -> None:
        waiting = [(url, True)]
        while waiting and len(self._captures) < _MOST:
            at, onwards = waiting.pop(0)
            if not _can_be_kept(at):
                self._captures[at], self._urls[at] = [], at
                continue
            if (key := url_key(at)) in self._captures:
                continue
            rows = [row for row in self._catalogue.captures(at) if row["method"] == "GET"]
            self._captures[key] = rows
            self._urls[key] = rows[-1]["url"] if rows else at
            found = self._articles_at(at, rows)
            waiting += ((other, True) for other in self._of_articles(found - self._articles))
            self._articles |= found
            if onwards and (target := self._target(key, rows)):
                waiting.append((target, True))
            waiting += ((other, False) for other in self._leading_to(at))

    def _articles_at(self, url: str, captures: list[Row]) -> set[str]:
        v = schema.versions.c
        ids = [row["id"] for row in captures]
        query = select(v.article).where(or_(v.article == url, v.capture.in_(ids))).distinct()
        return {row["article"] for row in self._catalogue.rows(query)}

    def _of_articles(self, articles: set[str]) -> list[str]:
        c, v = schema.captures.c, schema.versions.c
        query = select(c.url).where(c.id == v.capture, v.article.in_(articles)).distinct().order_by(c.url)
        return [*sorted(articles), *(row["url"] for row in self._catalogue.rows(query))] if articles else []

    def _target(self, key: str, captures: list[Row]) -> str | None:
        """Where an address led to the last time, if that may be the article: it is no home page, and an article was
        read there or it leads on."""
        for capture in reversed(captures):
            target = self.location(capture)
            if target is None:
                return None
            if url_key(target) != key:  # else from http to https, or the like
                rows = self._catalogue.captures(target)
                leads_on = bool(rows) and self.location(rows[-1]) is not None
                is_home = not urlsplit(target).path.strip("/")
                return target if not is_home and (leads_on or self._articles_at(target, rows)) else None
        return None

    def _leading_to(self, url: str) -> Iterator[str]:
        """Addresses that redirected to this one, and to no other one since."""
        f, own = schema.fetches.c, url_key(url)
        query = select(f.lead_via).where(f.url.in_(_variants(url)), f.lead_kind == "redirect").distinct()
        for row in self._catalogue.rows(query.order_by(f.lead_via)):
            via = row["lead_via"]
            captures = self._catalogue.captures(via)[-_REDIRECTS:]
            targets = {url_key(target) for target in map(self.location, captures) if target} - {url_key(via)}
            if targets == {own}:
                yield via

    def location(self, capture: Row) -> str | None:
        """Where a captured redirect leads to; None for any other answer, and where that can't be read."""
        if not 300 <= capture["status"] < 400 or capture["status"] == _NOT_MODIFIED:
            return None
        if capture["id"] not in self._locations:
            try:
                member = self._store.read(capture["file"], capture["offset"], capture["length"])
                named = parse_response(parse_member(member).block).get("Location")
                self._locations[capture["id"]] = urljoin(capture["url"], named) if named else None
            except (ArchiveError, ValueError):
                self._locations[capture["id"]] = None
        return self._locations[capture["id"]]

    @property
    def captures(self) -> list[Row]:
        """Rows of all captures at these addresses (GET), by date."""
        return sorted((row for rows in self._captures.values() for row in rows), key=lambda r: (r["date"], r["id"]))

    def versions(self) -> list[Row]:
        """Rows of everything that was read from these captures, oldest reading first."""
        v = schema.versions
        query = select(v).where(or_(v.c.article.in_(self._articles), v.c.capture.in_([r["id"] for r in self.captures])))
        return self._catalogue.rows(query.order_by(v.c.extracted, v.c.id))

    def failures(self) -> list[Row]:
        """Rows of the fetch log for what was asked for there without any answer."""
        f = schema.fetches.c
        urls = {url for known in self._urls.values() for url in _variants(known) if _can_be_kept(url)}
        return self._catalogue.rows(
            select(schema.fetches)
            .where(f.url.in_(urls | {row["url"] for row in self.captures}), f.capture.is_(None), f.method == "GET")
            .order_by(f.started, f.id)
        )

    def listed(self) -> tuple[Address, ...]:
        """The addresses, that which was asked for first."""
        read = {row["capture"] for row in self.versions()}
        return tuple(
            Address(
                url=self._urls[key],
                captures=len(rows),
                texts=sum(row["id"] in read for row in rows),
                first=rows[0]["date"] if rows else None,
                last=rows[-1]["date"] if rows else None,
                leads_to=self.location(rows[-1]) if rows else None,
            )
            for key, rows in self._captures.items()
        )


def _can_be_kept(url: str) -> bool:
    """Whether it holds no half characters, which no database takes."""
    return not any("\ud800" <= sign <= "\udfff" for sign in url)


def _variants(url: str) -> list[str]:
    """The ways of writing an address that count as one (`url_key`), as far as they are common."""
    key = url_key(url)
    if not key or "://" in key:
        return [url]
    path, mark, query = key.partition("?")
    ends = [path, path + "/"]
    return [url, *(f"{s}://{w}{end}{mark}{query}" for s in ("https", "http") for w in ("", "www.") for end in ends)]
