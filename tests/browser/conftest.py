"""One archive of the demo, served as a user would, and a browser before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.browser.served import Served, browsing, scrapy, serving
from tests.browser.visitor import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Both editions of the five newspapers."""
    store = tmp_path_factory.mktemp("demo") / "store"
    done = scrapy("demo", store=store)
    assert done.returncode == 0, done.stdout + done.stderr
    with serving(store) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with browsing() as started:
        yield started


@pytest.fixture
def visitor(browser: Browser, served: Served) -> Iterator[Visitor]:
    """Opens windows; at the end nothing may have gone wrong in any."""
    visitor = Visitor(browser, served)
    yield visitor
    visitor.leave()


@pytest.fixture
def page(visitor: Visitor) -> Page:
    """A window of usual size."""
    return visitor.window()
