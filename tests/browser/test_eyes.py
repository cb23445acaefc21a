"""The eyes and the witness see what is wrong: else the journey would prove nothing."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.eyes import focus_fault, looks, nameless
from tests.browser.served import CHROMIUM, NEEDS_CHROMIUM, browsing
from tests.browser.witness import Witness

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = NEEDS_CHROMIUM

GOOD = """<!DOCTYPE html><html lang="en"><head><title>Good</title>
<style>body {color: #222} button {min-height: 24px} :focus-visible {outline: 3px solid #174f73}</style>
</head><body><header>Head</header><main><h1>One</h1><h2 id="two">Two</h2><label>Name <input style="height:24px"></label>
<button>Go</button><div style="background: #222"><p style="color: #fff">White on black</p></div>
<p class="unseen" style="color: #fff">read aloud only</p></main><footer>Foot</footer></body></html>"""

BAD = {
    '<p style="color: #999">grey</p>': "Text of <p> “grey” has a contrast of 2.85",
    '<div style="background: #222"><p>dark</p></div>': "has a contrast of 1.",
    '<p style="color: rgb(0 0 0 / 40%)">pale</p>': "has a contrast of",
    '<input aria-label="x" placeholder="hint" style="height: 30px; --x: 1"><style>::placeholder {color: #bbb}</style>':
        "Placeholder of",
    '<p style="width: 3000px">long</p>': "px wide in a window of 600",
    '<button style="font-size: 8px; min-height: 0; padding: 0">x</button>': "too small for a finger",
    "<h1>Two</h1>": "2 × h1, not 1",
    "<h4>Four</h4>": "follows a heading of level 2",
    '<img src="data:,">': "has no alt",
    "<iframe></iframe>": "has no title",
    '<input style="height: 30px">': "has no label",
    '<p id="two">again</p>': "The id two is not alone",
    '<p aria-labelledby="three">x</p>': "leads nowhere",
    '<a href="/x"><svg></svg></a>': "a link has no name",
    '<button style="width: 30px"></button>': "a button has no name",
}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as started:
        yield started


def test_a_good_page_has_no_fault_and_each_bad_thing_is_one(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 600, "height": 400})

    def faults(text: str) -> list[str]:
        page.set_content(text)
        return looks(page, "faint", "wide", "small", "structure") + nameless(page)

    assert not faults(GOOD)
    for piece, wanted in BAD.items():
        found = faults(GOOD.replace("</main>", f"{piece}</main>"))
        assert [fault for fault in found if wanted in fault], (piece, found)
    page.context.close()


def test_a_focus_that_nobody_sees_is_a_fault(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(GOOD)
    page.keyboard.press("Tab")
    assert not focus_fault(page)
    page.set_content(GOOD.replace("outline: 3px solid #174f73", "outline: none"))
    page.keyboard.press("Tab")
    assert "doesn't show that it has the focus" in focus_fault(page)
    page.set_content(GOOD.replace("outline: 3px solid #174f73", "outline: 3px solid #eee"))
    page.keyboard.press("Tab")
    assert focus_fault(page)
    page.context.close()


def test_the_witness_misses_nothing(browser: Browser) -> None:
    assert CHROMIUM
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Bad) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        origin = f"http://127.0.0.1:{server.server_port}"
        context = browser.new_context()
        witness = Witness(context, origin)
        page = context.new_page()
        page.goto(f"{origin}/")
        page.wait_for_function("window.done")
        context.close()
        server.shutdown()
        thread.join()
    told = "\n".join(witness.faults)
    for wanted in (
        "asked for http://leak.example/pixel.png", "http://leak.example/pixel.png: net::ERR_NAME_NOT_RESOLVED",
        f"{origin}/missing.css: answered 404", "console error at", "my own complaint", "uncaught: thrown",
    ):  # fmt: skip
        assert wanted in told, (wanted, told)


class _Bad(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(
            b"""<!DOCTYPE html><link rel=stylesheet href=missing.css><img src="http://leak.example/pixel.png">
            <script>console.error("my own complaint"); setTimeout(() => { throw new Error("thrown"); }, 0);
            addEventListener("load", () => setTimeout(() => { window.done = true; }, 200));</script>"""
        )

    def log_message(self, format: str, *args: object) -> None:
        pass
