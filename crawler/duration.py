"""Lengths of time in words, as people write them into settings and source definitions."""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["read_duration"]

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_PART = re.compile(r"\s*(\d{1,6})\s*([a-z]+)(?:\s+and\b|,)?", re.ASCII)


def read_duration(text: object) -> dt.timedelta:
    """``90 seconds``, ``45 minutes``, ``1 hour 30 minutes``, ``1 day``; raises ValueError for anything else."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError(text)
    seconds, at, rest = 0, 0, text.strip().lower()
    while at < len(rest):
        part = _PART.match(rest, at)
        unit = part and next((u for u in _UNITS if part[2] in (u, f"{u}s", u[0], u[:3])), None)
        if not part or not unit:
            raise ValueError(text)
        seconds, at = seconds + int(part[1]) * _UNITS[unit], part.end()
    return dt.timedelta(seconds=seconds)
