"""`Limits`: what the settings let the reading of pages take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import msgspec

from archive.workers import ExtractorPool

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

__all__ = ["Limits"]


class Limits(msgspec.Struct, frozen=True):
    """Of the settings ``EXTRACT_WORKERS``, ``EXTRACT_TIMEOUT`` and ``EXTRACT_MEMORY``."""

    workers: int
    """Processes; 0: one a core."""
    timeout: float
    """Seconds for one page."""
    memory: int
    """Bytes of address space of a worker."""

    @classmethod
    def of(cls, settings: BaseSettings) -> Self:
        """As the settings say. Raises ValueError for what is no number."""
        return cls(
            settings.getint("EXTRACT_WORKERS"),
            settings.getfloat("EXTRACT_TIMEOUT", 20),
            settings.getint("EXTRACT_MEMORY", 2 << 30),
        )

    def pool(self, workers: int | None = None) -> ExtractorPool:
        """Workers that keep to them, as many as are given here if any are."""
        return ExtractorPool(self.workers if workers is None else workers, timeout=self.timeout, memory=self.memory)
