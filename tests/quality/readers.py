"""The two extractors that are compared, each from a page to a `Reading`."""

from __future__ import annotations

import logging
from collections.abc import Callable

from archive import extract
from archive.errors import ExtractionError, NotAPage
from tests.quality.pages import Page, Reading

__all__ = ["READERS", "newswarc", "trafilatura"]


def newswarc(page: Page) -> Reading:
    """Ours."""
    try:
        article = extract(page.body, url=page.url)
    except (ExtractionError, NotAPage):
        return Reading()
    return Reading(
        headline=article.headline or "",
        standfirst=article.standfirst or "",
        text=article.text,
        authors=article.authors,
        published=article.published or "",
    )


def trafilatura(page: Page) -> Reading:
    """Plain trafilatura, with metadata and without comments."""
    from trafilatura import bare_extraction

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    document = bare_extraction(page.body, url=page.url, with_metadata=True, include_comments=False)
    if document is None:
        return Reading()
    return Reading(
        headline=document.title or "",
        text=document.text or "",
        authors=tuple(name.strip() for name in (document.author or "").split(";") if name.strip()),
        published=document.date or "",
    )


READERS: dict[str, Callable[[Page], Reading]] = {"newswarc": newswarc, "trafilatura": trafilatura}
