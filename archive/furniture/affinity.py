"""`Theme`: whether a paragraph speaks of the same things as an article."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from statistics import median

from archive.extraction.blocks import words_key

__all__ = ["Theme", "is_telling", "stems"]

_STEM = 5
"""Letters that the forms of a word have in common in most languages; shorter words say little."""
_FEWEST = 6
"""Stems with which a paragraph tells something."""
_MUCH, _PARAGRAPHS = 60, 3
"""Stems, and paragraphs with some, with which an article does."""
_LEAST = 0.05
# Scripts that are written without spaces: Thai, Lao, Burmese, Khmer, kana, Han. Hangul words are short.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+")
_HANGUL = re.compile("[\uac00-\ud7af]")


def stems(text: str) -> frozenset[str]:
    """The beginnings of the longer words; pairs of characters in scripts without spaces."""
    found: set[str] = set()
    for word in words_key(text).split():
        if _UNSPACED.search(word):
            for run in _UNSPACED.findall(word):
                found.update(run[i : i + 2] for i in range(len(run) - 1))
        elif _HANGUL.match(word):
            if len(word) > 1:
                found.add(word[:2])
        elif len(word) >= _STEM and not word.isdigit():
            found.add(word[:_STEM])
    return frozenset(found)


def is_telling(paragraph: frozenset[str]) -> bool:
    """Whether a paragraph has enough `stems` to tell what it is about."""
    return len(paragraph) >= _FEWEST


class Theme:
    """What an article is about."""

    def __init__(self, paragraphs: Iterable[frozenset[str]]) -> None:
        """From the `stems` of its paragraphs."""
        lines = list(paragraphs)
        self._counts = Counter(stem for line in lines for stem in line)
        own = [sum(self._counts[s] > 1 for s in line) / len(line) for line in lines if is_telling(line)]
        self._usual = max(median(own), _LEAST) if len(own) >= _PARAGRAPHS and len(self._counts) >= _MUCH else None

    def affinity(self, paragraph: frozenset[str]) -> float | None:
        """How much a paragraph that is none of the article's shares with it, where 1 is what its own share.

        None if that can't be told: the article or the paragraph has too few stems.
        """
        if self._usual is None or not is_telling(paragraph):
            return None
        return sum(stem in self._counts for stem in paragraph) / len(paragraph) / self._usual
