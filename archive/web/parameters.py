"""`Parameters`: what a request asks for, each value checked and each fault a sentence."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from starlette.datastructures import QueryParams

from archive.web.refusals import Unfit

__all__ = ["DAY", "LANGUAGE", "LONGEST_URL", "LONGEST_WORDS", "RECORD_ID", "SOURCE", "Parameters", "day_after"]

LONGEST_URL = 4096
LONGEST_WORDS = 300
"""Characters."""
RECORD_ID = "[!-;=?-~]{1,200}"
"""Any URI without angle brackets; ours are ``urn:uuid:...``."""
DAY = "[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?"
"""A day, month or year."""
SOURCE = "[A-Za-z0-9_.-]{1,100}"
LANGUAGE = "[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"


class Parameters:
    """The query of an address, or the fields of a form. Every method raises `Unfit`."""

    def __init__(self, given: QueryParams | Iterable[tuple[str, str]]) -> None:
        self._given = given if isinstance(given, QueryParams) else QueryParams(list(given))

    def text(self, name: str, longest: int) -> str:
        """A value of at most so many characters, without white space around it; empty if it isn't given."""
        return self._value(name, longest).strip()

    def exactly(self, name: str, longest: int) -> str:
        """A value of at most so many characters, white space and all."""
        return self._value(name, longest)

    def _value(self, name: str, longest: int) -> str:
        values = self._given.getlist(name)
        if len(values) > 1:
            raise Unfit(name, f"{name} is given {len(values)} times; give it once.")
        value = values[0] if values else ""
        if len(value) > longest:
            raise Unfit(name, f"{name} has {len(value)} characters; {longest} are the most.")
        if "\0" in value:
            raise Unfit(name, f"{name} holds a NUL character.")
        return value

    def url(self, name: str = "url") -> str:
        """An address of a page; it must be given."""
        value = self.text(name, LONGEST_URL)
        if not value:
            raise Unfit(name, f"The address of a page is needed: ?{name}=https://...")
        return value

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A whole number between two others."""
        value = self._value(name, 20)
        if not value:
            return default
        if not value.isascii() or not value.isdigit() or not lowest <= int(value) <= highest:
            raise Unfit(name, f"{name} must be a whole number from {lowest} to {highest}.")
        return int(value)

    def day(self, name: str, *, last: bool = False) -> str | None:
        """A day of the calendar as ``2026-11-20``, or None. Of a month (``2026-11``) or year the first, or `last`."""
        value = self._value(name, 20)
        if not value:
            return None
        with suppress(ValueError):
            if re.fullmatch(DAY, value):
                first = dt.date.fromisoformat(value + "-01-01"[len(value) - 4 :])
                return str(_last_day(first, value) if last else first)
        raise Unfit(name, f"{name} must be a day, a month or a year, such as 2026-11-20, 2026-11 or 2026.")

    def record_id(self, name: str) -> str | None:
        """The id of a WARC record, or None."""
        value = self._value(name, 200)
        if value and not re.fullmatch(RECORD_ID, value):
            raise Unfit(name, f"{name} must be a record id such as urn:uuid:3f2a9c1d-....")
        return value or None

    def needed_id(self, name: str) -> str:
        """The id of a WARC record; it must be given."""
        value = self.record_id(name)
        if value is None:
            raise Unfit(name, f"A record id is needed: ?{name}=urn:uuid:...")
        return value

    def source(self, name: str = "source") -> str | None:
        """The name of a source, or None."""
        value = self._value(name, 100)
        if value and not re.fullmatch(SOURCE, value):
            raise Unfit(name, f"{name} must be the name of a source: letters, digits, dots, hyphens and underscores.")
        return value or None

    def language(self, name: str = "language") -> str | None:
        """A language tag such as ``en`` or ``zh-Hant`` (BCP 47), or None."""
        value = self._value(name, 40)
        if value and not re.fullmatch(LANGUAGE, value):
            raise Unfit(name, f"{name} must be a language tag such as en or zh-Hant.")
        return value or None

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """One of several words, or None."""
        value = self._value(name, 40)
        if value and value not in choices:
            raise Unfit(name, f"{name} must be one of: {', '.join(choices)}.")
        return value or None

    def needed(self, name: str, longest: int) -> str:
        """A value that must be given."""
        value = self.text(name, longest)
        if not value:
            raise Unfit(name, f"{name} is needed.")
        return value


def day_after(day: str | None) -> str | None:
    """Where a time ends that takes a day in, as the catalogue wants it; None if it goes on for ever."""
    last = dt.date.fromisoformat(day) if day else dt.date.max
    return None if last == dt.date.max else str(last + dt.timedelta(days=1))


def _last_day(first: dt.date, value: str) -> dt.date:
    """The last day of the year, month or day that was written as `value`."""
    if len(value) == 4:
        return first.replace(month=12, day=31)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1]) if len(value) == 7 else first
