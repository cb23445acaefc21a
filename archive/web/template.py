"""`Templates`: HTML pages, made so that no archived text can be anything but text."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from archive.access.reader import reader
from archive.version import VERSION
from archive.web import glossary
from archive.web.guard import policy
from archive.web.parameters import LONGEST_WORDS

if TYPE_CHECKING:
    from archive.web.room import Room

__all__ = ["STATIC", "Templates", "harmless", "link", "moment", "stamp", "web_address"]

STATIC = Path(__file__).parent / "static"

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e]")
"""Control characters, and those that force a direction upon what follows."""


def harmless(value: object) -> object:
    """Text without characters that are not seen but do something; others stay as they are."""
    if isinstance(value, str) and _UNSEEN.search(value):
        cleaned = _UNSEEN.sub("\ufffd", value)
        return Markup(cleaned) if isinstance(value, Markup) else cleaned  # noqa: S704 - it was markup before
    return "" if value is None else value


def link(path: str, /, **parameters: str | int | None) -> str:
    """The address of one of our pages; parameters that are None or empty are left out."""
    given = {name: value for name, value in parameters.items() if value not in (None, "")}
    return f"{path}?{urlencode(given, quote_via=quote)}" if given else path


def web_address(url: str | None) -> str | None:
    """The URL if it is one that a link may lead to."""
    return url if url and url.lower().startswith(("http://", "https://")) else None


def moment(date: str | None) -> str:
    """An ISO 8601 date for readers, exactly as precise as it is: ``20 November 2026, 09:00 UTC``."""
    if not date:
        return ""
    try:
        if len(date) == 10:
            return _day(dt.date.fromisoformat(date))
        when = dt.datetime.fromisoformat(date)
    except ValueError:
        return date
    offset = when.utcoffset()
    zone = "" if offset is None else " UTC" if not offset else f" {when:%z}"[:4] + ":" + f"{when:%z}"[3:5]
    seconds = f":{when:%S}" if when.second else ""
    return f"{_day(when.date())}, {when:%H:%M}{seconds}{zone}"


def _exact(date: str) -> str:
    """A time to the millisecond."""
    try:
        when = dt.datetime.fromisoformat(date)
    except ValueError:
        return date
    return f"{_day(when.date())}, {when:%H:%M:%S}.{when.microsecond // 1000:03} UTC"


def stamp(date: str) -> str:
    """A WARC-Date as replay tools write it: ``20261120090000``."""
    return "".join(c for c in date if c.isdigit())[:14]


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"


def _number(value: int) -> str:
    """With thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u202f")


def _short(digest: str | None) -> str:
    """The beginning of a digest or record id, enough to tell it from others."""
    value = digest or ""
    return f"{value[:23]}…" if len(value) > 24 else value


class Templates:
    """The templates of the reading room."""

    def __init__(self, room: Room) -> None:
        self._environment = Environment(
            loader=PackageLoader("archive.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=harmless,
        )
        filters: dict[str, Callable[..., Any]] = {
            "moment": moment,
            "day": lambda date: moment(date and date[:10]),
            "number": _number,
            "web_address": web_address,
            "source_title": room.title,
            "language_name": glossary.language,
            "evidence": glossary.evidence,
            "mark": glossary.mark,
            "rule": glossary.rule,
            "step_name": glossary.step_name,
            "why_learned": glossary.why_learned,
            "short": _short,
            "stamp": stamp,
            "exact": _exact,
        }
        self._environment.filters |= filters
        self._environment.globals |= {
            "link": link,
            "replay_on": room.replay_origin is not None,
            "static": _static_addresses(),
            "software": VERSION,
            "longest_words": LONGEST_WORDS,
            "here": "",
            "reader": lambda: found.name if (found := reader.get()) else None,
        }

    def page(
        self, template: str, /, status: int = 200, *, frame_origin: str | None = None, **values: Any
    ) -> HTMLResponse:
        """A page made of a template; only one that has a frame names the origin of what is framed."""
        headers = {"Content-Security-Policy": policy(frame_origin)} if frame_origin else None
        return HTMLResponse(self._environment.get_template(template).render(values), status, headers)


def _static_addresses() -> dict[str, str]:
    """Addresses of our own files that change when they do, so that browsers may keep them."""
    return {
        path.name: f"/static/{path.name}?{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        for path in STATIC.iterdir()
        if path.is_file()
    }
