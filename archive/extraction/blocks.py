"""`Block`: a paragraph, heading, list item or other run of text of a page, and where it stands."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree
from lxml.html import HtmlElement

__all__ = ["Block", "blocks", "fold", "near", "text_under", "words_key"]

_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q rp rt ruby s samp "
    "small span strike strong sub sup time tt u var wbr img picture source svg".split()
)
_UNSEEN = frozenset("script style template head svg math iframe object select option textarea".split())
_NO_BLOCKS = _INLINE | _UNSEEN | {"br", "hr"}
_PARAGRAPH = 80
_LONGEST_CAPTION = 600
_PATH = 4
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_WORDS = re.compile(r"[^\W_]+")
_ASCII_WORDS = str.maketrans({c: " " for c in map(chr, range(128)) if not c.isalnum()})


def fold(text: str) -> str:
    """White space runs, no-break ones too, become one space; invisible characters go."""
    return " ".join((text if text.isascii() else _INVISIBLE.sub("", text)).split())


def words_key(text: str) -> str:
    """What two texts have in common that differ only in case, punctuation and spaces."""
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII_WORDS).split())
    return " ".join(_WORDS.findall(unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()))


@dataclass(slots=True, eq=False)
class Block:
    """A run of text between two block-level boundaries."""

    text: str
    element: HtmlElement
    """The block-level element that holds it."""
    linked: int
    """Characters of the text that are in links."""
    place: str = ""
    """A short path of tags and classes, e.g. ``article > div.appeal > p``."""
    key: str = ""

    def __post_init__(self) -> None:
        self.key = words_key(self.text)

    @property
    def is_long(self) -> bool:
        """Whether it is longer than captions are."""
        return len(self.text) > _LONGEST_CAPTION

    @property
    def is_prose(self) -> bool:
        """Whether it is as long as a paragraph and no list of links."""
        return len(self.text) >= _PARAGRAPH and 2 * self.linked < len(self.text)


def blocks(tree: HtmlElement) -> list[Block]:
    """All runs of visible text of a page, in page order. Two line breaks in a row part blocks."""
    body = tree if tree.tag == "body" else tree.find("body")
    return [] if body is None else _blocks(body)


def _blocks(body: HtmlElement) -> list[Block]:
    found: list[Block] = []
    parts: list[str] = []
    linked = breaks = links = 0
    holders = [body]
    names: list[str] = []

    def end() -> None:
        nonlocal linked, breaks
        if text := fold("".join(parts)):
            found.append(Block(text, holders[-1], min(linked, len(text)), " > ".join(names[-_PATH:])))
        parts.clear()
        linked = breaks = 0

    walk = etree.iterwalk(body, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        tag = element.tag
        if event == "start":
            if tag in _UNSEEN:
                walk.skip_subtree()
                continue
            text = element.text
            if tag == "br":
                parts.append(" ")
                breaks += 1
                if breaks > 1:
                    end()
            elif tag == "a":
                links += element.get("href") is not None
            elif tag not in _INLINE:
                if parts:
                    end()
                if element is not body and tag != "hr":
                    holders.append(element)
                    names.append(_name(element))
        else:
            if element is body:
                break
            text = element.tail
            if tag == "a":
                links -= element.get("href") is not None
            elif event == "end" and tag not in _NO_BLOCKS:
                if parts:
                    end()
                holders.pop()
                names.pop()
        if text:
            shown = not text.isspace()
            if shown or parts:
                parts.append(text)
            if shown:
                breaks = 0
                linked += len(text.strip()) if links else 0
    end()
    return found


def _name(element: HtmlElement) -> str:
    name = element.get("id") or (element.get("class") or "").partition(" ")[0]
    return f"{element.tag}.{name}" if name else str(element.tag)


def text_under(sizes: Iterable[tuple[HtmlElement, int]]) -> dict[HtmlElement, int]:
    """The sum of sizes under each element that holds some, itself included; deeper ones come first."""
    sums: defaultdict[HtmlElement, int] = defaultdict(int)
    level: defaultdict[HtmlElement, int] = defaultdict(int)
    for element, size in sizes:
        level[element] += size
    while level:
        above: defaultdict[HtmlElement, int] = defaultdict(int)
        for element, size in level.items():
            sums[element] += size
            parent = element.getparent()
            if parent is not None:
                above[parent] += size
        level = above
    return sums


def near(element: HtmlElement, levels: int = 1000) -> list[HtmlElement]:
    """An element and its nearest ancestors, `levels` in all."""
    chain = [element]
    while len(chain) < levels and (parent := chain[-1].getparent()) is not None:
        chain.append(parent)
    return chain
