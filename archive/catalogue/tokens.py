"""Words for the full-text index, so that a search finds what a reader of that language expects.

NFKC and case folding, Russian yo as ye, Arabic vowel signs dropped, Snowball stems, and bigrams for
scripts that put no spaces between words (Chinese, Japanese, Korean, Thai).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import Stemmer

__all__ = ["Form", "query_forms", "tokens"]

_LANGUAGES = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian",
    "nb": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
# \w leaves out the vowel signs of Indic and other scripts, which are half of their letters.
_WORD = re.compile("[\\w\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff]+")
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_CYRILLIC, _ARABIC = re.compile("[\u0400-\u04ff]"), re.compile("[\u0600-\u06ff]")
_OTHER_SCRIPTS = re.compile("[\u0400-\u04ff\u0600-\u06ff]")
_DROPPED_MARKS = re.compile("[\u0300-\u0305\u0307-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
"""Accents, points and vowel signs that readers leave out; not the breve of й."""


@lru_cache(maxsize=32)
def _stemmer(algorithm: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(algorithm)


def _normal(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    if not text.isascii():
        text = unicodedata.normalize("NFC", _DROPPED_MARKS.sub("", unicodedata.normalize("NFD", text)))
    return text


def _stem(words: list[str], language: str | None) -> list[str]:
    algorithm = _LANGUAGES.get((language or "").split("-")[0].lower(), "")
    algorithm = "" if algorithm in ("russian", "arabic") else algorithm
    if not _OTHER_SCRIPTS.search(" ".join(words)):  # then one call does for all
        return _stemmer(algorithm).stemWords(words) if algorithm else words
    out = []
    for word in words:
        script = "russian" if _CYRILLIC.match(word) else "arabic" if _ARABIC.match(word) else algorithm
        out.append(_stemmer(script).stemWord(word) if script else word)
    return out


def tokens(text: str, language: str | None = None) -> str:
    """The index form of `text` (BCP 47 `language`): tokens parted by spaces."""
    words: list[str] = _WORD.findall(_normal(text))
    if not _UNSPACED.search(" ".join(words)):
        return " ".join(_stem(words, language))
    out: list[str] = []
    plain: list[str] = []
    for word in words:
        if not _UNSPACED.search(word):
            plain.append(word)
            continue
        at = 0
        for run in _UNSPACED.finditer(word):
            if run.start() > at:
                plain.append(word[at : run.start()])
            out += _stem(plain, language)
            plain = []
            chars = run[0]
            out += [chars[i : i + 2] for i in range(len(chars))]  # the last sign alone, too
            at = run.end()
        if at < len(word):
            plain.append(word[at:])
    return " ".join(out + _stem(plain, language))


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
