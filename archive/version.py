"""Names and versions of the software that makes the archive."""

from __future__ import annotations

from importlib.metadata import version

__all__ = ["EXTRACTOR", "SOFTWARE", "VERSION"]

VERSION = "0.2.0"
SOFTWARE = f"newswarc/{VERSION} warcio/{version('warcio')}"
EXTRACTOR = f"newswarc/{VERSION} trafilatura/{version('trafilatura')}"
