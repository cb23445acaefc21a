"""Words for the full-text index, so that a search finds what a reader of that language expects.

NFKC and case folding, Russian yo as ye, Arabic vowel signs dropped, Snowball stems, and bigrams for
scripts that put no spaces between words (Chinese, Japanese, Korean, Thai).
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from threading import Lock
from typing import NamedTuple

import Stemmer

__all__ = ["Form", "Spans", "is_unspaced", "plain_words", "query_forms", "stems", "tokens"]

_LANGUAGES = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian",
    "nb": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
# \w leaves out the vowel signs of Indic and other scripts, which are half of their letters.
_WORD = re.compile("[\\w\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff]+")
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_CYRILLIC, _ARABIC = re.compile("[\u0400-\u04ff]"), re.compile("[\u0600-\u06ff]")
_DROPPED_MARKS = re.compile("[\u0300-\u0305\u0307-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
"""Accents, points and vowel signs that readers leave out; not the breve of й."""


_JOINED = re.compile(
    "(?s:.)[\u0300-\u036f\u0591-\u05c7\u064b-\u0655\u093c\u09be\u09d7\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0cc2\u0cd5\u0cd6"
    "\u0d3e\u0d57\u0dca\u0dcf\u0ddf\u102e\u1160-\u11ff\u3099\u309a\uff9e\uff9f]*"
)
"""A sign with those that can melt into it."""


@lru_cache(maxsize=32)
def _stemmer(algorithm: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(algorithm, 0)  # its own memory of words takes longer than to stem them


def _normal(text: str) -> str:
    if text.isascii():
        return text.lower().replace("_", " ")
    text = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е").replace("_", " ")
    if not text.isascii():
        text = unicodedata.normalize("NFC", _DROPPED_MARKS.sub("", unicodedata.normalize("NFD", text)))
    return text


_normal_sign = lru_cache(maxsize=1 << 14)(_normal)

_MOST_STEMS = 50_000
_stems: dict[str, dict[str, str]] = {}
"""Stems of words that were met, by language; most words of a text are old acquaintances."""
_stemming = Lock()


def stems(words: Sequence[str], language: str | None = None) -> list[str]:
    """The tokens of plain words, in a language (BCP 47)."""
    algorithm = _LANGUAGES.get((language or "").split("-")[0].lower(), "")
    algorithm = "" if algorithm in ("russian", "arabic") else algorithm  # these go by the script
    known = _stems.setdefault(algorithm, {})
    try:
        return [known[word] for word in words]
    except KeyError:
        if len(known) > _MOST_STEMS:
            known = _stems[algorithm] = {}
        with _stemming:
            known.update(_stemmed({*words}.difference(known), algorithm))
        return [known[word] for word in words]


def _stemmed(words: Iterable[str], algorithm: str) -> Iterator[tuple[str, str]]:
    """Words and their stems."""
    by_algorithm: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        by_algorithm[algorithm if word.isascii() else _algorithm(word, algorithm)].append(word)
    for name, alike in by_algorithm.items():
        yield from zip(alike, _stemmer(name).stemWords(alike) if name else alike, strict=True)


def _algorithm(word: str, algorithm: str) -> str:
    """The one for a word of a text that is otherwise for `algorithm`; none where words are not stemmed."""
    if _UNSPACED.match(word):
        return ""
    return "russian" if _CYRILLIC.match(word) else "arabic" if _ARABIC.match(word) else algorithm


def plain_words(text: str) -> list[str]:
    """Words in their normal form, and pairs of signs in scripts without spaces."""
    return _words(_normal(text))


def _words(normal: str) -> list[str]:
    """The plain words of a normal form."""
    if normal.isascii() or not _UNSPACED.search(normal):
        return _WORD.findall(normal)
    return [normal[start:end] for start, end in _places(normal)]


def is_unspaced(word: str) -> bool:
    """Whether a plain word is of a script that puts no spaces between words."""
    return _UNSPACED.match(word) is not None


def tokens(text: str, language: str | None = None) -> str:
    """The index form of `text` (BCP 47 `language`): tokens parted by spaces."""
    return " ".join(stems(plain_words(text), language))


class Spans:
    """The same tokens as those of `tokens`, each with its place in the text."""

    def __init__(self, text: str, language: str | None = None) -> None:
        self.text = text
        self._normal = _normal(text)
        self.tokens = stems(_words(self._normal), language)

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def places(self) -> Sequence[tuple[int, int]]:
        """Where each begins and ends in the text."""
        places, starts = _places(self._normal), self._starts
        if isinstance(starts, range):  # sign by sign the same
            return places
        return [(starts[start], max(starts[end], starts[end - 1] + 1)) for start, end in places]

    def start(self, number: int) -> int:
        """Where a token begins."""
        return self.places[number][0]

    def end(self, number: int) -> int:
        """Where it ends."""
        return self.places[number][1]

    @cached_property
    def _starts(self) -> Sequence[int]:
        """For each sign of the normal form, and for its end, where what it was made of begins in the text."""
        text, normal = self.text, self._normal
        if text.isascii():
            return range(len(text) + 1)
        for parts in (list(text), _JOINED.findall(text), re.findall(r"\S+|\s+", text), [text]):
            forms = [_normal_sign(part) for part in parts]
            if "".join(forms) == normal:
                break
        if len(forms) == len(normal) == len(text):
            return range(len(text) + 1)
        starts: list[int] = []
        at = 0
        for part, form in zip(parts, forms, strict=True):
            starts += [at] * len(form)
            at += len(part)
        return [*starts, at]


def _places(normal: str) -> list[tuple[int, int]]:
    """Where the plain words of a normal form begin and end."""
    places = [match.span() for match in _WORD.finditer(normal)]
    if not normal.isascii() and _UNSPACED.search(normal):
        places = [part for start, end in places for part in _parts(normal, start, end)]
    return places


def _parts(normal: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Words, and pairs of signs, in a run of both."""
    for run in _UNSPACED.finditer(normal, start, end):
        if run.start() > start:
            yield start, run.start()
        yield from ((i, min(i + 2, run.end())) for i in range(run.start(), run.end()))
        start = run.end()
    if start < end:
        yield start, end


class Form(NamedTuple):
    """One way in which a word or phrase of a query may stand in the index."""

    tokens: tuple[str, ...]
    is_beginning: bool = False
    """The last token may go on."""

    def match(self) -> str:
        """As FTS5 writes it."""
        return f'"{" ".join(self.tokens)}"' + "*" * self.is_beginning


def query_forms(words: str, language: str | None = None, *, is_beginning: bool = False) -> list[Form]:
    """Every form in which `words` may stand in the index: of texts in one language, or in any.

    With `is_beginning` the last word may go on. No words, no forms.
    """
    languages = [language] if language is not None else [None, *_LANGUAGES]
    forms = {form for one in languages if (form := _form(tokens(words, one)))}
    beginning = _form(tokens(words), is_beginning=True)
    if not is_beginning or beginning is None:
        return sorted(forms)
    # Of a word whose stem is shorter, only the stem is there.
    return sorted({form for form in forms if not _begins(beginning, form)} | {beginning})


def _begins(beginning: Form, form: Form) -> bool:
    return " ".join(form.tokens).startswith(" ".join(beginning.tokens))


def _form(text: str, *, is_beginning: bool = False) -> Form | None:
    parts = text.split()
    if not parts:
        return None
    if _UNSPACED.fullmatch(parts[-1]) and len(parts[-1]) == 1:
        # In the text more signs may follow, so that the last one does not stand alone.
        return Form(tuple(parts), True) if len(parts) == 1 else Form(tuple(parts[:-1]))
    return Form(tuple(parts), is_beginning)
