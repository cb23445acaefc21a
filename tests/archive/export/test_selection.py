from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archive.article import Article
from archive.errors import ArchiveError, ExportError, RecordError, StoreError
from archive.export.query import Query
from archive.export.selection import Selection
from archive.storage import Store
from tests.archive.export.papers import FERRY, STORM, keep_text, paper, selected
from tests.archive.making import altered, refused, running


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return paper(tmp_path_factory.mktemp("paper"))


def headlines(store: Store, **query: Any) -> list[str]:
    with selected(store, **query) as selection:
        entries = list(selection.entries(lambda *_: None))
        assert selection.count == len(entries)
    return [entry.article.headline or "" for entry in entries]


TWELVE, NINE, FERRY_LINE, ICE = (
    "Storm keeps twelve boats out",
    "Storm keeps nine boats out",
    "Ferry line two stops at noon",
    "Isen går i havnen",
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [NINE, FERRY_LINE, ICE]),
        ({"source": "ellery"}, [NINE, FERRY_LINE]),
        ({"language": "no"}, [ICE]),
        ({"language": "en-GB"}, [NINE, FERRY_LINE]),
        ({"since": "2026-11-21"}, [FERRY_LINE, ICE]),
        ({"since": "2026-11-22"}, [ICE]),  # it tells no date: first captured on that day
        ({"until": "2026-11-21"}, [NINE]),
        ({"since": "2026-11-21", "until": "2026-11-22"}, [FERRY_LINE]),
        ({"words": "boats"}, [NINE]),
        ({"words": '"nine boats"'}, [NINE]),
        ({"words": "harbour", "until": "2026-11-21"}, [NINE]),
        ({"words": "havnen", "source": "nordlys"}, [ICE]),
        ({"versions": "all"}, [TWELVE, NINE, FERRY_LINE, ICE]),
        ({"versions": "all", "words": "nine"}, [TWELVE, NINE]),
        ({"captured_until": "2026-11-21"}, [TWELVE, FERRY_LINE]),
        ({"captured_since": "2026-11-21"}, [NINE, ICE]),
        ({"captured_since": "2026-11-21", "captured_until": "2026-11-22", "versions": "all"}, [NINE]),
        ({"captured_since": "2026-11-20T09:00:01Z", "captured_until": "2026-11-20T09:00:30"}, [TWELVE]),
    ],
)
def test_what_a_query_chooses(store: Store, query: dict[str, Any], expected: list[str]) -> None:
    assert headlines(store, **query) == expected


def test_an_entry_knows_where_all_of_it_lies(store: Store) -> None:
    with selected(store, words="nine") as selection:
        (entry,) = selection.entries(lambda *_: None)
    assert entry.capture.url == STORM
    assert entry.article.text_digest == entry.row["text_digest"]
    assert [row["headline"] for row in entry.revisions] == [TWELVE, NINE]
    assert entry.revisions[1]["version"] == entry.row["id"]
    assert entry.article.headline == NINE


@pytest.mark.parametrize(
    "query",
    [
        {"source": "nobody"},
        {"words": "submarine"},
        {"since": "2027"},
        {"captured_until": "2020"},
        {"words": "boats", "captured_until": "2020", "versions": "all"},
    ],
)
def test_nothing_fits(store: Store, query: dict[str, Any]) -> None:
    with pytest.raises(ExportError) as caught:
        Selection(store, Query(**query))
    assert "No article" in refused(caught.value)


@pytest.mark.parametrize(
    "query", [{"captured_since": "yesterday"}, {"captured_until": "2026-1"}, {"words": "..."}, {"since": "soon"}]
)
def test_queries_that_make_no_sense(store: Store, query: dict[str, Any]) -> None:
    with pytest.raises(ArchiveError) as caught:
        Selection(store, Query(**query))
    refused(caught.value)


def test_a_folder_without_an_archive(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Selection(Store(tmp_path), Query())
    refused(caught.value)


def test_versions_that_say_the_same_count_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    texts = ["Ice.", "Ice.", "Water.", "Ice."]
    with running(store) as run:
        for hours, text in enumerate(texts):
            article = Article(url=FERRY, headline="Ice", text=text)
            keep_text(run, FERRY, article, html=b"<p>%d" % hours, hours=hours)
        keep_text(run, FERRY, Article(url=FERRY, headline="More ice", text="Ice."), html=b"<p>9", hours=9)
    with selected(store, versions="all") as selection:
        entries = list(selection.entries(lambda *_: None))
    assert [(e.article.headline, e.article.text) for e in entries] == [
        ("Ice", "Ice."),
        ("Ice", "Water."),
        ("Ice", "Ice."),
        ("More ice", "Ice."),
    ]
    assert [e.capture.date[11:13] for e in entries] == ["09", "11", "12", "18"]
    assert {len(e.revisions) for e in entries} == {4}


def test_a_text_that_was_tampered_with_is_not_handed_over(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    with running(store) as run:
        keep_text(run, FERRY, Article(url=FERRY, text="Twelve boats."))
    (name,) = store.files("derived")
    length = store.path(name).stat().st_size

    def change(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        return headers, block.replace(b"Twelve", b"Thirty")

    altered(store.path(name), change)
    with selected(store) as selection, pytest.raises((RecordError, StoreError)) as caught:
        list(selection.entries(lambda *_: None))
    assert length
    refused(caught.value)


def test_what_was_asked_when_an_export_failed_says_nothing(tmp_path: Path) -> None:
    """An answer that is half read is thrown away after the connection is closed."""
    store = Store(tmp_path / "archive")
    with running(store) as run:
        for hour in range(3):
            keep_text(run, FERRY, Article(url=FERRY, text=f"Boats: {hour}."), html=b"<p>%d" % hour, hours=hour)
    with selected(store, versions="all") as selection:
        rows = selection.rows("SELECT * FROM chosen")
        next(rows)
    rows.close()  # type: ignore[attr-defined]
