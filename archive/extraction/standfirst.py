"""The standfirst of a page: the lines between headline and text that say what the article is about."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from lxml.html import HtmlElement

from archive.extraction.headline import resemble
from archive.extraction.markup import class_tokens, key, near, visible_lines, visible_text, words

__all__ = ["choose_standfirst"]

Candidate = tuple[str, str]
"""A value and its evidence."""

_NEAR_H1 = 150
_STANDFIRST = frozenset(
    words(
        """
        standfirst standfirsts lead lede leadin leadtext dek deck subtitle subtitulo subheadline
        subhead subheading subheader intro introduction spot chapeau chapo sottotitolo occhiello
        entradilla bajada copete ingress manchet manchete vorspann anriss einleitung sapo untertitel
        sumario onderkop strapline preamble underrubrik undertitle ingressi perex wstep zajawka
        bevezeto ozet anons anonce inleiding linhafina olho catenaccio cappello blurb nutgraf
        """
    )
)
_PERHAPS_STANDFIRST = frozenset(
    words(
        """
        description desc summary excerpt teaser abstract resumen resume sommario sammanfattning
        bullets highlights keypoints overview tagline synopsis
        """
    )
)
_STANDFIRST_PAIR = re.compile(r"sub[-_]?(?:title|head)|stand[-_]?first|lead[-_]?in\b", re.IGNORECASE)
_NOT_STANDFIRST = frozenset(
    words(
        """
        image img photo figure caption figcaption video media author byline date time share social
        comment comments related newsletter ad ads advert promo nav menu breadcrumb breadcrumbs card
        cookie tag tags gallery audio player credit copyright modal popup signup login list
        recommended
        """
    )
)
_NEVER_STANDFIRST = frozenset(
    words(
        """
        a img picture figure figcaption time button script style svg li label input
        """
    )
)
_WITH_OTHER_THINGS = "img", "picture", "figure", "h1", "h2", "h3", "h4", "form", "video"
_SUBHEADINGS = frozenset({"h2", "h3", "h4", "h5"})
_SHORTEST_PARAGRAPH = 90
_BODY_BEGINS = 2
_SHORTEST_STANDFIRST = 25
_SHORTEST_SUBHEADING = 60
_DIRECTLY = 12
_EARLY = 80
_MOST_PARTS = 4
_MOST_CHILDREN = 20
_LONGEST_STANDFIRST = 900


def choose_standfirst(headline: str, h1: HtmlElement | None, described: Iterable[Candidate]) -> Candidate | None:
    """The standfirst the page shows near its headline, else its description from markup readers don't see.

    Evidence of the first kind begins with ``html:``. A description may be a copy of the first paragraph:
    whoever has the text must compare.
    """
    claims = [(text, evidence) for text, evidence in described if len(text) > 1 and key(text) != key(headline)]
    if h1 is not None and (found := _shown_standfirst(headline, h1, claims)):
        return found
    return _fullest(claims)


def _shown_standfirst(headline: str, h1: HtmlElement, claims: list[Candidate]) -> Candidate | None:
    """The first element after the headline that is called a standfirst or is a subheading; none after the
    body has begun."""
    paragraphs = 0
    for passed, element in enumerate(near(h1, _NEAR_H1)):
        if element.tag in {"h1", "footer"} or paragraphs >= _BODY_BEGINS:
            break
        if element.tag in _NEVER_STANDFIRST:
            continue
        if why := _standfirst_evidence(element, claims, paragraphs == 0, passed):
            text = "\n".join(
                _from_claimed([line for part in _with_likes(element) for line in visible_lines(part)], claims)
            )
            if _SHORTEST_STANDFIRST <= len(text) <= _LONGEST_STANDFIRST and not resemble(text, headline):
                return text, why
        if element.tag == "p" and len(visible_text(element)) >= _SHORTEST_PARAGRAPH:
            paragraphs += 1
    return None


def _standfirst_evidence(element: HtmlElement, claims: list[Candidate], before_body: bool, passed: int) -> str | None:
    """Why an element is the standfirst, `passed` elements after the headline; None if it isn't."""
    first, early = before_body and passed < _DIRECTLY, before_body and passed < _EARLY
    tokens = class_tokens(element)
    if tokens & _NOT_STANDFIRST or len(element) > _MOST_CHILDREN:
        return None
    called = tokens & _STANDFIRST or _STANDFIRST_PAIR.search(element.get("class") or "")
    if called or (tokens & _PERHAPS_STANDFIRST and (early or _is_claimed(element, claims))):
        if (element.tag in _SUBHEADINGS and not first) or _has_other_things(element):
            return None
        name = (element.get("class") or element.get("itemprop") or "").split()[:1]
        return ".".join([f"html:{element.tag}", *name])
    if element.tag == "p" and before_body and _stands_out(element):
        return "html:p" if _is_claimed(element, claims) else None
    if element.tag not in _SUBHEADINGS or not first:
        return None
    long = len(visible_text(element)) >= _SHORTEST_SUBHEADING and element.find(".//a") is None
    return f"html:{element.tag}" if long or _is_claimed(element, claims) else None


def _has_other_things(element: HtmlElement) -> bool:
    return next(element.iterdescendants(*_WITH_OTHER_THINGS), None) is not None


def _stands_out(element: HtmlElement) -> bool:
    """Whether a paragraph is bold as a whole, or stands in the header of the article."""
    if any(outer.tag == "header" for outer in itertools.islice(element.iterancestors(), 4)):
        return True
    inner = [child for child in element if child.tag in {"strong", "b"}]
    return len(inner) == 1 and key(visible_text(inner[0])) == key(visible_text(element))


def _from_claimed(lines: list[str], claims: list[Candidate]) -> list[str]:
    """The lines from the first that is a whole description on: a caption may stand before it."""
    keys = {key(text) for text, _ in claims}
    start = next((i for i, line in enumerate(lines) if key(line) in keys), 0)
    return lines[start:]


def _with_likes(element: HtmlElement) -> list[HtmlElement]:
    """The element and the few siblings right behind it that are called the same."""
    found = [element]
    for sibling in element.itersiblings():
        if sibling.tag != element.tag or not element.get("class") or sibling.get("class") != element.get("class"):
            break
        found.append(sibling)
    return found if len(found) <= _MOST_PARTS else found[:1]


def _fullest(claims: list[Candidate]) -> Candidate | None:
    """The first description, or the one it is the cut-off beginning of."""
    if not claims:
        return None
    first = claims[0]
    if first[0].endswith(("...", "…")):
        stem = first[0].rstrip(".… ")
        return next((c for c in claims if c[0].startswith(stem) and not c[0].endswith(("...", "…"))), first)
    return first


def _is_claimed(element: HtmlElement, claims: list[Candidate]) -> bool:
    """Whether the text of an element begins as one of the descriptions does."""
    text = key(visible_text(element))
    return any(len(start := key(claim)[:40]) >= 15 and text.startswith(start) for claim, _ in claims)
