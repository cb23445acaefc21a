"""`Names`: which words of an article are names of people, places and things, as far as its script shows it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from archive.history.numbers import Numbers
from archive.history.wording import tokens

__all__ = ["Names", "Word"]

_NOUNS = frozenset({"de", "lb", "nds", "gsw", "bar"})
"""Languages in which every noun has a capital: only two in a row are a name."""
_ENDS = re.compile(r"[.!?…:。！？؟۔।]$")
_WORD = re.compile(r"\w")
_HONOURED = re.compile(
    r"[\u3400-\u9fff々]{1,4}(?=さん|さま|様|氏|容疑者|被告|先生|女士|小姐|选手|選手)"
    r"|[\uac00-\ud7a3]{2,4}(?=\s?씨|\s?님|\s?군\b|\s?양\b)"
    r"|[\u30a0-\u30ff]+(?:[・＝·][\u30a0-\u30ff]+)+"  # a foreign name in Japanese
    r"|[\u3400-\u9fff]+(?:·[\u3400-\u9fff]+)+"  # and in Chinese
)
_TITLE_CASE = 0.6
"""Of a line's longer words that have a capital: capitals then tell nothing."""
_LONG = 4


class Word(NamedTuple):
    """A token of a line that holds a letter or figure, and where it stands."""

    text: str
    start: int
    end: int
    is_first: bool
    """Of a sentence."""


def words(line: str) -> Iterator[Word]:
    """The words of a line."""
    at, is_first = 0, True
    for token in tokens(line):
        if _WORD.search(token):
            yield Word(token, at, at + len(token), is_first)
            is_first = False
        elif _ENDS.search(token):
            is_first = True
        at += len(token)


class Names:
    """Learned from the lines of an article's versions: a word with a capital that begins no sentence is a name, and
    then wherever else it stands.

    German has capitals for all nouns: there, only words with capitals that stand side by side are names. Scripts
    without capitals (Arabic, Hebrew, Indic scripts, Chinese, Japanese, Korean, Thai) show few names: those that the
    page's `tags` tell, those before an honorific, and foreign ones in Chinese and Japanese with a dot between their
    parts.
    """

    def __init__(self, lines: Iterable[str], numbers: Numbers, language: str | None, tags: Iterable[str] = ()) -> None:
        self._numbers = numbers
        self._nouns = (language or "").lower().split("-")[0] in _NOUNS
        capitals: Counter[str] = Counter()
        small: set[str] = set()
        for line in lines:
            inside = [word for word in words(line) if not word.is_first]
            small |= {word.text for word in inside if word.text.islower()}
            if self._nouns or not _is_title_case(line):
                capitals.update(self._in_line(inside, line))
        self._known = {name for name in capitals if name.casefold() not in small}
        self._tagged = sorted({tag for tag in tags if len(tag) > 1 and tag.lower() == tag.upper()}, key=len)

    def _in_line(self, inside: list[Word], line: str) -> Iterator[str]:
        named = [self._may_be(word.text) for word in inside]
        for at, word in enumerate(inside):
            if not named[at]:
                continue
            before = at > 0 and named[at - 1] and line[inside[at - 1].end : word.start] == " "
            after = at + 1 < len(inside) and named[at + 1] and line[word.end : inside[at + 1].start] == " "
            if not self._nouns or before or after:
                yield word.text

    def _may_be(self, token: str) -> bool:
        if len(token) < 2 or not (token[0].isupper() or token[0].istitle()):
            return False
        return not self._numbers.is_word(token) and not self._numbers.is_figure(token)

    def among(self, line: str, start: int, end: int) -> set[str]:
        """The names of a line that lie between two of its characters, or across them."""
        return {name for name, first, last in self._found(line) if first < end and last > start}

    def _found(self, line: str) -> Iterator[tuple[str, int, int]]:
        shouted = not self._nouns and _is_title_case(line)
        found = list(words(line))
        for at, word in enumerate(found):
            text = word.text.removesuffix("'s").removesuffix("’s")
            if not self._may_be(text):
                continue
            is_plain = not word.is_first and not shouted and not self._nouns
            beside = self._nouns and any(
                self._may_be(other.text) and not other.is_first and abs(gap) == 1
                for other, gap in ((found[n], n - at) for n in (at - 1, at + 1) if 0 <= n < len(found))
                if line[min(word.end, other.end) : max(word.start, other.start)] == " "
            )
            if text in self._known or is_plain or (beside and not word.is_first and not shouted):
                yield text, word.start, word.end
        for match in _HONOURED.finditer(line):
            yield match[0], match.start(), match.end()
        for tag in self._tagged:
            at = line.find(tag)
            while at >= 0:
                yield tag, at, at + len(tag)
                at = line.find(tag, at + len(tag))


def _is_title_case(line: str) -> bool:
    """Whether most of its words have capitals, as in many headlines."""
    if _ENDS.search(line):
        return False
    long = [word.text for word in words(line) if len(word.text) >= _LONG and word.text[0].isalpha()]
    return len(long) > 2 and sum(word[0].isupper() for word in long) >= _TITLE_CASE * len(long)
