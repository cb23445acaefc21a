"""Replay as a Memento archive (RFC 7089), asked by a Memento client."""

from __future__ import annotations

import datetime as dt
import re
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from archive.storage import Store
from tests.archive.making import exchange, later, page, running, wire
from tests.archive.serving.pywb import needs_pywb
from tests.archive.serving.replaying import Replayed, replaying

pytestmark = [needs_pywb, pytest.mark.filterwarnings("ignore::Warning:memento_client")]


class Live(BaseHTTPRequestHandler):
    """The newspaper as it is today: a client asks it whether it has mementos itself."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def newspaper() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Live) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://news.localhost:{server.server_port}/storm"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def site(newspaper: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    store = Store(tmp_path_factory.mktemp("memento") / "store")
    with running(store) as run:
        for hours, boats in ((0, "twelve"), (6, "twelve"), (23, "nine")):
            run.keep(exchange(newspaper, wire(page(f"Storm keeps {boats} boats out")), at=later(hours)))
    with replaying(store) as replayed:
        yield replayed


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    ask = socket.getaddrinfo

    def local(host: Any, *rest: Any, **named: Any) -> Any:
        return ask("127.0.0.1" if str(host).endswith("localhost") else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", local)


@pytest.mark.parametrize(
    ("day", "hour", "found"),
    [(20, 10, "20261120090000"), (20, 13, "20261120150000"), (21, 23, "20261121080000"), (1, 0, "20261120090000")],
)
def test_a_client_is_led_to_the_version_of_a_time(
    site: Replayed, newspaper: str, day: int, hour: int, found: str
) -> None:
    from memento_client import MementoClient

    client = MementoClient(timegate_uri=f"{site.origin}/web/", check_native_timegate=False)
    info = client.get_memento_info(newspaper, dt.datetime(2026, 11, day, hour))
    assert info["original_uri"] == newspaper
    closest = info["mementos"]["closest"]
    assert closest["uri"] == [f"{site.origin}/web/{found}mp_/{newspaper}"]
    assert closest["datetime"] == dt.datetime.strptime(found, "%Y%m%d%H%M%S")
    assert closest["http_status_code"] == 200


def test_the_timegate_answers_302(site: Replayed, newspaper: str) -> None:
    got = site.get(f"/web/{newspaper}", method="HEAD", Accept_Datetime="Fri, 20 Nov 2026 13:00:00 GMT")
    assert got.status == 302
    assert got["Location"] == f"{site.origin}/web/20261120150000mp_/{newspaper}"
    assert "accept-datetime" in got["Vary"].lower()
    assert got["Memento-Datetime"] is None
    links = dict(re.findall(r'<([^>]+)>; rel="(\w+)"', got["Link"]))
    assert links[newspaper] == "original"
    assert links[f"{site.origin}/web/timemap/link/{newspaper}"] == "timemap"


def test_without_a_time_the_timegate_leads_to_the_latest(site: Replayed, newspaper: str) -> None:
    assert site.get(f"/web/{newspaper}")["Location"] == f"{site.origin}/web/20261121080000mp_/{newspaper}"


def test_a_memento_says_of_when_it_is_and_where_the_others_are(site: Replayed, newspaper: str) -> None:
    got = site.get(f"/web/20261120150000mp_/{newspaper}")
    assert got["Memento-Datetime"] == "Fri, 20 Nov 2026 15:00:00 GMT"
    links = {rel: target for target, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', got["Link"])}
    assert links["original"] == newspaper
    assert links["timegate"] == f"{site.origin}/web/{newspaper}"
    assert links["timemap"] == f"{site.origin}/web/timemap/link/{newspaper}"


def test_the_timemap_lists_every_version(site: Replayed, newspaper: str) -> None:
    got = site.get(f"/web/timemap/link/{newspaper}")
    assert (got.status, got["Content-Type"]) == (200, "application/link-format")
    mementos = re.findall(r'<([^>]+)>; rel="memento"; datetime="([^"]+)"', got.text)
    stamps = ("20261120090000", "20261120150000", "20261121080000")
    assert [target for target, _ in mementos] == [f"{site.origin}/web/{at}mp_/{newspaper}" for at in stamps]
    assert mementos[0][1] == "Fri, 20 Nov 2026 09:00:00 GMT"
    assert f'<{newspaper}>; rel="original"' in got.text
    assert f'<{site.origin}/web/{newspaper}>; rel="timegate"' in got.text
    assert f'<{site.origin}/web/timemap/link/{newspaper}>; rel="self"' in got.text
    assert site.replay.token not in got.text
    for target, _ in mementos:
        assert site.get(target.removeprefix(site.origin)).status == 200


def test_an_address_without_captures_has_no_timemap(site: Replayed, newspaper: str) -> None:
    assert site.get(f"/web/timemap/link/{newspaper}/never").status == 404
    assert site.get(f"/web/{newspaper}/never", Accept_Datetime="Fri, 20 Nov 2026 13:00:00 GMT").status == 404
