"""Renewal: what holds furniture that was learned later is read again, once, and what can't be is said."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from archive.errors import ArchiveError, StoreError
from archive.furniture.furniture import key_of
from archive.furniture.renewal import renew
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from archive.verification.verify import verify
from archive.workers import ExtractorPool
from tests.archive.furniture.test_learner import PROMOTION, Writer, put
from tests.archive.making import dump, keep_page, later, page, refused, running

SITE = "courier.test"
NUMBER = 20
WRITER = Writer(31)
BODIES = [WRITER.article() for _ in range(NUMBER)]


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractorPool]:
    pool = ExtractorPool(2)
    yield pool
    pool.close(abandon=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "archive")


def keep_all(run: Run, number: int = NUMBER) -> None:
    """Articles that all hold one paragraph of the site's, none of them cleaned of it."""
    for n in range(number):
        html = page(f"Story {n}", sentences=put(BODIES[n], PROMOTION, n % 9))
        keep_page(run, f"http://{SITE}/{n}", html, at=later(n), reading=Reading())


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """As on a full disk: no file may grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def complaints(run: Run, pool: ExtractorPool) -> tuple[int, list[str]]:
    said: list[ArchiveError] = []
    stored = renew(run, pool, complain=said.append)
    return stored, [refused(error) for error in said]


def test_each_stale_text_is_made_again_once(store: Store, pool: ExtractorPool) -> None:
    seen: list[tuple[int, int]] = []
    with running(store) as run:
        keep_all(run)
        stored = renew(run, pool, complain=pytest.fail, progress=lambda _, number, total: seen.append((number, total)))
        assert stored == NUMBER
        assert seen == [(n, NUMBER) for n in range(1, NUMBER + 1)]
        assert complaints(run, pool) == (0, [])
    texts = {row["text_digest"] for row in dump(store)["versions"]}
    assert len(texts) == 2 * NUMBER
    assert verify(store).ok


def test_nothing_stale_is_nothing_to_do(store: Store, pool: ExtractorPool) -> None:
    with running(store) as run:
        keep_all(run, 2)
        assert complaints(run, pool) == (0, [])


def test_a_page_that_cannot_be_read_is_said_once_and_the_rest_is_read(store: Store, pool: ExtractorPool) -> None:
    with running(store) as run:
        keep_all(run, 6)
        run.flush()
        damaged = next(row for row in dump(store)["captures"] if row["url"].endswith("/2"))
        with store.path(damaged["file"]).open("r+b") as file:
            file.seek(damaged["offset"] + 40)
            file.write(b"\0" * 20)
        stored, said = complaints(run, pool)
        assert stored == 5
        assert len(said) == 1
        assert f"http://{SITE}/2" in said[0]


def test_a_text_that_comes_out_the_same_is_not_stored_again(
    store: Store, pool: ExtractorPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(store) as run:
        keep_all(run, 4)
        line = BODIES[1][0]
        run.lists.decide(SITE, key_of(line), "denied", text=line, who="by ann")
        # As if the extractor did not take it out.
        monkeypatch.setattr(run.lists, "of", lambda url: None)
        assert complaints(run, pool) == (0, [])


def test_a_disk_that_refuses_ends_it_and_the_next_one_goes_on(store: Store, pool: ExtractorPool) -> None:
    run = Run(store, "ellery")
    keep_all(run)
    run.flush()
    with files_up_to(store.catalogue_path.stat().st_size + 40_000), pytest.raises(StoreError) as error:
        for turn in range(100):  # each makes all texts stale
            run.lists.decide(SITE, key_of(PROMOTION), ("denied", "allowed")[turn % 2], text=PROMOTION, who="by ann")
            renew(run, pool, complain=pytest.fail)
    assert "can't" in refused(error.value)
    run.finish("archive_unwritable", {})
    with running(store) as run:
        run.lists.decide(SITE, key_of(PROMOTION), "denied", text=PROMOTION, who="by ann")
        renew(run, pool, complain=pytest.fail)
        assert run.lists.count_stale() == 0
    assert verify(store).ok
