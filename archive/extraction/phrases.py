"""Furniture that gives itself away by its words, in the languages of ``furniture.toml``."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.resources import files

from archive.extraction.appeals import Voice, spoken
from archive.extraction.blocks import words_key

__all__ = ["Phrases", "invites_comments", "phrases_of"]

_LONGEST_LINE = 300
"""Characters; what is longer is a paragraph and needs other evidence."""
_LONGEST_LEAD = 200
_LONGEST_CREDIT = 100
_LINKED = 0.4
"""Share of a line in links that makes it one about another page."""
_NUMBERS = re.compile(r"\b\d+\b")
_SENTENCE_END = re.compile(r"[.!?…。！？؟۔।]['\"”»’)\]]*$")
_BEHIND_LEAD = r"[\"”»)\]]*\s*[:：|｜>»→▶►–—/／-]"
_COPYRIGHT = ("©", "(c) ", "(C) ", "Copyright ©")
_DASHES = "–—―- "
_UNSPACED = frozenset({"zh", "ja", "ko"})
"""Languages whose words are not told by spaces, or carry endings."""
_STATED = frozenset({"legal", "caption"})
"""Kinds whose lead is followed by a name, not by a link."""


class Phrases:
    """What ``furniture.toml`` lists for a language, and for English, which stands on pages in all."""

    def __init__(self, language: str) -> None:
        self._lines: dict[str, str] = {}
        self._open_lines: list[tuple[re.Pattern[str], str]] = []
        self._leads: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        self._parts: defaultdict[str, list[tuple[str, str, str, bool]]] = defaultdict(list)
        for kind, how, phrase, unspaced in _listed(language):
            if how == "line":
                self._add_line(kind, phrase)
            elif how == "about":
                continue
            elif how == "lead":
                word = "" if unspaced else words_key(phrase).split()[0]
                self._leads[word].append((phrase, kind))
            else:
                word = "" if unspaced else _longest_word(phrase)
                self._parts[word].append((phrase, kind, how, unspaced))

    def tell(self, text: str, key: str, linked: int, *, at_end: bool = False) -> str:
        """The kind of furniture a line is, or an empty string.

        `linked` are the characters of it in links; sources and notes are told `at_end` of the text only.
        """
        if len(text) > _LONGEST_LINE:
            return ""
        if text.startswith(_COPYRIGHT):
            return "legal"
        return self._by_line(key) or self._by_lead(text, key, linked) or self._by_part(text, key, at_end)

    def _by_line(self, key: str) -> str:
        kind = self._lines.get(key) or self._lines.get(_NUMBERS.sub("", key).strip(), "")
        return kind or next((kind for pattern, kind in self._open_lines if pattern.fullmatch(key)), "")

    def _add_line(self, kind: str, phrase: str) -> None:
        if "*" in phrase:
            self._open_lines.append((re.compile(_regex(phrase)), kind))
        else:
            self._lines.setdefault(words_key(phrase), kind)

    def _by_lead(self, text: str, key: str, linked: int) -> str:
        if len(text) > _LONGEST_LEAD:
            return ""
        for phrase, kind in (*self._leads.get(key.split(" ", 1)[0], []), *self._leads.get("", [])):
            found = _lead(phrase).match(text)
            if found and _leads_on(text, str(found[1] or ""), kind, phrase, linked):
                return kind
        return ""

    def _by_part(self, text: str, key: str, at_end: bool) -> str:
        lists = [self._parts[word] for word in {"", *key.split()} & self._parts.keys()]
        candidates = [one for entries in lists for one in entries]
        if not candidates:
            return ""
        said = words_key(spoken(text.lstrip(_DASHES) if at_end else text))
        for phrase, kind, how, unspaced in candidates:
            if (how == "part" or at_end) and _part(phrase, unspaced).search(said):
                return kind
        return ""


@lru_cache
def phrases_of(language: str) -> Phrases:
    """The phrases for a language of ``furniture.toml``."""
    return Phrases(language)


def invites_comments(text: str) -> bool:
    """Whether a line speaks to the reader of readers' comments, in any language."""
    return bool(_about_comments().search(spoken(text))) and Voice(text).you


@lru_cache(maxsize=1)
def _about_comments() -> re.Pattern[str]:
    languages = _data()["comment"].items()
    phrases = [(phrase, name in _UNSPACED) for name, words in languages for phrase in words.get("about", [])]
    patterns = (_regex(phrase) if anywhere else rf"\b{_stem(phrase)}\b" for phrase, anywhere in phrases)
    return re.compile("|".join(patterns), re.IGNORECASE)


def _stem(phrase: str) -> str:
    return re.escape(phrase).replace(r"\*", r"\w*")


def _leads_on(text: str, mark: str, kind: str, phrase: str, linked: int) -> bool:
    """Whether what follows the beginning of a line is a title or a name, and no sentence of the text."""
    if kind in _STATED:
        return bool(mark.strip()) and len(text) <= _LONGEST_CREDIT and not text.endswith(("?", "!", "？"))
    if linked >= _LINKED * len(text):
        return bool(mark.strip()) or " " in phrase or linked >= 0.9 * len(text)
    several = " " in phrase or not phrase.isascii()
    return bool(mark.strip()) and several and not _SENTENCE_END.search(text)


def _listed(language: str) -> Iterator[tuple[str, str, str, bool]]:
    """Kind, place in the line and text of each phrase, and whether its words can't be told apart."""
    for kind, by_language in _data().items():
        for name in dict.fromkeys((language, "en")):
            for how, phrases in by_language.get(name, {}).items():
                for phrase in phrases:
                    yield kind, how, phrase, name in _UNSPACED


@lru_cache(maxsize=1)
def _data() -> dict[str, dict[str, dict[str, list[str]]]]:
    return tomllib.loads(files("archive.extraction").joinpath("furniture.toml").read_text("utf-8"))


def _longest_word(phrase: str) -> str:
    """The longest whole word of a phrase; one with a star can't be looked up."""
    whole = [words_key(word) for word in phrase.split() if "*" not in word]
    return max(whole, key=len).split()[0]


@cache
def _lead(phrase: str) -> re.Pattern[str]:
    words = _alternatives(words_key(phrase).split(), r"\W+")
    return re.compile(rf"\W*{words}(?!\w)({_BEHIND_LEAD})?", re.IGNORECASE)


@cache
def _part(phrase: str, unspaced: bool) -> re.Pattern[str]:
    return re.compile(_regex(phrase) if unspaced else rf"(?:^| ){_regex(phrase)}(?: |$)")


def _regex(phrase: str) -> str:
    return "".join(r".{0,40}?" if part == "*" else re.escape(part) for part in _pieces(phrase))


def _pieces(phrase: str) -> Iterator[str]:
    for index, part in enumerate(phrase.split("*")):
        if index:
            yield "*"
        if part:
            spaces = (" " if part[0] == " " else "", " " if part[-1] == " " else "")
            yield spaces[0] + words_key(part) + spaces[1]


def _alternatives(words: Iterable[str], between: str) -> str:
    return between.join(re.escape(word) for word in words)
