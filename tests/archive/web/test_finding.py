from __future__ import annotations

import pytest

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.storage import Store
from archive.web.finding import Finding, Wish, standfirst_of
from archive.web.parameters import Parameters, day_after
from archive.web.refusals import Unfit
from tests.archive.web.rooms import HOSTILE, versions


def find(store: Store, **wish: str) -> Finding:
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        return Finding.of(Wish.of(Parameters(wish.items()), longest_page=100), catalogue, store)


def test_pages(store: Store) -> None:
    first = find(store, q="high water", limit="10")
    assert (first.total, first.pages, first.first, len(first.found)) == (23, 3, 1, 10)
    last = find(store, q="high water", limit="10", page="3")
    assert (last.first, len(last.found)) == (21, 3)
    assert find(store, q="high water", limit="10", page="4").found == []


def test_without_words_the_latest_come_first(store: Store) -> None:
    found = find(store)
    assert found.total == 30
    assert len(found.found) == 20
    dates = [one.article["date"] for one in found.found]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize(
    ("wish", "total"),
    [
        ({"source": "nordlys"}, 1),
        ({"language": "ar"}, 1),
        ({"source": "sahil", "since": "2026-11-21", "until": "2026-11-21"}, 3),
        ({"source": "sahil", "until": "2026-11-20"}, 0),
        ({"q": "storm", "source": "nordlys"}, 1),
        ({"q": "storm", "language": "he"}, 0),
        ({"q": "הנמל"}, 1),
        ({"q": "العاصفة"}, 1),
        ({"q": "港"}, 1),
        ({"until": "9999-12-31"}, 30),
    ],
)
def test_filters(store: Store, wish: dict[str, str], total: int) -> None:
    assert find(store, **wish).total == total


def test_the_last_day_is_included(store: Store) -> None:
    assert day_after("2026-12-31") == "2027-01-01"
    assert day_after(None) is None
    assert day_after("9999-12-31") is None
    assert find(store, q="storm", source="nordlys", since="2026-11-21", until="2026-11-21").total == 1
    assert find(store, q="storm", source="nordlys", until="2026-11-20").total == 0


def test_a_time_that_ends_before_it_begins() -> None:
    with pytest.raises(Unfit, match="before it begins"):
        Wish.of(Parameters([("since", "2026-02-01"), ("until", "2026-01-31")]))


def test_standfirsts(store: Store) -> None:
    (found,) = find(store, source="evil").found
    assert found.standfirst == "<img src=x onerror=alert('standfirst')>"
    row: Row = versions(store, HOSTILE)[-1]
    assert standfirst_of(store, {**row, "details_offset": row["details_offset"] + 1}) is None
    assert standfirst_of(store, {**row, "file": "derived/none.warc.gz"}) is None


def test_filters_are_known(store: Store) -> None:
    assert not Wish(words="a").has_filters()
    assert Wish(language="en").has_filters()
