"""The JSON-LD of a page (schema.org), read from markup that is often broken and sometimes hostile."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import cast
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

__all__ = ["LinkedData", "Node", "is_article_type", "parse_json", "read_linked_data", "strings", "types"]

Node = dict[str, object]
"""A JSON object with schema.org names as keys."""

_LARGEST_BLOCK = 4_000_000
_LARGEST_REPAIR = 1_000_000
_MOST_NODES = 5_000
_MOST_STRINGS = 200
_DEEPEST_VALUE = 6

# Compared in lower case: sites write "newsArticle" and "webpage" too.
_ARTICLE_ENDINGS = ("article", "posting")
_OTHER_ARTICLES = frozenset({"report", "review", "criticreview", "claimreview", "newsstory"})
_PAGES = frozenset({"webpage", "itempage", "videoobject", "audioobject", "podcastepisode", "imagegallery"})
# Where a page puts the thing it is about; anything deeper is about something else (related articles).
_WRAPPERS = ("@graph", "mainEntity", "mainEntityOfPage", "subjectOf", "article")

_MEDIA_TYPE = re.compile(r"\s*application/(?:ld\+json|json\+ld)\b", re.IGNORECASE)
_OPENING = re.compile(r"(?:[\s\ufeff]|<!--|//|/\*|<!\[CDATA\[|\*/)*")
_CLOSINGS = ("-->", "//", "/*", "]]>", "*/", ";")
# An unclosed string runs to the end, so that no text makes the search quadratic.
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
_TRAILING_COMMA = re.compile(rf"({_STRING})|,(?=\s*(?:,|[}}\]]))", re.DOTALL)
_BAD_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])|\\')
_SALVAGED = re.compile(
    rf'"(@type|headline|description|datePublished|dateModified|articleSection|url|inLanguage)"\s*:\s*({_STRING})',
    re.DOTALL,
)


class LinkedData:
    """The JSON-LD nodes of a page that may be what the page is about, in page order."""

    def __init__(self, roots: Iterable[object] = ()) -> None:
        roots = tuple(roots)
        self.nodes: tuple[Node, ...] = tuple(_candidates(roots))
        self._by_id = _identified(roots)

    def about(self, *urls: str | None) -> tuple[Node, ...]:
        """The nodes that describe the page at `urls`: its articles first, then the page itself or its video.

        An article that names another address is left out as soon as one names ours.
        """
        ours = {_address(url) for url in urls if url}
        articles = [n for n in self.nodes if any(map(is_article_type, types(n)))]
        exact = [n for n in articles if not ours.isdisjoint(map(_address, self._addresses(n)))]
        chosen = exact or articles[:1]
        pages = [n for n in self.nodes if not _PAGES.isdisjoint(map(str.lower, types(n))) and self.may_be(n, *urls)]
        return (*sorted(chosen, key=_poverty), *pages)

    def values(self, node: Node, name: str, most: int = _MOST_STRINGS) -> list[object]:
        """The values of a property as a flat list, with references by ``@id`` followed once."""
        value = node.get(name)
        values = value if isinstance(value, list) else [value]
        return [self._followed(v) for v in values[:most] if v is not None]

    def _followed(self, value: object) -> object:
        if isinstance(value, dict) and len(value) <= 2 and isinstance(name := value.get("@id"), str):
            return self._by_id.get(name, value)
        return value

    def _addresses(self, node: Node) -> Iterator[str]:
        for name in ("url", "mainEntityOfPage", "@id"):
            for value in self.values(node, name):
                if isinstance(value, str):
                    yield value
                elif isinstance(value, dict):
                    yield from (v for k in ("@id", "url") if isinstance(v := value.get(k), str))

    def names(self, node: Node, *urls: str | None) -> bool:
        """Whether a node names one of `urls` as its address."""
        return not {_address(url) for url in urls if url}.isdisjoint(map(_address, self._addresses(node)))

    def may_be(self, node: Node, *urls: str | None) -> bool:
        """Whether a node names one of `urls`, or no address."""
        addresses = [a for a in map(_address, self._addresses(node)) if "/" in a]
        return not addresses or not {_address(url) for url in urls if url}.isdisjoint(addresses)


def read_linked_data(tree: HtmlElement) -> LinkedData:
    """All JSON-LD blocks of a page; never raises, whatever they hold."""
    blocks = (s.text for s in tree.iter("script") if _MEDIA_TYPE.match(s.get("type") or ""))
    return LinkedData(parse_json(text) for text in blocks if text)


def parse_json(text: str) -> object:
    """The value of a JSON-LD block; a list if it holds several, None if nothing can be made of it.

    Mends what sites get wrong: control characters, HTML comments, CDATA and entities, needless commas, bad
    escapes, several values in a row. From a block that is beyond repair the plain fields are salvaged.
    """
    if len(text) > _LARGEST_BLOCK:
        return None
    try:
        return cast(object, json.loads(text, strict=False))
    except (ValueError, RecursionError):
        pass
    if len(text) > _LARGEST_REPAIR:
        return None
    text = _unwrapped(text)
    for mended in _mended(text):
        try:
            return _several(mended)
        except (ValueError, RecursionError):
            continue
    return _salvaged(text)


def types(node: Node) -> tuple[str, ...]:
    """The schema.org types of a node without their prefix, e.g. ``NewsArticle``."""
    named = node.get("@type")
    listed = named if isinstance(named, list) else [named]
    return tuple(re.split(r"[/:#]", t)[-1].strip() for t in listed[:10] if isinstance(t, str))


def is_article_type(name: str) -> bool:
    """Whether a schema.org type is Article or one of its kind."""
    name = name.lower()
    return (name.endswith(_ARTICLE_ENDINGS) and name != "jobposting") or name in _OTHER_ARTICLES


def strings(value: object, *keys: str, depth: int = 0) -> list[str]:
    """The strings in a JSON value; of an object those under the first of `keys` that has any."""
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [str(value)]
    if depth >= _DEEPEST_VALUE:
        return []
    if isinstance(value, list):
        return [s for v in value[:_MOST_STRINGS] for s in strings(v, *keys, depth=depth + 1)]
    if isinstance(value, dict):
        for key in keys:
            if found := strings(value.get(key), *keys, depth=depth + 1):
                return found
    return []


def _candidates(roots: Iterable[object]) -> Iterator[Node]:
    """Nodes at the top of the blocks and in the wrappers of `_WRAPPERS`, in page order."""
    waiting = [(root, 0) for root in reversed(list(roots))]
    seen = 0
    while waiting and seen < _MOST_NODES:
        value, depth = waiting.pop()
        seen += 1
        if depth > _DEEPEST_VALUE:
            continue
        if isinstance(value, list):
            waiting.extend((v, depth + 1) for v in reversed(value[:_MOST_NODES]))
        elif isinstance(value, dict):
            if "@type" in value:
                yield value
            waiting.extend((value[k], depth + 1) for k in reversed(_WRAPPERS) if k in value)


def _identified(roots: Iterable[object]) -> dict[str, Node]:
    """Nodes by their ``@id``, the fullest of each."""
    found: dict[str, Node] = {}
    waiting: list[object] = list(roots)
    seen = 0
    while waiting and seen < _MOST_NODES:
        value = waiting.pop()
        seen += 1
        if isinstance(value, list):
            waiting.extend(v for v in value if isinstance(v, (dict, list)))
        elif isinstance(value, dict):
            name = value.get("@id")
            if isinstance(name, str) and len(value) > len(found.get(name, ())):
                found[name] = value
            waiting.extend(v for v in value.values() if isinstance(v, (dict, list)))
    return found


def _poverty(node: Node) -> int:
    """Sorts the nodes that say most first."""
    return -sum(key in node for key in ("headline", "datePublished", "author", "articleBody"))


def _address(url: str) -> str:
    """A URL without what varies between spellings of one page: scheme, www, query, fragment, end slash."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return f"{parts.netloc.lower().removeprefix('www.')}{unquote(parts.path).rstrip('/')}"


def _unwrapped(text: str) -> str:
    """The block without the comment and CDATA marks around it."""
    if found := _OPENING.match(text):
        text = text[found.end() :]
    for _ in range(10):
        text = text.rstrip()
        text = next((text.removesuffix(mark) for mark in _CLOSINGS if text.endswith(mark)), text)
    return text


def _mended(text: str) -> Iterator[str]:
    """The block after ever bolder repairs."""
    mended = _TRAILING_COMMA.sub(lambda m: m[1] or "", text)
    mended = _BAD_ESCAPE.sub(lambda m: m[0] if m[1] else r"\\", mended)
    yield mended
    if "&quot;" in text or "&#34;" in text:
        yield html.unescape(text)
        yield _TRAILING_COMMA.sub(lambda m: m[1] or "", html.unescape(text))


def _several(text: str) -> object:
    """One value, or the list of the values that stand in a row."""
    decoder = json.JSONDecoder(strict=False)
    values: list[object] = []
    at = 0
    while at < len(text) and len(values) < _MOST_STRINGS:
        value, at = decoder.raw_decode(text, at)
        values.append(value)
        while at < len(text) and text[at] in " \t\r\n,;":
            at += 1
    if not values:
        raise ValueError("empty block")
    return values[0] if len(values) == 1 else values


def _salvaged(text: str) -> Node | None:
    """The first plain value of each field worth having."""
    node: Node = {}
    for found in _SALVAGED.finditer(text):
        try:
            node.setdefault(found[1], json.loads(found[2], strict=False))
        except ValueError:
            continue
    return node if "@type" in node else None
