"""Questions to the table of changes are answered from its indexes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from archive.catalogue import Catalogue
from archive.catalogue.changes import ChangeFilters, mask
from archive.catalogue.rows import Row


def change(number: int, **fields: object) -> Row:
    date = f"2026-11-20T09:00:{number:02}Z"
    row: Row = {"id": f"urn:uuid:{number:04}", "source": "ellery", "article": "https://ellery.test/a", "what": "edited"}
    row |= {"url": "https://ellery.test/a", "url_key": "ellery.test/a", "date": date, "since": date, "last_seen": date}
    row |= {"is_confirmed": True, "why": None, "target": None, "before": "urn:a", "after": "urn:b", "headline": None}
    row |= {"language": None, "kinds": mask(["wording"]), "is_minor": False, "is_silent": False, "told": None}
    row |= {"same_reader": True, "words_added": 0, "words_removed": 0, "details": "{}"}
    return row | fields


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "catalogue.sqlite", create=True) as catalogue:
        catalogue.replace_changes(
            ["ellery.test/a"],
            [
                change(1),
                change(2, is_silent=True, kinds=mask(["typo", "headline"]), is_minor=True),
                change(3, what="gone", kinds=0, is_confirmed=False),
                change(4, what="back", kinds=mask(["number"])),
                change(5, source="other", kinds=mask(["quote", "number"]), is_silent=True),
            ],
        )
        yield catalogue


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (ChangeFilters(), [5, 4, 3, 2, 1]),
        (ChangeFilters(source="ellery"), [4, 3, 2, 1]),
        (ChangeFilters(silent=True), [5, 2]),
        (ChangeFilters(silent=True, typos=False), [5]),
        (ChangeFilters(gone=True), [4, 3]),
        (ChangeFilters(gone=True, certain=True), [4]),
        (ChangeFilters(kinds=("number",)), [5, 4]),
        (ChangeFilters(kinds=("number", "headline")), [5, 4, 2]),
        (ChangeFilters(since="2026-11-20T09:00:02Z", until="2026-11-20T09:00:04Z"), [3, 2]),
        (ChangeFilters(url="http://www.ellery.test/a", silent=True), [5, 2]),
        (ChangeFilters(url="https://ellery.test/b"), []),
        (ChangeFilters(source="\ud800"), []),
    ],
)
def test_filters(catalogue: Catalogue, filters: ChangeFilters, wanted: list[int]) -> None:
    assert [int(row["id"][-4:]) for row in catalogue.changes(filters)] == wanted
    assert [int(row["id"][-4:]) for row in catalogue.changes(filters, limit=1, offset=1)] == wanted[1:2]


def test_what_is_replaced_is_gone_and_its_days_are_counted_again(catalogue: Catalogue) -> None:
    assert [row["changed"] for row in catalogue.coverage("ellery")] == [2]
    catalogue.settle()
    catalogue.replace_changes(["ellery.test/a"], [change(1)])
    assert [row["id"] for row in catalogue.changes()] == ["urn:uuid:0001"]
    assert [row["changed"] for row in catalogue.coverage("ellery")] == [1]
    assert catalogue.coverage("other") == []


_ALL, _SOME = "date DESC, kinds DESC, is_minor DESC, is_confirmed DESC", "date DESC"


@pytest.mark.parametrize(
    ("condition", "order", "index"),
    [
        ("1", _ALL, "changes_by_date"),
        ("source = 'ellery'", _ALL, "changes_by_source"),
        ("kinds & 4 <> 0", _ALL, "changes_by_date"),
        ("is_silent = 1", _SOME, "changes_silent"),
        ("what <> 'edited'", _SOME, "changes_gone"),
    ],
)
def test_lists_are_read_in_the_order_of_an_index(catalogue: Catalogue, condition: str, order: str, index: str) -> None:
    query = f"EXPLAIN QUERY PLAN SELECT * FROM changes WHERE {condition} ORDER BY {order}, changes.rowid DESC LIMIT 50"
    (step,) = catalogue.rows(text(query))
    assert f"USING INDEX {index}" in step["detail"]
