"""Dates as news pages write them, turned into ISO 8601 without adding or losing precision."""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Iterator
from zoneinfo import ZoneInfo

__all__ = ["EARLIEST_YEAR", "parse_date"]

EARLIEST_YEAR = 1990
"""Visible dates before this year are taken for something else (a person's birthday, a house number)."""

_LONGEST = 160
_FUTURE = dt.timedelta(days=1)
_BUDDHIST_OFFSET = 543
_MOST_OTHER_WORDS = 4

# Month names that mean the same month in every language listed (so not "listopad"), folded by `_fold`.
# Languages that are missing here go to dateparser, which is slow to load.
_MONTH_NAMES = (
    "january jan januar jänner januari janvier janv enero ene janeiro gennaio gen ocak oca января январь янв "
    "січня січень січ stycznia styczeń sty ianuarie ledna január tammikuuta ιανουαρίου ינואר يناير",
    "february feb februar feber februari februarie février févr fév febrero fevereiro fev febbraio şubat şub "
    "февраля февраль фев февр лютого лютий лют lutego luty lut února február helmikuuta φεβρουαρίου פברואר "
    "فبراير",
    "march mar märz mrz mars marzo março maart mrt mart марта март мар березня березень бер marca marzec "
    "martie března március maaliskuuta μαρτίου מרץ مارس",
    "april apr avril avr abril abr aprile nisan nis апреля апрель апр квітня квітень кві kwietnia kwiecień "
    "kwi aprilie dubna április huhtikuuta απριλίου אפריל أبريل ابريل",
    "may mai maj mei mayo maio maggio mag mayıs мая май травня травень тра mája května május toukokuuta μαΐου מאי مايو",
    "june jun juni juin junio junho giugno giu haziran haz июня июнь июн червня червень чер czerwca czerwiec "
    "cze iunie června júna június kesäkuuta ιουνίου יוני يونيو",
    "july jul juli juillet juil julio julho luglio lug temmuz tem июля июль июл липня липень лип lipca "
    "lipiec iulie července júla július heinäkuuta ιουλίου יולי يوليو",
    "august aug août agosto ago augustus augusti ağustos ağu августа август авг серпня серпень сер sierpnia "
    "sierpień sie srpna augusta augusztus elokuuta αυγούστου אוגוסט أغسطس اغسطس",
    "september sep sept septembre septiembre setiembre setembro settembre set eylül eyl сентября сентябрь "
    "сен сент вересня вересень вер września wrzesień wrz septembrie září septembra szeptember syyskuuta "
    "σεπτεμβρίου ספטמבר سبتمبر",
    "october oct oktober okt octobre octubre outubro out ottobre ott ekim eki октября октябрь окт жовтня "
    "жовтень жов października październik paź octombrie října októbra október lokakuuta οκτωβρίου אוקטובר "
    "أكتوبر اكتوبر",
    "november nov novembre noviembre novembro kasım kas ноября ноябрь ноя нояб листопада листопад noiembrie "
    "novembra marraskuuta νοεμβρίου נובמבר نوفمبر",
    "december dec dezember dez décembre déc diciembre dic dezembro dicembre aralık ara desember des декабря "
    "декабрь дек грудня грудень гру grudnia grudzień gru decembrie prosince decembra joulukuuta "
    "δεκεμβρίου דצמבר ديسمبر",
)

# Abbreviations of zones, in minutes east of Greenwich. The site's own zone is asked first (CST, IST).
_ZONES = {
    **{"Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 60, "WEST": 60, "CET": 60, "MEZ": 60},
    **{"WAT": 60, "CEST": 120, "MESZ": 120, "EET": 120, "CAT": 120, "SAST": 120, "EEST": 180, "MSK": 180},
    **{"TRT": 180, "EAT": 180, "GST": 240, "IST": 330, "PKT": 300, "WIB": 420, "ICT": 420, "HKT": 480},
    **{"SGT": 480, "MYT": 480, "AWST": 480, "JST": 540, "KST": 540, "AEST": 600, "AEDT": 660, "NZST": 720},
    **{"NZDT": 780, "BRT": -180, "ART": -180, "AST": -240, "ADT": -180, "EDT": -240, "EST": -300},
    **{"CDT": -300, "CST": -360, "MDT": -360, "MST": -420, "PDT": -420, "PST": -480},
}
# What a reader in the country calls the zone all year round.
_COMMON_ZONES = {"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver"}
_COMMON_ZONES["PT"] = "America/Los_Angeles"

_ISO = re.compile(
    r"(\d{4})([-/.]?)(\d{2})\2(\d{2})"
    r"(?:[Tt ,]\s*(\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s*+(Z|z|UTC|GMT)?\s*+([+-]\d{2}(?::?\d{2})?)?(?:\s*+(?:UTC|GMT|Z|\[[\w/]+\]))?"
)
_EPOCH = re.compile(r"(\d{10})(?:\d{3}|\.\d+)?")
_OFFSET = r"[+\-−]\d{1,2}(?::?\d{2})?(?![\d:])"
_AM = r"(?:a\.?\s?m\b\.?|ص(?:باحا)?(?!\w)|午前|오전|上午)"
_PM = r"(?:p\.?\s?m\b\.?|م(?:ساء)?(?!\w)|午後|오후|下午)"
_TIME = re.compile(
    rf"(?P<before>{_AM}|{_PM})?\s*(?<![\d.:])(?P<hour>[01]?\d|2[0-3])"
    r"(?:\s?[:h時时시点]\s?(?P<minute>[0-5]\d)(?:\s?[:分분]\s?(?P<second>[0-5]\d)(?:\.\d+)?)?\s*[분分秒초]?(?![\d:])"
    rf"|(?=\s?[ap]\.?\s?m\b))(?:\s*+(?P<after>{_AM}|{_PM}))?"
    rf"(?:\s*+\(?\s*+(?P<zone>[A-Z]{{1,5}}\b)?\s*+(?P<offset>{_OFFSET})?)?",
    re.IGNORECASE,
)
_DOTTED_TIME = re.compile(r"(?<![\d.])([01]?\d|2[0-3])[.]([0-5]\d)(?![\d.])")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})(?!\d)\s?[日일.]?")
_YEAR_LAST = re.compile(r"(?<![\d.])(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4})(?!\d)")
_WORD = r"([^\W\d_]{3,14})"
_DAY_MONTH_YEAR = re.compile(
    rf"(?<![\d.])(\d{{1,2}})(?!\d)(?:st|nd|rd|th|er|º|°|\.)?[\s/-]*(?:(?:de|of|ta') )?{_WORD}\b[.,]?"
    r"[\s/-]*(?:(?:de|del|of) )?(?:на )?(\d{4})(?!\d)"
)
_MONTH_DAY_YEAR = re.compile(rf"\b{_WORD}\b[.]?[\s/-]*(\d{{1,2}})(?:st|nd|rd|th|,)*[\s/,-]+(\d{{4}})(?!\d)")
_YEAR_MONTH_DAY = re.compile(rf"(?<!\d)(\d{{4}})[.,]?\s*{_WORD}\b[.]?\s*(\d{{1,2}})(?!\d)")
_NUMBERED_MONTH = re.compile(r"(?<!\d)(\d{1,2})\s+thang\s+(\d{1,2})\s*(?:,|nam)?\s*(\d{4})(?!\d)")
_OTHER_WORD = re.compile(r"[^\W\d_]+")
_DIGITS_OF_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")

Day = tuple[int, int, int]
Clock = tuple[int, int, int]


def parse_date(
    text: str,
    *,
    timezone: str,
    language: str | None,
    first_year: int = EARLIEST_YEAR,
    now: dt.datetime | None = None,
) -> str | None:
    """Read one date, with or without a time of day, from `text`; None if there is none or it is unclear.

    The answer is ISO 8601 as precise as the text: ``2013-02-19`` or ``2014-03-11T00:18:00+02:00``. The zone
    is the text's own, else the IANA `timezone` with the daylight saving time of that day. `language` (BCP
    47) helps with month names and with the order of day and month in ``03/04/2014``, which stays unread
    when nothing tells. Relative dates and dates without a day, month or year are never completed.
    Dates before `first_year` or more than a day after `now` (aware; the present if None) are refused.

    Raises zoneinfo.ZoneInfoNotFoundError if `timezone` is needed and no such zone exists.
    """
    text = _plain(text[: 3 * _LONGEST])
    if not text or len(text) > _LONGEST:
        return None
    reading = _Reading(timezone, language)
    value = _from_iso(text, reading) or _from_epoch(text) or _from_words(text, reading)
    return _checked(value, first_year, now)


class _Reading:
    """What helps to read a date beside its text."""

    def __init__(self, timezone: str, language: str | None) -> None:
        self.timezone = timezone
        self.language = (language or "").lower()

    @property
    def month_first(self) -> bool | None:
        """Whether 03/04/2014 is in March; None if nothing tells."""
        if self.language in {"en-us", "en-ph"}:
            return True
        if self.language and self.language != "en":
            return False
        if self.timezone.startswith(("America/", "US/")):
            return True
        return None if self.timezone in {"UTC", "Etc/UTC"} else False

    def moment(self, day: Day, clock: Clock, micros: int = 0, zone: dt.tzinfo | None = None) -> dt.datetime:
        return dt.datetime(*day, *clock, micros, tzinfo=zone or ZoneInfo(self.timezone))


def _from_iso(text: str, reading: _Reading) -> dt.datetime | dt.date | None:
    if not (found := _ISO.fullmatch(text)):
        return None
    year, _, month, day, hour, minute, second, fraction, zone, offset = found.groups()
    try:
        on = dt.date(int(year), int(month), int(day))
        if hour is None:
            return on
        micros = int((fraction or "").ljust(6, "0")[:6] or 0)
        tz = _offset(offset) if offset else dt.UTC if zone else None
        return reading.moment((on.year, on.month, on.day), (int(hour), int(minute), int(second or 0)), micros, tz)
    except ValueError:
        return None


def _from_epoch(text: str) -> dt.datetime | None:
    """Seconds or milliseconds since 1970; ten digits of seconds begin in 2001."""
    if not (found := _EPOCH.fullmatch(text)) or text.startswith("0"):
        return None
    return dt.datetime.fromtimestamp(int(found[1]), dt.UTC)


def _from_words(text: str, reading: _Reading) -> dt.datetime | dt.date | None:
    if not _DIGITS_OF_YEAR.search(text) and not any(sign in text for sign in "年년"):
        return None
    clock, zone, rest = _take_time(text)
    day, rest = _take_day(rest, reading)
    if day is None:
        return None
    if clock is None and (found := _DOTTED_TIME.search(rest)):
        clock = (int(found[1]), int(found[2]), 0)
        zone = _zone_among(rest[found.end() :])
        rest = _cut(rest, found)
    others = _OTHER_WORD.findall(rest)
    if any(c.isdigit() for c in rest) or len(others) > _MOST_OTHER_WORDS:
        return None
    try:
        if clock is None:
            return dt.date(*day)
        return _zoned(reading.moment(day, clock), zone)
    except ValueError:
        return None


def _take_time(text: str) -> tuple[Clock | None, str, str]:
    """The time of day, its zone as written, and the text without both."""
    for found in _TIME.finditer(text):
        hour = int(found["hour"])
        half = (found["before"] or found["after"] or "").lower()
        if half and hour > 12:
            half = ""
        if half:
            hour = hour % 12 + (12 if re.match(_PM, half) else 0)
        zone, end = (found["zone"] or ""), found.end()
        if not (zone.isupper() and (zone in _ZONES or zone in _COMMON_ZONES)):
            zone, end = "", (found.end() if not zone else found.start("zone"))
        if end == found.end():
            zone += found["offset"] or ""
        return (
            (hour, int(found["minute"] or 0), int(found["second"] or 0)),
            zone,
            text[: found.start()] + " " + text[end:],
        )
    return None, "", text


def _zone_among(text: str) -> str:
    """The abbreviation of a zone that `text`, which has lost its capitals, begins with."""
    word = text.split(maxsplit=1)[0].strip("().,").upper() if text.strip() else ""
    return word if len(word) > 2 and word in _ZONES else ""


def _zoned(moment: dt.datetime, zone: str) -> dt.datetime:
    """`moment`, whose zone is the site's, in the zone that the text names, if it names one."""
    if not zone or zone == moment.tzname():
        return moment
    if (found := re.search(_OFFSET, zone)) is not None:
        return moment.replace(tzinfo=_offset(found[0]))
    if zone in _COMMON_ZONES:
        return moment.replace(tzinfo=ZoneInfo(_COMMON_ZONES[zone]))
    return moment.replace(tzinfo=dt.timezone(dt.timedelta(minutes=_ZONES[zone])))


def _take_day(text: str, reading: _Reading) -> tuple[Day | None, str]:
    """The day and the text without it."""
    if found := _YEAR_FIRST.search(text):
        return (_year(found[1], reading), int(found[2]), int(found[3])), _cut(text, found)
    if found := _YEAR_LAST.search(text):
        first, second, year = int(found[1]), int(found[3]), _year(found[4], reading)
        month_first = False if first > 12 or found[2] == "." else True if second > 12 else reading.month_first
        if month_first is None and first != second:
            return None, text
        return ((year, first, second) if month_first else (year, second, first)), _cut(text, found)
    folded = _fold(text)
    if named := next(_named_days(folded), None):
        year_text, month, day, (start, end) = named
        return (_year(year_text, reading), month, int(day)), f"{folded[:start]} {folded[end:]}"
    return _by_dateparser(text, reading), ""


def _named_days(folded: str) -> Iterator[tuple[str, int, str, tuple[int, int]]]:
    """Year, month, day and place of each date with a month name of our table."""
    months = _months()
    for found in _DAY_MONTH_YEAR.finditer(folded):
        if month := months.get(found[2]):
            yield found[3], month, found[1], found.span()
    for found in _MONTH_DAY_YEAR.finditer(folded):
        if month := months.get(found[1]):
            yield found[3], month, found[2], found.span()
    for found in _YEAR_MONTH_DAY.finditer(folded):
        if month := months.get(found[2]):
            yield found[1], month, found[3], found.span()
    for found in _NUMBERED_MONTH.finditer(folded):
        yield found[3], int(found[2]), found[1], found.span()


def _by_dateparser(text: str, reading: _Reading) -> Day | None:
    """The day, read by dateparser in the page's language; English is wholly covered by our own table."""
    language = reading.language.split("-")[0]
    words = text.rpartition(":")[2].strip(" ,.|-–—")
    if not language or language == "en" or len(words) > 60 or not re.search(r"(?<!\d)\d{1,2}(?!\d)", words):
        return None
    import dateparser

    settings = {
        "STRICT_PARSING": True,
        "REQUIRE_PARTS": ["day", "month", "year"],
        "PARSERS": ["absolute-time"],
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    try:
        found = dateparser.parse(words, languages=[language], settings=settings)
    except ValueError:  # a language that dateparser doesn't know
        return None
    return (_year(str(found.year), reading), found.month, found.day) if found else None


def _checked(value: dt.datetime | dt.date | None, first_year: int, now: dt.datetime | None) -> str | None:
    if value is None or value.year < first_year:
        return None
    latest = (now or dt.datetime.now(dt.UTC)) + _FUTURE
    if not isinstance(value, dt.datetime):
        return value.isoformat() if value <= latest.date() else None
    try:
        if value > latest:
            return None
    except OverflowError:
        return None
    return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")


def _offset(text: str) -> dt.timezone:
    """A zone of ``+02``, ``+0200``, ``+2:00``; ValueError if it is a day or more."""
    digits = re.sub(r"\D", "", text)
    hours, minutes = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    east = dt.timedelta(hours=int(hours), minutes=int(minutes))
    return dt.timezone(east if text[0] == "+" else -east)


def _year(text: str, reading: _Reading) -> int:
    year = int(text)
    return year - _BUDDHIST_OFFSET if reading.language.startswith("th") and year > 2400 else year


def _cut(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def _plain(text: str) -> str:
    """NFKC, ASCII digits, no invisible marks, single spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(_ascii_digit(c) for c in text if unicodedata.category(c) != "Cf")
    return " ".join(text.split())


def _ascii_digit(char: str) -> str:
    return str(unicodedata.decimal(char)) if char.isdecimal() else char


def _fold(text: str) -> str:
    """Lower case without accents, so that spelling variants of a month meet."""
    text = text.casefold()
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text.replace("ı", "i"))
    return "".join(c for c in text if not unicodedata.combining(c))


@functools.cache
def _months() -> dict[str, int]:
    return {_fold(name): number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
