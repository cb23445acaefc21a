"""The reading room in a real browser: narrow and wide, with and without scripts, by keyboard, light and dark."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from archive.storage import Store
from archive.web.app import create_app
from tests.archive.web.rooms import FERRY, HOSTILE, STORM, all_pages, versions

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"
]  # fmt: skip

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists() and not os.environ.get("CI"), reason="needs Chromium: apt install chromium"
)


@pytest.fixture(scope="module")
def address(store: Store) -> Iterator[str]:
    """A reading room without replay, on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(create_app(store), log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """A page whose every complaint and request is noted."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self._address = address
        self.context = browser.new_context(**options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self._away(request.url))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "status of 40" not in text:
            self.complaints.append(text)

    def _away(self, url: str) -> None:
        if not url.startswith((self._address + "/", "data:")):
            self.complaints.append(f"asked {url}")

    def open(self, path: str) -> Any:
        self.page.goto(self._address + path)
        return self.page

    def close(self) -> None:
        self.context.close()
        assert self.complaints == []


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Any]:
    """Opens watched pages; in the end none may have complained."""
    pages: list[Watched] = []

    def new(**options: Any) -> Watched:
        pages.append(Watched(browser, address, **options))
        return pages[-1]

    yield new
    for page in pages:
        page.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_no_page_is_wider_than_a_phone(store: Store, opened: Any, scripts: bool) -> None:
    watched = opened(viewport={"width": 320, "height": 700}, java_script_enabled=scripts)
    for path in all_pages(store, (STORM, HOSTILE)):
        page = watched.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_the_theme_is_the_systems_until_it_is_chosen_and_then_stays(opened: Any) -> None:
    watched = opened(color_scheme="dark")
    page = watched.open("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.get_by_role("button", name="Light colours").click()
    light = page.evaluate(ground)
    assert light != dark
    watched.open("/sources")
    assert page.evaluate(ground) == light
    page.get_by_role("button", name="Dark colours").press("Enter")
    assert page.evaluate(ground) == dark
    assert page.evaluate("localStorage.length") == 0


def test_what_was_removed_is_shown_in_place_by_keyboard(opened: Any) -> None:
    for scripts in (True, False):
        page = opened(java_script_enabled=scripts).open(f"/article?url={FERRY.replace('?', '%3F')}")
        block = page.locator("aside.removed", has_text="small gift")
        above = page.locator(".removed.all").last
        assert not above.is_visible()
        page.get_by_label("Show what was removed").press("Space")
        assert above.is_visible()
        above.locator("summary").press("Enter")
        assert block.is_visible()
        kind = page.locator(".kinds input").first
        kind.press("Space")
        assert not block.is_visible()
        kind.press("Space")
        assert block.is_visible()


def test_text_and_original_are_tabs_on_a_phone_and_panes_on_a_desk(opened: Any) -> None:
    path = f"/article?url={FERRY.replace('?', '%3F')}"
    narrow = opened(viewport={"width": 360, "height": 700}).open(path)
    assert narrow.locator(".story").is_visible()
    assert not narrow.locator(".original").is_visible()
    narrow.get_by_label("Original", exact=True).check()
    assert not narrow.locator(".story").is_visible()
    assert narrow.locator(".original").is_visible()
    wide = opened(viewport={"width": 1280, "height": 700}).open(path)
    text, original = (wide.locator(name).bounding_box() for name in (".story", ".original"))
    assert text["x"] + text["width"] <= original["x"]
    assert abs(text["y"] - original["y"]) < 2


def test_a_check_shows_its_result_in_place(opened: Any) -> None:
    page = opened().open(f"/article?url={FERRY.replace('?', '%3F')}")
    page.get_by_role("button", name="Check now").click()
    page.locator("#check-result .verdict").wait_for()
    assert page.locator("#check-result .verdict").inner_text() == "Every step that could be checked holds."
    assert "/article" in page.url


def test_a_check_works_without_scripts(opened: Any) -> None:
    page = opened(java_script_enabled=False).open(f"/article?url={FERRY.replace('?', '%3F')}")
    page.get_by_role("button", name="Check now").click()
    assert page.locator("h1").inner_text() == "Checked just now"
    assert page.locator(".verdict").inner_text() == "Every step that could be checked holds."


def test_two_versions_are_chosen_and_compared(opened: Any, store: Store) -> None:
    page = opened().open(f"/history?url={STORM}")
    page.get_by_role("button", name="Compare the two chosen versions").click()
    old, new = (row["id"] for row in versions(store, STORM))
    assert page.url.endswith(f"/compare?a={old}&b={new}".replace(":", "%3A"))
    assert page.locator(".headline del").inner_text() == "twelve"
    assert page.locator(".headline ins").inner_text() == "fourteen"


def test_the_first_tab_stop_skips_to_the_content(opened: Any) -> None:
    page = opened().open("/sources")
    page.keyboard.press("Tab")
    skip = page.locator("a.skip")
    assert skip.evaluate("element => element === document.activeElement")
    assert skip.bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_focus_is_always_seen(opened: Any) -> None:
    page = opened().open(f"/article?url={FERRY.replace('?', '%3F')}")
    stops = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
              const at = document.activeElement;
              if (at === document.body) return null;
              const shown = [at, at.closest("label")].filter(Boolean);
              return shown.some((e) => parseFloat(getComputedStyle(e).outlineWidth) >= 2);
            }"""
        )
        if seen is None:
            break
        assert seen, page.evaluate("document.activeElement.outerHTML")
        stops += 1
    assert stops > 20
