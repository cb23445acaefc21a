"""The reading room answers for its own name only."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from archive.serving.hosts import HostCheck

ORIGIN = "http://127.0.0.1:8090"


def ask(path: str, host: str = "127.0.0.1:8090", method: str = "GET") -> httpx.Response:
    """Ask a checked application that says hello to everybody."""

    def hello(_: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    app = HostCheck(
        Starlette(routes=[Route("/{path:path}", hello, methods=["GET", "POST"])]), ORIGIN, ("localhost:8090",)
    )

    async def asking() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
            return await client.request(method, path, headers={"Host": host})

    return asyncio.run(asking())


def test_its_own_name_is_answered() -> None:
    assert ask("/search").text == "hello"


def test_another_name_of_this_machine_leads_there() -> None:
    got = ask("/a b/ä?q=1%20&r=/", "localhost:8090")
    assert (got.status_code, got.headers["Location"]) == (307, f"{ORIGIN}/a%20b/%C3%A4?q=1%20&r=/")


@pytest.mark.parametrize("host", ["evil.test", "evil.test:8090", "127.0.0.1", "127.0.0.1:8091", ""])
def test_other_names_are_refused(host: str) -> None:
    got = ask("/", host)
    assert got.status_code == 421
    assert "hello" not in got.text


def test_what_changes_something_is_not_led_elsewhere() -> None:
    assert ask("/", "localhost:8090", "POST").status_code == 421
