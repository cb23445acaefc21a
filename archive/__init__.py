"""Everything that remembers: WARC files, clean text, provenance and the catalogue over them.

It knows nothing of the crawler, Scrapy or Twisted, and runs over a WARC file from anywhere.
"""

from typing import Any

__all__ = ["extract"]


def __getattr__(name: str) -> Any:
    # Reading pages needs lxml and more, which those who only read or write WARC files should not wait for.
    if name == "extract":
        from archive.extraction.extractor import extract

        return extract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
