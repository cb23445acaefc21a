"""The text of an article in a page's scripts: JSON-LD states it, and pages that are built in the browser carry it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import cast

import lxml.html
from lxml.html import HtmlElement

from archive.extraction.blocks import Block, words_key
from archive.extraction.jsonld import parse_json

__all__ = ["StatedBody", "body_in_scripts", "stated_body"]

_SHORTEST_BODY, _LONGEST_BODY = 400, 200_000
_SHORTEST_PART = 25
_BEGINNING = 40
_PLACED = 0.5
"""Share of a stated body that the page shows too; below it, the page leaves it to a script to show it."""
_DEEPEST = 3
_DEEPEST_VALUE = 8
_LARGEST_SCRIPT = 4_000_000
_LITERAL = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_PARAGRAPH = re.compile(r"<p\b[^<>]*>", re.IGNORECASE)
_ESCAPED_PARAGRAPH = re.compile(r"(?:<|\\+u003[cC]|&lt;)p\b")
_MARKUP = re.compile(r"<(?:p|br|div|h2)\b[^<>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]*>")


class StatedBody:
    """The ``articleBody`` of a page's JSON-LD."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.plain = _plain(text)
        """Without markup."""
        self._squeezed = _squeezed(words_key(self.plain))

    def holds(self, key: str, *, wholly: bool = False) -> bool:
        """Whether a line with this key stands in it, or, if not `wholly`, begins or ends there."""
        squeezed = _squeezed(key)
        if wholly or squeezed in self._squeezed:
            return squeezed in self._squeezed
        long = len(squeezed) > 2 * _BEGINNING
        return long and (squeezed[:_BEGINNING] in self._squeezed or squeezed[-_BEGINNING:] in self._squeezed)

    def shown_by(self, blocks: Iterable[Block]) -> bool:
        """Whether the page's own text holds at least half of it."""
        shown = sum(len(block.key) for block in blocks if len(block.key) >= _SHORTEST_PART and self.holds(block.key))
        return shown >= _PLACED * len(self._squeezed)


def stated_body(tree: HtmlElement) -> StatedBody | None:
    """The longest ``articleBody`` of the page's JSON-LD; None if there is none of some length."""
    bodies = []
    for script in tree.iter("script"):
        text = script.text
        if text and "articleBody" in text and "json" in (script.get("type") or ""):
            bodies += list(_article_bodies(parse_json(text), _DEEPEST_VALUE))
    longest = max(bodies, key=len, default="")
    return StatedBody(longest) if _SHORTEST_BODY <= len(longest) <= _LONGEST_BODY else None


def body_in_scripts(tree: HtmlElement, stated: StatedBody | None) -> HtmlElement | None:
    """An ``article`` element of what scripts would show as the text: the stated body, or the string with the
    most paragraphs."""
    if stated is not None:
        return _element(stated.text)
    found = [s.text for s in tree.iter("script") if s.text and len(s.text) <= _LARGEST_SCRIPT]
    texts = (markup for text in found if _ESCAPED_PARAGRAPH.search(text) for markup in _markup_in(text, _DEEPEST))
    best = max(texts, key=_prose, default="")
    return _element(best) if _prose(best) >= _SHORTEST_BODY else None


def _article_bodies(value: object, depth: int) -> Iterator[str]:
    if depth and isinstance(value, dict):
        for name, inner in cast(dict[str, object], value).items():
            if name == "articleBody" and isinstance(inner, str):
                yield inner
            else:
                yield from _article_bodies(inner, depth - 1)
    elif depth and isinstance(value, list):
        for inner in value:
            yield from _article_bodies(inner, depth - 1)


def _markup_in(text: str, depth: int) -> Iterator[str]:
    """The strings with paragraphs in a script, in strings of strings too."""
    for literal in _LITERAL.finditer(text):
        if len(literal[1]) < _SHORTEST_BODY or not _ESCAPED_PARAGRAPH.search(literal[1]):
            continue
        try:
            inner = str(json.loads(literal[0], strict=False))
        except ValueError:
            continue
        deeper = list(_markup_in(inner, depth - 1)) if depth > 1 else []
        yield from deeper or [inner]


def _prose(markup: str) -> int:
    return sum(len(_ANY_TAG.sub("", text.partition("</p>")[0])) for text in _PARAGRAPH.split(markup)[1:])


def _element(text: str) -> HtmlElement | None:
    if "&lt;p" in text or not _MARKUP.search(text):
        text = html.unescape(text)
    if not _MARKUP.search(text):
        text = "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n") if line.strip())
    try:
        return lxml.html.fragment_fromstring(text, create_parent="article")
    except (lxml.etree.LxmlError, ValueError):
        return None


def _plain(text: str) -> str:
    return html.unescape(_ANY_TAG.sub(" ", text) if "<" in text else text)


def _squeezed(key: str) -> str:
    return key.replace(" ", "")
