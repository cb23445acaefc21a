"""`Page`: what a spider hands on when it has fetched a page that should hold an article."""

from __future__ import annotations

from dataclasses import dataclass

from archive.capture import Capture
from crawler.source import Source

__all__ = ["Page"]


@dataclass(frozen=True)
class Page:
    """A captured page. Yield one from any spider and the pipeline reads, stores and exports its article."""

    capture: Capture
    source: Source | None = None
    """For time zone, language and site rules."""
