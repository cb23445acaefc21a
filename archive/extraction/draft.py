"""`Draft`: the body, captions, comments and updates of one page, and what became of every block of it."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import lxml.html
from cssselect import HTMLTranslator
from lxml.html import HtmlElement

from archive.article import Comment, Removed, Update
from archive.extraction.audit import Audit, Part
from archive.extraction.blocks import Block, blocks, fold, near, text_under, words_key
from archive.extraction.comments import comment_containers, read_comments
from archive.extraction.dates import parse_date
from archive.extraction.furniture import naming_words, telling_word
from archive.extraction.kind import LIVE_BLOG
from archive.extraction.lines import positions
from archive.extraction.metadata import Metadata
from archive.extraction.others import other_articles
from archive.extraction.places import place_lines
from archive.extraction.scripts import StatedBody, body_in_scripts, stated_body
from archive.extraction.tables import unfold_layout_tables
from archive.extraction.updates import find_posts
from archive.furniture.furniture import LEARNED
from archive.rules import Reading, SiteRules

if TYPE_CHECKING:
    from trafilatura.settings import Extractor

__all__ = ["Draft"]

_ESCAPED_MARKUP = re.compile(
    r"<(?:figure|figcaption|picture|img|iframe|script|style|video|audio|source|embed|object)\b[^<>]*>"
    r"(?:.*</?\w+[^<>]*>)?$|<figcaption\b[^<>]*>"
)
"""Markup that a page shows as text, for the sake of readers without JavaScript."""
_ESCAPED_CAPTION = re.compile(r"<figcaption\b[^<>]*>(.*?)(?:</figcaption>|$)")
_LIST_MARK = re.compile(r"^[-–•]\s+")
_CAPTION = frozenset({"caption", "figcaption", "credit", "credits"})
_PICTURE = frozenset({"image", "picture", "photo", "img"})
_PARAGRAPHS_IN_CAPTION = 3
_CAPTION_LEVELS = 3
_FIGURE_LEVELS = 5
_MUCH = 0.6
"""Share of the page's prose."""
_SHORT = 500
"""Characters."""


@dataclass
class Draft:
    """The article of one page in the making."""

    tree: HtmlElement
    metadata: Metadata
    reading: Reading
    captured: dt.datetime | None
    stated: StatedBody | None = None
    """The text that the page's JSON-LD states."""
    evidence: dict[str, str] = field(default_factory=dict)
    """Where the text came from, if not from the page as it stands."""
    updates: tuple[Update, ...] = ()
    comments: tuple[Comment, ...] = ()
    standfirst: str | None = None
    standfirst_evidence: str | None = None
    lines: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    """Where each line stands."""
    blocks: list[Block] = field(default_factory=list)
    fate: dict[Block, str] = field(default_factory=dict)
    """The rule that removed a block; empty: it is in the text or in a field."""
    _parts: dict[Block, list[Part]] = field(default_factory=dict)
    _positions: list[int] = field(default_factory=list)
    """The number of the block at which each line stands, lowest first; none where no line's is known."""
    _shown: int | None = None
    """The number of the first block that only a script holds, if there is one."""
    _captions: dict[str, str] = field(default_factory=dict)
    _outside_of: dict[HtmlElement, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._headline_key = words_key(self.metadata.headline or "")

    @property
    def rules(self) -> SiteRules | None:
        """What is known of the site's pages of that day."""
        return self.reading.rules

    @property
    def captions(self) -> tuple[str, ...]:
        """In page order, each once."""
        return tuple(self._captions.values())

    def read(self) -> None:
        """Find the text and what stands beside it."""
        self.blocks = blocks(self.tree)
        stated = self.stated = self._find_body_in_scripts()
        self._read_updates()
        self._prune()
        pruned = set(self.fate)
        if self.reading.furniture:
            for block in self.blocks:
                if block not in self.fate and block.text in self.reading.furniture:
                    self.fate[block] = LEARNED
        unfold_layout_tables(self.tree)
        self._read_captions()
        left = [block for block in self.blocks if block not in pruned]
        lines = place_lines(self._candidate(), left, taken=self.fate)
        furniture = self.reading.furniture
        audit = Audit(lines, self.blocks, self.metadata, self.rules, self.fate, stated=stated, furniture=furniture)
        kept = audit.lines()
        self.lines = [line.text for line in kept]
        self.places = [line.block.place if line.block else "" for line in kept]
        self.standfirst, self.standfirst_evidence = audit.standfirst, audit.standfirst_evidence
        number = {block: n for n, block in enumerate(self.blocks)}
        self._positions = sorted(positions(kept, number))
        self._parts = audit.parts
        if self.standfirst and not self.lines and not self.updates:  # it is all that there is to read
            self.lines, self.standfirst = self.standfirst.split("\n"), None
            self.places = ["" for _ in self.lines]
            self._positions = sorted(number[block] for block in audit.standfirst_blocks)

    def pass_over(self) -> None:
        """A page that is a list of others holds no text."""
        self.blocks = blocks(self.tree)
        self.fate = dict.fromkeys(self.blocks, "list-page")

    # What is certain before extraction

    def _find_body_in_scripts(self) -> StatedBody | None:
        """The text that JSON-LD states, if it does; what only scripts hold is put in the page."""
        stated = stated_body(self.tree)
        if stated is not None:
            hidden = not stated.shown_by(self.blocks)
        else:
            hidden = sum(len(block.text) for block in self.blocks if block.is_prose) < _SHORT
        body = self.tree.find("body")
        if hidden and body is not None and (found := body_in_scripts(self.tree, stated)) is not None:
            self._shown = len(self.blocks)
            body.append(found)
            self.blocks = blocks(self.tree)
            self.evidence["text"] = "json-ld:articleBody" if stated is not None else "script"
        return stated

    def _read_date(self, text: str) -> str | None:
        return parse_date(text, timezone=self.reading.timezone, language=self.metadata.language, now=self.captured)

    def _read_updates(self) -> None:
        """Take out the posts of a live blog."""
        certain = self.metadata.kind == LIVE_BLOG
        if not (certain or self.metadata.live or self.metadata.updates):
            return
        published, modified = self.metadata.published, self.metadata.modified
        day = published[:10] if published and (modified or published)[:10] == published[:10] else None
        stated = self.metadata.updates
        found = find_posts(self.tree, self.blocks, stated, certain=certain, read=self._read_date, day=day)
        if found is None:
            return
        self.updates = found.updates
        self.fate |= found.fate
        for element in found.elements:
            if element.getparent() is not None:
                element.drop_tree()

    def _prune(self) -> None:
        """Take out what site rules and comment containers name, so that trafilatura never sees it."""
        doomed: dict[HtmlElement, str] = {}
        containers = comment_containers(self.tree, self.rules)
        self.comments = read_comments(
            containers,
            tree=self.tree,
            timezone=self.reading.timezone,
            language=self.metadata.language,
            now=self.captured,
        )
        doomed |= dict.fromkeys(containers, "comment")
        doomed |= dict.fromkeys(other_articles(self.blocks, self._headline_key), "other-article")
        if self.rules:
            for selector in self.rules.remove:
                for element in _select(self.tree, selector):
                    doomed[element] = f"{self.rules.name}:{selector}"
        if not doomed:
            return
        known: dict[HtmlElement, str] = {}
        for block in self.blocks:
            if rule := _rule_of(block.element, doomed, known):
                self.fate[block] = rule
        for element in doomed:
            if element.getparent() is not None:
                element.drop_tree()

    def _read_captions(self) -> None:
        is_caption: dict[HtmlElement, bool] = {}
        for block in self.blocks:
            if block in self.fate:
                continue
            if block.text[0] == "<" and _ESCAPED_MARKUP.match(block.text):
                self.fate[block] = "hidden:markup"
                for caption in _ESCAPED_CAPTION.findall(block.text):
                    self._add_caption(fold(caption))
                continue
            for level, element in enumerate(near(block.element, _FIGURE_LEVELS)):
                named = is_caption.get(element)
                if named is None:
                    named = is_caption[element] = _is_caption(element)
                if named and level < _CAPTION_LEVELS:
                    self.fate[block] = ""
                    self._add_caption(block.text)
                    break
                if element.tag == "figure" and _is_figure(element) and not block.is_long:
                    self.fate[block] = "caption:figure"
                    break
        for block in self.blocks:
            if (
                block.key in self._captions
                and block not in self.fate
                and not (block.is_prose and block.element.tag == "p")
            ):
                self.fate[block] = "duplicate:caption"

    def _add_caption(self, text: str) -> None:
        if text:
            self._captions.setdefault(words_key(text), text)

    # The body

    def _candidate(self) -> list[str]:
        """trafilatura's lines."""
        prose = text_under((b.element, len(b.text)) for b in self.blocks if b.is_prose and b not in self.fate)
        self._shelter(prose)
        tree, expected = self.tree, prose.get(self.tree, 0)
        if self.rules and self.rules.body:
            chosen = _select(tree, self.rules.body)
            if chosen:
                expected = sum(prose.get(element, 0) for element in chosen)
                tree = lxml.html.document_fromstring("<html><body></body></html>")
                tree[0].extend(chosen)
        _drop_unread(tree, prose)
        # Its comparison with other extractors costs a third of the time, and finds more only where it left much out
        # or joined all to one line.
        lines = _extracted(tree, fast=True)
        longest = max((len(block.text) for block in self.blocks), default=0)
        if sum(map(len, lines)) < max(_MUCH * expected, _SHORT) or max(map(len, lines)) > longest:
            lines = _extracted(tree, fast=False)
        return lines

    def _shelter(self, prose: dict[HtmlElement, int]) -> None:
        """Take the name off what is called after comments and holds the article: trafilatura goes by it."""
        for element, size in prose.items():
            for name in ("class", "id"):
                if 2 * size > prose[self.tree] and "comment" in element.get(name, "").lower():
                    del element.attrib[name]

    # The trace

    def removed(self) -> list[Removed]:
        """Every block that is neither in the text nor in a field, and what was left out of those that are."""
        gone = []
        headline_seen = not self._headline_key
        for number, block in enumerate(self.blocks):
            if block in self._parts:
                above = self._lines_above(number)
                for part in self._parts[block]:
                    line = None if above is None else above + part.line
                    why = part.rule or self._outside(block.element)
                    gone.append(Removed(part.text, block.place, why, line))
                continue
            if not headline_seen and block.key == self._headline_key:
                headline_seen = True  # it is in its field
                continue
            rule = self.fate.get(block)
            if rule is None:
                copy = self._headline_key and block.key == self._headline_key
                rule = "duplicate:headline" if copy else self._outside(block.element)
            if rule:
                gone.append(Removed(block.text, block.place, rule, self._lines_above(number)))
        return gone

    def _lines_above(self, number: int) -> int | None:
        """How many lines of the text stand above the block of that number; None where the page doesn't tell."""
        if not self._positions:
            return None if self.lines else 0
        if self._shown is not None:
            parts = {n < self._shown for n in (number, self._positions[0], self._positions[-1])}
            if len(parts) > 1:
                return None
        return bisect_left(self._positions, number)

    def _outside(self, element: HtmlElement) -> str:
        """What the nearest telling ancestor of a block outside the article says it is."""
        unknown = []
        known: str | None = None
        at: HtmlElement | None = element
        while at is not None and known is None:
            known = self._outside_of.get(at)
            if known is None:
                known = "navigation" if at.tag in ("header", "aside") else telling_word(at)
                unknown.append(at)
                at = at.getparent()
        self._outside_of |= dict.fromkeys(unknown, known or "outside-article")
        return known or "outside-article"


def _rule_of(element: HtmlElement, doomed: dict[HtmlElement, str], known: dict[HtmlElement, str]) -> str:
    """The rule of the nearest doomed element that an element is or stands in; what is found is `known` then."""
    passed, rule = [], ""
    at: HtmlElement | None = element
    while at is not None:
        found = doomed.get(at, known.get(at))
        if found is not None:
            rule = found
            break
        passed.append(at)
        at = at.getparent()
    known |= dict.fromkeys(passed, rule)
    return rule


def _is_caption(element: HtmlElement) -> bool:
    if element.tag == "figcaption":
        return True
    name = element.get("class")
    if not name or element.tag in ("body", "article"):
        return False
    if not _names_caption(name):
        return _names_picture(name) and _is_picture(element)
    return next(islice(element.iter("p"), _PARAGRAPHS_IN_CAPTION - 1, None), None) is None


def _is_picture(element: HtmlElement) -> bool:
    """Whether an element that is called a picture holds one, and little text."""
    few = next(islice(element.iter("p"), _PARAGRAPHS_IN_CAPTION, None), None) is None
    held = few and next(element.iter("img", "picture"), None) is not None
    return held and len(fold(str(element.text_content()))) <= _SHORT


def _is_figure(element: HtmlElement) -> bool:
    """Whether a figure is a picture or a film, and no quotation or table that a page calls so."""
    return next(element.iter("blockquote", "table", "pre", "q", "h2", "ul", "ol"), None) is None


@lru_cache(maxsize=4096)
def _names_caption(name: str) -> bool:
    return not _CAPTION.isdisjoint(naming_words(name))


@lru_cache(maxsize=4096)
def _names_picture(name: str) -> bool:
    return not _PICTURE.isdisjoint(naming_words(name))


def _extracted(tree: HtmlElement, *, fast: bool) -> list[str]:
    from trafilatura import bare_extraction

    document = bare_extraction(tree, options=_options(fast=fast))
    text = str(getattr(document, "text", None) or "")
    return [line for line in (fold(_LIST_MARK.sub("", part)) for part in text.split("\n")) if line]


@cache
def _options(*, fast: bool) -> Extractor:
    """What trafilatura is asked for. It reads a configuration to make these, and leaves them as they are."""
    from trafilatura.settings import Extractor

    # No deduplication: it keeps state between pages, and a text must not depend on the page before.
    return Extractor(output_format="python", fast=fast, comments=False, dedup=False, with_metadata=False, tables=True)


def _drop_unread(tree: HtmlElement, prose: dict[HtmlElement, int]) -> None:
    """Take out what is no text, and menus, so that trafilatura need not copy them; it reads JSON."""
    for element in list(tree.iter("nav", "footer", "select", "iframe", "button")):
        if element.getparent() is not None and not prose.get(element):
            element.drop_tree()
    for element in list(tree.iter("script", "style", "svg")):
        if element.getparent() is not None and "json" not in (element.get("type") or ""):
            element.drop_tree()


def _select(tree: HtmlElement, selector: str) -> list[HtmlElement]:
    return list(tree.xpath(HTMLTranslator().css_to_xpath(selector)))
