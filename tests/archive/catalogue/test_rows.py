"""Rows out of what records say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.capture import Capture
from archive.catalogue import schema
from archive.catalogue.rows import capture_row, fetch_row, run_row, url_key, version_row

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
    row = version_row("v", details, RUN, **PLACES)
    assert row.keys() == columns("versions")
    assert (row["article"], row["capture"], row["headline"], row["removed"]) == (article["url"], "c", "h", 2)
    assert (row["site"], row["lines"]) == ("u.test", b"lines")
    assert [row[p + n] for p in ("", "details_", "provenance_") for n in ("offset", "length")] == [1, 2, 3, 4, 5, 6]
    row = version_row("v", json.loads(json.dumps(details)), RUN, **PLACES)
    article["canonical_url"] = "canonical"
    assert row["article"] == article["url"]
    assert version_row("v", details, RUN, **PLACES)["article"] == "canonical"
