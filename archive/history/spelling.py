"""`is_respelled`: whether one word is another one, written in another way."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["is_respelled", "letters"]

_ACCENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]"
)
"""Accents and vowel points that stand on whole letters. The vowel signs of Indic scripts and Thai are letters."""
_NOT_LETTERS = re.compile(r"[\W_]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SHORT, _LONG = 4, 8
"""Letters of a word in which one may differ, but none be another, and of one in which two may differ."""


@lru_cache(maxsize=4096)
def letters(text: str) -> str:
    """Letters and figures alone, without case, accents, spaces and punctuation; ligatures and wide forms undone."""
    plain = text.casefold() if text.isascii() else unicodedata.normalize("NFKD", _INVISIBLE.sub("", text)).casefold()
    return _NOT_LETTERS.sub("", plain if plain.isascii() else _ACCENTS.sub("", plain))


def is_respelled(before: str, after: str) -> bool:
    """Whether two different words are most likely one: they differ by a letter or two, and begin alike.

    Words of three letters and less are too close to each other, unless letters have changed places. So are words of
    four letters (``live`` and ``life``), unless one is missing. A sign of Chinese script is a word, and no letter.
    Which real word was meant for another one (``form``, ``from``) is not known.
    """
    one, two = letters(before), letters(after)
    if one == two:
        return True
    if not one or not two or _HAN.search(one) or _HAN.search(two):
        return False
    if one[0] != two[0] and sorted(one) != sorted(two):
        return False
    short, long = sorted((len(one), len(two)))
    if sorted(one) == sorted(two):
        return short >= 3 and distance(one, two) <= 1
    if short < _SHORT or (long == short == _SHORT):
        return False
    return distance(one, two) <= (2 if short >= _LONG else 1)


def distance(one: str, two: str) -> int:
    """Letters to be added, removed, put in another's place or swapped with their neighbour (optimal string
    alignment)."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(two, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
