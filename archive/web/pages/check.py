"""One text's whole chain, down to the bytes of its page, checked while the reader waits."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from archive.verification.check import CaptureCheck, check_capture
from archive.web.forms import read_form
from archive.web.pages.compare import known_version
from archive.web.parameters import Parameters
from archive.web.refusals import Busy
from archive.web.room import Room, room_of

__all__ = ["check_page", "checked_now"]

_PATIENCE = 30.0
"""Seconds that a check waits for those before it."""


async def check_page(request: Request) -> Response:
    """Check the version that a form names, and show what was found."""
    return await run_in_threadpool(_page, request, await read_form(request))


def _page(request: Request, asked: Parameters) -> Response:
    room = room_of(request)
    checked = checked_now(room, asked.needed_id("version"))
    with room.catalogue() as catalogue:
        row = known_version(catalogue, checked.version)
    template = "check_result.html" if asked.choice("part", ("1",)) else "check.html"
    return room.templates.page(template, checked=checked, row=row)


def checked_now(room: Room, version: str) -> CaptureCheck:
    """Check a version. Raises `Unknown`, and `Busy` when too many others are being checked."""
    with room.catalogue() as catalogue:
        known_version(catalogue, version)
        if not room.checks.acquire(timeout=_PATIENCE):
            raise Busy("Other texts are being checked; please try again in a minute.")
        try:
            return check_capture(room.store, catalogue, version)
        finally:
            room.checks.release()
