"""Coverage: what was fetched of a source, day by day, whatever order the rows came in."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from tests.archive.catalogue.made import capture, fetch, version


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "catalogue.sqlite", create=True) as catalogue:
        yield catalogue


def numbers(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("day", "seen", "captured", "extracted", "failed", "captures"))


def coverage(catalogue: Catalogue, source: str = "ellery", **options: Any) -> list[tuple[Any, ...]]:
    """The same before and after the days were counted."""
    before = [numbers(row) for row in catalogue.coverage(source, **options)]
    catalogue.settle()
    assert [numbers(row) for row in catalogue.coverage(source, **options)] == before
    return before


A, B, C = (f"https://ellery.test/{name}" for name in "abc")


def test_each_url_counts_once_a_day(catalogue: Catalogue) -> None:
    catalogue.add(
        captures=[capture(1, A), capture(2, A), capture(3, B, status=404), capture(4, C, status=301)],
        fetches=[
            fetch(1, A),
            fetch(2, A, started="2026-11-20T23:59:59.999Z"),
            fetch(3, B),
            fetch(4, C),
            fetch(5, A, outcome="timeout"),
            fetch(6, "https://ellery.test/d", outcome="dns"),
            fetch(7, A, started="2026-11-21T00:00:00.000Z", outcome="dns"),
            fetch(8, A, source="other"),
        ],
        versions=[version(1, "Storm", article=A), version(101, "Again", article=A, capture="urn:uuid:0001")],
    )
    assert coverage(catalogue) == [("2026-11-20", 4, 2, 1, 2, 4), ("2026-11-21", 1, 0, 0, 1, 0)]
    assert coverage(catalogue, "other") == [("2026-11-20", 1, 0, 0, 1, 0)]
    assert coverage(catalogue, "none") == coverage(catalogue, "\ud800") == []


def test_robots_and_what_pages_are_made_of_do_not_count(catalogue: Catalogue) -> None:
    kinds = ["robots", "requisite", "feed", "section", "redirect", None]
    catalogue.add(fetches=[fetch(n, f"{A}{n}", lead_kind=kind) for n, kind in enumerate(kinds)])
    assert coverage(catalogue) == [("2026-11-20", 4, 0, 0, 4, 0)]


def test_a_page_that_has_not_changed_counts_as_read(catalogue: Catalogue) -> None:
    day = "2026-11-22T09:00:00.000Z"
    again = capture(2, A, kind="revisit", refers_to="urn:uuid:0001", date="2026-11-22T09:00:00Z")
    catalogue.add(captures=[capture(1, A), again], fetches=[fetch(1, A), fetch(2, A, started=day)])
    assert [row[3] for row in coverage(catalogue)] == [0, 0]
    catalogue.add(versions=[version(1, "Storm", article=A)])
    assert [row[3] for row in coverage(catalogue)] == [1, 1]


def test_days_between_dates(catalogue: Catalogue) -> None:
    catalogue.add(fetches=[fetch(n, A, started=f"2026-11-{n:02}T12:00:00Z") for n in range(1, 9)])
    assert [row[0][-2:] for row in coverage(catalogue, since="2026-11-03")] == ["03", "04", "05", "06", "07", "08"]
    assert [row[0][-2:] for row in coverage(catalogue, until="2026-11-03")] == ["01", "02"]
    assert [row[0][-2:] for row in coverage(catalogue, since="2026-11-02T09:00", until="2026-11-04")] == ["02", "03"]
    assert coverage(catalogue, since="2027", until="2026") == []


def rows() -> list[dict[str, Any]]:
    """A week of fetches, captures and articles by two papers."""
    rng = random.Random(4)
    made: list[dict[str, Any]] = []
    for n in range(60):
        url, day, source = f"https://ellery.test/{n % 9}", 1 + rng.randrange(7), rng.choice(["ellery", "other"])
        date = f"2026-11-0{day}T12:00:00Z"
        if rng.random() < 0.2:
            made.append({"fetches": [fetch(n, url, started=date, source=source, outcome="dns")]})
            continue
        status, original = rng.choice([200, 200, 200, 404, 500]), rng.choice([None, f"urn:uuid:{rng.randrange(60):04}"])
        row = capture(n, url, date=date, source=source, status=status, refers_to=original)
        made.append({"fetches": [fetch(n, url, started=date, source=source)], "captures": [row]})
        if rng.random() < 0.5:
            made.append({"versions": [version(n, "Storm", article=url, date=date, source="again")]})
    return made


def test_the_numbers_are_the_same_in_whatever_order_rows_come(tmp_path: Path) -> None:
    answers = []
    for number, seed in enumerate([None, 1, 2, 3]):
        order = rows()
        if seed:
            random.Random(seed).shuffle(order)
        with Catalogue(tmp_path / f"{number}.sqlite", create=True) as catalogue:
            for at in range(0, len(order), 1 + number * 5):
                batch: dict[str, list[Any]] = {"fetches": [], "captures": [], "versions": []}
                for exchange in order[at : at + 1 + number * 5]:
                    for table, given in exchange.items():
                        batch[table] += given
                catalogue.add(**batch)
                if number % 2:
                    catalogue.settle()
            answers.append([coverage(catalogue, source) for source in ("ellery", "other")])
            assert catalogue.dump()["days"]
    assert answers == [answers[0]] * 4
    assert all(row[1] == row[2] + row[4] for answer in answers[0] for row in answer)
    assert sum(row[3] for answer in answers[0] for row in answer) > 10


def test_sources(catalogue: Catalogue) -> None:
    assert catalogue.sources() == []
    run: Row = {"id": "r", "source": "new", "software": "s", "settings_digest": None, "started": "x", "ended": None}
    catalogue.add(
        runs=[run | {"reason": None, "stats": None}],
        captures=[capture(1, A), capture(2, A, date="2026-11-25T09:00:00Z"), capture(3, B, source="theirs")],
        fetches=[fetch(1, A), fetch(2, A, started="2026-11-25T09:00:00Z"), fetch(4, B, source="down", outcome="dns")],
        versions=[version(1, "Storm"), version(2, "Storm", article=A)],
    )
    want = [
        {"source": "down", "articles": 0, "captures": 0, "first": None, "last": None},
        {"source": "ellery", "articles": 2, "captures": 2, "first": "2026-11-20", "last": "2026-11-25"},
        {"source": "new", "articles": 0, "captures": 0, "first": None, "last": None},
        {"source": "theirs", "articles": 0, "captures": 1, "first": "2026-11-20", "last": "2026-11-20"},
    ]
    assert catalogue.sources() == want
    catalogue.settle()
    assert catalogue.sources() == want


def test_languages(catalogue: Catalogue) -> None:
    tags = ["en", "en-GB", "EN_us", "de", None, "", "zh-Hant-TW"]
    catalogue.add(
        versions=[
            version(n, "Storm", article=f"{A}{n}", language=tag, source=f"s{n % 2}") for n, tag in enumerate(tags)
        ]
    )
    told = {row["language"]: row["articles"] for row in catalogue.languages()}
    assert list(told.items()) == [("en", 3), ("", 2), ("de", 1), ("zh", 1)]
    assert sum(row["articles"] for row in catalogue.languages("s1")) == 3
    assert catalogue.languages("none") == []
    for language, number in told.items():
        assert len(catalogue.articles(language=language)) == number


def test_every_source_is_told_however_it_became_known(catalogue: Catalogue) -> None:
    given: dict[str, Any] = {"fetches": [fetch(1, A, source="a")], "captures": [capture(1, A, source="b")]}
    given["versions"] = [version(1, "Storm", source="c")]
    for count in range(1, 4):
        for names in itertools.combinations(given, count):
            catalogue.add(**{name: given[name] for name in names})
    assert [row["source"] for row in catalogue.sources()] == ["a", "b", "c"]


def test_the_ledger_tells_what_was_announced_refused_revisited_and_changed(catalogue: Catalogue) -> None:
    urls = [f"https://ellery.test/{n}" for n in range(8)]
    again = capture(3, urls[2], kind="revisit", refers_to="urn:uuid:0002")
    catalogue.add(
        captures=[
            capture(1, urls[0]), capture(2, urls[2]), again, capture(4, urls[3], status=402),
            capture(5, urls[4], truncated="length"), capture(6, urls[5], status=503), capture(7, "https://ellery.test/rss"),
        ],
        fetches=[
            fetch(1, urls[0]), fetch(3, urls[2]), fetch(4, urls[3]), fetch(5, urls[4]), fetch(6, urls[5]),
            fetch(7, "https://ellery.test/rss", lead_kind="source"), fetch(8, urls[6], outcome="robots"),
            fetch(9, urls[7], outcome="dns"), fetch(10, "https://ellery.test/robots.txt", lead_kind="robots"),
        ],
        versions=[version(1, "Storm", article=urls[0], paywalled=True), version(2, "Ferry", article=urls[2])],
        leads=[
            {"url": url, "capture": "urn:uuid:0007", "run": "r", "source": "ellery", "via": "https://ellery.test/rss",
             "kind": "feed", "seen": "2026-11-20T09:00:07Z", "announced": None, "title": None, "summary": None,
             "is_article": url != urls[7]}
            for url in urls
        ],
    )  # fmt: skip
    for _ in range(2):
        (day,) = catalogue.coverage("ellery")
        assert {name: number for name, number in day.items() if name not in ("day", "captures")} == {
            "announced": 7, "seen": 7, "captured": 3, "extracted": 2, "revisited": 1, "changed": 0, "failed": 4,
            "robots": 1, "paywall": 2, "error": 2, "too_large": 1, "visits": 9,
        }  # fmt: skip
        catalogue.settle()


def test_days_on_which_only_something_was_announced(catalogue: Catalogue) -> None:
    lead = {"url": A, "capture": "c", "run": "r", "source": "ellery", "via": B, "kind": "feed", "is_article": True}
    lead |= {"seen": "2026-11-20T09:00:00Z", "announced": None, "title": None, "summary": None}
    catalogue.add(leads=[lead, lead | {"capture": "d"}, lead | {"url": C, "seen": "2026-11-21T09:00:00Z"}])
    assert coverage(catalogue) == [("2026-11-20", 0, 0, 0, 0, 0), ("2026-11-21", 0, 0, 0, 0, 0)]
    assert [row["announced"] for row in catalogue.coverage("ellery")] == [1, 1]
