"""Forms that are sent to us."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from starlette.requests import Request

from archive.web.parameters import Parameters
from archive.web.refusals import TooLarge, TooSlow

__all__ = ["read_body", "read_form"]

_LARGEST = 16 << 10
_PATIENCE = 20.0
"""Seconds."""


async def read_body(request: Request) -> bytes:
    """The body of a request, if it is of a sensible size. Raises `TooLarge` and `TooSlow`."""
    body = b""
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _LARGEST:
                    raise TooLarge(f"More than {_LARGEST} bytes were sent.")
    except TimeoutError as error:
        raise TooSlow(f"The request took more than {_PATIENCE:g} s to arrive.") from error
    return body


async def read_form(request: Request) -> Parameters:
    """The fields of a form as browsers send it by default."""
    body = await read_body(request)
    return Parameters(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
