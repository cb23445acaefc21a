"""`Paper`: one invented newspaper, read from its TOML file."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from archive.article import Comment

__all__ = ["Block", "Edit", "Paper", "PaperArticle", "Printed", "Section", "load_papers"]

PAPERS = Path(__file__).parent / "papers"

Coding = Literal["identity", "gzip", "deflate", "br", "zstd"]
_MARKS = {"## ": "subheading", "-- ": "furniture"}


class Block(msgspec.Struct, frozen=True):
    """One block of an article's text as the paper sets it."""

    kind: str
    """``paragraph``, ``subheading`` or ``furniture`` (a bare paragraph that is no part of the article)."""
    text: str


class Edit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the evening edition has changed in an article."""

    headline: str | None = None
    standfirst: str | None = None
    modified: dt.datetime | None = None
    """None: nobody is told of the change."""
    changes: tuple[tuple[str, str], ...] = ()
    """Words of the text and those in their place; `text` is taken block by block, white space folded."""
    withdrawn: bool = False
    """The paper still announces the article, but it is gone."""


class PaperArticle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One article of a paper; times carry their zone."""

    slug: str
    number: int
    headline: str
    standfirst: str | None = None
    authors: tuple[str, ...] = ()
    biography: str | None = None
    """Who the author is, set below the text: furniture."""
    published: dt.datetime | None = None
    modified: dt.datetime | None = None
    section: str = ""
    tags: tuple[str, ...] = ()
    caption: str | None = None
    text: str
    """Blocks apart by a blank line; ``## `` begins a subheading, ``-- `` a bare paragraph of furniture."""
    comments: tuple[Comment, ...] = ()
    also: tuple[str, ...] = ()
    """Further paths that answer with the same page."""
    moved_from: tuple[str, ...] = ()
    """Old paths that redirect here."""
    private: bool = False
    """Linked to, but under a path that robots.txt closes."""
    coding: Coding | None = None
    """Content coding of this page, where it differs from the paper's."""
    layout: str = "paragraph"
    """The part that sets a paragraph."""
    evening: Edit | None = None
    withdrawn: bool = False
    """Announced, but answered with 404."""

    def edited(self) -> PaperArticle:
        """The article as the evening edition has it. Raises `ValueError` if it lacks words that are to be changed."""
        edit = self.evening
        if edit is None:
            return self
        text = "\n\n".join(" ".join(block.split()) for block in re.split(r"\n\s*\n", self.text.strip()))
        for old, new in edit.changes:
            if old not in text:
                raise ValueError(f"article {self.slug!r} has no {old!r} that its evening edition could change.")
            text = text.replace(old, new)
        return msgspec.structs.replace(
            self,
            headline=edit.headline or self.headline,
            standfirst=edit.standfirst or self.standfirst,
            modified=edit.modified or self.modified,
            withdrawn=edit.withdrawn,
            text=text,
        )

    @property
    def day(self) -> dt.datetime:
        """The day it is filed under. Raises `ValueError` if it has neither date."""
        day = self.published or self.modified
        if day is None:
            raise ValueError(f"article {self.slug!r} has neither a published nor a modified date; give one.")
        return day

    @property
    def changed(self) -> dt.datetime:
        """When the page last changed."""
        return self.modified or self.day

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The text block by block, white space folded."""
        return tuple(_block(" ".join(block.split())) for block in re.split(r"\n\s*\n", self.text.strip()))


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page that lists links to articles."""

    path: str
    title: str
    old: bool = False
    """Lists the articles that have an old or second address, by that address; else those of its title."""


class Insert(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A piece of furniture that every article has after its nth paragraph."""

    after: int
    part: str


class Paper(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One newspaper: what it says. How it looks lies in the folder of the same name."""

    name: str
    title: str
    host: str
    front: str = "/"
    """Path of the home page."""
    language: str
    zone: str
    article_path: str
    """Format of an article's path, with ``slug``, ``number``, ``day`` and ``section`` (in lower case)."""
    coding: Coding = "identity"
    list_coding: Coding | None = None
    """Content coding of home, section and other pages, where it differs from the articles'."""
    chunked: bool = False
    months: tuple[str, ...]
    date_form: str
    """Format of a date line, with ``day``, ``month``, ``year`` and ``time``."""
    tie_short_words: bool = False
    """Whether a non-breaking space follows words of one or two letters."""
    lists: tuple[str, ...] = ()
    """Paths of feeds (all articles) or ``path=section``; sitemaps alike."""
    furniture: tuple[str, ...]
    """Lines on every article page that are no part of the article; ``$caption`` and the like allowed."""
    sections: tuple[Section, ...] = ()
    inserts: tuple[Insert, ...] = ()
    articles: tuple[PaperArticle, ...]

    def evening(self) -> Paper:
        """The evening edition."""
        return msgspec.structs.replace(self, articles=tuple(article.edited() for article in self.articles))

    @property
    def home(self) -> str:
        """URL of the home page."""
        return self.url(self.front)

    @property
    def folder(self) -> Path:
        """Where the templates lie."""
        return PAPERS / self.name

    def url(self, path: str) -> str:
        """The full URL of a path."""
        return f"http://{self.host}{path}"

    def path(self, article: PaperArticle) -> str:
        """The path of an article's page."""
        return self.article_path.format(
            slug=article.slug, number=article.number, day=article.day, section=article.section.lower()
        )

    def date_line(self, moment: dt.datetime) -> str:
        """A moment as the paper writes it, in its language and zone."""
        local = moment.astimezone(ZoneInfo(self.zone))
        month = self.months[local.month - 1]
        return self.date_form.format(day=local.day, month=month, year=local.year, time=f"{local:%H:%M}")


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """What a page must read as; fields as in `archive.article.Article`."""

    url: str
    urls: tuple[str, ...]
    """All announced addresses: `url`, then those that answer with the same page or redirect."""
    headline: str
    standfirst: str | None
    paragraphs: tuple[str, ...]
    """Paragraphs and real subheadings in order, white space folded."""
    authors: tuple[str, ...]
    published: str | None
    """ISO 8601 with offset; None where the page does not say."""
    modified: str | None
    language: str
    section: str | None
    tags: tuple[str, ...]
    image: str | None
    captions: tuple[str, ...]
    comments: tuple[Comment, ...]
    furniture: tuple[str, ...]
    """Lines that stand on the page and must not be in the text, white space folded."""


def load_papers(folder: Path = PAPERS) -> tuple[Paper, ...]:
    """All papers of a folder by name. Raises `msgspec.ValidationError` or `tomllib.TOMLDecodeError`."""
    return tuple(
        msgspec.convert({"name": path.stem, **tomllib.loads(path.read_text("utf-8"))}, Paper)
        for path in sorted(folder.glob("*.toml"))
    )


def _block(text: str) -> Block:
    for mark, kind in _MARKS.items():
        if text.startswith(mark):
            return Block(kind, text.removeprefix(mark))
    return Block("paragraph", text)
