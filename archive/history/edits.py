"""`Edit`: what kinds of change there are between two versions of an article, and where."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from archive.article import Article
from archive.catalogue.changes import KINDS, Kind
from archive.history.alignment import align
from archive.history.difference import Change, Difference
from archive.history.names import Names
from archive.history.numbers import Numbers, numbers_of
from archive.history.quotations import QUOTATION_MARKS, quoted
from archive.history.spelling import is_respelled, letters
from archive.history.wording import Piece, count_words, tokens

__all__ = ["Edit", "Place", "edits_of", "is_minor"]

Place = Literal["headline", "standfirst", "text", "updates"]

_WORD = re.compile(r"\w")
_SENTENCE = re.compile(r"[.!?…。！？؟۔।][\"”»’)\]」』]*\s*$")
_FEWEST, _MANY = 4, 12
"""Words of a sentence, and of what is an addition although it is none."""
_NEXT_TO_FIGURES = frozenset("-−–+±.,:/٫٬%‰€$£¥₽₴₺")


class Edit(msgspec.Struct, frozen=True):
    """One change, of one or several kinds."""

    kinds: tuple[Kind, ...]
    """In the order of `KINDS`."""
    place: Place
    before: str
    """The words that went; with the word beside them where only signs did."""
    after: str
    """The words that came."""
    paragraph_before: int | None = None
    """The number of the paragraph (or post) in the version before, from 0."""
    paragraph_after: int | None = None


class _Hunk(NamedTuple):
    """A place in two wordings of a line where they differ."""

    start: int
    end: int
    """Of what went, in the line before."""
    to_start: int
    to_end: int
    """Of what came, in the line after."""


def edits_of(before: Article, after: Article, found: Difference) -> tuple[Edit, ...]:
    """The edits between two versions whose difference was `found`, in the order of the version after.

    Which kind a change of words is, is told by general means in any language; what scripts and lists don't show is
    ``wording``. What is our own reading only, and what became of fields, is no edit.
    """
    return tuple(_Judge(before, after).edits(found))


def is_minor(edits: Sequence[Edit]) -> bool:
    """Whether nothing was changed but spelling, punctuation and spaces."""
    return all("typo" in edit.kinds and set(edit.kinds) <= {"typo", "headline", "standfirst"} for edit in edits)


class _Judge:
    def __init__(self, before: Article, after: Article) -> None:
        language = after.language or before.language
        self._numbers: Numbers = numbers_of(language)
        lines = [line for article in (before, after) for line in _lines(article)]
        tags = {*before.tags, *after.tags, *before.authors, *after.authors}
        self._names = Names(lines, self._numbers, language, tags)
        self._vocabulary = {token.casefold() for line in _lines(after) for token in tokens(line)}

    def edits(self, found: Difference) -> Iterator[Edit]:
        for place, pieces in (("headline", found.headline), ("standfirst", found.standfirst)):
            yield from self._of_field("headline" if place == "headline" else "standfirst", pieces)
        for change in found.paragraphs:
            yield from self._of_paragraph(change)
        for number, post in enumerate(found.updates):
            if post.kind in ("added", "removed"):
                text = "".join(piece.text for piece in (*post.headline, *post.pieces))
                kind: Kind = "added" if post.kind == "added" else "removed"
                yield _whole(kind, "updates", text, number)
            elif post.kind == "changed":
                for pieces in (post.headline, post.pieces):
                    yield from self._of_pieces(pieces, "updates", number, number)

    def _of_field(self, place: Literal["headline", "standfirst"], pieces: Sequence[Piece]) -> Iterator[Edit]:
        """A field's edits all have its kind; that it is worded in another way goes without saying."""
        for edit in self._of_pieces(pieces, place, None, None):
            kinds = {place, *edit.kinds} - {"wording", "added", "removed"}
            yield msgspec.structs.replace(edit, kinds=_sorted(kinds))

    def _of_paragraph(self, change: Change) -> Iterator[Edit]:
        if change.kind == "added":
            yield _whole("added", "text", change.pieces[0].text, change.after)
        elif change.kind == "removed":
            text = change.pieces[0].text
            edit = _whole("removed", "text", text, change.before)
            yield msgspec.structs.replace(edit, kinds=("quote", "removed")) if _speaks(text) else edit
        elif change.kind in ("changed", "moved"):
            if change.kind == "moved":
                text = "".join(piece.text for piece in change.pieces if piece.kind != "removed")
                yield Edit(("moved",), "text", text, text, change.before, change.after)
            yield from self._of_pieces(change.pieces, "text", change.before, change.after)

    def _of_pieces(self, pieces: Sequence[Piece], place: Place, i: int | None, j: int | None) -> Iterator[Edit]:
        before = "".join(piece.text for piece in pieces if piece.kind != "added")
        after = "".join(piece.text for piece in pieces if piece.kind != "removed")
        for hunk in _hunks(pieces):
            gone, came = before[hunk.start : hunk.end], after[hunk.to_start : hunk.to_end]
            kinds = self._kinds(before, after, hunk)
            if not _WORD.search(gone) and not _WORD.search(came):
                gone, came = _with_neighbours(before, *hunk[:2]), _with_neighbours(after, *hunk[2:])
            yield Edit(_sorted(kinds), place, gone.strip(), came.strip(), i, j)

    def _kinds(self, before: str, after: str, hunk: _Hunk) -> set[Kind]:
        gone, came = before[hunk.start : hunk.end], after[hunk.to_start : hunk.to_end]
        kinds = self._of_words(gone, came)
        if not _WORD.search(gone) and not _WORD.search(came):
            beside = before[max(0, hunk.start - 1) : hunk.start] + before[hunk.end : hunk.end + 1]
            signs = {sign for sign in gone + came if not sign.isspace()}
            if (signs and signs <= _NEXT_TO_FIGURES and any(map(str.isdecimal, beside))) or any(
                unicodedata.category(sign) == "Sc" for sign in signs
            ):
                kinds = {"number"}
        names = self._names.among(before, hunk.start, hunk.end), self._names.among(after, hunk.to_start, hunk.to_end)
        names_changed = {letters(name) for name in names[0]} != {letters(name) for name in names[1]}
        is_long = bool(kinds & {"added", "removed"})
        if names_changed and not is_long:
            kinds.add("name")
            if _are_names(gone, names[0]) or _are_names(came, names[1]):
                kinds -= {"wording"}
        if self._words_quoted(before, after, hunk):
            kinds.add("quote")
        elif len(quoted(before)) != len(quoted(after)) and not _WORD.search(gone + came) and _marks(gone + came):
            kinds = {"quote"}
        return kinds

    def _of_words(self, gone: str, came: str) -> set[Kind]:
        """What became of the words of a hunk: those that both have are left aside, the others stand for each other."""
        one, two = _words(gone), _words(came)
        if letters(gone) == letters(came) and self._figures(one) == self._figures(two):
            return {"typo"}
        if not two and _is_sentence(gone):
            return {"removed"}
        if not one and _is_sentence(came):
            return {"added"}
        kinds: set[Kind] = set()
        i = j = 0
        for to_i, to_j in [*align(one, two), (len(one), len(two))]:
            if i < to_i or j < to_j:
                kinds |= self._of_run(one[i:to_i], two[j:to_j])
            i, j = to_i + 1, to_j + 1
        return kinds or {"wording"}

    def _of_run(self, one: Sequence[str], two: Sequence[str]) -> set[Kind]:
        if letters("".join(one)) == letters("".join(two)) and self._figures(one) == self._figures(two):
            return {"typo"}
        if len(one) == len(two):
            return {self._of_pair(a, b) for a, b in zip(one, two, strict=True) if a != b}
        kinds: set[Kind] = set()
        figures = [[word for word in side if self._is_number(word)] for side in (one, two)]
        if figures[0] != figures[1] and (all(figures) or any(map(self._numbers.is_figure, figures[0] + figures[1]))):
            kinds.add("number")
            if len(figures[0]) == len(one) and len(figures[1]) == len(two):
                return kinds
        return kinds | {"wording"}

    def _of_pair(self, one: str, two: str) -> Kind:
        if self._is_number(one) and self._is_number(two):
            return "number"
        if self._numbers.is_figure(one) or self._numbers.is_figure(two):
            return "number"
        if is_respelled(one, two) and not self._is_word(one, two):
            return "typo"
        return "wording"

    def _is_word(self, one: str, two: str) -> bool:
        """Whether the article still has the old word elsewhere: then it is no misspelling of the new one."""
        return letters(one) != letters(two) and one.casefold() in self._vocabulary

    def _is_number(self, word: str) -> bool:
        return self._numbers.is_figure(word) or self._numbers.is_word(word)

    def _figures(self, words: Sequence[str]) -> list[str]:
        return [word for word in words if self._numbers.is_figure(word)]

    @staticmethod
    def _words_quoted(before: str, after: str, hunk: _Hunk) -> bool:
        """Whether words of a quotation went, or came into what was one."""
        spans = quoted(before), quoted(after)
        if any(_WORD.search(before, max(s, hunk.start), min(e, hunk.end)) for s, e in spans[0]):
            return True
        came = any(_WORD.search(after, max(s, hunk.to_start), min(e, hunk.to_end)) for s, e in spans[1])
        return came and any(s <= hunk.start <= e for s, e in spans[0])


def _are_names(text: str, names: set[str]) -> bool:
    """Whether there are no words in a text but names."""
    named = {letters(word) for name in names for word in tokens(name)}
    words = _words(text)
    return bool(words) and all(letters(word) in named for word in words)


def _marks(text: str) -> bool:
    return not QUOTATION_MARKS.isdisjoint(text)


def _lines(article: Article) -> list[str]:
    parts = [article.headline, article.standfirst, article.text, *(update.text for update in article.updates)]
    return [line for part in parts if part for line in part.split("\n")]


def _hunks(pieces: Sequence[Piece]) -> Iterator[_Hunk]:
    i = j = start = to_start = 0
    for piece in (*pieces, Piece("equal", "")):
        if piece.kind == "equal":
            if i > start or j > to_start:
                yield _Hunk(start, i, to_start, j)
            i, j = i + len(piece.text), j + len(piece.text)
            start, to_start = i, j
        elif piece.kind == "removed":
            i += len(piece.text)
        else:
            j += len(piece.text)


def _words(text: str) -> list[str]:
    """The words of a text, and the signs that belong to numbers."""
    return [t for t in tokens(text) if _WORD.search(t) or t in "%‰٪％" or unicodedata.category(t[0]) == "Sc"]


def _is_sentence(text: str) -> bool:
    words = count_words(text)
    return words >= _MANY or (words >= _FEWEST and bool(_SENTENCE.search(text)))


def _speaks(text: str) -> bool:
    """Whether a paragraph has a quotation of some words in it."""
    return any(count_words(text[start:end]) >= _FEWEST for start, end in quoted(text))


def _whole(kind: Kind, place: Place, text: str, number: int | None) -> Edit:
    if kind == "added":
        return Edit((kind,), place, "", text, None, number)
    return Edit((kind,), place, text, "", number, None)


def _with_neighbours(text: str, start: int, end: int) -> str:
    """What lies between two characters, with the word on either side."""
    head, tail = tokens(text[:start])[-2:], tokens(text[end:])[:2]
    while head and head[0].isspace():
        head = head[1:]
    return "".join(head) + text[start:end] + "".join(tail)


def _sorted(kinds: set[Kind]) -> tuple[Kind, ...]:
    return tuple(kind for kind in KINDS if kind in kinds)
