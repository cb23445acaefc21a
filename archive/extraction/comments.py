"""Readers' comments that a page carries: kept apart from the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cssselect import HTMLTranslator
from lxml import etree
from lxml.html import HtmlElement

from archive.article import Comment
from archive.extraction.blocks import fold
from archive.extraction.furniture import naming_words
from archive.rules import SiteRules

__all__ = ["comment_containers", "read_comments"]

_CONTAINERS = frozenset("comments commentlist commentsarea disqus disqusthread respond commentform".split())
_COMMENT = re.compile(r"(?:^|\s)(?:comment|comment-item|comment__item|comment-block)(?:$|\s)", re.IGNORECASE)
_AUTHOR = re.compile(r"author|fn\b|user-?name|commenter", re.IGNORECASE)
_BODY = re.compile(r"comment[-_]{0,2}(?:body|text|content)|(?:^|\s)(?:body|text|content)(?:$|\s)", re.IGNORECASE)
_PARAGRAPH = 80
_RUN = 3


def comment_containers(tree: HtmlElement, rules: SiteRules | None = None) -> list[HtmlElement]:
    """The outermost elements that hold comments, by site rules, class, id or itemtype."""
    if rules and rules.comments:
        return list(tree.xpath(HTMLTranslator().css_to_xpath(rules.comments)))
    found: dict[HtmlElement, None] = {}
    for element in tree.iter("section", "div", "ol", "ul", "aside"):
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if (
            names != " "
            and _names_container(names)
            and not any(outer in found for outer in element.iterancestors())
            and not _holds_article(element, tree)
        ):
            found[element] = None
    return list(found)


def _names_container(names: str) -> bool:
    lower = names.lower()
    if "comment" not in lower and "disqus" not in lower and "respond" not in lower:
        return False
    return not _CONTAINERS.isdisjoint(naming_words(names))


def _holds_article(element: HtmlElement, tree: HtmlElement) -> bool:
    """Whether what is called after its comments is the article: its wrapper, or a column ("Comment")."""
    if element.find(".//h1") is not None or element.find(".//*[@itemprop='articleBody']") is not None:
        return True
    if next(_single_comments(element), None) is not None:
        return False
    here, everywhere = _long_paragraphs(element), _long_paragraphs(tree)
    return here >= _RUN and 2 * here > everywhere


def _long_paragraphs(element: HtmlElement) -> int:
    return sum(1 for p in element.iter("p") if len(p.text_content()) >= _PARAGRAPH)


def read_comments(containers: list[HtmlElement]) -> tuple[Comment, ...]:
    """The single comments in comment containers, in page order."""
    found = (_read(element) for container in containers for element in _single_comments(container))
    return tuple(dict.fromkeys(comment for comment in found if comment))


def _single_comments(container: HtmlElement) -> Iterator[HtmlElement]:
    for element in container.iter("li", "div", "article", "dd"):
        if _COMMENT.search(element.get("class") or "") or "Comment" in (element.get("itemtype") or ""):
            yield element


def _read(element: HtmlElement) -> Comment | None:
    body, author = _first(element, _BODY, "text"), _first(element, _AUTHOR, "author")
    texts = [body] if body is not None else list(element.iter("p", "blockquote"))
    text = fold(" ".join(t.text_content() for t in texts))
    time = element.find(".//time")
    if not text:
        return None
    return Comment(
        text=text,
        author=fold(author.text_content()) if author is not None else None,
        published=time.get("datetime") if time is not None else None,
    )


def _first(element: HtmlElement, pattern: re.Pattern[str], *itemprops: str) -> HtmlElement | None:
    for inner in element.iterdescendants(etree.Element):
        if inner.get("itemprop") in itemprops or pattern.search(inner.get("class") or ""):
            return inner
    return None
