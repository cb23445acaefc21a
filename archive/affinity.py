"""`affinity`: whether a paragraph speaks of the same things as an article."""

from __future__ import annotations

import re

from archive.extraction.blocks import words_key

__all__ = ["affinity", "stems"]

_STEM = 5
"""Letters that the forms of a word have in common in most languages; shorter words say little."""
_FEWEST = 6
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


def affinity(paragraph: frozenset[str], rest: frozenset[str]) -> float | None:
    """The share of a paragraph's `stems` that the rest of an article has too; None if there are too few to tell."""
    return len(paragraph & rest) / len(paragraph) if len(paragraph) >= _FEWEST else None
