"""What a page says (`Article`) and why we say so (`Trace`)."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from archive.rights.statement import Statement

__all__ = ["Article", "Comment", "Removed", "Trace", "Update", "article_fields"]


class Removed(msgspec.Struct, frozen=True):
    """A block of the page's text that is not part of the article."""

    text: str
    """The block's text, white space folded."""
    place: str
    """Where it stood: a short path of tags and classes, e.g. ``main > div.donate > p``."""
    rule: str
    """The kind of text it is, and perhaps how that was told: ``appeal``, ``duplicate:headline``; or the rule
    of the site: ``site-rule:2024-07-01:.modal``. The kinds are listed in `archive.extraction.kinds`."""
    line: int | None = None
    """How many lines of the text stand above it on the page. None where that is unknown: the text is from a script
    and not where readers see it, or version 0.1.0 read the page."""


class Comment(msgspec.Struct, frozen=True):
    """A reader's comment that the page carries (schema.org Comment)."""

    text: str
    author: str | None = None
    published: str | None = None
    """ISO 8601, as precise as the page says."""


class Update(msgspec.Struct, frozen=True):
    """One dated post of a live blog (schema.org LiveBlogPosting.liveBlogUpdate)."""

    text: str
    published: str | None = None
    headline: str | None = None


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """Why the article says what it says."""

    capture: str | None = None
    """Record id (``urn:uuid:...``) of the response the article was read from, if archived."""
    extractor: str = ""
    """Names and versions of the software, e.g. ``newswarc/0.2.0 trafilatura/2.3.1``."""
    rules: str | None = None
    """``sha256:`` digest of the site rules that applied, if any did."""
    furniture: str | None = None
    """``sha256:`` digest of the list of the site's recurring paragraphs that was used, if there was one."""
    places: tuple[str, ...] = ()
    """For each line of the text where its block stands, as `Removed.place`; empty where that is unknown."""
    evidence: dict[str, str] = {}
    """For each field that has a value, the evidence that won, e.g. ``json-ld:headline``."""
    removed: tuple[Removed, ...] = ()
    """Every block of the page's text that is not in the article, in page order."""


class Article(msgspec.Struct, frozen=True, kw_only=True):
    """A news article; names follow schema.org NewsArticle where it has one.

    Dates are ISO 8601 strings exactly as precise as the page: ``2013-02-19``,
    ``2014-03-11T00:18:00+02:00``. ``text`` holds body paragraphs only, one a line, without headline,
    standfirst, byline, captions or furniture.
    """

    url: str
    kind: str = "article"
    """``article``, ``opinion``, ``live-blog``, ``video``; or ``list``, which is no article: a front page, a section,
    search results. A list has no text."""
    headline: str | None = None
    standfirst: str | None = None
    text: str = ""
    authors: tuple[str, ...] = ()
    published: str | None = None
    modified: str | None = None
    language: str | None = None
    section: str | None = None
    tags: tuple[str, ...] = ()
    image: str | None = None
    captions: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()
    updates: tuple[Update, ...] = ()
    coverage_end: str | None = None
    """When a live blog ended or is to end (schema.org ``coverageEndTime``)."""
    canonical_url: str | None = None
    paywalled: bool | None = None
    rights: tuple[Statement, ...] | None = None
    """What the page itself says of its use; None where a version of newswarc read it that did not look."""
    trace: Trace = Trace()

    @property
    def text_digest(self) -> str:
        """``sha256:<lowercase hex>`` of the text in UTF-8, as in WARC-Payload-Digest."""
        return "sha256:" + hashlib.sha256(self.text.encode()).hexdigest()


def article_fields(article: Article) -> dict[str, Any]:
    """An article's fields as its details hold them: without the text, which is the block of the conversion record."""
    fields: dict[str, Any] = msgspec.to_builtins(article)
    del fields["text"]
    return fields
