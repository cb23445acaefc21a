"""Who wrote the article, as the page says it in markup or in a byline."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from lxml import etree
from lxml.html import HtmlElement

from archive.extraction.authors import is_agency, names, without_site
from archive.extraction.headline import title_parts
from archive.extraction.jsonld import LinkedData, Node, strings, types
from archive.extraction.markup import (
    Markup,
    class_tokens,
    fold,
    key,
    near,
    select,
    squeezed,
    visible_lines,
    visible_text,
    words,
)

__all__ = ["read_byline"]

_META = words(
    """
    author article:author article:author_name parsely-author sailthru.author cxenseparse:author
    articleauthor og:article:author dc.creator dcterms.creator dc.contributor citation_author byl
    byline authors article.author
    """
)
_BYLINE_TOKENS = frozenset(
    words(
        """
        byline bylines author authors autor autores autore autori auteur auteurs verfasser redakteur
        writer writers reporter skribent muhabir yazar contributor creator
        """
    )
)
_NOT_BYLINE = frozenset(
    words(
        """
        bio biography avatar image img photo date time social share follow related role title job
        description about twitter email brand identifier logo label prefix count recommended
        """
    )
)
_ELSEWHERE = frozenset(
    words(
        """
        comment comments commentlist related sidebar footer nav recommended teaser widget popular
        """
    )
)
_LABEL = (
    r"(?:(?:posted|written|reported|words)\s+by|by|von|por|par|di|door|av|af|автор:?"
    r"|(?:autor(?:in|es|a)?|auteure?s?|autore|authors?|yazan|haber|muhabir|reporter|text[eo]?|tekst|forfatter|redaktor)\s*:)"
)
_BY_WORD = re.compile(rf"\s*{_LABEL}(?:\s|$)", re.IGNORECASE)
_BY = re.compile(rf"{_LABEL}\s+[^\W\d_]\S+\s+\S", re.IGNORECASE)
# Rough and quick; `class_tokens` decides.
_MAYBE_BYLINE = etree.XPath(
    "descendant::*[contains(@class, 'aut') or contains(@class, 'Aut') or contains(@class, 'yline') "
    "or contains(@class, 'riter') or contains(@class, 'eporter') or contains(@class, 'muhabir') "
    "or contains(@class, 'yazar') or @rel = 'author' or contains(@data-testid, 'yline')]"
)
_HOME = etree.XPath("descendant::a[@href = '/']")
_MOST_HOME = 3
_NEAR_H1 = 80
_MOST_MAYBE = 60
_LONGEST_BYLINE = 160
_MOST_PARTS = 6
_MOST_OUTER = 8
_LONGEST_DESK = 80
_MOST_ADDED = 2
# The foot of a post is where blogs sign it; the foot of a page is not.
_OF_POST = frozenset({"post", "entry", "article", "story"})


def read_byline(
    markup: Markup, nodes: Sequence[Node], headline: HtmlElement | None, site: Sequence[str]
) -> tuple[tuple[str, ...], str] | None:
    """The authors and their evidence: the first source that names somebody other than the site itself, or a later
    one that names them all and a few more. What readers see may hold others than authors, so it adds only news
    agencies.

    Agencies count as people. If no source names any, the first that names the site, which then signs its
    own article.
    """
    signed_by_site: tuple[tuple[str, ...], str] | None = None
    signed: tuple[list[str], str] | None = None
    for found, evidence in _sources(markup, nodes, headline, site):
        people = without_site(found, site)
        if people and (signed is None or _adds_to(signed[0], people, agencies=evidence.startswith("html:"))):
            signed = people, evidence
        if found and signed_by_site is None:
            signed_by_site = tuple(found), evidence
    return (tuple(signed[0]), signed[1]) if signed else signed_by_site


def _adds_to(signed: Sequence[str], people: Sequence[str], *, agencies: bool) -> bool:
    """Whether a byline names all who sign elsewhere, and a few more; with `agencies`, only such."""
    known = {key(name) for name in signed}
    added = [name for name in people if key(name) not in known]
    return (
        len(people) == len(known) + len(added)
        and 0 < len(added) <= _MOST_ADDED
        and (not agencies or all(map(is_agency, added)))
    )


def _sources(
    markup: Markup, nodes: Sequence[Node], headline: HtmlElement | None, site: Sequence[str]
) -> Iterator[tuple[list[str], str]]:
    for name in ("author", "creator"):
        for node in nodes:
            yield _of_node(markup.linked, node, name), f"json-ld:{(*types(node), '')[0]}.{name}"
    elements = markup.article_properties("author")
    yield _joined(_of_element(e) for e in elements), "microdata:author"
    for name in _META:
        contents = [content for _, content in markup.contents(name)]
        yield _joined(names(content) for content in contents), f"meta:{name}"
    for name in markup.meta:
        if name.endswith("written by"):  # as search engine tools name a label of Twitter's
            yield _joined(names(content) for _, content in markup.contents(name)), f"meta:{name}"
    for number in ("1", "2"):
        label = " ".join(content for _, content in markup.contents(f"twitter:label{number}"))
        if re.search(r"written|author|by\b|auteur|autor|geschrieben|verfasst|автор", label, re.IGNORECASE):
            contents = [content for _, content in markup.contents(f"twitter:data{number}")]
            yield _joined(names(content) for content in contents), f"meta:twitter:data{number}"
    yield from _visible(markup, headline)
    if headline is not None:
        titled = (part for title in markup.titles for part in title_parts(title))
        linked = (visible_text(a) for a in select(_HOME, markup.tree)[:_MOST_HOME])
        yield from _of_desk(headline, (*site, *titled, *linked))


def _of_node(linked: LinkedData, node: Node, name: str) -> list[str]:
    found: list[list[str]] = []
    for value in linked.values(node, name):
        if isinstance(value, dict):
            texts = strings(value.get("name"), "@value", "name") or [
                " ".join(strings(value.get("givenName")) + strings(value.get("familyName")))
            ]
            found.extend(names(text, one="Person" in types(value)) for text in texts)
        else:
            found.extend(names(text) for text in strings(value, "name"))
    return _joined(found)


def _of_element(element: HtmlElement) -> list[str]:
    if content := element.get("content"):
        return names(content)
    named = [e for e in element.iter(etree.Element) if "name" in (e.get("itemprop") or "").split()]
    texts = [e.get("content") or visible_text(e) for e in named] or [visible_text(element)]
    return _joined(names(text) for text in texts if len(text) <= _LONGEST_BYLINE)


def _visible(markup: Markup, headline: HtmlElement | None) -> Iterator[tuple[list[str], str]]:
    """Bylines that readers see: links to authors, elements called so, lines that begin with "By"."""
    maybe = select(_MAYBE_BYLINE, markup.tree)[:_MOST_MAYBE]
    linked = [e for e in maybe if "author" in (e.get("rel") or "").split()]
    if linked:
        first = linked[0].getparent()
        together = [e for e in linked if e.getparent() is first] if first is not None else linked[:1]
        yield _joined(names(visible_text(e), byline=True) for e in together), "html:a[rel=author]"
    for element in maybe:
        tokens = class_tokens(element)
        if tokens & _BYLINE_TOKENS and not tokens & _NOT_BYLINE and not _is_elsewhere(element):
            yield _of_byline(element), f"html:.{(element.get('class') or 'author').split()[0]}"
    for element in near(headline, _NEAR_H1) if headline is not None else ():
        lead = element.text if (element.text or "").strip() or not len(element) else element[0].text
        if lead and _BY_WORD.match(lead) and len(element) <= _MOST_PARTS and _BY.match(visible_text(element)):
            yield _of_byline(element), f"html:{element.tag}"


def _of_desk(headline: HtmlElement, site: Sequence[str]) -> Iterator[tuple[list[str], str]]:
    """A short line near the headline by which a desk of the paper signs: its name, a stroke, the desk."""
    own = {squeezed(name) for name in site} - {""}
    for element in near(headline, _NEAR_H1):
        for text in (element.text, *(child.tail for child in element)):
            line = fold(text or "")
            paper, stroke, desk = line.partition("/")
            if stroke and len(line) <= _LONGEST_DESK and squeezed(paper) in own and desk.strip():
                yield [line], f"html:{element.tag}"


def _of_byline(element: HtmlElement) -> list[str]:
    """The names in a byline, one a line or one in each of several parts alike."""
    if len(visible_text(element)) > _LONGEST_BYLINE:
        return []
    parts = [part for part in element.iter("a", "span", "li") if len(part) == 0 and (part.text or "").strip()]
    alike = {(part.tag, part.get("class")) for part in parts}
    if len(parts) > 1 and len(alike) == 1 and all(" " in (part.text or "").strip() for part in parts):
        return _joined(names(visible_text(part), byline=True) for part in parts)
    return _joined(names(line, byline=True) for line in visible_lines(element))


def _is_elsewhere(element: HtmlElement) -> bool:
    """Whether an element stands in the comments, the sidebar or the like."""
    outer = itertools.islice(element.iterancestors(), _MOST_OUTER)
    return any(_is_outside(e) for e in (element, *outer) if e.tag not in {"body", "html"})


def _is_outside(element: HtmlElement) -> bool:
    tokens = class_tokens(element)
    if tokens & _OF_POST:
        tokens = tokens - {"footer"}
    return element.tag in {"footer", "nav", "aside"} or bool(tokens & _ELSEWHERE)


def _joined(found: Iterable[list[str]]) -> list[str]:
    distinct: dict[str, str] = {}
    for name in (n for each in found for n in each):
        distinct.setdefault(key(name) or name, name)
    return list(distinct.values())
