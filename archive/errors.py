"""Errors whose text is one clear sentence: what is wrong, where, and what to do."""

from __future__ import annotations


class ArchiveError(Exception):
    """Base of every error that newswarc raises on purpose; its text is fit for the user."""


class StoreError(ArchiveError):
    """The archive folder can't be used: unwritable, full, locked or not a store."""


class RecordError(ArchiveError):
    """A WARC record or the HTTP message in it can't be read."""


class PackageError(StoreError):
    """A ZIP package, such as a WACZ, or an entry of it can't be read, or not safely."""


class NotAPage(ArchiveError):
    """The bytes are no HTML page that an article could be read from."""


class ExtractionError(ArchiveError):
    """Extraction of one page failed: it took too long, used too much memory or crashed."""


class SourceError(ArchiveError):
    """A source definition is wrong; the text names file, line and key."""


class SettingError(ArchiveError):
    """A setting makes no sense; the text names it."""


class ExportError(ArchiveError):
    """An export can't be made: nothing fits, or the target can't be written."""


class SigningError(ArchiveError):
    """The key that packages and seals are signed with can't be made or used."""


class SealError(ArchiveError):
    """A seal, a time stamp or a proof can't be made, or is not good."""


class ServingError(ArchiveError):
    """`scrapy serve` can't serve: a port is taken, an address makes no sense, or pywb can't be had."""


class RepairError(ArchiveError):
    """A damaged file can't be mended."""
