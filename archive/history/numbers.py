"""`Numbers`: which words of a language tell a number, a date, a share or an amount of money."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib.resources import files

__all__ = ["Numbers", "numbers_of"]

_SIGNS = frozenset("%‰٪％°№")
_HAN = frozenset("〇零一二三四五六七八九十百千万萬亿億兆两兩廿卅")
_DIGIT = re.compile(r"\d")
_CODE = re.compile(r"[A-Z]{3}")


class Numbers:
    """The number words of a language, its names of months and days, and what is a number in all languages."""

    def __init__(self, language: str) -> None:
        """`language` is the primary subtag of a BCP 47 tag; of an unknown one only figures are known."""
        listed = _listed().get(language, "").split()
        self._words = frozenset(word for word in listed if not word.endswith("*"))
        self._stems = tuple(word[:-1] for word in listed if word.endswith("*"))
        self._dates = _date_words(language)

    def is_figure(self, token: str) -> bool:
        """Whether a token is a number on its own: figures of any script, a sign of percent or money, a currency's
        code."""
        if _DIGIT.search(token) or token in _SIGNS:
            return True
        return (len(token) == 1 and _is_money(token)) or (bool(_CODE.fullmatch(token)) and token in _currencies())

    def is_word(self, token: str) -> bool:
        """Whether it may be one, if it stands for another number: ``twelve``, ``November``, ``三``, ``one``."""
        small = token.casefold()
        if small in self._words or (token in _HAN) or token in self._dates:
            return True
        return small.startswith(self._stems) if self._stems else False


@lru_cache(maxsize=64)
def numbers_of(language: str | None) -> Numbers:
    """Those of a BCP 47 tag's language."""
    return Numbers(re.split("[-_]", language or "", maxsplit=1)[0].lower())


@lru_cache(maxsize=1)
def _listed() -> dict[str, str]:
    words: dict[str, str] = tomllib.loads(files("archive.history").joinpath("numbers.toml").read_text("utf-8"))
    return words


def _is_money(sign: str) -> bool:
    return unicodedata.category(sign) == "Sc"


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies())


def _date_words(language: str) -> frozenset[str]:
    """Names of months and days (CLDR), written as in running text and at the beginning of a sentence."""
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return frozenset()
    found = set()
    for table in (locale.months, locale.days):
        for context in table.values():
            for width in ("wide", "abbreviated"):
                found |= {name.rstrip(".") for name in context.get(width, {}).values()}
    words = {name for name in found if len(name) > 1 and not name.isdecimal()}
    return frozenset(words | {name[0].upper() + name[1:] for name in words})
