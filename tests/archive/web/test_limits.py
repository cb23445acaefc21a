"""Too much at once, too much in a minute, too long."""

from __future__ import annotations

import asyncio
import threading

import httpx
import pytest

from archive.access.rate import networks
from archive.storage import Store
from archive.web import limits
from archive.web.limits import LONGEST_TARGET
from tests.archive.web.rooms import Visitor


def test_costly_pages_count_for_more_and_our_own_files_for_nothing(store: Store) -> None:
    visitor = Visitor(store, rate=20)
    assert [visitor.get("/search").status_code for _ in range(5)] == [200, 200, 200, 200, 429]
    answer = visitor.get("/search")
    assert int(answer.headers["retry-after"]) in range(10, 17)
    assert "Too many requests" in answer.text
    assert visitor.get("/api/search").json()["status"] == 429
    assert visitor.get("/static/room.css").status_code == 200


def test_each_client_behind_a_proxy_has_a_share_of_its_own(store: Store) -> None:
    visitor = Visitor(store, rate=5, proxies=networks(["127.0.0.1"]))

    def asked(client: str) -> int:
        return visitor.get("/search", headers={"X-Forwarded-For": client}).status_code

    assert [asked("192.0.2.1"), asked("192.0.2.1"), asked("192.0.2.2")] == [200, 429, 200]
    assert asked("6.6.6.6, 192.0.2.1") == 429  # what the client wrote itself


def test_nobody_but_a_proxy_is_believed(store: Store) -> None:
    visitor = Visitor(store, rate=5)
    codes = [visitor.get("/search", headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(2)]
    assert codes == [200, 429]


@pytest.mark.parametrize("path", ["/search", "/api/search", "/nowhere"])
def test_an_address_is_not_too_long(visitor: Visitor, path: str) -> None:
    assert visitor.get(f"{path}?q=" + "a" * LONGEST_TARGET).status_code == 414
    assert visitor.get(f"{path}?x=" + "a" * (LONGEST_TARGET - 100)).status_code in (200, 404)


def test_so_many_costly_pages_at_once_others_wait_and_too_many_are_sent_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    at_once: list[int] = []
    running = 0
    visitor = Visitor(store)
    original = visitor.app.state.room.census

    def slow(*arguments: object) -> object:
        nonlocal running
        running += 1
        at_once.append(running)
        go.wait(30)
        running -= 1
        return original(*arguments)

    monkeypatch.setattr(visitor.app.state.room, "census", slow)
    monkeypatch.setattr(limits, "_WAITING", 3)

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(visitor.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            asked = [asyncio.create_task(client.get("/search")) for _ in range(15)]
            _, waiting = await asyncio.wait(asked, timeout=1)
            assert len(waiting) == limits._AT_ONCE + 3
            assert (await client.get("/log-in")).status_code == 404  # the rest goes on
            go.set()
            return sorted(answer.status_code for answer in await asyncio.gather(*asked))

    assert asyncio.run(ask()) == [200] * 9 + [503] * 6
    assert max(at_once) == limits._AT_ONCE
