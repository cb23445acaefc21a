"""A page as it was, in a frame, with a word on what it is."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.web.parameters import Parameters
from archive.web.refusals import Unfit, Unknown
from archive.web.room import room_of
from archive.web.template import stamp

__all__ = ["replay_page"]

_MOMENT = re.compile(r"[0-9]{4,14}")


def replay_page(request: Request) -> Response:
    """The capture of an address that is nearest to a time; the last one if no time is given."""
    room = room_of(request)
    asked = Parameters(request.query_params)
    url, at = asked.url(), asked.text("at", 14)
    if at and not _MOMENT.fullmatch(at):
        raise Unfit("at", "at must be a time in UTC written as 20261120090000, or its beginning.")
    with room.catalogue() as catalogue:
        captures = [row for row in catalogue.captures(url) if row["method"] == "GET"]
        if not captures:
            raise Unknown(f"The archive has no capture of {url}.")
        room.check_page(catalogue, url)
        number = _nearest(captures, at)
        versions = _versions(catalogue, captures[number])
    capture = captures[number]
    frame = room.frame(capture)
    return room.templates.page(
        "replay.html",
        frame_origin=room.replay_origin if frame else None,
        capture=capture,
        captures=captures,
        number=number,
        frame=frame,
        scripts=asked.choice("scripts", ("on", "off")) != "off",
        why_still=room.why_still(request),
        version=versions[-1]["id"] if versions else None,
    )


def _nearest(captures: list[Row], at: str) -> int:
    if not at:
        return len(captures) - 1
    wanted = int(at.ljust(14, "0"))
    return min(range(len(captures)), key=lambda n: abs(int(stamp(captures[n]["date"])) - wanted))


def _versions(catalogue: Catalogue, capture: Row) -> list[Row]:
    """The versions that were read from a capture's page."""
    read_from = capture["refers_to"] or capture["id"]
    return [v for v in catalogue.versions(capture["url"]) if v["capture"] == read_from]
