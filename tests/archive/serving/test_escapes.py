"""Hostile pages in a real browser: nothing they do reaches the reading room, its storage or the network."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Error

from archive.storage import Store
from tests.archive.making import exchange, running
from tests.archive.serving.command import serving
from tests.archive.serving.leaks import Leaks
from tests.archive.serving.pywb import needs_pywb
from tests.archive.serving.replaying import reply

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

CHROMIUM = shutil.which("chromium")
pytestmark = [
    needs_pywb,
    pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="no chromium here; CI has it"),
]

EVIL = Path(__file__).parent / "evil"
SITE = "https://evil.test"
KINDS = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".svg": "image/svg+xml", ".xml": "text/xml"}
WAYS = re.findall(r"^  (\w+): \(\) =>", (EVIL / "navigate.html").read_text(), re.MULTILINE)


class Site:
    """A running `scrapy serve` over the evil pages, and a browser."""

    def __init__(self, room: str, replay: str, leaks: Leaks, browser: Browser) -> None:
        self.room, self.replay, self.leaks, self.browser = room, replay, leaks, browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("evil")
    store = Store(root / "store")
    with running(store, "evil"):  # so that there is something to serve
        pass
    with Leaks() as leaks, serving(store) as served, browsing(leaks) as browser:
        room, replay = served.room, served.replay
        with running(store, "evil") as run:
            for path, body in evil_pages(room, replay, leaks.port):
                run.keep(exchange(f"{SITE}/{path}", reply(body, KINDS[Path(path.partition("?")[0]).suffix])))
        yield Site(room, replay, leaks, browser)


def evil_pages(room: str, replay: str, port: int) -> Iterator[tuple[str, bytes]]:
    """Paths and bodies, with the addresses that they attack filled in."""
    for path in sorted(EVIL.iterdir()):
        text = path.read_text()
        for word, value in (("%LEAK%", "leak.test"), ("%UDP%", str(port)), ("%ROOM%", room), ("%REPLAY%", replay)):
            text = text.replace(word, value)
        if path.name == "navigate.html":
            for way in WAYS:
                yield f"{path.name}?way={way}", text.replace("%WAY%", way).encode()
        else:
            yield path.name, text.encode()


@contextmanager
def browsing(leaks: Leaks) -> Iterator[Browser]:
    """Chromium, for which the world is the leak server."""
    from playwright.sync_api import sync_playwright

    rules = f"MAP *.test 127.0.0.1:{leaks.port}, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
    quiet = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM or "chromium",
            args=["--no-sandbox", *quiet, "--ignore-certificate-errors", f"--host-resolver-rules={rules}"],
        )
        yield browser
        browser.close()


class Visit:
    """One evil page in the reading room, and everything that happened."""

    def __init__(self, site: Site, path: str) -> None:
        self.site, self.path = site, path
        self.events: list[str] = []
        self.requests: list[str] = []
        self.reports: list[str] = []
        site.leaks.seen.clear()
        context = site.browser.new_context()
        self.page = context.new_page()
        self.page.on("dialog", lambda dialog: (self.events.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("popup", lambda popup: self.events.append(f"popup {popup.url}"))
        self.page.on("download", lambda download: self.events.append(f"download {download.url}"))
        self.page.on("crash", lambda: self.events.append("crash"))
        self.page.on("console", self._hear)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.address = f"{site.room}/replay?url={quote(f'{SITE}/{path}', safe='')}&at=20261120090000"
        self.page.goto(self.address)
        self.before = self._room()

    def results(self, seconds: float = 45) -> dict[str, str]:
        """What the page reported, once it says that it is done."""
        until = time.monotonic() + seconds
        while not self.reports and time.monotonic() < until:
            self.page.wait_for_timeout(50)
        assert self.reports, (self.requests, self.events)
        return json.loads(self.reports[0])

    def settle(self, milliseconds: int = 1000) -> None:
        """Give what was begun time to get through."""
        with suppress(Error):  # a frame that crashes ends the waiting
            self.page.wait_for_timeout(milliseconds)

    def check(self) -> None:
        """Nothing happened outside of the frame."""
        assert self.site.leaks.seen == []
        assert self.events == []
        assert self.page.url == self.address
        assert self._room() == self.before
        assert self.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
        assert self.page.evaluate("indexedDB.databases().then(d => d.length)") == 0
        assert self.page.evaluate("caches.keys().then(k => k.length)") == 0
        assert self.page.evaluate("navigator.serviceWorker.getRegistrations().then(r => r.length)") == 0
        assert self.page.context.cookies() == []
        assert len(self.page.context.pages) == 1
        self.close()

    def close(self) -> None:
        """Leave."""
        self.page.context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.text.startswith("EVIL "):
            self.reports.append(message.text.removeprefix("EVIL "))

    def _room(self) -> Any:
        """What the reader sees of the reading room."""
        return self.page.evaluate(
            "[document.title, window.name, document.body.innerText.slice(0, 99), document.querySelectorAll('*').length]"
        )


def test_the_page_itself_can_be_got_at_but_nothing_beyond_it(site: Site) -> None:
    visit = Visit(site, "escape.html")
    results = visit.results()
    escapes = {name: how for name, how in results.items() if name.startswith("escape ")}
    assert "yes" in escapes.values(), "pywb's rewriting holds them all; then these pages attack nothing"
    rest = {name: how for name, how in results.items() if name not in (*escapes, "done")}
    assert len(rest) == 14
    assert not {name: how for name, how in rest.items() if how.startswith("GOT")}
    visit.settle()
    visit.check()


def test_no_way_leads_to_the_network(site: Site) -> None:
    visit = Visit(site, "network.html")
    results = visit.results()
    assert results["fresh end"] == "yes"
    assert len(results) > 80
    visit.settle(5000)
    ours = (site.room, site.replay, "data:", "blob:", "about:")
    went = [url for url in visit.requests if not url.startswith(ours) and "leak.test" not in url]
    assert went == []
    visit.check()


def test_peers_are_not_called(site: Site) -> None:
    visit = Visit(site, "peers.html")
    assert visit.results()["peers"].startswith("blocked")
    visit.settle(4000)
    # A fresh frame has WebRTC; using it against the allow-list costs the frame's process its life, and ours nothing.
    assert visit.site.leaks.seen == []
    assert set(visit.events) <= {"crash"}
    visit.close()


def test_nothing_stays_behind(site: Site) -> None:
    visit = Visit(site, "storage.html")
    visit.page.evaluate(
        "() => { self.heard = []; new BroadcastChannel('room').addEventListener('message', (e) => heard.push(e)); }"
    )
    results = visit.results()
    assert len(results) >= 14
    assert not {name: how for name, how in results.items() if how.startswith("GOT") and name != "fresh locks"}
    assert visit.page.evaluate("heard.length") == 0
    visit.check()


def test_the_reader_is_not_disturbed(site: Site) -> None:
    visit = Visit(site, "powers.html")
    results = visit.results()
    assert len(results) >= 25
    assert not {name: how for name, how in results.items() if how.startswith("GOT")}
    visit.check()


def test_the_reading_room_is_out_of_reach(site: Site) -> None:
    visit = Visit(site, "room.html")
    before = len([url for url in visit.requests if url.startswith(site.room)])
    results = visit.results()
    assert len(results) >= 13
    assert not {name: how for name, how in results.items() if how.startswith("GOT")}
    assert all(site.room not in frame.url for frame in visit.page.frames[1:])
    assert len([url for url in visit.requests if url.startswith(f"{site.room}/check")]) == 0
    assert before >= 1
    visit.check()


@pytest.mark.parametrize("way", WAYS)
def test_nobody_is_led_away(site: Site, way: str) -> None:
    visit = Visit(site, f"navigate.html?way={way}")
    visit.results()
    visit.settle()
    assert not any(frame.url.startswith(f"{site.room}/") for frame in visit.page.frames[1:])
    visit.check()


@pytest.mark.parametrize("path", ["drawing.svg", "page.xml"])
def test_scripts_of_what_is_no_html_do_not_run(site: Site, path: str) -> None:
    visit = Visit(site, path)
    visit.settle(2500)
    assert visit.page.frames[1].evaluate("document.getElementById('out')?.textContent") != "ran"
    visit.check()


def test_without_the_jail_the_same_pages_do_get_out(site: Site, tmp_path: Path) -> None:
    """That the tests above see nothing is no fault of their eyes."""
    for path, body in evil_pages(site.room, site.replay, site.leaks.port):
        (tmp_path / path).write_bytes(body)

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(tmp_path))

        def log_message(self, *_: object) -> None:
            pass

    site.leaks.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        page: Page = site.browser.new_page()
        for name, seconds in (("peers.html", 4), ("network.html", 18)):
            page.goto(f"http://127.0.0.1:{server.server_port}/{name}")
            page.wait_for_timeout(seconds * 1000)
        page.context.close()
        server.shutdown()
        thread.join()
    assert any(call.startswith(b"udp ") for call in site.leaks.seen)
    got_out = set(re.findall(rb"([\w-]+)\.(?:page|fresh)\.leak\.test", b"\n".join(site.leaks.seen)))
    assert {b"fetch", b"beacon", b"websocket", b"image", b"import", b"iframe", b"link-preload"} <= got_out
    assert len(got_out) > 30
