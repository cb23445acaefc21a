"""Everywhere an article stood, and what only looks like its address; histories are in test_history.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from archive.capture import Lead
from archive.catalogue import Catalogue
from archive.history import addresses
from archive.history.addresses import Addresses
from archive.rules import Reading
from archive.run import Run
from archive.storage import Store
from tests.archive.making import exchange, failure, keep_article, keep_page, later, page, running, wire

HOST = "https://ellery.test"
STORM = f"{HOST}/storm"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@contextmanager
def found(store: Store, url: str) -> Iterator[Addresses]:
    with closing(Catalogue(store.catalogue_path)) as catalogue:
        yield Addresses(store, catalogue, url)


def canonical(url: str) -> str:
    return f'<link rel="canonical" href="{url}">'


def redirect(run: Run, url: str, to: str, hours: float = 0) -> None:
    run.keep(exchange(url, wire(b"", "302 Found", [f"Location: {to}"]), at=later(hours)))


def test_ways_of_writing_an_address_are_one(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, page("Storm"))
        run.keep_failure(failure(f"http://www.{STORM[8:]}/"))
        run.keep_failure(failure(f"{HOST}/other"))
    with found(store, f"http://www.{STORM[8:]}/#top") as at:
        assert [address.url for address in at.listed()] == [STORM]
        assert [row["url"] for row in at.failures()] == [f"http://www.{STORM[8:]}/"]
        assert STORM + "/" in at
        assert f"{HOST}/other" not in at
        assert 7 not in at
        assert len(at.versions()) == len(at.captures) == 1


def test_the_canonical_url_is_an_address_even_if_it_was_never_captured(store: Store) -> None:
    with running(store) as run:
        keep_page(run, f"{STORM}?from=feed", page("Storm", head=canonical(STORM)))
    for url in (STORM, f"{STORM}?from=feed"):
        with found(store, url) as at:
            assert [(a.url, a.captures, a.texts) for a in at.listed()] == sorted(
                [(STORM, 0, 0), (f"{STORM}?from=feed", 1, 1)], key=lambda told: told[0] != url
            )


def test_where_a_redirect_leads(store: Store) -> None:
    with running(store) as run:
        redirect(run, f"{HOST}/a/b", "../storm?x=1")
        run.keep(exchange(f"{HOST}/nowhere", wire(b"", "302 Found", [])))
        redirect(run, f"{HOST}/odd", "http://[")
        redirect(run, f"{HOST}/torn", STORM)
        keep_page(run, STORM, page("Storm"))
    for url, to in (
        (f"{HOST}/a/b", f"{HOST}/storm?x=1"),
        (f"{HOST}/nowhere", None),
        (f"{HOST}/odd", None),
        (STORM, None),
    ):
        with found(store, url) as at:
            assert at.listed()[0].leads_to == to
    (name,) = store.files("originals")
    with found(store, f"{HOST}/torn") as at:
        (capture,) = (row for row in at.captures if row["url"].endswith("/torn"))
        assert at.location(capture) == STORM
    data = bytearray(store.path(name).read_bytes())
    data[capture["offset"] + 40] ^= 255
    store.path(name).write_bytes(data)
    with found(store, f"{HOST}/torn") as at:
        assert at.listed()[0].leads_to is None


def test_only_pages_count(store: Store) -> None:
    with running(store) as run:
        keep_page(run, STORM, page("Storm"))
        run.keep(exchange(STORM, wire(), method="HEAD", at=later(1)))
        run.keep(exchange(STORM, wire(b"thanks"), method="POST", at=later(2)))
    with found(store, STORM) as at:
        assert [row["method"] for row in at.captures] == ["GET"]


def test_redirects_in_a_circle_end(store: Store) -> None:
    with running(store) as run:
        redirect(run, f"{HOST}/one", f"{HOST}/two")
        redirect(run, f"{HOST}/two", f"{HOST}/one")
        redirect(run, f"{HOST}/self", f"{HOST}/self")
    with found(store, f"{HOST}/one") as at:
        assert {address.url for address in at.listed()} == {f"{HOST}/one", f"{HOST}/two"}
    with found(store, f"{HOST}/self") as at:
        assert [address.url for address in at.listed()] == [f"{HOST}/self"]


def test_what_redirected_elsewhere_since_is_no_address(store: Store) -> None:
    latest = f"{HOST}/latest"
    with running(store) as run:
        redirect(run, latest, STORM)
        led = exchange(STORM, wire(page("Storm")), lead=Lead(kind="redirect", via=latest))
        keep_article(run, run.keep(led), Reading())
        redirect(run, latest, f"{HOST}/ferry", 1)
    with found(store, STORM) as at:
        assert latest not in at


def test_there_is_an_end_to_addresses(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_MOST", 3)
    with running(store) as run:
        for number in range(5):
            keep_page(run, f"{STORM}?n={number}", page("Storm", head=canonical(STORM)), at=later(number))
    with found(store, STORM) as at:
        assert len(at.listed()) == 3
        assert len(at.versions()) == 5  # they are the article's all the same
