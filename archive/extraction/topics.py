"""What an article is about: its section and its tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from archive.extraction.jsonld import Node, strings, types
from archive.extraction.markup import Markup, fold, is_front, key, visible_text, words

__all__ = ["are_of_site", "read_section", "read_tags"]

_SECTIONS = words(
    """
    article:section parsely-section article.section og:article:section section cxenseparse:category
    content_category
    """
)
_TAGS = words(
    """
    article:tag news_keywords parsely-tags sailthru.tags keywords citation_keywords og:article:tag
    """
)
_BY_HAND_OR_NOT = frozenset({"meta:keywords", "meta:news_keywords"})
"""Where some sites put the same words on every page."""
_COMMA = re.compile(r"\s*[,;،、]\s*")
_MOST_TAGS = 50
_LONGEST_TAG = 100
_TECHNICAL = re.compile(
    r"[\w-]+:\S|_|[\da-f]{8}-[\da-f]{4}-|[\d\W]+$|[\w-]+(?:\.[\w-]+)+$|(?:[\w-]+ )*"
    r"(?:categor(?:y|ies)|tags?|tokens?|types?|sections?|channels?|keywords?|sources?|authors?|priority): ",
    re.IGNORECASE,
)
"""Identifiers, domains, and what content systems note for themselves."""
_OF_KIND = re.compile(r"^[a-z]+/(?=\S)")
_FEWEST_OF_SITE = 4
_NAMED = 0.25
"""Of the keywords of an article its text names more; of those of a site, fewer."""
_STEM = 4


def read_section(
    markup: Markup, nodes: Iterable[Node], headline: str | None, site: Iterable[str]
) -> tuple[str, str] | None:
    """The section and its evidence: as the page states it, else the first of its breadcrumbs below the front page."""
    other = {key(headline or ""), *map(key, site)}
    for node in nodes:
        for text in strings(node.get("articleSection"), "@value")[:1]:
            if found := _name(text):
                return found, f"json-ld:{(*types(node), '')[0]}.articleSection"
    for name, text in markup.contents(*_SECTIONS):
        if found := _name(text):
            return found, f"meta:{name}"
    crumbs = [name for name in map(_name, _crumbs(markup)) if name and key(name) not in other]
    return (crumbs[0], "json-ld:BreadcrumbList") if crumbs else None


def _name(text: str) -> str | None:
    """A section's name; the first, where several stand in one string."""
    text = fold(text[: 4 * _LONGEST_TAG])
    first, comma, rest = text.partition(",")
    if comma and not rest.startswith(" "):
        text = first
    return text if 1 < len(text) <= _LONGEST_TAG and "://" not in text else None


def _crumbs(markup: Markup) -> Iterator[str]:
    """The names of the breadcrumbs between the front page and the page itself."""
    for node in markup.linked.nodes:
        if "BreadcrumbList" not in types(node):
            continue
        crumbs = [crumb for crumb in markup.linked.values(node, "itemListElement") if isinstance(crumb, dict)]
        for number, crumb in enumerate(crumbs):
            address = next(iter(strings(crumb.get("item"), "@id", "url")), "")
            absolute = markup.absolute(address) or ""
            home = bool(absolute) and is_front(absolute)
            is_last = number == len(crumbs) - 1 and number > 0
            if not home and not (number == 0 and len(crumbs) > 2 and not absolute) and not is_last:
                yield from (strings(crumb.get("name")) or strings(crumb.get("item"), "name"))[:1]
        return


def read_tags(markup: Markup, nodes: Iterable[Node], site: Iterable[str]) -> tuple[tuple[str, ...], str] | None:
    """Keywords, each once, without technical ones like ``type:article`` and the names of the site."""
    own = {key(name) for name in site}
    stated: list[tuple[list[str], str]] = [
        (strings(node.get("keywords"), "name"), f"json-ld:{(*types(node), '')[0]}.keywords") for node in nodes
    ]
    for name in _TAGS:
        stated.append(([text for _, text in markup.contents(name)], f"meta:{name}"))
    linked = (a for a in markup.tree.iter("a") if "tag" in (a.get("rel") or "").split())
    stated.append(([visible_text(a) for a in linked], "html:a[rel=tag]"))
    for texts, evidence in stated:
        pieces = texts if len(texts) > 1 else _COMMA.split(texts[0]) if texts else []
        folded = [fold(piece) for piece in pieces]
        if all(map(_OF_KIND.match, folded)):
            folded = [_OF_KIND.sub("", piece) for piece in folded]
        tags: dict[str, str] = {}
        for tag in folded:
            if _is_tag(tag) and key(tag) not in own:
                tags.setdefault(key(tag), tag)
        if tags:
            return tuple(tags.values())[:_MOST_TAGS], evidence
    return None


def _is_tag(text: str) -> bool:
    return 1 < len(text) <= _LONGEST_TAG and "://" not in text and not _TECHNICAL.match(text)


def are_of_site(tags: Sequence[str], evidence: str, text: str) -> bool:
    """Whether keywords are the same on every page of the site: the article names hardly any of them."""
    if evidence not in _BY_HAND_OR_NOT or len(tags) < _FEWEST_OF_SITE:
        return False
    folded = text.casefold()
    return sum(_is_named(tag, folded) for tag in tags) < _NAMED * len(tags)


def _is_named(tag: str, folded: str) -> bool:
    """Whether a text has one of a tag's longer words, in whatever form."""
    parts = [part for part in re.findall(r"\w+", tag.casefold()) if len(part) >= _STEM or not part.isascii()]
    return any(part[: max(_STEM, len(part) - 2)] in folded for part in parts or [tag.casefold()])
