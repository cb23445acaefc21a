"""Other articles on a page: what a reader gets to who scrolls on, and teasers with headlines of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from lxml.html import HtmlElement

from archive.extraction.blocks import Block, near

__all__ = ["other_articles"]

_BODY_BEGUN = 400
"""Characters of prose behind the headline, before which no other article begins."""
_PARAGRAPHS = 2
_PARAGRAPH = 80
_ALIKE = 0.5
"""Share of the words of two titles in common, if both are of one article."""
_TITLES = frozenset({"h1", "h2"})
_LEVELS = 3


def other_articles(blocks: Sequence[Block], headline_key: str) -> list[HtmlElement]:
    """The outermost elements that hold another article than the one with the headline, which comes first.

    Such an element begins with a headline: an ``h1`` that is not the page's, or the title of an ``article``
    element that stands beside the article's own.
    """
    start = _start(blocks, headline_key)
    if start is None:
        return []
    ours = set(near(blocks[start].element))
    titles = [set(key.split()) for key in (headline_key, blocks[start].key) if key]
    begun = 0
    found: dict[HtmlElement, None] = {}
    prose: defaultdict[HtmlElement, int] = defaultdict(int)
    for block in blocks[start + 1 :]:
        heading = _heading(block.element)
        if heading is None and not block.is_prose:
            continue
        chain = near(block.element)
        if any(element in found for element in chain):
            continue
        if heading is not None and _are_alike(block.key, titles):
            ours.update(chain)
        elif heading is not None and begun >= _BODY_BEGUN:
            other = _other(heading, chain, ours)
            if other is not None and not prose[other]:
                found[other] = None
            continue
        if block.is_prose:
            begun += len(block.text)
            for element in chain:
                prose[element] += 1
    return [element for element in found if _paragraphs(element) >= _PARAGRAPHS]


def _start(blocks: Sequence[Block], headline_key: str) -> int | None:
    """Where the page's headline stands: the element with it, else the first ``h1``."""
    first = None
    for index, block in enumerate(blocks):
        heading = _heading(block.element)
        if heading is None:
            continue
        if headline_key and block.key == headline_key:
            return index
        if first is None and heading.tag == "h1":
            first = index
    return first


def _heading(element: HtmlElement) -> HtmlElement | None:
    """The title that an element is, or that it stands in."""
    at: HtmlElement | None = element
    for _ in range(_LEVELS):
        if at is None or at.tag in _TITLES:
            return at
        at = at.getparent()
    return None


def _are_alike(key: str, titles: list[set[str]]) -> bool:
    words = set(key.split())
    return any(len(words & title) >= _ALIKE * min(len(words), len(title)) for title in titles)


def _other(heading: HtmlElement, chain: list[HtmlElement], ours: set[HtmlElement]) -> HtmlElement | None:
    """The element that holds the article which begins with a heading; None if none does."""
    apart = [element for element in chain if element not in ours]
    if heading.tag != "h1":
        apart = [element for element in apart if element.tag == "article"]
    return apart[-1] if apart else None


def _paragraphs(element: HtmlElement) -> int:
    return sum(1 for p in element.iter("p") if len(p.text_content()) >= _PARAGRAPH)
