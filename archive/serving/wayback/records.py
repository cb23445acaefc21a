"""`Records`: reading captures out of the WARC files, whether closed or still being written.

Only bytes that are what they were when they were archived are ever shown.
"""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import urldefrag, urljoin

from pywb.utils.wbexception import LiveResourceException
from pywb.warcserver.index.cdxobject import CDXObject
from pywb.warcserver.resource.responseloader import WARCPathLoader
from warcio.bufferedreaders import DecompressingBufferedReader
from warcio.limitreader import LimitReader
from warcio.recordloader import ArcWarcRecordLoader

from .codings import teach_warcio
from .keys import surt
from .problems import Problem

__all__ = ["Records"]

teach_warcio()

_IN_MEMORY = 8 << 20
"""Bytes of a record that are read once, checked and used; a larger one is read twice."""


class Records(WARCPathLoader):
    """Loads the record of an index entry, and for a revisit the one that has its payload."""

    def __init__(self, root: Path) -> None:
        super().__init__([], None)
        self.resolve_loader = self
        self._root = root
        self._parser = ArcWarcRecordLoader()

    def load_headers_and_payload(self, cdx: CDXObject, *_: object) -> tuple[Any, Any]:
        """The record with the capture's headers and the one with its payload; often the same.

        Raises `Problem` when one is missing or damaged.
        """
        if missing := cdx.get("_missing"):
            raise Problem(
                "500 Internal Server Error",
                "The original of this capture is missing",
                f"This capture repeats an earlier one, {missing}, that isn't in the archive any more. "
                "scrapy verify tells what else is missing.",
            )
        headers = self._record(cdx["filename"], cdx["offset"], cdx["length"], cdx["_digest"])
        if "orig.filename" not in cdx:
            return headers, headers
        original = cdx["orig.filename"], cdx["orig.offset"], cdx["orig.length"], cdx["_orig.digest"]
        return headers, self._record(*original)

    def raise_on_self_redirect(
        self, params: dict[str, Any], cdx: CDXObject, status_code: str, location_url: str | None
    ) -> None:
        """Pass over a redirect that would lead back here: to itself, or to what was asked for.

        http to https, or to www., is one page for us, and the redirect is what lies nearest to its own time.
        """
        if not location_url or not status_code.startswith("3") or status_code == "304":
            return
        target = urldefrag(urljoin(cdx["url"], location_url)).url
        if target == cdx["url"] or (surt(target) == cdx["urlkey"] and cdx["url"] != params["url"]):
            raise LiveResourceException(f"{cdx['url']} redirects to itself")

    def _record(self, name: str, offset: int, length: int, digest: str) -> Any:
        if PurePosixPath(name).parts[:1] != ("originals",) or ".." in PurePosixPath(name).parts:
            raise _damaged(name, offset, "is not among the originals")
        try:
            file = self._open(name)
        except OSError as error:
            raise _damaged(name, offset, f"can't be read: {error.strerror}") from error
        try:
            stream = _checked(file, offset, length, digest)
        except OSError as error:
            file.close()
            raise _damaged(name, offset, f"can't be read: {error.strerror}") from error
        if stream is None:
            file.close()
            raise _damaged(name, offset, "isn't what it was when it was archived")
        record = self._parser.parse_record_stream(DecompressingBufferedReader(stream))
        for header in ("Transfer-Encoding", "Content-Encoding") if record.http_headers else ():
            if (coding := record.http_headers.get_header(header)) and coding != coding.strip().lower():
                record.http_headers.replace_header(header, coding.strip().lower())  # warcio knows them so only
        return record

    def _open(self, name: str) -> IO[bytes]:
        """The file, closed or open; between the two it is renamed, perhaps just now."""
        path = self._root / name
        for candidate in (path, path.with_name(path.name + ".open")):
            try:
                return candidate.open("rb")
            except FileNotFoundError:
                continue
        return path.open("rb")


def _checked(file: IO[bytes], offset: int, length: int, digest: str) -> Any:
    """The gzip member that lies there, as a stream, or None if its digest is another."""
    file.seek(offset)
    if length <= _IN_MEMORY:
        with file:
            data = file.read(length)
        return BytesIO(data) if f"sha256:{hashlib.sha256(data).hexdigest()}" == digest else None
    found, rest = hashlib.sha256(), length
    while rest and (data := file.read(min(rest, 1 << 20))):
        found.update(data)
        rest -= len(data)
    if rest or f"sha256:{found.hexdigest()}" != digest:
        return None
    file.seek(offset)
    return LimitReader(file, length)


def _damaged(name: str, offset: int, what: str) -> Problem:
    text = f"The record at byte {offset} of {name} {what}. scrapy verify tells what else is wrong."
    return Problem("500 Internal Server Error", "This capture is damaged", text)
