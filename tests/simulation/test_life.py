"""A newspaper's days, lived through by the real scheduler and spider, which are killed on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.catalogue import Catalogue
from archive.rebuild import rebuild
from archive.storage import Store
from archive.verification.verify import verify
from crawler.cadence import Cadence
from tests.simulation.judgement import Judgement, judge
from tests.simulation.life import Terms, live

TERMS = Terms(days=6, a_day=8, seed=4, crawl_delay=0.02)
KILLED_AT = (60, 151)
"""Requests after which the process is killed."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is left of these days."""
    folder = tmp_path_factory.mktemp("life")
    for kill_at in (*KILLED_AT, None):
        live(folder, TERMS, kill_at, timeout=600)
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> Judgement:
    """How it compares with what was true."""
    paper = TERMS.paper()
    return judge(folder, paper, paper.end)


def test_nothing_announced_is_missing(found: Judgement) -> None:
    assert found.states > 35
    assert found.missing == []


def test_every_state_that_was_looked_at_is_a_version(found: Judgement) -> None:
    assert found.overlooked == []
    assert found.kept >= 0.85 * found.states
    cadence = Cadence()
    waits = [
        max(cadence.article_soonest, came * cadence.article_stretch) if came else cadence.listing_latest
        for came, _, _ in found.lost
    ]
    assert [lost for lost, wait in zip(found.lost, waits, strict=True) if lost[1] > wait] == []


def test_runs_do_not_overlap(found: Judgement) -> None:
    assert found.runs > 50
    assert found.overlaps == 0


def test_it_is_polite(found: Judgement) -> None:
    assert found.forbidden == []
    assert found.shortest_gap >= TERMS.crawl_delay * 0.99


def test_it_asks_for_little(found: Judgement) -> None:
    assert found.ratio <= 1.5
    assert found.requests.total() < found.hourly / 4
    assert found.requests["article unchanged"] > 0


def test_the_archive_is_well_and_can_be_rebuilt(folder: Path) -> None:
    store = Store(folder / "store")
    checked = verify(store)
    assert checked.faults == []
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        before = catalogue.dump()
    assert rebuild(store) == []
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        assert catalogue.dump() == before
