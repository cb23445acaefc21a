"""`Snippets`: the places of a text that a query found, with the words that match."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from operator import attrgetter

import msgspec

from archive.catalogue.query import Term
from archive.catalogue.tokens import Spans

__all__ = ["Parts", "Snippets"]

Parts = list[tuple[str, bool]]
"""A text in parts; True for those that match."""

_MOST = 2
_WORDS = 30
"""Of one snippet."""
_BEFORE = 8
"""Words before the first match, if there are so many."""
_SIGNS_A_WORD = {"\u0e00": 5, "\u1100": 3, "\u3040": 2, "\uac00": 3}
"""About so many signs make a word in scripts without spaces, from that sign on: Thai, Hangul, Chinese and Japanese."""
_LONG_WORD = 15
_LONGEST_PART = 300
"""Characters of one part."""
_MOST_WINDOWS = 200
"""Matches of one line that a snippet may begin with."""
_LONGEST = 50_000
"""Characters of a text that are looked at."""
_ELLIPSIS = "…"


class _Match(msgspec.Struct, frozen=True):
    """Where a term was found: from one token to before another."""

    first: int
    end: int
    term: int
    is_one_sign: bool = False
    """Only the first sign of the token is meant, in a script whose tokens are pairs of signs."""


class _Line:
    """A line of a text, and what was found in it."""

    def __init__(self, spans: Spans, matches: list[_Match]) -> None:
        self.spans, self.matches = spans, matches
        self.sizes = [0.0, *accumulate(_size(spans.text[start], end - start) for start, end in spans.places)]
        """Words up to each token."""


class _Window(msgspec.Struct, frozen=True):
    """A part of a line: from one token to before another."""

    place: tuple[int, int]
    """Of the text among all, and of the line in it."""
    line: _Line
    first: int
    end: int
    matches: list[_Match]

    @property
    def terms(self) -> frozenset[int]:
        return frozenset(match.term for match in self.matches)


class Snippets:
    """Marks what the terms of a query find in texts of a language (BCP 47)."""

    def __init__(self, terms: Sequence[Term], language: str | None) -> None:
        self._language = language
        self._text = _Finder([term for term in terms if not term.headline])
        self._headline = _Finder(terms)

    def headline(self, text: str) -> Parts:
        """A headline, whole."""
        spans = Spans(text, self._language)
        return _marked(spans, 0, len(text), self._headline.matches(spans.tokens))

    def of(self, texts: Iterable[str]) -> list[Parts]:
        """The two best places of the texts, in their order, or the beginning if nothing was found.

        The second and further texts are looked at only if the first one doesn't hold all terms.
        """
        windows: list[_Window] = []
        beginning: _Window | None = None
        for number, text in enumerate(texts):
            for window in self._windows(number, text):
                if window.matches:
                    windows.append(window)
                else:
                    beginning = beginning or window
            if len(frozenset().union(*(window.terms for window in windows))) == len(self._text):
                break
        chosen = _best(windows)
        if not chosen:
            return [_parts(beginning)] if beginning else []
        return [_parts(window) for window in sorted(chosen, key=lambda w: (w.place, w.first))]

    def _windows(self, number: int, text: str) -> Iterator[_Window]:
        """Windows around matches, up to the lines that leave nothing to wish for; and the text's beginning."""
        full = 0
        is_first = True
        for line_number, line in enumerate(text[:_LONGEST].splitlines()):
            spans = Spans(line, self._language)
            if matches := self._text.matches(spans.tokens):
                windows = list(_windows((number, line_number), _Line(spans, matches)))
                yield from windows
                full += any(len(window.terms) == len(self._text) for window in windows)
                if full == _MOST:
                    return
            elif is_first and spans.tokens:
                yield _around(_Window((number, line_number), _Line(spans, []), 0, 1, []))
            is_first = is_first and not spans.tokens


class _Finder:
    """Finds terms among tokens."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._count = len(terms)
        self._whole: dict[str, list[tuple[int, tuple[str, ...], bool]]] = {}
        """Forms by their first token: the term, all tokens, whether the last may go on."""
        self._beginnings: list[tuple[int, str]] = []
        for number, term in enumerate(terms):
            for form in term.forms:
                if form.is_beginning and len(form.tokens) == 1:
                    self._beginnings.append((number, form.tokens[0]))
                else:
                    self._whole.setdefault(form.tokens[0], []).append((number, form.tokens, form.is_beginning))

    def __len__(self) -> int:
        return self._count

    def matches(self, tokens: list[str]) -> list[_Match]:
        """All that is found, in the order of the tokens."""
        if self._beginnings:
            begin = tuple(beginning for _, beginning in self._beginnings)
            places = [at for at, token in enumerate(tokens) if token in self._whole or token.startswith(begin)]
        elif self._whole.keys().isdisjoint(tokens):
            return []
        else:
            places = [at for at, token in enumerate(tokens) if token in self._whole]
        return [match for at in places for match in self._matches(tokens, at)]

    def _matches(self, tokens: list[str], at: int) -> Iterator[_Match]:
        for number, form, is_beginning in self._whole.get(tokens[at], ()):
            held = tokens[at : at + len(form)]
            if held == [*form] or (is_beginning and held[:-1] == [*form[:-1]] and held[-1].startswith(form[-1])):
                yield _Match(at, at + len(form), number)
        for number, beginning in self._beginnings:
            if tokens[at].startswith(beginning):
                yield _Match(at, at + 1, number, is_one_sign=len(beginning) == 1)


def _size(first: str, length: int) -> float:
    """How many words a token counts for, by its first sign in the text and its characters there."""
    if first >= "\u0e00" and unicodedata.category(first) == "Lo":
        return 1 / next((n for sign, n in reversed(_SIGNS_A_WORD.items()) if first >= sign), 5)
    return 1 + length // _LONG_WORD


def _windows(place: tuple[int, int], line: _Line) -> Iterator[_Window]:
    """From each match as far as a snippet goes."""
    for number, match in enumerate(line.matches[:_MOST_WINDOWS]):
        end = max(match.end, _reach(line, match.first))
        begun = islice(line.matches, number, bisect_left(line.matches, end, key=attrgetter("first")))
        within = [one for one in begun if one.end <= end]
        yield _Window(place, line, match.first, max(one.end for one in within), within)


def _reach(line: _Line, first: int) -> int:
    """The token before which a snippet from `first` on ends."""
    end = first
    while end < len(line.spans) and line.sizes[end + 1] - line.sizes[first] <= _WORDS:
        end += 1
    return max(end, first + 1)


def _best(windows: Sequence[_Window]) -> list[_Window]:
    """The windows that hold most terms, then most matches, apart from each other."""
    chosen: list[_Window] = []
    known: frozenset[int] = frozenset()
    left = list(windows)
    while left and len(chosen) < _MOST:
        best = max(
            left, key=lambda w: (len(w.terms - known), len(w.terms), len(w.matches), -w.place[0], -w.place[1], -w.first)
        )
        chosen.append(best := _around(best))
        known |= best.terms
        left = [w for w in left if w.line is not best.line or w.end <= best.first or w.first >= best.end]
    return chosen


def _around(window: _Window) -> _Window:
    """The window with the words around it, as many as a snippet has."""
    line, first, end = window.line, window.first, window.end
    sizes = line.sizes
    free = _WORDS - (sizes[end] - sizes[first])
    before = min(_BEFORE, free)
    while first > 0 and sizes[window.first] - sizes[first - 1] <= before:
        first -= 1
    while end < len(line.spans) and sizes[end + 1] - sizes[first] <= _WORDS:
        end += 1
    while first > 0 and sizes[end] - sizes[first - 1] <= _WORDS:  # the line ends early
        first -= 1
    matches = [match for match in line.matches if first <= match.first and match.end <= end]
    return _Window(window.place, line, first, end, matches)


def _parts(window: _Window) -> Parts:
    line = window.line
    spans = line.spans
    start = 0 if window.first == 0 else _outward(spans.text, spans.start(window.first), -1)
    is_last = window.end == len(spans)
    end = len(spans.text) if is_last else _outward(spans.text, spans.end(window.end - 1), 1)
    parts = _marked(spans, start, end, window.matches)
    if start > 0:
        parts.insert(0, (f"{_ELLIPSIS} ", False))
    if end < len(spans.text):
        parts.append((f" {_ELLIPSIS}", False))
    return parts


def _outward(text: str, at: int, step: int) -> int:
    """Past the punctuation that belongs to a word's end or beginning."""
    kinds = ("Po", "Pe", "Pf", "Pd", "Pi") if step > 0 else ("Ps", "Pi", "Pf", "Po")
    while 0 <= (beside := at if step > 0 else at - 1) < len(text) and unicodedata.category(text[beside]) in kinds:
        at += step
    return at


def _marked(spans: Spans, start: int, end: int, matches: Sequence[_Match]) -> Parts:
    """The text from `start` to `end` in parts."""
    text = spans.text
    parts: Parts = []
    at = start
    for first, last in _joined([_range(spans, match) for match in matches]):
        parts += [(_cut(text[at:first]), False), (_cut(text[first:last]), True)]
        at = last
    parts.append((_cut(text[at:end]), False))
    return [part for part in parts if part[0]]


def _range(spans: Spans, match: _Match) -> tuple[int, int]:
    start, end = spans.start(match.first), spans.end(match.end - 1)
    if match.is_one_sign and match.end < len(spans):
        end = min(end, spans.start(match.end))
    return start, end


def _joined(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges that overlap or touch as one."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_PART else text[:_LONGEST_PART] + _ELLIPSIS
