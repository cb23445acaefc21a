"""`Readings`: what all source definitions know of the sites of stored pages."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from archive.catalogue.rows import url_key
from archive.rules import Reading
from crawler.source import Source, host_of, load_sources, source_folder

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from archive.errors import SourceError

__all__ = ["Readings"]


class Readings:
    """The sources of the setting ``SOURCES``, read once."""

    def __init__(self, settings: BaseSettings) -> None:
        self.sources: dict[str, Source] = {}
        """By name."""
        self.errors: dict[str, SourceError] = {}
        """Of definitions that are wrong, by name."""
        for folder in settings.getlist("SOURCES"):  # later ones win
            sources, errors = load_sources(source_folder(folder))
            self.sources |= sources
            self.errors |= errors
            self.errors = {name: error for name, error in self.errors.items() if name not in sources}
        self._listings = {name: _listings(source) for name, source in self.sources.items()}
        self._owners: dict[str, Source | None] = {}

    def of(self, source: str, url: str, day: dt.date) -> Reading | None:
        """What is known of a page captured on `day`: by the source it was crawled for, or else by its host."""
        known = self.sources.get(source) or self._owner(url)
        return known.reading(day) if known else None

    def is_listing(self, source: str, url: str) -> bool:
        """Whether a URL is a source's home, section or feed."""
        return url_key(url) in self._listings.get(source, ())

    def name_of(self, url: str) -> str:
        """The source that owns a URL, or a name made of its host."""
        owner = self._owner(url)
        if owner is not None:
            return owner.name
        name = re.sub(r"[^a-z0-9]+", "_", host_of(url).removeprefix("www.")).strip("_")
        return name if name[:1].isalpha() else f"host_{name}" if name else "unknown"

    def _owner(self, url: str) -> Source | None:
        host = host_of(url)
        if host not in self._owners:
            self._owners[host] = next((s for s in reversed(self.sources.values()) if s.owns(url)), None)
        return self._owners[host]


def _listings(source: Source) -> frozenset[str]:
    urls = (source.home, *source.feeds, *source.sitemaps, *source.sections)
    return frozenset(url_key(urljoin(source.home, url)) for url in urls if url)
