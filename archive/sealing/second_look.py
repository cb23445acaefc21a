"""`look_again`: reads the page in a proof once more, in a worker: the page is a stranger's."""

from __future__ import annotations

import datetime as dt

import msgspec
from lxml import etree

from archive.article import Article
from archive.collection.files import message_of
from archive.errors import ArchiveError
from archive.extraction.document import parse
from archive.extraction.extractor import read_page
from archive.http import repaired
from archive.reader import StoredRecord
from archive.rules import Reading

__all__ = ["SecondLook", "look_again"]

_UNSEEN = ("script", "style", "noscript", "template")


class SecondLook(msgspec.Struct, frozen=True):
    """What a page says today."""

    article: Article | None
    """None if no list of recurring paragraphs is at hand that was used, or nothing can be read."""
    has_quotation: bool | None
    """Whether the passage stands in the page's own characters, whatever marks up its words; None without one."""


def look_again(record: StoredRecord, reading: Reading | None, quote: str | None) -> SecondLook:
    """Read the page of a response record, told the same of its site as when it was read first.

    Raises `RecordError` or `NotAPage` if the record holds none.
    """
    message = repaired(message_of(record))
    body, content_type = message.content(), message.get("Content-Type")
    has_quotation = None if quote is None else _squeezed(quote) in _squeezed(_seen(body, content_type))
    if reading is None:
        return SecondLook(None, has_quotation)
    try:
        article, _ = read_page(
            body,
            url=record.url or "",
            content_type=content_type,
            reading=reading,
            captured=dt.datetime.fromisoformat(record.need("WARC-Date")),
        )
    except ArchiveError:
        return SecondLook(None, has_quotation)
    trace = msgspec.structs.replace(article.trace, capture=record.id)
    return SecondLook(msgspec.structs.replace(article, trace=trace), has_quotation)


def _seen(body: bytes, content_type: str | None) -> str:
    """All characters of a page but those of scripts and styles."""
    tree = parse(body, content_type)
    etree.strip_elements(tree, *_UNSEEN, with_tail=False)
    etree.strip_elements(tree, etree.Comment, etree.ProcessingInstruction, with_tail=False)
    return "".join(tree.itertext())


def _squeezed(text: str) -> str:
    """Without spaces: where a page breaks lines says nothing."""
    return "".join(text.split())
