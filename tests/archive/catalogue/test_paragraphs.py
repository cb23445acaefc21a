"""The index over paragraphs gives what a look at all texts gives, whatever came in which order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from archive.catalogue import Catalogue, paragraphs
from archive.catalogue.rows import Row
from archive.furniture.furniture import Paragraph, pack, unpack
from tests.archive.catalogue.made import version

KEYS = [f"{n:016x}" for n in (0, 1, 2, 3, 5, 8, 1 << 63, (1 << 64) - 1)]
SITES = ("ellery.test", "nordlys.test")

# What was asked before there was an index: all texts of a site.
ALL_LAST = text(
    "SELECT capture, date, lines, file, details_offset, details_length FROM versions v WHERE v.site = :site"
    " AND NOT EXISTS (SELECT 1 FROM versions n WHERE n.capture = v.capture"
    " AND (n.extracted, n.id) > (v.extracted, v.id)) ORDER BY v.date DESC, v.capture DESC"
)
ALL_SEEN = text(
    "SELECT id, article, capture, date, lines, file, offset, length, details_offset, details_length FROM ("
    " SELECT *, row_number() OVER (PARTITION BY capture ORDER BY extracted DESC, id DESC) AS place"
    " FROM versions WHERE site = :site AND NOT is_quarantined)"
    " WHERE place = 1 ORDER BY date DESC, id LIMIT :limit"
)


def readings(dice: random.Random) -> list[Row]:
    """Versions of some captures, each read up to four times, perhaps with other lines and another site."""
    rows = []
    for number in range(60):
        capture = {"capture": f"urn:uuid:{dice.randrange(25):04}", "extracted": str(dice.randrange(4))}
        lines = [
            Paragraph(key, 7, 30, is_apart=False, is_learned=dice.random() < 0.4)
            for key in dice.choices(KEYS, k=dice.randrange(5))
        ]
        row, words = version(number, f"Report {number}", article=f"https://ellery.test/{number}")
        row |= {"date": f"2026-11-{1 + int(capture['capture'][-4:]) % 9:02}T09:00:00Z", "site": dice.choice(SITES)}
        rows.append((row | capture | {"lines": pack(lines), "is_quarantined": dice.random() < 0.2}, words))
    return rows


def filled(path: Path, rows: list[Any], dice: random.Random) -> Catalogue:
    """A catalogue that the rows came into one by one or several at once, some of them twice."""
    catalogue = Catalogue(path, create=True)
    left = [*rows, *dice.sample(rows, 10)]
    dice.shuffle(left)
    while left:
        number = dice.randrange(1, 9)
        catalogue.add(versions=left[:number])
        left = left[number:]
    return catalogue


def looked_for(catalogue: Catalogue, site: str, kept: set[str], removed: set[str]) -> list[Row]:
    rows = catalogue.rows(ALL_LAST, {"site": site})
    return [
        row for row in rows if any(one.key in (removed if one.is_learned else kept) for one in unpack(row["lines"]))
    ]


@pytest.mark.parametrize("seed", range(12))
def test_it_gives_what_a_look_at_all_texts_gives(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(seed)
    monkeypatch.setattr(paragraphs, "_PAGE", dice.choice((1, 2, 500)))
    rows = readings(dice)
    with filled(tmp_path / "a.sqlite", rows, dice) as catalogue, filled(tmp_path / "b.sqlite", rows, dice) as other:
        assert catalogue.dump()["paragraphs"] == other.dump()["paragraphs"] != []
        for site in (*SITES, "sahil.test"):
            for _ in range(12):
                kept, removed = (set(dice.sample(KEYS, dice.randrange(4))) for _ in range(2))
                assert list(catalogue.holding(site, kept, removed)) == looked_for(catalogue, site, kept, removed)
            for limit in (-1, 0, 1, 7):
                seen = catalogue.rows(ALL_SEEN, {"site": site, "limit": limit})
                assert catalogue.seen_lines(site, limit) == seen
                assert bool(seen) == (site in SITES and limit != 0)


def test_texts_may_be_read_again_while_the_next_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paragraphs, "_PAGE", 2)
    line = Paragraph(KEYS[3], 7, 30, is_apart=False, is_learned=False)
    with Catalogue(tmp_path / "a.sqlite", create=True) as catalogue:

        def read(number: int, extracted: str, lines: list[Paragraph]) -> None:
            row, words = version(number % 100, "Report", extracted=extracted, id=f"urn:uuid:{number}")
            catalogue.add(versions=[(row | {"lines": pack(lines)}, words)])

        for number in range(10, 17):
            read(number, "1", [line])
        given = []
        for row in catalogue.holding("ellery.test", {line.key}, set()):
            given.append(int(row["capture"][-2:]))
            read(100 + given[-1], "2", [])
        assert given == [16, 15, 14, 13, 12, 11, 10]
        assert list(catalogue.holding("ellery.test", {line.key}, set())) == []
        assert catalogue.dump()["paragraphs"] == []


@pytest.fixture
def plans(tmp_path: Path) -> Iterator[tuple[Catalogue, list[str]]]:
    """A catalogue, and how SQLite answers what it is asked."""
    with filled(tmp_path / "a.sqlite", readings(random.Random(1)), random.Random(1)) as catalogue:
        connection, steps = catalogue._database.connection, list[str]()

        @event.listens_for(connection, "before_cursor_execute")
        def explain(_: object, cursor: object, statement: str, values: object, *__: object) -> None:
            driver = connection.connection.driver_connection
            assert driver is not None
            steps.extend(row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", values))

        yield catalogue, steps


def test_only_texts_that_may_hold_them_are_looked_at(plans: tuple[Catalogue, list[str]]) -> None:
    catalogue, steps = plans
    list(catalogue.holding(SITES[0], KEYS[:3], KEYS[3:]))
    assert "SEARCH paragraphs USING PRIMARY KEY (paragraph=?)" in steps
    assert "SEARCH v USING INDEX ix_versions_capture (capture=?)" in steps
    assert {step for step in steps if step.startswith("SCAN")} == {"SCAN p", "SCAN json_each VIRTUAL TABLE INDEX 1:"}


def test_the_latest_texts_are_found_without_a_look_at_all(plans: tuple[Catalogue, list[str]]) -> None:
    catalogue, steps = plans
    catalogue.seen_lines(SITES[0], 5)
    assert "SEARCH v USING INDEX versions_by_site (site=?)" in steps
    assert "SEARCH n USING INDEX ix_versions_capture (capture=?)" in steps
    assert not any(step.startswith("SCAN") for step in steps)
    assert [step for step in steps if "B-TREE" in step] == ["USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"]
