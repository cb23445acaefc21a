"""`Query`: what a reader searches for, in a small language whose mistakes are explained.

::

    harbour bridge          both words, in any of their forms
    "harbour bridge"        these words together
    harbour OR port         either; OR joins only what stands beside it
    harbour -bridge         without the word; also NOT bridge
    (harbour OR port) ice   parentheses
    harb*                   words that begin so
    headline:harbour        in the headline; also headline:"harbour bridge"

AND, OR and NOT are operators in capital letters only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from archive.catalogue.tokens import Form, is_unspaced, query_forms
from archive.errors import ArchiveError

__all__ = ["Query", "QueryError", "Term", "parse_query"]

_LONGEST = 1000
_MOST_WORDS = 32
_DEEPEST = 16
_FIELD = "headline"
_QUOTES = '"\u201c\u201d\u201e\u201f'
_SHORTEST_BEGINNING = 3


class QueryError(ArchiveError):
    """What was asked can't be searched for; the text says why and what to write."""

    def __init__(self, sentence: str, position: int = 0) -> None:
        super().__init__(sentence)
        self.position = position
        """Of the character that is to blame, from 0."""


class Term(msgspec.Struct, frozen=True):
    """A word or phrase that is looked for."""

    forms: tuple[Form, ...]
    headline: bool = False
    """Only there."""


class Query(msgspec.Struct, frozen=True):
    """A query that was understood."""

    match: str
    """In the language of FTS5."""
    terms: tuple[Term, ...]
    """What a text may hold of it; without what was excluded."""


class _Sign(NamedTuple):
    kind: str
    text: str
    at: int


_SIGNS = re.compile(
    rf"(?P<quoted>[{_QUOTES}][^{_QUOTES}]*(?P<end>[{_QUOTES}])?)"
    r"|(?P<open>\()|(?P<close>\))"
    r"|(?P<minus>-(?=[^\s\-)]))"
    rf"|(?P<field>{_FIELD}:(?=\S))"
    rf"|(?P<word>[^\s(){_QUOTES}]+)"
)


def parse_query(words: str, language: str | None = None) -> Query:
    """Understand what a reader wrote; `language` (BCP 47) when only texts of one are searched.

    Raises `QueryError`.
    """
    if len(words) > _LONGEST:
        raise QueryError(f"The search has {len(words)} characters; {_LONGEST} are the most.", _LONGEST)
    parser = _Parser(words, language)
    match = parser.whole()
    return Query(match, tuple(parser.terms))


class _Parser:
    def __init__(self, words: str, language: str | None) -> None:
        self._words, self._language = words, language
        self._signs = list(_signs(words))
        self._at = 0
        self._depth = 0
        self._count = 0
        self.terms: list[Term] = []

    def whole(self) -> str:
        match = self._all(headline=False, wanted=True)
        if sign := self._peek():
            raise QueryError("This parenthesis closes none: leave it out.", sign.at)
        if not match:
            raise QueryError(f"{self._words[:40]!r} has no word to search for.")
        return match

    def _peek(self) -> _Sign | None:
        return self._signs[self._at] if self._at < len(self._signs) else None

    def _take(self, *kinds: str) -> _Sign | None:
        sign = self._peek()
        if sign is None or sign.kind not in kinds:
            return None
        self._at += 1
        return sign

    def _all(self, *, headline: bool, wanted: bool) -> str:
        """What stands side by side, to the next closing parenthesis."""
        start = self._at
        found: list[str] = []
        excluded: list[str] = []
        while (sign := self._peek()) and sign.kind != "close":
            if self._take("AND"):
                self._expect_operand(sign)
                if self._at - 1 == start:
                    raise QueryError("AND needs a word on both sides.", sign.at)
            elif self._take("NOT", "minus"):
                self._expect_operand(sign)
                if match := self._atom(headline=headline, wanted=False):
                    excluded.append(match)
                if (following := self._peek()) and following.kind == "OR":
                    raise QueryError("OR joins words to be found, and what is excluded is none.", following.at)
            elif match := self._either(headline=headline, wanted=wanted):
                found.append(match)
        if excluded and not found:
            at = self._signs[start].at
            raise QueryError("There are only words to leave out here; say also what is to be found.", at)
        match = " AND ".join(found)
        return f"({match}) NOT ({' OR '.join(excluded)})" if excluded else match

    def _either(self, *, headline: bool, wanted: bool) -> str:
        """Atoms that OR joins."""
        if sign := self._take("OR"):
            raise QueryError("OR needs a word on both sides.", sign.at)
        found = [self._atom(headline=headline, wanted=wanted)]
        while sign := self._take("OR"):
            self._expect_operand(sign)
            found.append(self._atom(headline=headline, wanted=wanted))
        found = [match for match in found if match]
        return f"({' OR '.join(found)})" if len(found) > 1 else "".join(found)

    def _expect_operand(self, operator: _Sign) -> None:
        name = "-" if operator.kind == "minus" else operator.kind
        sign = self._peek()
        if sign is None or sign.kind in ("close", "AND", "OR"):
            sides = "on both sides" if name in ("AND", "OR") else "behind it"
            raise QueryError(f"{name} needs a word {sides}.", operator.at)
        if sign.kind in ("NOT", "minus"):
            raise QueryError(f"{name} can't be followed by {sign.text}; write only one of them.", sign.at)

    def _atom(self, *, headline: bool, wanted: bool) -> str:
        if self._take("field"):
            headline = True
        sign = self._take("word", "quoted", "open", "field")
        if sign is None:
            sign = self._peek() or self._signs[-1]
            raise QueryError("A word is missing here.", sign.at)
        if sign.kind == "field":
            return self._term(sign.text[:-1], sign.at, headline=headline, wanted=wanted)
        if sign.kind == "open":
            return self._group(sign, headline=headline, wanted=wanted)
        if sign.kind == "quoted":
            if len(sign.text) < 2 or sign.text[-1] not in _QUOTES:
                raise QueryError('This quotation mark is never closed; write a phrase like "twelve boats".', sign.at)
            return self._term(sign.text[1:-1], sign.at, headline=headline, wanted=wanted)
        return self._word(sign, headline=headline, wanted=wanted)

    def _group(self, sign: _Sign, *, headline: bool, wanted: bool) -> str:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise QueryError(f"Parentheses stand more than {_DEEPEST} deep here.", sign.at)
        match = self._all(headline=headline, wanted=wanted)
        if not self._take("close"):
            raise QueryError("This parenthesis is never closed.", sign.at)
        self._depth -= 1
        return match and f"({match})"

    def _word(self, sign: _Sign, *, headline: bool, wanted: bool) -> str:
        star = sign.text.find("*")
        if star < 0:
            return self._term(sign.text, sign.at, headline=headline, wanted=wanted)
        text = sign.text.rstrip("*")
        if "*" in text or not text:
            raise QueryError("* stands only at the end of a word's beginning, as in harb*.", sign.at + star)
        forms = query_forms(text, self._language, is_beginning=True)
        if any(form.is_beginning and _is_short(form.tokens[-1]) for form in forms):
            raise QueryError(f"{text}* begins too many words; write more of it.", sign.at)
        if not forms:
            raise QueryError("* stands only at the end of a word's beginning, as in harb*.", sign.at + star)
        return self._term(text, sign.at, headline=headline, wanted=wanted, is_beginning=True)

    def _term(self, text: str, at: int, *, headline: bool, wanted: bool, is_beginning: bool = False) -> str:
        forms = tuple(query_forms(text, self._language, is_beginning=is_beginning))
        if not forms:
            return ""
        self._count += max(len(form.tokens) for form in forms) if text.isascii() else 1
        if self._count > _MOST_WORDS:
            raise QueryError(f"There are more than {_MOST_WORDS} words; search for fewer.", at)
        if wanted:
            self.terms.append(Term(forms, headline))
        match = " OR ".join(form.match() for form in forms)
        return f"{'headline : ' if headline else ''}({match})"


def _is_short(beginning: str) -> bool:
    return len(beginning) < _SHORTEST_BEGINNING and not is_unspaced(beginning)


def _signs(words: str) -> Iterator[_Sign]:
    for match in _SIGNS.finditer(words):
        kind = match.lastgroup or ""
        kind = "quoted" if kind == "end" else kind
        text = match[0]
        yield _Sign(text if kind == "word" and text in ("AND", "OR", "NOT") else kind, text, match.start())
