"""What the visits of a page show, over odd histories and real runs."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.catalogue import Catalogue
from archive.catalogue.pages import _SIGNALS, _VISITS, Signal, Visit, gather
from archive.records import iso
from tests.archive.catalogue.made import URL, capture, fetch, version

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
ETAG, OTHER = '"one"', '"two"'


def at(hours: float) -> str:
    return iso(NOON + dt.timedelta(hours=hours), exact=True)


def seen(hours: float, texts: str = "t1", **fields: Any) -> Visit:
    """The page was there, and its text was read."""
    return Visit(at(hours), "complete", 200, **{"capture": f"c{hours}", "texts": texts, **fields})


def same(hours: float, **fields: Any) -> Visit:
    """A 304."""
    return Visit(at(hours), "complete", 304, **{"capture": f"c{hours}", "refers_to": "c0", "texts": "t1", **fields})


def answered(hours: float, status: int) -> Visit:
    return Visit(at(hours), "complete", status, capture=f"c{hours}")


def test_an_article_that_does_not_change() -> None:
    row = gather([seen(0, etag=ETAG), same(1), same(3), seen(7, refers_to="c0", etag=ETAG)], [])
    assert (row["visits"], row["changes"], row["outcome"], row["streak"]) == (4, 0, "ok", 4)
    assert row["born"] == row["changed"] == "2026-11-20T12:00:00Z"
    assert (row["body"], row["full"], row["last"]) == ("c0", at(7), at(7))
    assert row["exposure"] == pytest.approx(2.079, abs=0.001)  # ln 8: from one hour to eight
    assert row["lied"] is None


def test_an_article_that_changes_is_young_again() -> None:
    row = gather([seen(0), seen(5, "t2"), seen(6, "t2"), seen(7, "t2,t3")], [])
    assert (row["changes"], row["changed"]) == (1, "2026-11-20T17:00:00Z")


def test_other_bytes_with_the_same_text_are_no_change_nor_is_a_page_without_a_text() -> None:
    assert gather([seen(0, etag=ETAG), seen(1, etag=ETAG, capture="other")], [])["changes"] == 0
    assert gather([seen(0, ""), seen(1, "")], [])["changes"] == 0


def test_a_text_that_vanishes_is_a_change_once() -> None:
    row = gather([seen(0), seen(1, ""), seen(2, "")], [])
    assert row["changes"] == 1
    assert row["changed"].startswith("2026-11-20T13")


@pytest.mark.parametrize(
    ("visit", "outcome"),
    [
        (answered(1, 301), "moved"),
        (answered(1, 404), "gone"),
        (answered(1, 410), "gone"),
        (answered(1, 403), "refused"),
        (answered(1, 451), "refused"),
        (answered(1, 429), "failed"),
        (answered(1, 503), "failed"),
        (Visit(at(1), "robots"), "refused"),
        (Visit(at(1), "timeout"), "failed"),
        (seen(1, truncated="time"), "failed"),
        (seen(1, truncated="length"), "ok"),
    ],
)
def test_outcomes(visit: Visit, outcome: str) -> None:
    row = gather([seen(0), visit], [])
    assert (row["outcome"], row["streak"]) == (outcome, 2 if outcome == "ok" else 1)
    assert (row["body"], row["changes"]) == (visit.capture if outcome == "ok" else "c0", 0)


def test_a_page_that_comes_back_is_compared_with_what_it_was() -> None:
    assert gather([seen(0), answered(1, 503), answered(2, 404), seen(3)], [])["changes"] == 0
    assert gather([seen(0), answered(1, 503), seen(3, "t2")], [])["changes"] == 1


def test_it_is_as_old_as_it_says() -> None:
    page = [seen(0, published="2026-11-19T12:00:00+00:00")]
    assert gather(page, [])["born"] == "2026-11-19T12:00:00Z"
    leads = [Signal("feed", at(0), "2026-11-20"), Signal("map", at(1), "2026-11-20T13:00:00Z")]
    assert gather(page, leads)["born"] == "2026-11-19T12:00:00Z"
    assert gather([seen(0)], leads)["born"] == "2026-11-20T00:00:00Z"
    for odd in ("1970-01-01", "2031-01-01", "no date", "2026-13-01", ""):
        assert gather([seen(0, published=odd)], [])["born"] == "2026-11-20T12:00:00Z"


@pytest.mark.parametrize(
    ("visits", "is_lie"),
    [
        # the same validators for another text
        ([seen(0, etag=ETAG), seen(1, "t2", etag=ETAG)], True),
        ([seen(0, last_modified="Mon"), seen(1, "t2", last_modified="Mon")], True),
        # it had changed before it was said that it had not
        (
            [
                seen(0, etag=ETAG),
                same(5),
                seen(6, "t2", etag=OTHER, last_modified="Fri, 20 Nov 2026 16:00:00 GMT"),
            ],
            True,
        ),
        # it changed after that
        (
            [
                seen(0, etag=ETAG),
                same(5),
                seen(6, "t2", etag=OTHER, last_modified="Fri, 20 Nov 2026 17:30:00 GMT"),
            ],
            False,
        ),
        ([seen(0, etag=ETAG), seen(1, "t2", etag=OTHER)], False),
        # a 304 may bring another tag, which then counts
        ([seen(0, etag=ETAG), same(1, etag=OTHER), seen(2, "t2", etag=ETAG)], False),
        # other bytes, but the same text
        ([seen(0, etag=ETAG), seen(1, etag=ETAG)], False),
        ([seen(0), seen(1, "t2")], False),
    ],
)
def test_a_server_that_lies_is_found_out(visits: list[Visit], is_lie: bool) -> None:
    assert (gather(visits, [])["lied"] is not None) is is_lie


def test_what_listings_tell_of_edits_is_counted() -> None:
    leads = [Signal("feed", at(0), "d1"), Signal("feed", at(2), "d2"), Signal("map", at(2.5), "d1")]
    visits = [seen(0.1), seen(1), seen(3, "t2"), seen(4), seen(5, "t3")]
    row = gather(visits, leads)
    assert (row["changes"], row["signals"], row["signals_changed"]) == (3, 1, 1)
    row = gather(visits, [*leads[:1], Signal("feed", at(3.5), "d2")])
    assert (row["signals"], row["signals_changed"]) == (1, 1)
    assert gather(visits, [Signal("feed", at(0), None), Signal("feed", at(2), "d")])["signals"] == 0


def test_a_listing_changes_when_it_announces_something() -> None:
    visits = [seen(0, "", lead="source", leads=9, etag=ETAG), seen(1, "", lead="source", etag=ETAG)]
    row = gather(visits, [])
    assert (row["is_listing"], row["changes"], row["lied"]) == (True, 0, None)
    row = gather([*visits, seen(2, "", lead="source", leads=1, etag=ETAG)], [])
    assert (row["changes"], row["lied"]) == (1, at(2))


visits = st.lists(
    st.builds(
        Visit,
        st.integers(-(10**6), 10**6).map(lambda hours: at(hours / 100)),
        st.sampled_from(["complete", "truncated", "dns", "robots", "timeout"]),
        st.sampled_from([None, 200, 200, 200, 304, 301, 404, 403, 429, 500, 206]),
        capture=st.sampled_from([None, "a", "b"]),
        refers_to=st.sampled_from([None, "a"]),
        truncated=st.sampled_from([None, None, "time", "length"]),
        etag=st.sampled_from([None, ETAG, OTHER]),
        last_modified=st.sampled_from([None, "Fri, 20 Nov 2026 16:00:00 GMT", "soon"]),
        texts=st.sampled_from([None, "t1", "t2", "t1,t2"]),
        published=st.sampled_from([None, "2026-11-20", "2026-11-20T12:00", "1950", "x"]),
        is_live=st.sampled_from([None, 0, 1]),
        leads=st.integers(0, 3),
    ),
    min_size=1,
)
signals = st.lists(
    st.builds(
        Signal,
        st.sampled_from("ab"),
        st.integers(-1000, 1000).map(at),
        st.sampled_from([None, "2026-11-20", "2026-11-20T10:00:00+02:00", "?"]),
    )
)


@given(visits, signals)
def test_every_history_gives_a_row(visits: list[Visit], leads: list[Signal]) -> None:
    """Clocks that jump included: visits come in the order of the times that they were given."""
    visits.sort(key=lambda visit: visit.at)
    row = gather(visits, leads)
    assert row["born"] <= row["changed"] <= row["last"] or row["born"][:19] <= row["last"][:19]
    assert 0 <= row["signals_changed"] <= min(row["changes"], row["signals"])
    assert row["changes"] < row["visits"] == len(visits)
    assert 1 <= row["streak"] <= row["visits"]
    assert row["exposure"] >= 0
    rows = [gather(visits[:number], leads) for number in range(1, len(visits) + 1)]
    assert all(a["changes"] <= b["changes"] and a["exposure"] <= b["exposure"] for a, b in pairwise(rows))


@pytest.mark.parametrize(
    ("coverage_end", "is_live"),
    [
        (None, True),
        ("no date", True),
        ("2026-11-20T09:00:00Z", False),
        ("2026-11-20T10:00:00+01:00", False),
        ("2026-11-20T10:00:00+00:00", True),
        ("2026-11-20", True),
        ("2026-11-19", False),
    ],
)
def test_a_live_blog_is_live_until_its_coverage_ends(coverage_end: str | None, is_live: bool, tmp_path: Path) -> None:
    with Catalogue(tmp_path / "catalogue.sqlite", create=True) as catalogue:
        catalogue.add(
            captures=[capture(1)],
            fetches=[fetch(1)],
            versions=[version(1, "Storm", kind="live-blog", coverage_end=coverage_end)],
        )
        row = catalogue.pages("ellery", [URL], "2026-11-20T09:01:00.000000Z")[URL]
        assert bool(row["is_live"]) is is_live


@pytest.mark.parametrize(("query", "index"), [(_VISITS, "fetches USING INDEX fetches_by_url"), (_SIGNALS, "(url=?")])
def test_a_page_is_gathered_by_its_url(query: str, index: str, tmp_path: Path) -> None:
    """Of a source there are millions of rows."""
    with Catalogue(tmp_path / "catalogue.sqlite", create=True):
        pass
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", ("u", "s", "~"))]
    assert any(index in step for step in plan)
    assert not any("SCAN leads" in step or "SCAN fetches" in step or "source=? AND started" in step for step in plan)
