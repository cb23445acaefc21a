"""`correction_note`: the line by which a newspaper says that it has changed an article."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files

from archive.article import Article
from archive.extraction.blocks import words_key

__all__ = ["correction_note", "is_note"]

_LONGEST = 700
"""Characters of a line that is a note; a longer one is a paragraph that mentions one."""
_LONGEST_LEAD = 60
_AFTER_LEAD = re.compile(r"\s*(?:[:：|｜()（）\[\]【】–—\-−.,،、/]|\d|$)")
_BEFORE_LEAD = re.compile(r"[\W_]*")
_UNSPACED = frozenset({"zh", "ja", "ko"})
_BETWEEN = 80
"""Characters that a star stands for, at most."""


def correction_note(before: Article, after: Article) -> str | None:
    """The first line that the version after has and the one before had not, in which the newspaper says that it has
    changed the article; wherever on the page it stands.

    Such lines are known by phrases of 19 languages (``notes.toml``). A note that is in no text, but in what the
    extractor removed as furniture, counts as well.
    """
    known = {words_key(line) for line in _lines(before)}
    for line in _lines(after):
        if len(line) <= _LONGEST and words_key(line) not in known and is_note(line):
            return line
    return None


def is_note(line: str) -> bool:
    """Whether a line says that an article was corrected or brought up to date."""
    start = _BEFORE_LEAD.match(line)
    text = line[start.end() :] if start else line
    lead, parts = _phrases()
    if (found := lead.match(text[:_LONGEST_LEAD])) and _AFTER_LEAD.match(text, found.end()):
        return True
    key = f" {words_key(line)} "
    return any(_holds(key, pieces) for pieces in parts)


def _holds(text: str, pieces: Sequence[str]) -> bool:
    """Whether a text has the pieces of a phrase one after the other."""
    at = text.find(pieces[0])
    if at < 0:
        return False
    at += len(pieces[0])
    for piece in pieces[1:]:
        at = text.find(piece, at - 1, at + _BETWEEN)  # they share a space
        if at < 0:
            return False
        at += len(piece)
    return True


def _lines(article: Article) -> Iterator[str]:
    for part in (article.standfirst, article.text, *(update.text for update in article.updates)):
        yield from (part or "").split("\n")
    yield from (removed.text for removed in article.trace.removed)


@lru_cache(maxsize=1)
def _phrases() -> tuple[re.Pattern[str], list[list[str]]]:
    data = tomllib.loads(files("archive.history").joinpath("notes.toml").read_text("utf-8"))
    leads = sorted({phrase for words in data.values() for phrase in words["lead"]}, key=len, reverse=True)
    lead = "|".join(re.escape(phrase).replace("'", "['’]") for phrase in leads)
    parts = [_pieces(phrase, name) for name, words in data.items() for phrase in words["part"]]
    return re.compile(f"(?:{lead})", re.IGNORECASE), parts


def _pieces(phrase: str, language: str) -> list[str]:
    keys = [words_key(part) for part in phrase.split("*")]
    return keys if language in _UNSPACED else [f" {key} " for key in keys]
