"""`Catalogue`: rows go in once, in any order, and answers come out; whatever is asked."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.catalogue import Catalogue, schema
from archive.catalogue.database import copy_database
from archive.catalogue.rows import Row, first_number
from archive.catalogue.words import Words
from archive.errors import StoreError
from tests.archive.catalogue.made import URL, capture, version
from tests.archive.making import refused


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    catalogue = Catalogue(tmp_path / "catalogue.sqlite", create=True)
    yield catalogue
    catalogue.close()


# Opening


def test_a_catalogue_is_made_only_where_asked_for(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        Catalogue(tmp_path / "none.sqlite")
    assert "there is no catalogue; scrapy rebuild" in refused(error.value)
    assert list(tmp_path.iterdir()) == []
    Catalogue(tmp_path / "none.sqlite", create=True).close()
    Catalogue(tmp_path / "none.sqlite").close()
    assert [p.name for p in tmp_path.iterdir()] == ["none.sqlite"]


@pytest.mark.parametrize(
    "content", [b"no database, whatever its name says" * 100, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_database_is_told_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes(content)
    with pytest.raises(StoreError) as error:
        Catalogue(path)
    text = refused(error.value)
    assert str(path) in text
    assert "scrapy rebuild" in text
    assert path.read_bytes() == content


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        Catalogue(tmp_path)
    refused(error.value)


def test_another_version_is_told_in_one_sentence(catalogue: Catalogue) -> None:
    with catalogue._connection.begin():
        catalogue._connection.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION + 1}")
    catalogue.close()
    with pytest.raises(StoreError) as error:
        Catalogue(catalogue.path)
    assert f"is a catalogue of version {schema.VERSION + 1}" in refused(error.value)


def test_damage_inside_is_told_in_one_sentence(catalogue: Catalogue) -> None:
    catalogue.add(captures=[capture(n) for n in range(50)], versions=[version(n, f"Storm {n}") for n in range(50)])
    catalogue.close()
    data = bytearray(catalogue.path.read_bytes())
    data[8192:] = b"\x5a" * (len(data) - 8192)
    catalogue.path.write_bytes(data)
    with pytest.raises(StoreError) as error:
        Catalogue(catalogue.path).dump()
    assert "scrapy rebuild" in refused(error.value)


def test_damage_of_one_page_is_found_by_the_check(catalogue: Catalogue) -> None:
    catalogue.add(captures=[capture(n) for n in range(200)])
    catalogue.close()
    data = bytearray(catalogue.path.read_bytes())
    data[-4096:] = b"\x5a" * 4096
    catalogue.path.write_bytes(data)
    damaged = Catalogue(catalogue.path)
    assert damaged.check()
    damaged.close()


def test_a_catalogue_that_is_well_has_nothing_wrong(catalogue: Catalogue) -> None:
    catalogue.add(versions=[version(1, "Storm")])
    assert catalogue.check() == []


def test_two_crawls_can_make_one_catalogue_at_the_same_moment(tmp_path: Path) -> None:
    errors: list[str] = []

    def begin(path: Path, barrier: threading.Barrier) -> None:
        barrier.wait()
        try:
            Catalogue(path, create=True).close()
        except StoreError as error:
            errors.append(str(error))

    for n in range(12):
        barrier = threading.Barrier(2)
        threads = [threading.Thread(target=begin, args=(tmp_path / f"{n}.sqlite", barrier)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []


def test_a_copy_is_taken_of_a_catalogue_in_use(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.add(captures=[capture(1)], versions=[version(1, "Storm")])
    copy_database(catalogue.path, tmp_path / "copy.sqlite")
    copy = Catalogue(tmp_path / "copy.sqlite")
    assert copy.dump() == catalogue.dump()
    copy.close()
    with pytest.raises(StoreError) as error:
        copy_database(tmp_path / "none.sqlite", tmp_path / "other.sqlite")
    assert "scrapy rebuild" in refused(error.value)


def test_a_writer_waits_for_another_one(catalogue: Catalogue) -> None:
    other = Catalogue(catalogue.path)
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with other._database.engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO files (name, indexed) VALUES ('a', 1)")
            holding.set()
            assert not done.wait(0.3)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(10)
    catalogue.add(captures=[capture(1)])
    done.set()
    thread.join()
    assert catalogue.counts()["captures"] == 1
    other.close()


# Adding


def test_rows_that_are_known_change_nothing(catalogue: Catalogue) -> None:
    rows: dict[str, Any] = {"captures": [capture(1), capture(2)], "versions": [version(1, "Storm", "a")]}
    rows["runs"] = [{"id": "r", "source": "ellery", "software": "s", "started": "x", "ended": None}]
    catalogue.add(**rows)
    before = catalogue.dump()
    catalogue.add(**rows)
    assert catalogue.dump() == before
    catalogue.add()
    assert catalogue.dump() == before


def test_the_end_of_a_run_outlives_its_beginning(catalogue: Catalogue) -> None:
    beginning: Row = {"id": "r", "source": "ellery", "software": "s", "settings_digest": None, "started": "x"}
    beginning |= {"ended": None, "reason": None, "stats": None, "tally": None}
    end = beginning | {"ended": "y", "reason": "finished", "stats": "{}"}
    for rows in itertools.permutations([beginning, end, beginning]):
        catalogue.add(runs=rows)
        assert catalogue.dump()["runs"] == [end]


def test_all_or_nothing_is_added(catalogue: Catalogue) -> None:
    with pytest.raises(StoreError):
        catalogue.add(captures=[capture(1)], files=[{"name": "f", "run": "r", "indexed": None}])
    assert catalogue.counts()["captures"] == 0
    catalogue.add(captures=[capture(1)])
    assert catalogue.counts()["captures"] == 1


HISTORY = [
    version(1, "Storm begins", "a"),
    version(2, "Storm begins", "a"),
    version(3, "Storm grows", "b", published="2026-11-20"),
    version(4, "Storm ends", "a", language="en", section="Sea"),
]


def articles_after(tmp_path: Path, order: list[tuple[Row, Words]], one_by_one: bool) -> dict[str, list[Row]]:
    catalogue = Catalogue(tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite", create=True)
    try:
        for item in [[v] for v in order] if one_by_one else [order]:
            catalogue.add(versions=item)
        rows = catalogue.dump()
        return {name: rows[name] for name in ("versions", "articles", "full_text")}
    finally:
        catalogue.close()


def test_an_article_is_what_its_versions_are_in_whatever_order_they_came(tmp_path: Path) -> None:
    want = articles_after(tmp_path, HISTORY, one_by_one=True)
    (article,) = want["articles"]
    assert article == {
        "url": URL,
        "source": "ellery",
        "headline": "Storm ends",
        "published": None,
        "modified": None,
        "language": "en",
        "section": "Sea",
        "date": "2026-11-20T09:00:01Z",
        "first_seen": "2026-11-20T09:00:01Z",
        "last_seen": "2026-11-20T09:00:04Z",
        "texts": 3,
        "version": "urn:uuid:v004",
        "rights": 0,
    }
    for number, order in enumerate(list(itertools.permutations(HISTORY))[1::2]):
        assert articles_after(tmp_path, list(order), one_by_one=number % 2 == 0) == want


@settings(deadline=None, max_examples=8)
@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abc")), min_size=1, max_size=5), st.randoms())
def test_versions_of_one_second_have_an_order_too(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, str]], shuffled: Any
) -> None:
    folder = tmp_path_factory.mktemp("order")
    history = [
        version(n, f"Storm {n}", text, date=f"2026-11-20T09:00:0{second}Z") for n, (second, text) in enumerate(drawn)
    ]
    want = articles_after(folder, history, one_by_one=True)
    shuffled.shuffle(history)
    assert articles_after(folder, history, one_by_one=True) == want


# Questions of a crawl


def test_originals_are_whole_responses_of_the_same_url_payload_and_status(catalogue: Catalogue) -> None:
    digest = "sha256:same"
    catalogue.add(
        captures=[
            capture(1, payload_digest=digest, kind="revisit"),
            capture(2, payload_digest=digest, truncated="time"),
            capture(3, payload_digest=digest, method="HEAD"),
            capture(4, payload_digest=digest, status=404),
            capture(5, URL + "/", payload_digest=digest),
            capture(7, payload_digest=digest),
            capture(6, payload_digest=digest),
        ]
    )
    row = catalogue.original(URL, digest, 200)
    assert row == {
        "id": "urn:uuid:0006",
        "url": URL,
        "date": "2026-11-20T09:00:06Z",
        "payload_digest": digest,
    }
    assert catalogue.original(URL, "sha256:other", 200) is None


def test_the_latest_page_is_a_response_even_through_a_revisit(catalogue: Catalogue) -> None:
    assert catalogue.latest_page(URL) is None
    catalogue.add(captures=[capture(1), capture(2), capture(3, kind="revisit", refers_to="urn:uuid:0001")])
    catalogue.add(captures=[capture(4, status=404), capture(5, truncated="time"), capture(6, method="POST")])
    row = catalogue.latest_page(URL)
    assert row is not None
    assert row["id"] == "urn:uuid:0001"


def test_what_was_read_and_what_is_indexed(catalogue: Catalogue) -> None:
    catalogue.add(versions=[version(1, "Storm")], files=[{"name": "f", "run": "r", "indexed": 7}])
    catalogue.add(files=[{"name": "f", "run": "r", "indexed": 9}])
    assert catalogue.is_read("urn:uuid:0001")
    assert not catalogue.is_read("urn:uuid:0002")
    assert catalogue.indexed() == {"f": 9}


# Questions of a reader


def test_captures_of_a_url_in_all_its_spellings(catalogue: Catalogue) -> None:
    spellings = [
        "http://ellery.test/a",
        "https://ellery.test/a",
        "https://www.ellery.test/a/",
        "http://www.ellery.test/a#x",
    ]
    catalogue.add(
        captures=[capture(9 - n, url) for n, url in enumerate(spellings)] + [capture(1, "https://ellery.test/b")]
    )
    for url in [*spellings, "HTTPS://ELLERY.test:443/a"]:
        dates = [row["date"] for row in catalogue.captures(url)]
        assert len(dates) == 4
        assert dates == sorted(dates)
    assert catalogue.captures("https://ellery.test/A") == []
    assert catalogue.capture("urn:uuid:0001") == capture(1, "https://ellery.test/b")
    assert catalogue.capture("urn:uuid:9999") is None


def test_captures_of_what_is_no_url(catalogue: Catalogue) -> None:
    assert catalogue.captures("http://[") == []
    assert catalogue.versions("http://[") == []


def test_versions_by_any_url_the_article_was_seen_under(catalogue: Catalogue) -> None:
    canonical, amp = "https://ellery.test/storm", "https://amp.ellery.test/storm"
    catalogue.add(captures=[capture(1, canonical), capture(2, amp), capture(3, "https://ellery.test/ferry")])
    catalogue.add(
        versions=[
            version(2, "Storm, short", article=canonical),
            version(1, "Storm", article=canonical),
            version(3, "Ferry", article="https://ellery.test/ferry"),
        ]
    )
    for url in (canonical, amp, "http://www.ellery.test/storm/"):
        assert [row["headline"] for row in catalogue.versions(url)] == ["Storm", "Storm, short"]
    assert catalogue.versions("https://ellery.test/none") == []


def test_articles_by_source_and_day(catalogue: Catalogue) -> None:
    days = ["2026-11-19", "2026-11-20T08:00:00+01:00", "2026-11-20", None, "2026-11-21"]
    catalogue.add(
        versions=[
            version(n, f"{n}", article=f"https://ellery.test/{n}", published=day, source="one" if n % 2 else "two")
            for n, day in enumerate(days)
        ]
    )
    told = [row["headline"] for row in catalogue.articles()]
    assert told == ["4", "3", "1", "2", "0"]  # by first sight, where the page tells no date
    assert [row["headline"] for row in catalogue.articles(since="2026-11-20", until="2026-11-21")] == ["3", "1", "2"]
    assert [row["headline"] for row in catalogue.articles(source="one")] == ["3", "1"]
    assert [row["headline"] for row in catalogue.articles(limit=2)] == ["4", "3"]
    assert catalogue.articles(source="' OR 1=1 --") == []


def test_counts(catalogue: Catalogue) -> None:
    catalogue.add(captures=[capture(1), capture(2, run="s")], versions=[version(1, "Storm")])
    assert catalogue.counts() == {"runs": 0, "fetches": 0, "captures": 2, "versions": 1, "articles": 1}


# The numbers of articles


def numbered(catalogue: Catalogue) -> dict[str, int]:
    return {row["url"]: row["number"] for row in catalogue.articles(limit=1000)}


def test_an_article_moves_when_its_date_does(catalogue: Catalogue) -> None:
    other = "https://ellery.test/other"
    catalogue.add(versions=[version(5, "Storm", "twelve boats " * 30), version(1, "Other", article=other)])
    before = numbered(catalogue)
    catalogue.add(versions=[version(3, "Storm", "nine boats")])  # seen earlier than was known
    seen = numbered(catalogue)
    assert seen[URL] < before[URL]
    assert seen[other] == before[other]
    catalogue.add(versions=[version(6, "Storm", "ten boats", published="1999-01-01")])
    assert numbered(catalogue)[URL] < seen[other]
    assert catalogue.check() == []
    dumped = catalogue.dump()
    assert [row["url"] for row in dumped["full_text"]] == sorted([URL, other])
    assert [row["text"] for row in dumped["full_text"] if row["url"] == URL] == ["ten boats"]
    assert [row["url"] for row in dumped["likeness"]] == []


def test_articles_whose_numbers_are_the_same_get_others(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.catalogue.articles.article_number", lambda date, _: first_number(date))
    urls = [f"https://ellery.test/{n}" for n in range(5)]
    for round in range(2):
        day = f"2026-11-2{round}"
        catalogue.add(
            versions=[version(n + 10 * round, "Storm", article=url, published=day) for n, url in enumerate(urls)]
        )
        assert sorted(numbered(catalogue).values()) == [(first_number(day) or 0) + n for n in range(5)]
        assert len(catalogue.dump()["full_text"]) == 5
