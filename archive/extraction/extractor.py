"""`extract`: what a page says, and why.

trafilatura proposes the body; each of its lines is tied to its place in the page, judged, and kept or
removed with a named rule. Headline, standfirst, captions and comments have fields of their own.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import msgspec

from archive.article import Article, Trace
from archive.errors import ExtractionError
from archive.extraction.document import parse
from archive.extraction.draft import Draft
from archive.extraction.kind import ARTICLE, LIST, LIVE_BLOG
from archive.extraction.language import settled_language
from archive.extraction.metadata import Metadata, read_metadata
from archive.extraction.topics import are_of_site
from archive.rules import UNKNOWN_SITE, Reading
from archive.version import EXTRACTOR

__all__ = ["extract", "read_page"]

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # its complaints are about pages, not for users
logging.getLogger("htmldate").setLevel(logging.CRITICAL)


def extract(
    body: bytes,
    *,
    url: str = "",
    content_type: str | None = None,
    reading: Reading = UNKNOWN_SITE,
    captured: dt.datetime | None = None,
) -> Article:
    """Read the article of a page.

    `body` is the page decoded of transfer and content codings; `content_type` the response's header;
    `reading` what is known of the site; `captured` when the page was fetched (default: now): no date on
    it can be later. Without `url` the page's canonical link serves.

    The text is empty if the page holds no article; a list of other pages is known by its `kind`. Raises `NotAPage`
    for bytes that are no HTML and `ExtractionError` if the page breaks the extractor.
    """
    return read_page(body, url=url, content_type=content_type, reading=reading, captured=captured)[0]


def read_page(
    body: bytes,
    *,
    url: str = "",
    content_type: str | None = None,
    reading: Reading = UNKNOWN_SITE,
    captured: dt.datetime | None = None,
) -> tuple[Article, str | None]:
    """As `extract`, and the text that the page's JSON-LD states, if the article's text is not taken from there."""
    tree = parse(body, content_type)
    try:
        metadata = read_metadata(tree, url=url, timezone=reading.timezone, rules=reading.rules, now=captured)
        draft = Draft(tree, metadata, reading, captured)
        if metadata.kind == LIST:
            metadata = draft.metadata = _of_list(metadata)
            draft.pass_over()
        else:
            draft.read()
    except (
        RecursionError,
        AssertionError,
        AttributeError,
        IndexError,
        KeyError,
        TypeError,
        ValueError,
    ) as error:
        raise ExtractionError(f"{url or 'the page'}: broke the extractor: {type(error).__name__}: {error}.") from error
    article = _article(draft, url, reading)
    stated = draft.stated.plain if draft.stated and "text" not in draft.evidence else None
    try:
        msgspec.json.encode(article)
    except UnicodeEncodeError:  # half characters, escaped in a page's JSON
        return msgspec.convert(_whole_characters(msgspec.to_builtins(article)), Article), stated
    return article, stated


def _of_list(metadata: Metadata) -> Metadata:
    """What is true of a list: dates and names on it are those of other pages."""
    gone = {"authors": (), "published": None, "modified": None, "standfirst": None, "paywalled": None}
    evidence = {name: why for name, why in metadata.evidence.items() if name not in gone}
    return msgspec.structs.replace(metadata, **gone, evidence=evidence)


def _article(draft: Draft, url: str, reading: Reading) -> Article:
    metadata, rules = draft.metadata, reading.rules
    evidence = {name: why for name, why in metadata.evidence.items() if name != "standfirst"}
    evidence |= draft.evidence
    if draft.standfirst:
        evidence["standfirst"] = draft.standfirst_evidence or metadata.evidence.get("standfirst", "html")
    if draft.updates:
        evidence["updates"] = "json-ld:liveBlogUpdate" if draft.updates == metadata.updates else "html:time"
        evidence.setdefault("kind", evidence["updates"])
    tags = metadata.tags
    told = "\n".join((metadata.headline or "", draft.standfirst or "", *draft.lines))
    if tags and are_of_site(tags, evidence["tags"], told):
        tags = ()
        del evidence["tags"]
    language = metadata.language or reading.language
    if (metadata.language or not reading.language) and (settled := settled_language(language, told)):
        language, evidence["language"] = settled, "text"
    return Article(
        url=url or metadata.canonical_url or "",
        kind=LIVE_BLOG if draft.updates else metadata.kind or ARTICLE,
        headline=metadata.headline,
        standfirst=draft.standfirst,
        text="\n".join(draft.lines),
        authors=metadata.authors,
        published=metadata.published,
        modified=metadata.modified,
        language=language,
        section=metadata.section,
        tags=tags,
        image=metadata.image,
        captions=draft.captions,
        comments=draft.comments,
        updates=draft.updates,
        coverage_end=metadata.coverage_end,
        canonical_url=metadata.canonical_url,
        paywalled=metadata.paywalled,
        rights=metadata.rights,
        trace=Trace(
            extractor=EXTRACTOR,
            rules=rules.digest if rules else None,
            furniture=reading.furniture.digest if reading.furniture else None,
            places=tuple(draft.places),
            evidence=evidence,
            removed=tuple(draft.removed()),
        ),
    )


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _whole_characters(inner) for key, inner in value.items()}
    return [_whole_characters(inner) for inner in value] if isinstance(value, list | tuple) else value
