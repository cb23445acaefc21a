"""Rows out of what records say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.capture import Capture
from archive.catalogue import schema
from archive.catalogue.rows import (
    article_number,
    capture_row,
    facets,
    fetch_row,
    first_number,
    number_second,
    run_row,
    subtag,
    url_key,
    version_row,
)
from archive.catalogue.tokens import tokens

RUN = {"id": "r", "source": "ellery"}


@pytest.mark.parametrize(
    "url",
    [
        "http://ellery.test/a/b",
        "https://ellery.test/a/b",
        "https://www.ellery.test/a/b/",
        "HTTPS://WWW.Ellery.TEST:443/a/b",
        "http://ellery.test:80/a/b#comments",
        "https://user:secret@ellery.test/a/b",
    ],
)
def test_urls_of_one_page_have_one_key(url: str) -> None:
    assert url_key(url) == "ellery.test/a/b"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://ellery.test", "ellery.test"),
        ("https://ellery.test/", "ellery.test"),
        ("https://ellery.test/?p=7", "ellery.test?p=7"),
        ("https://ellery.test/A?b=C&d", "ellery.test/A?b=C&d"),
        ("https://ellery.test:8443/a", "ellery.test:8443/a"),
        ("https://news.ellery.test/a", "news.ellery.test/a"),
        ("https://wwwellery.test/a", "wwwellery.test/a"),
        ("https://ellery.test:99999/a", "ellery.test/a"),
        ("https://ellery.test/å", "ellery.test/å"),
        ("urn:newswarc:run:1", "newswarc:run:1"),
        ("", ""),
    ],
)
def test_keys(url: str, key: str) -> None:
    assert url_key(url) == key


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_path_has_a_key(path: str) -> None:
    assert url_key("https://ellery.test/" + path).startswith("ellery.test")


@pytest.mark.parametrize("url", ["http://[", "https://[ellery.test/a", "//]"])
def test_what_is_no_url_has_a_key_too(url: str) -> None:
    assert isinstance(url_key(url), str)


def columns(table: str) -> set[str]:
    return {c.name for c in schema.metadata.tables[table].c}


def test_runs() -> None:
    info = {"newswarc-run": "r", "newswarc-started": "2026-11-20T09:00:00Z", "isPartOf": "ellery", "software": "s"}
    row = run_row(info)
    assert row.keys() == columns("runs")
    assert (row["id"], row["source"], row["ended"], row["reason"], row["stats"]) == ("r", "ellery", None, None, None)
    end = run_row(info, {"ended": "e", "reason": "finished", "stats": {"b": 1, "a": [2]}})
    assert end["stats"] == '{"a": [2], "b": 1}'
    with pytest.raises(KeyError):
        run_row({})


def test_fetches() -> None:
    facts: dict[str, Any] = {"url": "u", "method": "GET", "started": "s", "ended": "e", "outcome": "dns", "size": 0}
    row = fetch_row("id", facts, RUN, None)
    assert row.keys() == columns("fetches")
    assert (row["error"], row["status"], row["lead_kind"], row["lead_via"]) == (None, None, None, None)
    row = fetch_row("id", facts | {"lead": {"kind": "feed", "via": "v"}, "status": 200, "error": "x"}, RUN, "c")
    assert (row["error"], row["status"], row["lead_kind"], row["lead_via"]) == ("x", 200, "feed", "v")
    assert (row["capture"], row["run"], row["source"]) == ("c", "r", "ellery")


def test_captures() -> None:
    fields: dict[str, Any] = {"id": "i", "kind": "response", "url": "http://www.a.test/b/", "date": "d", "status": 200}
    fields |= {"mime": None, "payload_digest": "p", "file": "f", "offset": 1, "length": 2, "record_digest": "x"}
    row = capture_row(Capture(**fields), "POST", RUN)
    assert row.keys() == columns("captures")
    assert row | fields == row
    assert (row["url_key"], row["method"], row["refers_to"]) == ("a.test/b", "POST", None)


PLACES: dict[str, Any] = {"file": "f", "places": ((1, 2), (3, 4), (5, 6)), "lines": b"lines", "signature": b"s"}


def test_versions() -> None:
    article: dict[str, Any] = {
        "url": "http://www.u.test/a",
        "headline": "h",
        "trace": {"capture": "c", "removed": [{}, {}]},
    }
    details: dict[str, Any] = {"article": article, "date": "d", "extracted": "e", "text_digest": "t"}
    details["measures"] = {"length": 7, "agreement": 0.9335, "second": "feed"}
    row = version_row("v", details, RUN, **PLACES)
    assert row.keys() == columns("versions")
    assert (row["article"], row["capture"], row["headline"], row["removed"]) == (article["url"], "c", "h", 2)
    assert (row["site"], row["lines"]) == ("u.test", b"lines")
    assert (row["kind"], row["fields"], row["text_length"]) == ("article", "headline", 7)
    assert (row["agreement"], row["second"]) == (934, "feed")
    assert [row[p + n] for p in ("", "details_", "provenance_") for n in ("offset", "length")] == [1, 2, 3, 4, 5, 6]
    row = version_row("v", json.loads(json.dumps(details)), RUN, **PLACES)
    article["canonical_url"] = "canonical"
    assert row["article"] == article["url"]
    assert version_row("v", details, RUN, **PLACES)["article"] == "canonical"


# Numbers of articles


DATES = [
    "1600",
    "1999",
    "1999-12-31T23:59:59",
    "2026",
    "2026-01-02",
    "2026-11",
    "2026-11-20",
    "2026-11-20T00:00:01+05:00",
    "2026-11-20T09:30-11:00",
    "2026-11-20 09:30:01.5",
    "2026-11-21",
    "2500-12-31T23:59:59Z",
]


def test_numbers_are_in_order_of_date() -> None:
    numbers = [first_number(date) for date in DATES]
    assert None not in numbers
    assert numbers == sorted(numbers, key=lambda number: number or 0)
    assert len({*numbers}) == len(DATES)
    for date, number in zip(DATES, numbers, strict=True):
        mine = article_number(date, "https://ellery.test/")
        assert number is not None
        assert number <= mine < number + (1 << 20)
        assert number_second(mine) == number_second(number)
        assert 0 <= mine < 1 << 63


@pytest.mark.parametrize(
    "date", ["", "x", "1599", "2501", "2026-00", "2026-11-31", "2026-11-20T24:00", "2026-11-20T", "2026\n", "٢٠٢٦"]
)
def test_what_is_no_date_has_no_number(date: str) -> None:
    assert first_number(date) is None
    assert 0 <= article_number(date, "https://ellery.test/") < 1 << 20


def test_articles_of_one_second_have_numbers_of_their_own() -> None:
    numbers = {article_number("2026-11-20", f"https://ellery.test/{n}") for n in range(500)}
    assert len(numbers) > 490


def test_facets_are_no_words() -> None:
    assert facets("a_b", "en-GB") == facets("a_b", "EN")
    assert facets("a_b", "en") != facets("ab", "en")
    assert len({*facets("en", "en")}) == 2
    assert tokens(" ".join(facets("a_b", "en"))) != " ".join(facets("a_b", "en"))
    assert facets("\ud800", None)


@pytest.mark.parametrize(
    ("tag", "primary"), [("en-GB", "en"), ("EN_us", "en"), ("zh-Hant-TW", "zh"), (None, ""), ("", "")]
)
def test_primary_subtags(tag: str | None, primary: str) -> None:
    assert subtag(tag) == primary
