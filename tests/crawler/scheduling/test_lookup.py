"""How runs ended, as the catalogue of a real archive tells it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from archive import clock
from archive.run import Run
from archive.storage import Store
from crawler.scheduling.lookup import last_run, outcome_of
from crawler.scheduling.plan import Outcome

NOON = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


def crawl(store: Store, source: str, began: dt.datetime, reason: str | None = "finished", **stats: Any) -> None:
    """A run as a crawl leaves it; without a reason: killed."""
    with clock.showing(lambda: began):
        run = Run(store, source)
        if reason:
            run.finish(reason, {f"newswarc/{key.replace('__', '/')}": value for key, value in stats.items()})
        else:
            run.flush()
            run._stack.close()


def test_an_archive_without_runs(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert last_run(store, "gazette") is None
    assert outcome_of(store, "gazette", NOON) == Outcome("interrupted", summary="it left nothing")
    store.create()
    store.catalogue_path.write_bytes(b"no catalogue at all")
    assert last_run(store, "gazette") is None


def test_the_run_that_was_begun_is_found_among_others(tmp_path: Path) -> None:
    store = Store(tmp_path)
    crawl(store, "gazette", NOON - dt.timedelta(seconds=1), "archive_unwritable")
    crawl(store, "herald", NOON, "archive_unwritable")
    crawl(store, "gazette", NOON, captures__response=12, captures__revisit=1, articles=1)
    crawl(store, "gazette", NOON + dt.timedelta(hours=1), "archive_unwritable")
    found = outcome_of(store, "gazette", NOON + dt.timedelta(milliseconds=400))
    assert found == Outcome("done", summary="12 responses, 1 unchanged, 1 article")
    assert last_run(store, "gazette") == NOON + dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("reason", "stats", "outcome"),
    [
        (None, {}, Outcome("interrupted", summary="it was killed")),
        ("finished", {}, Outcome("done", summary="0 responses")),
        ("shutdown", {"captures__response": 3}, Outcome("stopped", summary="3 responses")),
        ("archive_unwritable", {"articles": 2}, Outcome("failed", summary="2 articles (archive_unwritable)")),
        # The site is down: nothing was answered.
        ("finished", {"failures__connect": 1, "pages__unreachable": 1}, Outcome("failed", summary="1 not fetched")),
        # One page is.
        (
            "finished",
            {"failures__connect": 1, "pages__unreachable": 1, "captures__response": 1},
            Outcome("done", summary="1 response, 1 not fetched"),
        ),
    ],
)
def test_how_runs_end(reason: str | None, stats: dict[str, int], outcome: Outcome, tmp_path: Path) -> None:
    store = Store(tmp_path)
    crawl(store, "gazette", NOON, reason, **stats)
    assert outcome_of(store, "gazette", NOON) == outcome
