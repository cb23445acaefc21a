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
        recommended paywall paid premium offer
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
_LONGEST_PLACE = 30
_LONGEST_SENTENCES = 500
_SENTENCE_END = (".", "!", "?", "…", "”", '"', "»", "“", "。", "！", "？", "।", "۔")
_INLINE = frozenset({"span", "b", "strong", "em", "i", "a", "br"})
_SIGNED = frozenset({"time", "address"})
_BYLINE = frozenset({"byline", "bylines", "author", "authors", "autor", "autoren", "auteur", "date", "published"})
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
    return _as_shown(h1, claims) or _fullest(claims)


def _shown_standfirst(headline: str, h1: HtmlElement, claims: list[Candidate]) -> Candidate | None:
    """The first element after the headline that is called a standfirst or is a subheading, or one that the
    page's description repeats, or a sentence before byline or date; none after the body has begun."""
    paragraphs = 0
    found: Candidate | None = None
    before_byline = _BeforeByline()
    for passed, element in enumerate(near(h1, _NEAR_H1)):
        if element.tag in {"h1", "footer"} or paragraphs >= _BODY_BEGINS:
            break
        before_byline.pass_by(element, early=passed < _DIRECTLY)
        if element.tag in _NEVER_STANDFIRST:
            continue
        if why := _standfirst_evidence(element, claims, paragraphs == 0, passed):
            parts = _with_likes(element)
            if _has_other_things(element):
                parts = list(itertools.takewhile(lambda part: part.tag == "p", element))
            text = "\n".join(_from_claimed([line for part in parts for line in visible_lines(part)], claims))
            if _SHORTEST_STANDFIRST <= len(text) <= _LONGEST_STANDFIRST and not resemble(text, headline):
                if _is_claimed(element, claims):
                    return text, why
                found = found or (text, why)
        if element.tag == "p" and len(visible_text(element)) >= _SHORTEST_PARAGRAPH:
            paragraphs += 1
    return found or before_byline.sentence(headline)


class _BeforeByline:
    """Looks for a sentence that stands between headline and byline or date, with the body behind them: by its
    place it is a standfirst, whatever it is called."""

    def __init__(self) -> None:
        self._element: HtmlElement | None = None
        self._signed = self._over = False

    def pass_by(self, element: HtmlElement, *, early: bool) -> None:
        """Take note of the next element of the page."""
        if self._over:
            return
        if element.tag in _SIGNED or class_tokens(element) & _BYLINE:
            self._signed = True
            self._over = self._element is None
        elif self._element is None:
            self._element = element if early and _is_sentence(element) else None
        elif element.tag == "p" and len(visible_text(element)) >= _SHORTEST_PARAGRAPH:
            self._over = True

    def sentence(self, headline: str) -> Candidate | None:
        """What was found, if the body follows."""
        if self._element is None or not (self._over and self._signed):
            return None
        text = visible_text(self._element)
        return None if resemble(text, headline) else (text, f"html:{self._element.tag}")


def _standfirst_evidence(element: HtmlElement, claims: list[Candidate], before_body: bool, passed: int) -> str | None:
    """Why an element is the standfirst, `passed` elements after the headline; None if it isn't."""
    first, early = before_body and passed < _DIRECTLY, before_body and passed < _EARLY
    tokens = class_tokens(element)
    if tokens & _NOT_STANDFIRST or len(element) > _MOST_CHILDREN:
        return None
    called = tokens & _STANDFIRST or _STANDFIRST_PAIR.search(element.get("class") or "")
    if called or (tokens & _PERHAPS_STANDFIRST and (early or _is_claimed(element, claims))):
        if (element.tag in _SUBHEADINGS and not first) or (
            _has_other_things(element) and not (called and len(element) and element[0].tag == "p")
        ):
            return None
        name = (element.get("class") or element.get("itemprop") or "").split()[:1]
        return ".".join([f"html:{element.tag}", *name])
    if element.tag == "p" and before_body and _stands_out(element):
        return "html:p" if _is_claimed(element, claims) else None
    if element.tag not in _SUBHEADINGS or not first:
        return None
    long = len(visible_text(element)) >= _SHORTEST_SUBHEADING and element.find(".//a") is None
    return f"html:{element.tag}" if long or _is_claimed(element, claims) else None


def _is_sentence(element: HtmlElement) -> bool:
    """Whether an element holds a sentence or a few and no other blocks, and is no part of a picture or the like."""
    if len(element) > _MOST_PARTS or any(child.tag not in _INLINE for child in element):
        return False
    outer = (element, *itertools.islice(element.iterancestors(), 2))
    if any(e.tag in _NEVER_STANDFIRST or class_tokens(e) & _NOT_STANDFIRST for e in outer if e.tag != "body"):
        return False
    text = visible_text(element)
    return _SHORTEST_SUBHEADING <= len(text) <= _LONGEST_SENTENCES and text.endswith(_SENTENCE_END)


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


def _as_shown(h1: HtmlElement | None, claims: list[Candidate]) -> Candidate | None:
    """The description that stands near the headline, with the place that the page may name before it."""
    long = [claim for claim in claims if len(claim[0]) >= _SHORTEST_SUBHEADING]
    for element in near(h1, _EARLY) if h1 is not None and long else ():
        if element.tag in _NEVER_STANDFIRST or any(child.tag not in _INLINE for child in element):
            continue
        shown = visible_text(element)
        for text, evidence in long:
            if len(text) <= len(shown) <= len(text) + _LONGEST_PLACE and shown.endswith(text):
                return shown, evidence
    return None


def _is_claimed(element: HtmlElement, claims: list[Candidate]) -> bool:
    """Whether the text of an element begins as one of the descriptions does."""
    text = key(visible_text(element))
    return any(len(start := key(claim)[:40]) >= 15 and text.startswith(start) for claim, _ in claims)
