"""`Requisite`: what a page needs to look as it did - images, stylesheets and fonts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urldefrag, urljoin, urlsplit

import lxml.html
import msgspec
import tinycss2
from tinycss2.ast import AtRule, FunctionBlock, Node, StringToken, URLToken

from archive.errors import ExtractionError, NotAPage
from archive.extraction.document import parse

__all__ = ["Requisite", "page_requisites", "style_requisites"]

Kind = Literal["image", "style", "font"]

_IMAGES = (
    ("img", ("src", "data-src", "data-original", "data-lazy-src")),
    ("source", ("data-src",)),
    ("input", ("src",)),
    ("video", ("poster",)),
    ("image", ("href", "xlink:href")),
    ("body", ("background",)),
    ("table", ("background",)),
    ("td", ("background",)),
)
_SETS = (("img", ("srcset", "data-srcset")), ("source", ("srcset", "data-srcset")), ("link", ("imagesrcset",)))
_PRELOADED: dict[str, Kind] = {"image": "image", "style": "style", "font": "font"}
_CANDIDATE = re.compile(r"\s*+,*+\s*+(\S*[^\s,])(?:\s++[^,(]*(?:\([^)]*\)[^,(]*)*)?(?:,|$)")
"""One image of a srcset (HTML, 4.8.4.2.1): its URL may hold commas, but not end in one."""
_FONT_FILE = re.compile(r"\.(?:woff2?|ttf|otf|eot)$", re.IGNORECASE)


class Requisite(msgspec.Struct, frozen=True):
    """A file that a page or stylesheet loads to look as it does; never a script, a frame or a film."""

    url: str
    """Absolute, http or https, without fragment."""
    kind: Kind


def page_requisites(body: bytes, url: str, content_type: str | None = None) -> list[Requisite]:
    """What the HTML in `body` loads, in page order, each once.

    Sizes that only some screens ask for are there as well, and images that wait for a script to be shown.
    Empty if `body` is no page that can be parsed.
    """
    try:
        tree = parse(body, content_type)
    except (NotAPage, ExtractionError):
        return []
    base = next((b for b in tree.xpath("//base/@href")), "")
    return _unique(_of_page(tree), _joined(url, base) or url)


def style_requisites(body: bytes, url: str, content_type: str | None = None) -> list[Requisite]:
    """What the stylesheet in `body` loads: further stylesheets, images and fonts, each once."""
    _, parameter, charset = (content_type or "").partition("charset=")
    rules, _ = tinycss2.parse_stylesheet_bytes(
        body, protocol_encoding=charset.strip(" \"'") if parameter else None, skip_comments=True, skip_whitespace=True
    )
    return _unique(_of_nodes(rules), url)


def _of_page(tree: lxml.html.HtmlElement) -> Iterator[tuple[str, Kind]]:
    images, sets = dict(_IMAGES), dict(_SETS)
    for element in tree.iter():
        tag = element.tag
        if not isinstance(tag, str):
            continue
        for name in images.get(tag, ()):
            if (value := element.get(name)) and (tag != "input" or element.get("type", "").lower() == "image"):
                yield value, "image"
        for name in sets.get(tag, ()):
            for candidate in _CANDIDATE.finditer(element.get(name, "")):
                yield candidate[1], "image"
        if tag == "link":
            yield from _of_link(element)
        elif tag == "style":
            yield from _of_nodes(tinycss2.parse_stylesheet(element.text or "", skip_comments=True))
        if style := element.get("style"):
            yield from _of_nodes(tinycss2.parse_component_value_list(style))


def _of_link(element: lxml.html.HtmlElement) -> Iterator[tuple[str, Kind]]:
    href, relations = element.get("href", ""), element.get("rel", "").lower().split()
    if "stylesheet" in relations:
        yield href, "style"
    elif "icon" in relations or "apple-touch-icon" in relations:
        yield href, "image"
    elif "preload" in relations and (kind := _PRELOADED.get(element.get("as", "").lower())):
        yield href, kind


def _of_nodes(nodes: list[Node]) -> Iterator[tuple[str, Kind]]:
    """The URLs in parsed CSS (css-syntax-3): ``url()``, strings of ``@import`` and of ``image-set()``."""
    waiting = list(reversed(nodes))
    while waiting:  # not by recursion: hostile sheets nest deeply
        node = waiting.pop()
        if isinstance(node, URLToken):
            yield _loaded(node.value)
        elif isinstance(node, AtRule) and node.lower_at_keyword == "import":
            yield from ((value, "style") for value in _first_string(node.prelude))
        elif isinstance(node, AtRule):
            waiting += reversed([*node.prelude, *(node.content or [])])
        elif isinstance(node, FunctionBlock) and node.lower_name == "url":
            yield from map(_loaded, _first_string(node.arguments))
        elif isinstance(node, FunctionBlock) and node.lower_name.endswith("image-set"):
            yield from ((part.value, "image") for part in node.arguments if isinstance(part, StringToken))
            waiting += reversed(node.arguments)
        else:
            for part in ("arguments", "content", "prelude"):
                waiting += reversed(getattr(node, part, None) or [])


def _first_string(nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, StringToken | URLToken):
            yield node.value
            return
        if isinstance(node, FunctionBlock) and node.lower_name == "url":
            yield from _first_string(node.arguments)
            return


def _loaded(url: str) -> tuple[str, Kind]:
    """What a ``url()`` asks for."""
    return url, "font" if _FONT_FILE.search(re.split("[?#]", url, maxsplit=1)[0]) else "image"


def _joined(base: str, url: str) -> str | None:
    """A link made absolute; None for what is no http or https URL."""
    try:
        absolute = urldefrag(urljoin(base, url.strip()))[0]
        parts = urlsplit(absolute)
    except ValueError:
        return None
    return absolute if parts.scheme in ("http", "https") and parts.hostname else None


def _unique(found: Iterator[tuple[str, Kind]], base: str) -> list[Requisite]:
    kinds: dict[str, Kind] = {}
    for url, kind in found:
        if url.strip() and not url.startswith(("#", "data:")) and (absolute := _joined(base, url)):
            kinds.setdefault(absolute, kind)
    return [Requisite(url, kind) for url, kind in kinds.items() if url != base]
