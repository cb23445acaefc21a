"""The catalogue: what the archive holds, found by URL, source, date and text."""

from archive.catalogue.catalogue import Catalogue

__all__ = ["Catalogue"]
