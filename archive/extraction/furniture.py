"""Telling signs of furniture: what a page carries around an article and is not the article."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from lxml.html import HtmlElement

__all__ = ["naming_words", "telling_word"]

_TOKEN = re.compile(r"[a-z]+")
_TAB = re.compile(r"(?:^| )tab-?(?:pane|panel)(?: |$)", re.IGNORECASE)
_SHOWN_TAB = re.compile(r"(?:^| )(?:[\w-]+-)?(?:active|show|shown|current|selected|open)(?: |$)", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

_WORDS = {
    "appeal": "donate donation donations appeal contribute contribution fundraiser supportus adfree patreon",
    "subscription": "newsletter newsletters subscribe subscription signup membership apphint appbanner apppromo "
    "appdownload appbottom nieuwsbrief nyhetsbrev nyhedsbrev",
    "consent": "cookie cookies consent gdpr ccpa",
    "related": "related recommended recommendation recommendations readmore alsoread readnext trending popular "
    "mostread outbrain taboola moretopic mehrzumthema lesenauch recirculation crosslink crosslinks",
    "comment": "comment comments commenting disqus respond replies coral",
    "share": "share sharing sharebar social addthis sharethis",
    "author-biography": "authorbio authorbox bio biography aboutauthor",
    "advertisement": "ad ads advert advertisement advertising sponsored dfp adslot",
    "navigation": "nav navbar navigation menu breadcrumb breadcrumbs pagination pager sidebar footer masthead topbar "
    "labels taglist",
    "dialogue": "modal popup overlay lightbox interstitial",
    "paywall": "paywall regwall",
    "box": "factbox infobox factsbox faktabox faktaruta kurzinfo",
    "embed": "tweet twittertweet instagrammedia tiktokembed",
}
"""Words in classes and ids that name a kind of furniture."""
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_TAGS = {"nav": "navigation", "footer": "navigation", "form": "form", "button": "form", "dialog": "dialogue"}
_BESIDE = frozenset("no non not has have with without before after near hide category tag".split())
"""A word behind one of these is not what the element is: ``has-sidebar``, ``no-comments``, ``tag-social``."""
_OF_SOMETHING = frozenset("free price prices of offset sibling adjacent open closed disabled".split())
"""Nor is a word before one of these: ``ad-free``, ``share-price``, ``comments-open``."""


def telling_word(element: HtmlElement) -> str | None:
    """The kind of furniture that an element's tag, class or id names, or None."""
    if element.tag in _TAGS:
        return _TAGS[element.tag]
    names = f"{element.get('class') or ''} {element.get('id') or ''}"
    if names == " ":
        return "dialogue" if element.get("role") == "dialog" else None
    return _kind_of(names)


@lru_cache(maxsize=4096)
def _kind_of(names: str) -> str | None:
    if _TAB.search(names) and not _SHOWN_TAB.search(names):
        return "hidden"
    return next((_KINDS[word] for word in naming_words(names) if word in _KINDS), None)


@lru_cache(maxsize=8192)
def naming_words(names: str) -> tuple[str, ...]:
    """The lower-case words, and pairs of words, in classes and ids that say what an element is."""
    return tuple(_naming_words(names))


def _naming_words(names: str) -> Iterator[str]:
    for name in names.split():
        parts = _TOKEN.findall(_CAMEL.sub("-", name).lower())
        yield from ("".join(pair) for pair in pairwise(parts))
        for before, part, after in zip(["", *parts], parts, [*parts[1:], ""], strict=False):
            if before not in _BESIDE and after not in _OF_SOMETHING:
                yield part
