"""Articles out of files that are not ours: HTML pages, plain or gzipped, and WARC files from anywhere."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Any

import msgspec

from archive.article import Article
from archive.errors import NotAPage, RecordError
from archive.extraction.extractor import extract
from archive.http import Message, parse_response
from archive.reader import StoredRecord, read_records
from archive.rules import UNKNOWN_SITE, Reading

__all__ = ["PageBytes", "article_dict", "extract_page", "pages_of"]

_MAX_SIZE = 64 << 20
_HTML = ("text/html", "application/xhtml+xml")


class PageBytes(msgspec.Struct, frozen=True):
    """A page as it came out of a file."""

    body: bytes
    url: str = ""
    content_type: str | None = None


def pages_of(data: bytes, url: str = "") -> Iterator[PageBytes]:
    """The pages in a file's bytes: all HTML responses of a WARC file, or the one page of any other.

    Raises `RecordError` where a WARC file stops being one (what came before has been given) or the bytes
    pass 64 MiB when unpacked.
    """
    if _is_warc(data):
        for record in read_records(io.BytesIO(data)):
            if record.type == "response" and (page := _page(record)):
                yield page
        return
    if data[:2] == b"\x1f\x8b":
        data = _gunzip(data)
    yield PageBytes(data, url)


def extract_page(page: PageBytes, reading: Reading = UNKNOWN_SITE) -> Article:
    """Read one page. Raises what `archive.extract` raises, and `NotAPage` when it holds no article."""
    article = extract(page.body, url=page.url, content_type=page.content_type, reading=reading)
    if not (article.text or article.updates):
        raise NotAPage("There is no article on the page.")
    return article


def article_dict(article: Article, input_name: str) -> dict[str, Any]:
    """The article as `scrapy clean` prints it: a flat object, the trace's parts as keys of their own."""
    fields: dict[str, Any] = msgspec.to_builtins(article)
    trace = fields.pop("trace")
    removed = [{name: r[name] for name in ("text", "rule", "place", "line")} for r in trace["removed"]]
    return {"input": input_name, **fields, "removed": removed, "evidence": trace["evidence"]}


def _is_warc(data: bytes) -> bool:
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.open(io.BytesIO(data)) as file:
                return file.read(5) == b"WARC/"
        except (OSError, EOFError, zlib.error):
            return False
    return data[:5] == b"WARC/"


def _gunzip(data: bytes) -> bytes:
    message = Message("1.1", 200, "", (("Content-Encoding", "gzip"),), b"", data)
    return message.content(_MAX_SIZE)


def _page(record: StoredRecord) -> PageBytes | None:
    if record.content_type != "application/http":
        return None
    try:
        message = parse_response(record.block)
        if message.status != 200 or message.mime not in _HTML:
            return None
        return PageBytes(message.content(_MAX_SIZE), record.url or "", message.get("Content-Type"))
    except RecordError:
        return None
