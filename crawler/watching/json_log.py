"""`JsonLog`: a log of one JSON object a line, for machines."""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import TYPE_CHECKING, Any

from archive.records import iso

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

__all__ = ["JsonLog", "fields_of", "json_line", "use_json_logs"]


class JsonLog(logging.Formatter):
    """Keys: ``time`` (UTC), ``level``, ``logger``, ``source`` and ``run`` where they are known, ``message``, and
    ``exception``, a traceback as text, where there is one. ASCII only: nothing in it steers a terminal.
    """

    about: dict[str, str] = {}  # noqa: RUF012 - of the process, whose handlers come and go
    """``source`` and ``run`` of the crawl that this process runs."""

    def format(self, record: logging.LogRecord) -> str:
        """As `logging` asks for it."""
        exception = record.exc_text or (self.formatException(record.exc_info) if record.exc_info else None)
        about = dict(self.about)
        if (name := getattr(getattr(record, "spider", None), "name", None)) and name != about.get("source"):
            about = {"source": str(name)}
        return json_line(
            record.levelname,
            record.name,
            record.getMessage(),
            time=dt.datetime.fromtimestamp(record.created, dt.UTC),
            exception=exception,
            **about,
        )


def json_line(level: str, logger: str, message: str, *, time: dt.datetime, **others: str | None) -> str:
    """A line of the log, without its end; empty `others` are left out."""
    fields = {"time": iso(time, exact=True), "level": level, "logger": logger, "message": message}
    return json.dumps(fields | {name: value for name, value in others.items() if value})


def fields_of(line: str) -> dict[str, Any] | None:
    """The object in a line of such a log; None for any other line."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("message"), str) else None


def use_json_logs(settings: BaseSettings) -> None:
    """Have Scrapy write its log so, from the first line on, if ``LOG_JSON`` is set."""
    if settings.getbool("LOG_JSON"):
        from scrapy.utils import log

        log._get_formatter = lambda handler, settings: JsonLog()
