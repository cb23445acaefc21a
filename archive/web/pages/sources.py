"""The sources, and each one's coverage, latest articles and learned furniture."""

from __future__ import annotations

import datetime as dt

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from archive import clock
from archive.catalogue import Catalogue
from archive.catalogue.quiet import quiet
from archive.catalogue.rows import Row
from archive.furniture.furniture import Entry
from archive.web.chart import Chart, Period
from archive.web.finding import Finding, Wish
from archive.web.parameters import Parameters
from archive.web.refusals import Unfit, Unknown
from archive.web.room import Room, room_of

__all__ = ["LONGEST_PERIOD", "learned", "period_of", "source_named", "source_page", "sources_page"]

LONGEST_PERIOD = 20 * 366
"""Days."""
_LATEST_RUNS = 10
_MOST_LEARNED = 50
"""Paragraphs of a site's list that are shown."""
_LEDGER = {
    "announced": "Announced", "seen": "Seen", "captured": "Captured", "extracted": "Article read",
    "revisited": "Unchanged", "changed": "Edits", "failed": "Failed", "robots": "robots.txt", "error": "Errors",
    "paywall": "Paywall", "too_large": "Too large",
}  # fmt: skip
"""Columns of the table."""
_USUAL_PERIOD, _SHORTEST_PERIOD = 60, 14


def sources_page(request: Request) -> Response:
    """All sources."""
    room = room_of(request)
    with room.catalogue() as catalogue:
        sources, _ = room.census(catalogue)
        troubles = room.troubles(catalogue)
    return room.templates.page("sources.html", sources=sources, troubles=troubles)


def source_page(request: Request) -> Response:
    """One source."""
    room = room_of(request)
    with room.catalogue() as catalogue:
        source = source_named(request.path_params["name"], room, catalogue)
        period = period_of(Parameters(request.query_params), source)
        chart = Chart.of(catalogue.coverage(source["source"], str(period.first), period.end), period)
        latest = Finding.of(Wish(source=source["source"], limit=10), catalogue, room.store, not_shown=room.not_shown)
        furniture = learned(source["source"], catalogue)
        runs = catalogue.runs(source["source"], _LATEST_RUNS)
        troubles = quiet(catalogue, source["source"], clock.now().date())
    return room.templates.page(
        "source.html",
        source=source,
        chart=chart,
        ledger=_LEDGER,
        latest=latest,
        furniture=furniture,
        runs=runs,
        most_learned=_MOST_LEARNED,
        troubles=troubles,
    )


def source_named(name: str, room: Room, catalogue: Catalogue) -> Row:
    """The source of that name. Raises `Unknown`."""
    found = next((row for row in room.census(catalogue, name)[0] if row["source"] == name), None)
    if found is None:
        raise Unknown(f"The archive has no source called {name[:100]}.")
    return found


def period_of(asked: Parameters, source: Row) -> Period:
    """The days that are asked for, or the last ones on which something was captured. Raises `Unfit`."""
    since, until = asked.day("since"), asked.day("until", last=True)
    last = dt.date.fromisoformat(until or source["last"] or str(clock.now().date()))
    usual = _back(last, _USUAL_PERIOD)
    if source["first"]:  # a young source gets no empty weeks
        usual = max(usual, min(dt.date.fromisoformat(source["first"]), _back(last, _SHORTEST_PERIOD)))
    period = Period(dt.date.fromisoformat(since) if since else usual, last)
    if period.days < 1:
        raise Unfit("until", f"The period ends ({period.last}) before it begins ({period.first}).")
    if period.days > LONGEST_PERIOD:
        raise Unfit("since", f"The period has {period.days} days; {LONGEST_PERIOD} are the most.")
    return period


def _back(day: dt.date, days: int) -> dt.date:
    """The first of so many days that end with `day`."""
    return dt.date.fromordinal(max(1, day.toordinal() - days + 1))


def learned(source: str, catalogue: Catalogue) -> dict[str, list[Entry]]:
    """What recurs on each site of a source, most frequent first."""
    lists = {site: catalogue.furniture(site) for site in catalogue.sites(source)}
    entries = {
        site: msgspec.json.decode(row["entries"], type=list[Entry]) if row else [] for site, row in lists.items()
    }
    return {site: sorted(found, key=lambda e: (-e.articles, e.key)) for site, found in entries.items()}
