"""`findings`: in which aspects an article differs from what a seed's page says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import lxml.html

from tests.seeds.page import Manner, author_of
from tests.seeds.seed import Seed, fold

__all__ = ["ASPECTS", "findings"]

ASPECTS = "text", "headline", "standfirst", "authors", "dates", "captions", "furniture", "trace"

_TEXTS = "//body//text()[not(ancestor::script or ancestor::style or ancestor::svg)]"


def findings(seed: Seed, manner: Manner, page: bytes, article: dict[str, Any]) -> dict[str, str]:
    """What is wrong, by aspect. `article` is an `Article` as `scrapy crawl -O` writes it."""
    checks: dict[str, Iterator[str]] = {
        "text": _text(seed, article),
        "headline": _same(seed.headline, article["headline"]),
        "standfirst": _same(seed.fields.get("description"), article["standfirst"]),
        "authors": _same([author_of(seed)], list(article["authors"])),
        "dates": _dates(manner, article),
        "captions": _same([seed.fields["caption"]] if "caption" in seed.fields else [], list(article["captions"])),
        "furniture": _furniture(seed, manner, page, article),
        "trace": _unaccounted(manner, page, article),
    }
    assert tuple(checks) == ASPECTS
    return {aspect: "\n".join(wrong) for aspect, check in checks.items() if (wrong := list(check))}


def _same(expected: object, found: object) -> Iterator[str]:
    if expected != found:
        yield f"{found!r} instead of {expected!r}"


def _text(seed: Seed, article: dict[str, Any]) -> Iterator[str]:
    lines = article["text"].split("\n")
    rules = {r["text"]: r["rule"] for r in article["trace"]["removed"]}
    for paragraph in seed.gold:
        if paragraph not in lines:
            yield f"lost ({rules.get(paragraph, 'not in the trace')}): {paragraph}"
    for line in lines:
        if line not in seed.gold:
            yield f"too much: {line}"
    if tuple(lines) != seed.gold and sorted(lines) == sorted(seed.gold):
        yield "in another order"


def _dates(manner: Manner, article: dict[str, Any]) -> Iterator[str]:
    for name in ("published", "modified"):
        expected, found = getattr(manner, name), article[name]
        if not (found or "").startswith(expected or "") or (found and not expected):
            yield f"{name} is {found!r} instead of {expected!r}"


def _furniture(seed: Seed, manner: Manner, page: bytes, article: dict[str, Any]) -> Iterator[str]:
    """The furniture lines of the seed that stand in the page, as often as they do."""
    shown = "\n".join(_pieces(manner, page))
    removed = "\n".join(r["text"] for r in article["trace"]["removed"] if r["rule"])
    lines = set(article["text"].split("\n"))
    for line, times in Counter(seed.furniture).items():
        if line in lines:
            yield f"in the text: {line}"
        pattern = re.compile(rf"(?<!\w){re.escape(line)}(?!\w)")
        if pattern.search(shown) and len(pattern.findall(removed)) < times:
            yield f"not in the trace: {line}"


def _unaccounted(manner: Manner, page: bytes, article: dict[str, Any]) -> Iterator[str]:
    """Pieces of the page's text that are neither in the article nor removed with a rule."""
    comments = [value for c in article["comments"] for value in c.values() if value]
    fields = [article["headline"], article["standfirst"], article["text"], *article["captions"], *comments]
    removed = [r["text"] for r in article["trace"]["removed"]]
    accounted = "\n".join(text for text in [*fields, *removed] if text)
    for piece in _pieces(manner, page):
        if re.search(r"\w", piece) and piece not in accounted:
            yield f"neither kept nor removed: {piece}"


def _pieces(manner: Manner, page: bytes) -> Iterator[str]:
    """The pieces of text in the page's body, between any two tags."""
    tree = lxml.html.document_fromstring(page.decode(manner.encoding))
    for text in cast(list[str], tree.xpath(_TEXTS)):
        if piece := fold(text):
            yield piece
