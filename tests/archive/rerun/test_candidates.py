"""Which captures are read again: the same ones page by page, and found by an index however large the archive is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.rerun import candidates as asked
from archive.rerun.candidates import Selection, candidates, count_candidates
from tests.archive.catalogue.made import URL, capture

ROWS = [
    capture(
        number,
        URL if number % 5 == 0 else f"https://www.ellery.test/{number}",
        source=("ellery", "kestrel", "lind")[number % 3],
        date=f"2026-11-{10 + number % 7}T09:00:00Z",
    )
    for number in range(30)
]
SELECTIONS = [
    Selection(),
    Selection(source="kestrel"),
    Selection(since="2026-11-12"),
    Selection(until="2026-11-14T09:00:00Z"),
    Selection(source="kestrel", since="2026-11-12", until="2026-11-15"),
    Selection(since="2026-11-12", without=("lind", "none")),
    Selection(source="lind", without=("lind",)),
    Selection(url=URL),
    Selection(url=URL, source="ellery", since="2026-11-11", until="2026-11-16"),
    Selection(source=""),
]


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "catalogue.sqlite", create=True) as catalogue:
        catalogue.add(captures=ROWS)
        yield catalogue


def fits(row: Row, chosen: Selection) -> bool:
    return (
        chosen.source in (None, row["source"])
        and row["date"] >= (chosen.since or "")
        and row["date"] < (chosen.until or "9")
        and chosen.url in (None, row["url"])
        and row["source"] not in chosen.without
    )


@pytest.mark.parametrize("page", [1, 2, 500])
@pytest.mark.parametrize("chosen", SELECTIONS, ids=str)
def test_what_fits_is_given_once_and_in_order(
    chosen: Selection, page: int, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "_PAGE", page)
    wanted = [(row["source"], row["date"], row["id"]) for row in ROWS if fits(row, chosen)]
    given = [(one.source, one.capture.date, one.capture.id) for one in candidates(catalogue, chosen)]
    assert given == sorted(wanted)
    assert count_candidates(catalogue, chosen) == len(wanted)


@pytest.mark.parametrize("chosen", [one for one in SELECTIONS if one.source or one.url], ids=str)
def test_a_source_and_a_url_are_found_by_their_index(chosen: Selection, catalogue: Catalogue) -> None:
    """An accept asks once for each source: if each question went through all captures, it would never end."""
    index = "ix_captures_url_key (url_key=?" if chosen.url else "captures_by_source (source=?"
    plans: list[str] = []
    connection = catalogue._database.connection

    @event.listens_for(connection, "before_cursor_execute")
    def explain(_: object, cursor: object, statement: str, values: object, *__: object) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        plans.append("; ".join(row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", values)))

    count_candidates(catalogue, chosen)
    list(candidates(catalogue, chosen))
    assert len(plans) >= 2
    assert all(f"SEARCH c USING INDEX {index}" in plan for plan in plans)
    assert not any("SCAN c" in plan for plan in plans)
