"""Furniture lists in a run: learned, handed out, kept beside the texts, and what is stale because of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.furniture.furniture import key_of
from archive.reader import read_records
from archive.rebuild import rebuild
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from archive.verification.verify import verify
from archive.workers import extract_capture
from tests.archive.furniture.test_learner import PROMOTION, Writer, put
from tests.archive.making import keep_article, keep_page, later, page, records, running

SITE = "courier.test"
WRITER = Writer(31)
BODIES = [WRITER.article() for _ in range(6)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "archive")


def keep(run: Run, number: int) -> Capture:
    url = f"http://{SITE}/{number}"
    html = page(f"Story {number}", sentences=put(BODIES[number], PROMOTION, 2 + number))
    return keep_page(run, url, html, at=later(number), reading=Reading(furniture=run.lists.of(url)))


def clean_again(run: Run) -> list[str]:
    done = []
    for task in list(run.stale()):
        found = extract_capture(task)
        assert found.article.text.split("\n") == BODIES[int(task.capture.url[-1])]
        run.keep_extracted(task.capture, found)
        done.append(task.capture.url)
    return done


def kept_lists(store: Store) -> list[dict[str, object]]:
    found = [r for r in records(store) if (r.url or "").startswith("urn:newswarc:furniture:")]
    return [json.loads(record.block) for record in found]


def test_a_site_without_a_list_has_none(store: Store) -> None:
    with running(store) as run:
        assert run.lists.of(f"http://{SITE}/0") is None
        assert list(run.stale()) == []
    assert kept_lists(store) == []


def test_what_was_read_before_is_stale_once(store: Store) -> None:
    with running(store) as run:
        for number in range(3):
            keep(run, number)
        furniture = run.lists.of(f"http://{SITE}/x")
        assert furniture is not None
        assert furniture.keys == {key_of(PROMOTION)}
        assert sorted(clean_again(run)) == [f"http://{SITE}/{n}" for n in range(3)]
        assert list(run.stale()) == []
    (facts,) = {json.dumps(one, sort_keys=True) for one in kept_lists(store)}
    assert json.loads(facts)["digest"] == furniture.digest
    assert verify(store).ok


def test_a_killed_run_s_stale_texts_are_found_by_the_next(store: Store) -> None:
    with running(store) as run:
        for number in range(3):
            keep(run, number)
    with running(store) as run:
        keep(run, 3)
        assert len(clean_again(run)) == 3  # the fourth was clean at once
    assert verify(store).ok


def test_each_file_holds_the_list_that_its_texts_were_cleaned_with(store: Store) -> None:
    with running(store, max_file_size=1) as run:
        for number in range(6):
            keep(run, number)
        clean_again(run)
    for name in store.files("derived"):
        found = [json.loads(r.block) for r in read_records(store.path(name)) if r.content_type == "application/json"]
        assert found
        used = {one["article"]["trace"]["furniture"] for one in found if "article" in one} - {None}
        assert used <= {one["digest"] for one in found if "entries" in one}
    assert verify(store).ok


def test_a_rebuilt_catalogue_has_the_list(store: Store) -> None:
    with running(store) as run:
        for number in range(5):
            keep(run, number)
        clean_again(run)

    def known() -> tuple[object, object]:
        catalogue = Catalogue(store.catalogue_path)
        row, lines = catalogue.furniture(SITE), catalogue.seen_lines(SITE)
        catalogue.close()
        return row, lines

    before = known()
    assert before[0] is not None
    rebuild(store)
    assert known() == before


def test_a_verdict_makes_texts_stale(store: Store) -> None:
    with running(store) as run:
        for number in range(4):
            keep(run, number)
        clean_again(run)
    with running(store) as run:
        run.lists.decide(SITE, key_of(PROMOTION), "allowed", text=PROMOTION, who="by ann")
        again = list(run.stale())
        assert len(again) == 4
        for task in again:
            found = extract_capture(task)
            assert PROMOTION in found.article.text
            run.keep_extracted(task.capture, found)
        assert list(run.stale()) == []
        assert run.lists.of(f"http://{SITE}/0") is None
    with running(store) as run:
        assert [(e.verdict, e.why) for e in run.lists.entries(SITE)] == [("allowed", "by ann")]
    assert verify(store).ok


def test_only_the_article_s_own_site_is_meant(store: Store) -> None:
    with running(store) as run:
        for number in range(4):
            keep(run, number)
        assert run.lists.of("http://other.test/1") is None
        capture = keep(run, 5)
        assert keep_article(run, capture, Reading())
