"""What a collection asks of a catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from archive.catalogue import Catalogue
from archive.catalogue.captures import fetch_error, first_date, first_version, in_order, of_url
from archive.catalogue.rows import Row
from tests.archive.catalogue.made import URL, capture, version

NUMBER = 1234


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """Some thousand captures, many of one second."""
    path = tmp_path_factory.mktemp("captures") / "catalogue.sqlite"
    with Catalogue(path, create=True) as made:
        rows = [
            capture(n, f"{URL}/{n % 3}", date=f"2026-11-{20 + n // 500}T09:00:{n % 60:02}Z", source=f"s{n % 2}")
            for n in range(NUMBER)
        ]
        head = capture(5000, URL + "/0", method="HEAD", date="2020-01-01T00:00:00Z")
        made.add(captures=[*rows, head, *twins()], versions=[version(1, "One", extracted="2"), version(2, "Two")])
        made.add(versions=[version(3, "Again", capture="urn:uuid:0001", extracted="1")])
    with Catalogue(path, read_only=True) as opened:
        yield opened


def twins() -> list[Row]:
    """One URL in its kinds of captures."""
    other = "https://twins.test/a"
    return [
        capture(6000, other, date="2026-12-01T00:00:00Z"),
        capture(6001, other, date="2026-12-02T00:00:00Z", truncated="length"),
        capture(6002, other + "/", date="2026-12-03T00:00:00Z", status=301),
        capture(6003, other + "/", date="2026-12-04T00:00:00Z", status=304),
        capture(6004, "http://www.twins.test/a", date="2026-12-05T00:00:00Z", status=404),
        capture(6005, "http://twins.test/%61", date="2026-12-06T00:00:00Z"),
    ]


def numbers(rows: Iterator[Row]) -> list[int]:
    return [int(row["id"].rpartition(":")[2]) for row in rows]


def test_each_comes_once_and_in_order(catalogue: Catalogue) -> None:
    rows = list(in_order(catalogue))
    assert len(rows) == NUMBER + 6
    places = [(row["date"], row["file"], row["offset"]) for row in rows]
    assert places == sorted(places)
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"source": "s1", "until": "2026-12"}, NUMBER // 2),
        ({"since": "2026-11-21", "until": "2026-11-22"}, 500),
        ({"since": "2026-11-21", "until": "2026-11-22", "source": "s0"}, 250),
        ({"url": URL.replace("https://www.", "http://") + "/1/"}, len(range(1, NUMBER, 3))),
        ({"url": "https://none.test/"}, 0),
    ],
)
def test_only_some(catalogue: Catalogue, asked: dict[str, str], count: int) -> None:
    assert len(list(in_order(catalogue, **asked))) == count


def test_newest_first_at_a_url(catalogue: Catalogue) -> None:
    rows = list(of_url(catalogue, URL + "/0", None, kin="own", truncated=False))
    assert len(rows) == len(range(0, NUMBER, 3))
    places = [(row["date"], row["file"], row["offset"]) for row in rows]
    assert places == sorted(places, reverse=True)
    until = list(of_url(catalogue, URL + "/0", "2026-11-20T09:00:30Z", kin="own", truncated=False))
    assert until == [row for row in rows if row["date"] <= "2026-11-20T09:00:30Z"]


def test_relatives_and_truncated_ones(catalogue: Catalogue) -> None:
    def found(kin: Literal["own", "key", "surt"], *, truncated: bool = False) -> list[int]:
        return numbers(of_url(catalogue, "https://twins.test/a", None, kin=kin, truncated=truncated))

    assert found("own") == [6000]
    assert found("own", truncated=True) == [6001]
    assert found("key") == [6004, 6003]  # without the redirect
    assert found("key", truncated=True) == []
    assert found("surt") == [6005]


def test_the_first_of_all(catalogue: Catalogue, tmp_path: Path) -> None:
    assert first_date(catalogue) == "2020-01-01T00:00:00Z"
    with Catalogue(tmp_path / "empty.sqlite", create=True) as empty:
        assert first_date(empty) is None
        assert list(in_order(empty)) == []


def test_what_was_read_first(catalogue: Catalogue) -> None:
    first = first_version(catalogue, "urn:uuid:0001")
    assert first is not None
    assert first["headline"] == "Again"
    assert first_version(catalogue, "urn:uuid:none") is None


def test_why_a_fetch_failed(tmp_path: Path) -> None:
    row: Row = {"run": "r", "source": "s", "url": URL, "method": "GET", "started": "1", "ended": "2", "size": 1}
    row |= {"outcome": "truncated", "status": 200, "lead_kind": None, "lead_via": None}
    with Catalogue(tmp_path / "c.sqlite", create=True) as made:
        made.add(fetches=[{"id": "1", "capture": "a", "error": "Late.", **row}])
        made.add(fetches=[{"id": "2", "capture": "b", "error": None, **row}])
        assert fetch_error(made, URL, "a") == "Late."
        assert fetch_error(made, URL, "b") is None
        assert fetch_error(made, URL, "c") is None
        assert fetch_error(made, URL + "/other", "a") is None
