"""`Furniture`: paragraphs that a site puts into many of its articles, as learned from its own pages."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Self
from urllib.parse import urlsplit

import msgspec

from archive.article import Article
from archive.extraction.blocks import words_key

__all__ = [
    "LEARNED",
    "Entry",
    "Furniture",
    "Paragraph",
    "pack",
    "paragraph_number",
    "paragraph_numbers",
    "paragraphs",
    "site_of",
    "unpack",
]

LEARNED = "learned"
"""The rule that a Trace names for what is on the list."""
_NUMBER = re.compile(r"\d+")
_ROW = struct.Struct(">8sIHB")
_PLAIN_TAGS = frozenset({"p", "div", "section", "article", "main", "span", "td", "body", "font", "center"})
_SITE_END = b"\n"
_IS_APART, _IS_LEARNED, _LONG = 1, 2, 0xFFFF


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A paragraph on a site's list."""

    key: str
    """16 hex digits, see `key_of`."""
    text: str
    """As it stood where it was noticed."""
    first_seen: str
    last_seen: str
    """Dates of captures (WARC-Date)."""
    articles: int
    """Different articles that it was seen on."""
    verdict: Literal["learned", "allowed", "denied"] = "learned"
    """``allowed``: a person says that it is no furniture; ``denied``: a person says that it is."""
    why: str = ""
    """What it was learned from, e.g. ``appeal`` or ``markup``; who decided, for a person's verdict."""

    @property
    def is_furniture(self) -> bool:
        """Whether it is taken out of texts."""
        return self.verdict != "allowed"


class Furniture(msgspec.Struct, frozen=True, kw_only=True):
    """The list of one site at one time, as the extractor uses it."""

    site: str
    keys: frozenset[str]

    @classmethod
    def of(cls, site: str, entries: Iterable[Entry]) -> Self:
        """What of a site's entries the extractor takes out."""
        return cls(site=site, keys=frozenset(entry.key for entry in entries if entry.is_furniture))

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` over site and keys; names the list in a Trace."""
        lines = "\n".join([self.site, *sorted(self.keys)])
        return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()

    def __contains__(self, text: object) -> bool:
        """Whether a paragraph with that text is on the list."""
        return isinstance(text, str) and key_of(text) in self.keys


class Paragraph(msgspec.Struct, frozen=True):
    """What is remembered of one line of an article's text."""

    key: str
    place: int
    """32 bits that tell places in the page apart; equal for equal paths of tags and classes."""
    size: int
    """Characters, 65,535 for more."""
    is_apart: bool
    """It is a heading, a list item, a quotation or the like, no plain paragraph."""
    is_learned: bool
    """It is not in the text: it was removed because it was on the list already."""


def key_of(text: str) -> str:
    """What tells paragraphs apart whatever their case, punctuation and numbers; empty for no words."""
    words = _NUMBER.sub("0", words_key(text))
    return hashlib.sha256(words.encode()).digest()[:8].hex() if words else ""


def site_of(url: str) -> str:
    """The host that shares one list, without ``www.``, or an empty string."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def paragraphs(article: Article) -> Iterator[Paragraph]:
    """The lines of an article's text in their order, then what was removed from it as learned."""
    lines = article.text.split("\n") if article.text else []
    places = article.trace.places or ("",) * len(lines)
    for line, place in zip(lines, places, strict=True):
        yield _paragraph(line, place, is_learned=False)
    for removed in article.trace.removed:
        if removed.rule == LEARNED:
            yield _paragraph(removed.text, removed.place, is_learned=True)


def _paragraph(text: str, place: str, *, is_learned: bool) -> Paragraph:
    digest = hashlib.sha256(_NUMBER.sub("0", place).encode()).digest()
    tag = place.rpartition(" > ")[2].partition(".")[0]
    is_apart = bool(tag) and tag not in _PLAIN_TAGS
    return Paragraph(key_of(text), int.from_bytes(digest[:4]), min(len(text), _LONG), is_apart, is_learned)


def pack(lines: Iterable[Paragraph]) -> bytes:
    """15 bytes a paragraph, for the catalogue."""
    return b"".join(
        _ROW.pack(bytes.fromhex(p.key), p.place, p.size, _IS_APART * p.is_apart | _IS_LEARNED * p.is_learned)
        for p in lines
        if p.key
    )


def unpack(data: bytes) -> Sequence[Paragraph]:
    """What was packed."""
    return [
        Paragraph(key.hex(), place, size, bool(flags & _IS_APART), bool(flags & _IS_LEARNED))
        for key, place, size, flags in _ROW.iter_unpack(data)
    ]


def paragraph_number(site: str, key: bytes, *, is_learned: bool) -> int:
    """64 bits, for an index: what tells a paragraph of a site, kept or removed as learned, from almost any other."""
    told = site.encode() + _SITE_END + key + bytes([is_learned])
    return int.from_bytes(hashlib.blake2b(told, digest_size=8).digest(), signed=True)


def paragraph_numbers(site: str, data: bytes) -> set[int]:
    """Those of what was packed."""
    rows = _ROW.iter_unpack(data)
    return {paragraph_number(site, key, is_learned=bool(flags & _IS_LEARNED)) for key, _, _, flags in rows}
