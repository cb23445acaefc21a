"""`Measures`: what can be counted of one article, to see later when a source's articles become worse."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from archive.article import Article

__all__ = ["FIELDS", "Measures", "Second", "containment", "fields_of", "measured"]

FIELDS = (
    "headline",
    "standfirst",
    "authors",
    "published",
    "modified",
    "language",
    "section",
    "tags",
    "image",
    "captions",
)
"""The fields whose presence is counted."""

Second = Literal["json-ld", "feed"]

_WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]|[^\W\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+")
"""A word, or one character of a script that puts no spaces between words."""
_FEW = 30
"""A second reading of fewer characters says nothing."""
_LINE, _LONGEST = 20, 200_000
"""Characters."""


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """Of one article."""

    length: int
    """Characters of the text and of a live blog's posts."""
    agreement: float | None = None
    """How much of a second reading of the page stands in ours: 0 to 1. None if there is no second reading."""
    second: Second | None = None
    """What the second reading is: the ``articleBody`` of the page's JSON-LD, or the summary in a feed."""


def measured(article: Article, *, stated: str | None = None, summary: str | None = None) -> Measures:
    """Measure an article; `stated` is the body that the page's JSON-LD states, `summary` what a feed said of it."""
    length = len(article.text) + sum(len(update.text) for update in article.updates)
    second: tuple[tuple[Second, str | None], ...] = (("json-ld", stated), ("feed", summary))
    for name, text in second:
        if text and (share := containment(text, _whole(article))) is not None:
            return Measures(length=length, agreement=round(share, 3), second=name)
    return Measures(length=length)


def containment(part: str, whole: str) -> float | None:
    """The share of the words of `part`, each as often as it stands there, that `whole` has too; long words count more.

    None if these are too few to tell.
    """
    wanted, there, found = part[:_LONGEST], [], 0
    for line in whole[:_LONGEST].split("\n"):  # what stands there line by line needs no counting of words
        if len(line) >= _LINE and line in wanted:
            wanted = wanted.replace(line, "\n", 1)
            found += len(line) - line.count(" ")
        else:
            there.append(line)
    left = Counter(_WORD.findall(wanted.lower()))
    number = found + _characters(left)
    if number < _FEW:
        return None
    return (found + _characters(left & Counter(_WORD.findall("\n".join(there).lower())))) / number


def _characters(words: Counter[str]) -> int:
    return sum(len(word) * times for word, times in words.items())


def fields_of(article: Mapping[str, Any]) -> str:
    """The names of the `FIELDS` that an article has (as its details hold it), with a space between."""
    return " ".join(name for name in FIELDS if article.get(name))


def _whole(article: Article) -> str:
    posts = (part for update in article.updates for part in (update.headline, update.text))
    return "\n".join(filter(None, (article.headline, article.standfirst, article.text, *posts)))
