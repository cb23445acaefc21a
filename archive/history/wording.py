"""`Piece`: what two wordings of a text have in common, and what only one of them has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

import msgspec

from archive.history.alignment import align

__all__ = ["Features", "Piece", "compare", "count_words", "features", "likeness", "most_alike", "tokens"]

# Scripts that put no space between words: Thai, Lao, Burmese, Khmer, kana, Chinese characters.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
# What can't stand alone: accents, vowel signs, joiners, variations of a sign.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06ed"
    "\u0900-\u0903\u093a-\u094f\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a03\u0a3c-\u0a4d\u0a81-\u0a83\u0abc-\u0acd"
    "\u0b01-\u0b03\u0b3c-\u0b4d\u0b82\u0bbe-\u0bcd\u0c00-\u0c04\u0c3e-\u0c4d\u0c81-\u0c83\u0cbc-\u0ccd"
    "\u0d00-\u0d03\u0d3b-\u0d4d\u0d81-\u0d83\u0dca-\u0ddf\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc"
    "\u0ec8-\u0ece\u0f18-\u0f39\u0f71-\u0f84\u0f90-\u0fbc\u102b-\u103e\u1056-\u1060\u17b4-\u17d3\u200c\u200d\u20d0-\u20ff"
    "\u3099\u309a\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef\u00ad\u2060"
)
_TOKEN = re.compile(
    rf"""
    \s+
    | [{_UNSPACED}][{_MARKS}]*
    | \d+ (?: [.,:]\d+ )+
    | (?: (?![{_UNSPACED}])[\w{_MARKS}] )+ (?: ['’](?: (?![{_UNSPACED}])[\w{_MARKS}] )+ )*
    | [\U0001f1e6-\U0001f1ff]{{2}}
    | [^\w\s][{_MARKS}]*+ (?: (?<=\u200d)[^\w\s][{_MARKS}]*+ )*+
    """,
    re.VERBOSE,
)
_PLAIN_TOKEN = re.compile(r"\s+|\d+(?:[.,:]\d+)+|\w+(?:'\w+)*|[^\w\s]")
_UNSPACED_SIGN = re.compile(f"[{_UNSPACED}]")
_WORD = re.compile(r"\w")


class Piece(msgspec.Struct, frozen=True):
    """A run of words, with the punctuation and white space among and around them."""

    kind: Literal["equal", "added", "removed"]
    text: str


def compare(before: str, after: str) -> tuple[Piece, ...]:
    """What was added to, removed from and kept of a text, word by word; signs instead of words in scripts without
    spaces.

    The equal and removed pieces make `before`, the equal and added ones `after`, to the letter. What two wordings
    share by chance, such as an article between two other words, is not told apart. Two texts of 20,000 words take
    a tenth of a second.
    """
    if before == after:
        return (Piece("equal", before),) if before else ()
    return tuple(piece for piece in _pieces(tokens(before), tokens(after)) if piece.text)


class _Edit(NamedTuple):
    """Tokens from `i` to `to_i` before that those from `j` to `to_j` stand for after."""

    i: int
    to_i: int
    j: int
    to_j: int


def _pieces(before: Sequence[str], after: Sequence[str]) -> Iterator[Piece]:
    i = 0
    for edit in _joined(before, after, _edits(before, after)):
        yield Piece("equal", "".join(before[i : edit.i]))
        yield Piece("removed", "".join(before[edit.i : edit.to_i]))
        yield Piece("added", "".join(after[edit.j : edit.to_j]))
        i = edit.to_i
    yield Piece("equal", "".join(before[i:]))


def tokens(text: str) -> list[str]:
    """Words, signs and runs of white space; joined they are the text."""
    return (_PLAIN_TOKEN if text.isascii() else _TOKEN).findall(text)


def _edits(before: Sequence[str], after: Sequence[str]) -> Iterator[_Edit]:
    """The words are aligned; white space is the same where it stands between the same words."""
    left = [i for i, token in enumerate(before) if not token.isspace()]
    right = [j for j, token in enumerate(after) if not token.isspace()]
    pairs = align([before[i] for i in left], [after[j] for j in right])
    i = j = 0
    for to_i, to_j in [*((left[a], right[b]) for a, b in pairs), (len(before), len(after))]:
        next_i, next_j = to_i + 1, to_j + 1
        while i < to_i and j < to_j and before[i] == after[j]:
            i, j = i + 1, j + 1
        while i < to_i and j < to_j and before[to_i - 1] == after[to_j - 1]:
            to_i, to_j = to_i - 1, to_j - 1  # noqa: PLW2901 - the end moves up to what differs
        if i < to_i or j < to_j:
            yield _Edit(i, to_i, j, to_j)
        i, j = next_i, next_j


def _joined(before: Sequence[str], after: Sequence[str], edits: Iterable[_Edit]) -> list[_Edit]:
    """Edits with little between them become one: what is shorter than the changes on both sides of it is equal by
    chance, and readers would stumble over it."""
    one, two = _sizes(before), _sizes(after)

    def size(edit: _Edit) -> int:
        return max(one[edit.to_i] - one[edit.i], two[edit.to_j] - two[edit.j])

    done: list[_Edit] = []
    for found in edits:
        edit = found
        while done and one[edit.i] - one[done[-1].to_i] <= min(size(edit), size(done[-1])):
            first = done.pop()
            edit = _Edit(first.i, edit.to_i, first.j, edit.to_j)
        done.append(edit)
    return done


def _sizes(tokens: Sequence[str]) -> list[int]:
    """Characters before each token, and in all; white space has none."""
    return [0, *accumulate(0 if token.isspace() else len(token) for token in tokens)]


def count_words(text: str) -> int:
    """Words of a text; in scripts without spaces its signs."""
    return sum(bool(_WORD.search(token)) for token in tokens(text))


class Features(NamedTuple):
    """What tells one paragraph from another."""

    words: Counter[str]
    """In lower case; pairs of signs in scripts without spaces."""
    size: int
    """Characters of the words."""


def features(text: str) -> Features:
    """Those of a paragraph; one without words has itself."""
    found: list[str] = []
    last = ""
    for token in tokens(text):
        if _UNSPACED_SIGN.match(token):
            found.append(last + token)
            last = token
        else:
            last = ""
            if _WORD.search(token):
                found.append(token.casefold())
    return Features(Counter(found or [text]), sum(map(len, found or [text])))


def likeness(one: Features, two: Features) -> float:
    """Share of two paragraphs' words that they have in common, by characters: 0 to 1."""
    if len(one.words) > len(two.words):
        one, two = two, one
    others = two.words
    common = sum(len(word) * min(times, others[word]) for word, times in one.words.items() if word in others)
    return 2 * common / max(one.size + two.size, 1)


def most_alike(one: Features, two: Features) -> float:
    """No two paragraphs of these sizes can be more alike than that."""
    return 2 * min(one.size, two.size) / max(one.size + two.size, 1)
