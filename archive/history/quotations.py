"""`quoted`: what stands within quotation marks, of any language."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["QUOTATION_MARKS", "quoted"]

_CLOSERS = {
    "“": "”“",  # English; in Hebrew and Swedish texts also the same sign twice
    "”": "”",  # Swedish, Finnish
    "„": '“”„"',  # German, Polish, Czech
    "‟": "”",
    "«": "»",  # French, Russian, Spanish, Arabic
    "»": "«»",  # Danish; Finnish has the same sign twice
    "‹": "›",
    "›": "‹",
    "「": "」",
    "『": "』",
    "｢": "｣",
    "〝": "〟〞",
    '"': '"',
    "＂": "＂",
    "‘": "’",
    "‚": "‘’",
}
"""Opening marks, and those that may close what they open."""
QUOTATION_MARKS = frozenset(_CLOSERS) | frozenset("".join(_CLOSERS.values())) | {"'"}
_OPENING = re.compile("[" + "".join(map(re.escape, _CLOSERS)) + "]|(?<![\\w'])'(?=\\w)")
_WORD = re.compile(r"\w")


def quoted(text: str) -> list[tuple[int, int]]:
    """Where a paragraph's quotations begin and end, without their marks; marks within a quotation part nothing.

    One that is not closed goes on to the end: newspapers close only the last paragraph of a long quotation. A single
    mark that opens but never closes is taken for an apostrophe.
    """
    return list(_quoted(text))


def _quoted(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while found := _OPENING.search(text, at):
        opening, start = found[0], found.end()
        end = _end(text, opening, start)
        if end is None:
            if opening in "'‘‚":
                at = start
                continue
            end = len(text)
        if _WORD.search(text, start, end):
            yield start, end
        at = end + 1


def _end(text: str, opening: str, start: int) -> int | None:
    closers = _CLOSERS.get(opening, "'")
    for at in range(start, len(text)):
        sign = text[at]
        if sign not in closers:
            continue
        is_apostrophe = sign in "'’‘" and text[at + 1 : at + 2].isalnum()
        if not is_apostrophe:
            return at
    return None
