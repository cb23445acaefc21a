"""`scrapy serve` while a crawl writes the archive, and how it begins and ends."""

from __future__ import annotations

import http.server
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.storage import Store
from tests.archive.making import running
from tests.browser.served import REAL, browsing, scrapy, serving, start
from tests.browser.visitor import Visitor
from tests.server.crawl import LOOPBACK

pytestmark = REAL

HOST = "late-extra.example"
STORIES = {
    "/2026/heron": ("Heron Nests on the Town Hall Clock", "The hands have stood at ten past four since Tuesday, when"),
    "/2026/ferry": (
        "Ferry Finds Its Lost Anchor",
        "Divers who were looking for a bicycle came upon it in the mud, and",
    ),
}
_SENTENCE = "the {n} neighbours who had gathered on the quay agreed that nobody could remember anything of the kind."
_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{headline}</title>
<meta property="og:type" content="article"></head><body><main><article><h1>{headline}</h1>
{paragraphs}</article></main></body></html>"""
_SOURCE = f"""
title = "The Late Extra"
home = "http://{HOST}"
language = "en"
timezone = "Europe/London"
sections = ["/"]
article_urls = ['/\\d{{4}}/\\w+']
"""


class _Late(http.server.BaseHTTPRequestHandler):
    """A paper whose second article is not answered until somebody says so."""

    go = threading.Event()

    def do_GET(self) -> None:
        if self.path in STORIES:
            headline, first = STORIES[self.path]
            if self.path.endswith("ferry"):
                self.go.wait(120)
            paragraphs = "\n".join(f"<p>{first} {_SENTENCE.format(n=number)}</p>" for number in range(11, 17))
            self._send(_PAGE.format(headline=headline, paragraphs=paragraphs))
        elif self.path == "/":
            self._send("".join(f"<h2><a href={path}>{name}</a></h2>" for path, (name, _) in STORIES.items()))
        else:
            self.send_error(404)

    def _send(self, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def late(tmp_path: Path) -> Iterator[dict[str, object]]:
    """A newspaper on loopback; gives the settings of a crawl of it."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "late_extra.toml").write_text(_SOURCE)
    _Late.go.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Late) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield {
            "SOURCES": tmp_path / "sources",
            "CONNECT_TO": f"{HOST}:80:127.0.0.1:{server.server_port}",
            **LOOPBACK,
            "EXTRACT_WORKERS": 1,
        }
        _Late.go.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An archive with nothing in it."""
    made = Store(tmp_path / "store")
    with running(made):
        pass
    return made


def test_what_a_crawl_captures_is_found_and_replayed_while_it_runs(store: Store, late: dict[str, object]) -> None:
    with serving(store.root) as served, browsing() as browser:
        visitor = Visitor(browser, served)
        page = visitor.window()
        page.goto("/search?q=heron")
        assert "Nothing was found" in page.get_by_role("status").inner_text()
        with start("crawl", "late_extra", store=store.root, **late) as crawl:
            for path, (headline, first) in STORIES.items():
                until = time.monotonic() + 180
                while not page.get_by_role("link", name=headline).count():
                    assert time.monotonic() < until, crawl.communicate()[1] if crawl.poll() is not None else ""
                    page.wait_for_timeout(300)
                    page.goto(f"/search?q=headline:{headline.split()[0]}")
                assert path.endswith("ferry") or crawl.poll() is None  # it is still waiting for the ferry
                page.get_by_role("link", name=headline).click()
                frame = page.frame_locator("iframe")
                assert frame.get_by_role("heading", level=1).inner_text() == headline
                assert frame.get_by_text(first).count() == 6
                page.get_by_role("button", name="Check now").click()
                page.get_by_text("Every step that could be checked holds.").wait_for()
                _Late.go.set()
            _, said = crawl.communicate(timeout=60)
            assert crawl.returncode == 0, said
        # The files are closed now and have other names.
        page.goto("/source/late_extra")
        page.get_by_role("link", name="Heron Nests").click()
        assert page.frame_locator("iframe").get_by_role("heading", level=1).inner_text().startswith("Heron")
        visitor.leave()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both_processes(store: Store, number: signal.Signals) -> None:
    with serving(store.root) as served:
        (pywb,) = served.children
        os.kill(served.process.pid, number)
        assert served.process.wait(15) == 0
        assert not Path(f"/proc/{pywb}").exists()
        for origin in (served.room, served.replay):
            with pytest.raises(urllib.error.URLError):
                urllib.request.urlopen(origin, timeout=5)


def test_replay_ends_even_if_we_are_killed(store: Store) -> None:
    with pytest.raises(AssertionError), serving(store.root) as served:  # it ends with another code than 0
        (pywb,) = served.children
        served.process.kill()
        served.process.wait(15)
        until = time.monotonic() + 10
        while Path(f"/proc/{pywb}").exists() and time.monotonic() < until:
            time.sleep(0.05)
        gone = not Path(f"/proc/{pywb}").exists()
    assert gone


@pytest.mark.parametrize("option", ["--port", "--replay-port"])
def test_a_port_that_is_taken_is_said_plainly(store: Store, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = "--replay-port" if option == "--port" else "--port"
        ended = scrapy("serve", option, str(port), other, "0", store=store.root)
    assert ended.returncode == 1
    reason = f"Port {port} of 127.0.0.1 is taken by another program"
    assert ended.stderr.strip() == f"newswarc: {reason}; stop it, or give another port with {option}."
