"""Dates of feeds and sitemaps as ISO 8601, with the zone that they give and no other."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_tz

__all__ = ["date_as_given", "date_in_words"]

_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_LONGEST = 100
_ISO = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ]+(\d\d):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?\s*(Z|z|[+-]\d\d(?::?\d\d)?)?)?)?)?"
)
_ZONE = re.compile(r"[+-]\d\d:?\d\d\b|\b(?:Z|UTC?|GMT|[A-Z]{2,3}T)\b|\dZ$")


def date_as_given(text: str | None) -> str | None:
    """A date of ISO 8601 (W3C) or RFC 822 as ISO 8601, as precise as it is given; None for what is none."""
    text = (text or "").strip()
    if not text or len(text) > _LONGEST:
        return None
    try:
        return _from_iso(match) if (match := _ISO.fullmatch(text)) else _from_rfc(text)
    except (ValueError, OverflowError):
        return None


def date_in_words(text: str | None, language: str | None) -> str | None:
    """The same for dates of any form and language, such as those that feeds should not have; slower."""
    from archive.extraction.dates import parse_date

    found = parse_date(text or "", timezone="UTC", language=language, now=dt.datetime(_LAST_YEAR, 1, 1, tzinfo=dt.UTC))
    return found.removesuffix("+00:00") if found and not _ZONE.search(text or "") else found


def _from_iso(match: re.Match[str]) -> str | None:
    year, month, day, hour, minute, second, zone = match.groups()
    when = dt.datetime(
        int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), min(int(second or 0), 59)
    )
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        return None
    if hour is None:
        return "-".join(filter(None, (year, month, day)))
    if zone and zone not in "Zz":
        sign, digits = zone[0], zone[1:].replace(":", "").ljust(4, "0")
        east = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        when = when.replace(tzinfo=dt.timezone(east if sign == "+" else -east))
    elif zone:
        when = when.replace(tzinfo=dt.UTC)
    return when.isoformat()


def _from_rfc(text: str) -> str | None:
    parts = parsedate_tz(text)
    if parts is None:
        return None
    when = dt.datetime(*parts[:5], min(parts[5], 59))
    if not _FIRST_YEAR <= when.year <= _LAST_YEAR:
        return None
    if parts[9] is not None and _ZONE.search(text):  # no zone is not UTC
        when = when.replace(tzinfo=dt.timezone(dt.timedelta(seconds=parts[9])))
    return when.isoformat()
