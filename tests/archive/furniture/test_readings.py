"""With which list an article was read at first."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from archive.article import Article, Trace
from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.furniture.furniture import Furniture
from archive.furniture.readings import FirstReadings
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from tests.archive.furniture.test_learner import PROMOTION, Writer, put
from tests.archive.making import exchange, keep_article, keep_page, later, page, running, wire

SITE = "https://paper.test"


def read(run: Run, number: int, lines: list[str]) -> Capture:
    """An article is fetched and read with what is known by then."""
    url = f"{SITE}/{number}"
    html = page(f"Story {number}", sentences=lines)
    return keep_page(run, url, html, at=later(number), reading=Reading(furniture=run.lists.of(url)))


@pytest.fixture
def store(tmp_path: Path) -> tuple[Store, list[Capture], list[Furniture | None]]:
    """A store, the captures in it, and the list that each was read with at first."""
    store, writer = Store(tmp_path / "store"), Writer(3)
    captures, lists = [], []
    for files in range(2):
        with running(store) as run:
            for number in range(5 * files, 5 * files + 5):
                lists.append(run.lists.of(SITE))
                captures.append(read(run, number, put(writer.article(), PROMOTION, 4)))
            for capture, used in zip(captures[-5:], lists[-5:], strict=True):  # later all is cleaned again
                if used != run.lists.of(SITE):
                    keep_article(run, capture, Reading(furniture=run.lists.of(SITE)))
    return store, captures, lists


def test_each_gets_the_list_it_had(store: tuple[Store, list[Capture], list[Furniture | None]]) -> None:
    archive, captures, lists = store
    assert lists[0] is lists[2] is None
    assert lists[-1] is not None
    with Catalogue(archive.catalogue_path, read_only=True) as catalogue:
        assert catalogue.counts()["versions"] > len(captures)
        readings = FirstReadings(archive, catalogue)
        assert [readings.furniture(capture) for capture in captures] == lists


def test_a_page_that_was_never_read_gets_the_list_of_today(
    store: tuple[Store, list[Capture], list[Furniture | None]],
) -> None:
    archive, captures, lists = store
    with running(archive) as run:
        unread = run.keep(exchange(f"{SITE}/unread", wire(b"<p>unread")))
        other = run.keep(exchange("https://other.test/", wire(b"<p>unread")))
    with Catalogue(archive.catalogue_path, read_only=True) as catalogue:
        readings = FirstReadings(archive, catalogue)
        assert readings.furniture(unread) == lists[-1]
        assert readings.furniture(other) is None
        moved = msgspec.structs.replace(captures[0], id="urn:uuid:unknown")
        assert readings.furniture(moved) == lists[-1]
    assert Article(url="x", trace=Trace()).trace.furniture is None
