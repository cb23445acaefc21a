"""Replay where there are users: nothing without a ticket of the reading room or a token."""

from __future__ import annotations

import base64
import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.access.tickets import LASTS, Tickets
from archive.storage import Store
from tests.archive.serving.pywb import needs_pywb
from tests.archive.serving.replaying import ROOM, SITE, Replayed, make_store, replaying

pytestmark = needs_pywb

TOKEN = "t1" * 21
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PAGE = f"20261120090000mp_/{SITE}/storm"
FRAMED = {"Sec_Fetch_Dest": "iframe", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Site": "cross-site"}


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("users") / "users"
    path.write_text(f"feeds:$sha256${hashlib.sha256(TOKEN.encode()).hexdigest()}\n")
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("replay") / "store")


@pytest.fixture(scope="module")
def site(store: Store, users: Path) -> Iterator[Replayed]:
    with replaying(store, users=users) as replayed:
        yield replayed


@pytest.mark.parametrize(
    "path",
    [f"/web/{PAGE}", f"/web/{SITE}/storm", f"/web/timemap/link/{SITE}/storm", f"/web/2026id_/{SITE}/storm",
     f"/web/2026im_/{SITE}/picture.svg", "/web/x"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_programs_need_a_token(site: Replayed, path: str, method: str) -> None:
    got = site.get(path, method=method)
    assert got.status == 401
    assert got["WWW-Authenticate"] == 'Bearer realm="newswarc", Basic realm="newswarc"'
    assert "twelve" not in got.text
    assert site.get(path, method=method, Authorization="Bearer wrong").status == 401
    assert site.get(path, method=method, **BEARER).status != 401


def test_with_one_they_get_all_that_memento_has(site: Replayed) -> None:
    gate = site.get(f"/web/{SITE}/storm", **BEARER)
    assert gate.status == 302
    for headers in (BEARER, {"Authorization": "Basic " + base64.b64encode(f"me:{TOKEN}".encode()).decode()}):
        got = site.get(f"/web/{PAGE}", **headers)
        assert got.status == 200
        assert "twelve" in got.text
        assert got["Cache-Control"] == "private, no-store"
        assert TOKEN not in got.text
    assert site.get(f"/web/timemap/link/{SITE}/storm", **BEARER).text.count('rel="memento"') == 4


def test_a_browser_that_comes_by_itself_is_led_to_the_reading_room(site: Replayed) -> None:
    got = site.get(f"/web/{PAGE}", Sec_Fetch_Dest="document", Sec_Fetch_Mode="navigate", Sec_Fetch_Site="none")
    assert got.status == 303
    assert got["Location"].startswith(f"{ROOM}/replay?url=")
    assert site.get("/")["Location"] == f"{ROOM}/"


def test_a_frame_needs_a_ticket_that_is_good(site: Replayed) -> None:
    ticket = site.replay.path()
    got = site.get(f"{ticket}/{PAGE}", **FRAMED)
    assert got.status == 200
    assert "twelve" in got.text
    assert f"{site.origin}{ticket}/" in got["Content-Security-Policy"]
    assert f"{ticket}/20261120090000mp_/{SITE}/sea" in got.text  # what it leads to comes with the same ticket
    flipped = ticket[:-1] + ("A" if ticket[-1] != "A" else "B")
    late = Tickets(bytes.fromhex(site.replay._terms["key"])).make(time.time() - LASTS - 5)
    early = Tickets(bytes.fromhex(site.replay._terms["key"])).make(time.time() + 60)
    foreign = Tickets(b"x" * 32).make()
    for bad in (flipped, f"/{late}", f"/{early}", f"/{foreign}", f"/{site.replay.token}", "/", "//", "/%00"):
        got = site.get(f"{bad}/{PAGE}", **FRAMED)
        assert got.status in (303, 404), bad
        assert "twelve" not in got.text


def test_a_token_is_no_ticket_and_a_ticket_no_token(site: Replayed) -> None:
    ticket = site.replay.path()[1:]
    assert site.get(f"/{TOKEN}/{PAGE}", **FRAMED).status == 404
    assert site.get(f"/web/{PAGE}", Authorization=f"Bearer {ticket}").status == 401


def test_other_web_pages_get_nothing_even_with_a_reader_s_token(site: Replayed) -> None:
    got = site.get(f"/web/{PAGE}", Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="image", **BEARER)
    assert got.status == 403


def test_who_is_taken_from_the_file_is_out_at_once(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "users"
    line = f"feeds:$sha256${hashlib.sha256(TOKEN.encode()).hexdigest()}\n"
    path.write_text(line)
    with replaying(store, users=path) as site:
        assert site.get(f"/web/{PAGE}", **BEARER).status == 200
        path.write_text(f"other:$sha256${'0' * 64}\n")
        assert site.get(f"/web/{PAGE}", **BEARER).status == 401
        path.unlink()
        got = site.get(f"/web/{PAGE}", **BEARER)
        assert got.status == 503
        assert str(tmp_path) not in got.text


def test_an_address_asks_so_much_and_others_go_on(store: Store) -> None:
    with replaying(store, rate=1, proxies=["127.0.0.1"]) as site:
        codes = [site.get("/-/static/jail.js", X_Forwarded_For="192.0.2.1").status for _ in range(60)]
        assert codes[:20] == [200] * 20
        assert 429 in codes
        assert site.get("/-/static/jail.js", X_Forwarded_For="192.0.2.2").status == 200
        again = site.get("/", X_Forwarded_For="192.0.2.1")
        assert again.status == 303 or int(again["Retry-After"]) in range(1, 4)


def test_a_head_that_never_ends_is_not_waited_for(site: Replayed) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        for _ in range(100):
            time.sleep(0.4)
            try:
                slow.sendall(b"X: y\r\n")
            except OSError:
                break
        else:
            pytest.fail("it still listens")
