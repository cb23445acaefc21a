"""A run that would fetch nothing is not begun."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec

from archive import clock
from archive.capture import Lead
from archive.run import Run
from archive.storage import Store
from crawler.scheduling.worth import Worth
from crawler.source import Source
from tests.archive.making import exchange, wire

SOURCE = Source(
    name="gazette",
    title="Gazette",
    home="http://gazette.example",
    feeds=("/feed",),
    article_urls=("/a/.+",),
)
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def crawled(folder: Path) -> Store:
    """A store in which the source's one feed was asked for at noon."""
    store = Store(folder)
    with clock.showing(lambda: NOON):
        run = Run(store, SOURCE.name)
        feed = wire(b"<rss/>", headers=["Content-Type: application/rss+xml"])
        asked = exchange("http://gazette.example/feed", feed, at=NOON)
        run.keep(msgspec.structs.replace(asked, lead=Lead(kind="source")))
        run.finish("finished", {})
    return store


def test_a_run_is_worth_it_when_something_is_due(tmp_path: Path) -> None:
    worth = Worth(crawled(tmp_path), {SOURCE.name: SOURCE}.get)
    with clock.showing(lambda: NOON + dt.timedelta(minutes=5)):
        assert not worth("gazette")
    with clock.showing(lambda: NOON + SOURCE.cadence.listing_latest):
        assert worth("gazette")


def test_where_nothing_is_known_the_run_will_tell(tmp_path: Path) -> None:
    worth = Worth(Store(tmp_path / "none"), {SOURCE.name: SOURCE}.get)
    assert worth("gazette")
    store = crawled(tmp_path / "store")
    assert Worth(store, lambda name: None)("gazette")
    store.catalogue_path.write_bytes(b"no catalogue" * 1000)
    with clock.showing(lambda: NOON + dt.timedelta(minutes=5)):
        assert Worth(store, {SOURCE.name: SOURCE}.get)("gazette")
