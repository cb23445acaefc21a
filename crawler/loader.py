"""`SourceLoader`: makes a spider of each source definition, beside the hand-written ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.spiderloader import SpiderLoader

from archive.errors import SourceError
from crawler.source import load_sources, source_folder
from crawler.spider import SourceSpider

if TYPE_CHECKING:
    from scrapy import Spider
    from scrapy.settings import BaseSettings

__all__ = ["SourceLoader"]


class SourceLoader(SpiderLoader):
    """Scrapy's loader, and one spider for each TOML file in the folders of ``SOURCES``."""

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self.errors: dict[str, SourceError] = {}
        written = set(self._spiders)
        for folder in settings.getlist("SOURCES"):
            sources, errors = load_sources(source_folder(folder))
            self.errors |= {name: error for name, error in errors.items() if name not in written}
            for name, source in sources.items():
                self.errors.pop(name, None)
                if name not in written:
                    self._spiders[name] = SourceSpider.of(source)

    def load(self, spider_name: str) -> type[Spider]:
        """Raises KeyError (Scrapy's contract) whose text is a sentence for the user."""
        if error := self.errors.get(spider_name):
            raise KeyError(str(error))
        if spider_name not in self._spiders:
            known = ", ".join(sorted(self._spiders)) or "none yet"
            raise KeyError(f"There is no source {spider_name!r}; the sources are: {known}.")
        return super().load(spider_name)
