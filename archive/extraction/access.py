"""Whether readers must pay for an article, as the page says it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree
from lxml.html import HtmlElement

from archive.extraction.appeals import Voice
from archive.extraction.furniture import naming_words
from archive.extraction.jsonld import Node, types
from archive.extraction.markup import Markup, is_hidden, select, visible_text

__all__ = ["read_paywalled"]

_SAID = {
    **dict.fromkeys(("free", "false", "0", "no", "open", "public"), False),
    **dict.fromkeys(("metered", "locked", "paid", "premium", "subscriber", "subscribers", "registered"), True),
    **dict.fromkeys(("true", "1", "yes"), True),
}
_META = re.compile(r"content[_-]?tier$|(?:^|[:_.-])(?:recs-)?(?:is_?-?)?(?:paid(?:[_-]?content)?|paywall(?:ed)?)$")
_FREE = "isaccessibleforfree"
_WALL = frozenset({"paywall", "regwall", "paygate", "paidbarrier", "paidcontent", "subscriberwall"})
_MAYBE_WALL = etree.XPath(
    "descendant::*[self::div or self::section or self::aside][contains(@class, 'wall') or contains(@class, 'Wall') "
    "or contains(@id, 'wall') or contains(@id, 'Wall') or contains(@class, 'paid') or contains(@class, 'aygate')]"
)
_HIDING = frozenset({"hide", "hidden", "d-none", "is-hidden", "invisible"})
_PRICE = re.compile(r"[€$£¥₹]\s?\d|\d\s?(?:[€$£¥₹]|euros?\b|kr\b|zł\b|руб)", re.IGNORECASE)
_MOST_WALLS = 20
_SHORTEST_PROMPT, _LONGEST_PROMPT = 40, 1_000


def read_paywalled(markup: Markup, nodes: Iterable[Node]) -> tuple[bool, str] | None:
    """Whether readers must pay or register, and the evidence; None if the page doesn't say.

    JSON-LD, of the whole article or of parts of it, comes before meta elements, and these before a barrier that
    asks readers for money.
    """
    for node in nodes:
        for free in (node.get("isAccessibleForFree"), *_parts(markup, node)):
            if (said := _said(str(free).rpartition("/")[2])) is not None:
                return not said, f"json-ld:{(*types(node), '')[0]}.isAccessibleForFree"
    for name, contents in markup.meta.items():
        for content in contents:
            said = _said(content.rpartition("/")[2])
            if said is not None and name == _FREE:
                return not said, "microdata:isAccessibleForFree"
            if said is not None and _META.search(name):
                return said, f"meta:{name}"
    wall = next((e for e in select(_MAYBE_WALL, markup.tree)[:_MOST_WALLS] if _is_wall(e)), None)
    return None if wall is None else (True, f"html:.{(wall.get('class') or wall.get('id') or '').split()[0]}")


def _said(text: str) -> bool | None:
    return _SAID.get(text.strip().lower())


def _parts(markup: Markup, node: Node) -> Iterator[object]:
    """What the parts of an article that have a CSS selector say of access."""
    for part in markup.linked.values(node, "hasPart"):
        if isinstance(part, dict) and part.get("cssSelector"):
            yield part.get("isAccessibleForFree")


def _is_unseen(element: HtmlElement) -> bool:
    hidden = element.tag in {"template", "noscript"} or is_hidden(element)
    return hidden or not _HIDING.isdisjoint((element.get("class") or "").split())


def _is_wall(element: HtmlElement) -> bool:
    """Whether an element is called a barrier, is seen, and speaks of money or subscriptions as texts don't."""
    if _WALL.isdisjoint(naming_words(f"{element.get('class') or ''} {element.get('id') or ''}")):
        return False
    if any(map(_is_unseen, (element, *element.iterancestors()))):
        return False
    text = visible_text(element)
    if not _SHORTEST_PROMPT <= len(text) <= _LONGEST_PROMPT:
        return False
    voice = Voice(text)
    return voice.give or voice.asks or bool(_PRICE.search(text))
