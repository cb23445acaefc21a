"""What one pass over a page's tree collects for its metadata."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import cast
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from archive.extraction.jsonld import LinkedData, is_article_type, parse_json

__all__ = [
    "Markup",
    "before",
    "class_tokens",
    "fold",
    "host_of",
    "is_front",
    "is_hidden",
    "key",
    "near",
    "select",
    "squeezed",
    "visible_lines",
    "visible_text",
    "words",
]


def words(text: str) -> tuple[str, ...]:
    """The words of a list written as one string."""
    return tuple(text.split())


_SPACED = frozenset(
    words(
        """
        br p div li ul ol h1 h2 h3 h4 h5 h6 td th tr dt dd section article header footer aside
        figure
        """
    )
)
_UNSEEN = frozenset({"script", "style", "noscript", "template", "svg", "button", "select"})
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_HIDDEN_CLASS = re.compile(r"(?:^|[\s_-])(?:visually-?hidden|visuallyHidden|sr-only|screen-reader(?:-text)?)(?:$|\s)")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_NOT_WORD = re.compile(r"[\W_]+")
_ASCII_NO_WORD = str.maketrans({c: None for c in map(chr, range(128)) if not c.isalnum()})
_TOKEN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LD_TYPE = re.compile(r"\s*application/(?:ld\+json|json\+ld)\b", re.IGNORECASE)
_WITH_ITEMPROP = etree.XPath("descendant::*[@itemprop]")
_NAMING = frozenset(
    {"class", "id", "itemprop", "rel", "data-testid", "data-component", "data-qa", "data-type"}
    | {"data-component-type", "data-role", "data-test"}
)
_LONGEST_CONTENT = 4_000


class Markup:
    """The elements of a page that metadata is read from, found in one pass; the tree is left as it is."""

    def __init__(self, tree: HtmlElement, url: str) -> None:
        self.tree = tree
        self.meta: dict[str, list[str]] = {}
        """Contents of meta elements by lower-case property, name, itemprop or http-equiv."""
        self.links: dict[str, list[str]] = {}
        """Addresses of link elements by lower-case rel."""
        self.titles: list[str] = []
        self.h1s: list[HtmlElement] = []
        self.times: list[HtmlElement] = []
        self.abbreviations: list[HtmlElement] = []
        base, blocks = None, []
        for element in tree.iter("meta", "link", "title", "h1", "time", "abbr", "script", "base"):
            match element.tag:
                case "meta":
                    self._add_meta(element)
                case "link":
                    for rel in (element.get("rel") or "").lower().split():
                        self.links.setdefault(rel, []).append((element.get("href") or "").strip())
                case "title" if not self.titles and element.text:
                    self.titles.append(fold(element.text))
                case "h1":
                    self.h1s.append(element)
                case "time":
                    self.times.append(element)
                case "abbr" if element.get("title") and element.get("class"):
                    self.abbreviations.append(element)
                case "script" if element.text and _LD_TYPE.match(element.get("type") or ""):
                    blocks.append(parse_json(element.text))
                case "base" if base is None:
                    base = element.get("href")
        self.linked = LinkedData(blocks)
        self.base = absolute(base, url) or url
        self.properties = _properties(tree)
        self._article_scope = self._scope_of_headline()

    def contents(self, *names: str) -> Iterator[tuple[str, str]]:
        """Name and content of the meta elements with these names, in the order of the names."""
        for name in names:
            for content in self.meta.get(name, ()):
                yield name, content

    def article_properties(self, name: str) -> list[HtmlElement]:
        """Elements of microdata with this itemprop that belong to the page's article, in page order."""
        found = self.properties.get(name.lower())
        return [e for e in found if self._in_article(e)] if found else []

    def absolute(self, address: str | None) -> str | None:
        """`address` made absolute; None if it is no web address."""
        return absolute(address, self.base)

    def _scope_of_headline(self) -> HtmlElement | None:
        """The microdata item around the first h1 that is an article."""
        for h1 in self.h1s[:3] if self.properties else ():
            for outer in h1.iterancestors():
                if is_article_type((outer.get("itemtype") or "").rstrip("/").rpartition("/")[2]):
                    return outer
        return None

    def _in_article(self, element: HtmlElement) -> bool:
        """Whether the item that a property belongs to is an article, and the first of the page."""
        for outer in element.iterancestors():
            if outer.get("itemscope") is not None or outer.get("itemtype"):
                kind = (outer.get("itemtype") or "").rstrip("/").rpartition("/")[2]
                if not is_article_type(kind):
                    return kind in {"", "WebPage"}
                self._article_scope = self._article_scope if self._article_scope is not None else outer
                return self._article_scope is outer
        return True

    def _add_meta(self, element: HtmlElement) -> None:
        content = (element.get("content") or "").strip()
        if not content or len(content) > _LONGEST_CONTENT:
            return
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            if name := element.get(attribute):
                self.meta.setdefault(name.strip().lower(), []).append(content)


def select(path: etree.XPath | CSSSelector, tree: HtmlElement) -> list[HtmlElement]:
    """The elements that a compiled XPath or CSS selector finds."""
    return cast(list[HtmlElement], path(tree))


def absolute(address: str | None, base: str) -> str | None:
    """`address` made absolute against `base`; None if it is no web address."""
    if not address or not address.strip():
        return None
    try:
        joined = urljoin(base, address.strip())
    except ValueError:
        return None
    return joined if joined.startswith(("http://", "https://")) and " " not in joined else None


def host_of(url: str) -> str:
    """The host of a URL without "www."; empty if there is none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def is_front(url: str) -> bool:
    """Whether a URL is that of a site's front page."""
    parts = urlsplit(url)
    return parts.path.strip("/") in {"", "index.html", "index.php", "home"} and not parts.query


def fold(text: str) -> str:
    """Text as a reader sees it: entities resolved, stray tags and invisible marks gone, single spaces."""
    if "&" in text:
        text = _ENTITY.sub(lambda m: html.unescape(m[0]), text)
        text = _ENTITY.sub(lambda m: html.unescape(m[0]), text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    return " ".join(_INVISIBLE.sub("", text).split())


def key(text: str) -> str:
    """What two spellings of one phrase share: letters and digits in lower case."""
    if text.isascii():
        return text.translate(_ASCII_NO_WORD).lower()
    return _NOT_WORD.sub("", text).casefold()


def visible_text(element: HtmlElement) -> str:
    """The text of an element as a reader sees it, white space folded."""
    return fold("".join(_pieces(element)).replace("\0", " "))


def visible_lines(element: HtmlElement) -> list[str]:
    """The text of an element as `visible_text`, one string for each block in it."""
    return [line for piece in "".join(_pieces(element)).split("\0") if (line := fold(piece))]


def class_tokens(element: HtmlElement) -> set[str]:
    """The lower-case words in the class, id, itemprop, rel and naming data attributes of an element."""
    words: set[str] = set()
    for attribute, value in element.items():
        if attribute in _NAMING:
            words |= _tokens(value[:300])
    return words


@lru_cache(maxsize=4096)
def _tokens(name: str) -> frozenset[str]:
    """The lower-case words in an attribute; pages have the same ones on many elements."""
    return frozenset(w.lower() for w in _TOKEN.findall(name))


def is_hidden(element: HtmlElement) -> bool:
    """Whether an element says itself that readers don't see it."""
    if element.get("hidden") is not None:
        return True
    if (name := element.get("class")) and _HIDDEN_CLASS.search(name):
        return True
    return bool((style := element.get("style")) and _HIDDEN_STYLE.search(style))


def squeezed(text: str) -> str:
    """`key` without spaces: how "World News" and "worldnews" are the same."""
    return key(text).replace(" ", "")


def near(element: HtmlElement, most: int) -> Iterator[HtmlElement]:
    """Up to `most` elements that follow `element` in page order."""
    left = most
    place: HtmlElement | None = element
    while place is not None:
        for sibling in place.itersiblings():
            for inner in sibling.iter(etree.Element):
                if inner.tag in _UNSEEN:
                    continue
                yield inner
                left -= 1
                if left <= 0:
                    return
        place = place.getparent()


def before(element: HtmlElement, most: int) -> Iterator[HtmlElement]:
    """Up to `most` elements that precede `element`, nearest first as far as siblings go."""
    left = most
    place: HtmlElement | None = element
    while place is not None:
        for sibling in place.itersiblings(preceding=True):
            for inner in sibling.iter(etree.Element):
                yield inner
                left -= 1
                if left <= 0:
                    return
        place = place.getparent()


def _pieces(element: HtmlElement) -> Iterator[str]:
    """Texts of an element and all it holds, NUL between blocks; no recursion, as pages nest deeply."""
    walk = etree.iterwalk(element, events=("start", "end", "comment", "pi"))
    for event, inner in walk:
        if event == "start":
            if inner.tag in _UNSEEN or (inner is not element and is_hidden(inner)):
                walk.skip_subtree()
                continue
            if inner.tag in _SPACED:
                yield "\0"
            if inner.text:
                yield inner.text
        else:
            if inner.tag in _SPACED:
                yield "\0"
            if inner is not element and inner.tail:
                yield inner.tail


def _properties(tree: HtmlElement) -> dict[str, list[HtmlElement]]:
    """Elements of microdata by the lower-case itemprop, meta elements too."""
    found: dict[str, list[HtmlElement]] = {}
    for element in select(_WITH_ITEMPROP, tree):
        for name in (element.get("itemprop") or "").lower().split():
            found.setdefault(name, []).append(element)
    return found
