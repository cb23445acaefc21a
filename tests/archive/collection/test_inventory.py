"""What a collection holds, by source, and where the requests lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.catalogue.rows import Row
from archive.collection.collection import open_collection
from archive.collection.inventory import Inventory, Place
from tests.archive.collection.test_adoption import PAGE, REQUEST, URL, record, together, warc

OTHER = "https://other.test/b"


def source_of(row: Row) -> str:
    return "other" if row["url"] == OTHER else "paper"


def test_exchanges_are_given_by_source_with_revisits_last(tmp_path: Path) -> None:
    path = warc(
        tmp_path / "a.warc.gz",
        record("revisit", number=1, WARC_Refers_To=together(3), WARC_Date="2026-11-19T09:00:00Z"),
        record("response", PAGE, 2, WARC_Target_URI=OTHER),
        record("response", PAGE, 3, WARC_Date="2026-11-21T09:00:00Z"),
        record("response", PAGE, 4),
    )
    with open_collection(path) as collection, Inventory(collection, source_of) as inventory:
        assert inventory.sources == ["other", "paper"]
        assert (inventory.count("paper"), inventory.count("other"), inventory.count("none")) == (3, 1, 0)
        kinds = [(row["kind"], row["date"][8:10]) for row in inventory.of("paper")]
    assert kinds == [("response", "20"), ("response", "21"), ("revisit", "19")]


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon", ""])
def test_a_request_with_an_impossible_date_belongs_to_nothing(date: str, tmp_path: Path) -> None:
    path = warc(
        tmp_path / "a.warc.gz",
        record("request", REQUEST, 1, WARC_Date=date),
        record("response", PAGE, 2),
    )
    with open_collection(path) as collection, Inventory(collection, source_of) as inventory:
        (row,) = inventory.of("paper")
        assert inventory.request_of(row) is None


def test_a_request_that_names_nothing_is_found_by_url_and_second(tmp_path: Path) -> None:
    request = record("request", REQUEST, 1)
    path = warc(tmp_path / "a.warc.gz", request, record("response", PAGE, 2))
    with open_collection(path) as collection, Inventory(collection, source_of) as inventory:
        (row,) = inventory.of("paper")
        assert (row["url"], inventory.request_of(row)) == (URL, Place(path.name, 0, row["offset"]))
