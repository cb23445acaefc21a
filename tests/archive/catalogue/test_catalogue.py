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
from archive.catalogue.catalogue import Text, copy_database, text_words
from archive.catalogue.rows import Row, url_key
from archive.errors import StoreError
from archive.surt import surt
from tests.archive.making import refused

URL = "https://www.ellery.test/2026/11/storm"


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    catalogue = Catalogue(tmp_path / "catalogue.sqlite", create=True)
    yield catalogue
    catalogue.close()


def capture(number: int, url: str = URL, **fields: Any) -> Row:
    row: Row = {"id": f"urn:uuid:{number:04}", "run": "r", "source": "ellery", "url": url, "url_key": url_key(url)}
    row["surt"] = surt(url)
    row |= {"date": f"2026-11-20T09:00:{number:02}Z", "kind": "response", "method": "GET", "status": 200}
    row |= {"mime": "text/html", "payload_digest": f"sha256:{number}", "refers_to": None, "truncated": None}
    return row | {"file": "f", "offset": number, "length": 1, "record_digest": "d"} | fields


def version(number: int, headline: str, text: str = "", *, article: str = URL, **fields: Any) -> tuple[Row, Text]:
    row: Row = {"id": f"urn:uuid:v{number:03}", "article": article, "capture": f"urn:uuid:{number:04}", "run": "r"}
    row |= {"source": "ellery", "date": f"2026-11-20T09:00:{number:02}Z", "extracted": "x", "headline": headline}
    row |= dict.fromkeys(("published", "modified", "language", "section"))
    row |= {"site": "ellery.test", "lines": b"", "text_digest": f"sha256:{text}", "removed": 0, "file": "f"}
    for prefix in ("", "details_", "provenance_"):
        row |= {f"{prefix}offset": number, f"{prefix}length": 1}
    row |= fields
    return row, text_words(headline, None, text, row["language"])


def found(catalogue: Catalogue, words: str, **options: Any) -> list[str]:
    """The headlines that a search finds, best first."""
    return [row["headline"] for row in catalogue.search(words, **options)]


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
    with catalogue._engine.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION + 1}")
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
        with other._engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO files (name, indexed) VALUES ('a', 1)")
            holding.set()
            assert not done.wait(0.3)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait()
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
    beginning |= {"ended": None, "reason": None, "stats": None}
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


def articles_after(tmp_path: Path, order: list[tuple[Row, Text]], one_by_one: bool) -> dict[str, list[Row]]:
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
        "first_seen": "2026-11-20T09:00:01Z",
        "last_seen": "2026-11-20T09:00:04Z",
        "texts": 3,
        "version": "urn:uuid:v004",
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
    assert (catalogue.indexed("f"), catalogue.indexed("g")) == (9, 0)


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
    assert told == ["4", "1", "2", "0", "3"]
    assert [row["headline"] for row in catalogue.articles(since="2026-11-20", until="2026-11-21")] == ["1", "2"]
    assert [row["headline"] for row in catalogue.articles(source="one")] == ["1", "3"]
    assert [row["headline"] for row in catalogue.articles(limit=2)] == ["4", "1"]
    assert catalogue.articles(source="' OR 1=1 --") == []


def test_counts_of_all_and_of_one_run(catalogue: Catalogue) -> None:
    catalogue.add(captures=[capture(1), capture(2, run="s")], versions=[version(1, "Storm")])
    assert catalogue.counts() == {"runs": 0, "fetches": 0, "captures": 2, "versions": 1, "articles": 1}
    assert catalogue.counts("s")["captures"] == 1


# Search

NEWS = [
    ("en", "Storm keeps twelve boats out", "The harbour stays closed. A \"cold\" night for o'Malley's crews."),
    ("en", "Ferry line two stops", "The boat to the islands leaves at noon. Storm damage is small."),
    ("de", "Häfen bleiben geschlossen", "Die Straßen am Hafen stehen unter Wasser."),
    ("fr", "Les élections à Ellery", "Les électeurs ont voté dimanche."),
    ("ru", "Ёлка на площади", "Лодки вернулись в порт после бури."),
    ("uk", "Човни повернулися", "Буря скінчилася вночі."),
    ("ar", "عاصفة في الميناء", "بقيت القوارب في الميناء طوال الليل"),
    ("zh", "台风使渔船停港", "北京时间星期五晚上，十二艘渔船返回港口。"),
    ("ja", "東京都で嵐", "漁船が港に戻った。"),
    ("ko", "폭풍으로 항구 폐쇄", "어선 열두 척이 돌아왔다."),
    ("th", "พายุเข้าท่าเรือ", "เรือประมงสิบสองลำกลับเข้าฝั่ง"),
    ("tr", "İstanbul'da fırtına", "Tekneler limana döndü."),
    ("el", "Καταιγίδα στο λιμάνι", "Τα πλοία επέστρεψαν."),
    ("hi", "तूफान में नावें", "बंदरगाह बंद है।"),
]


@pytest.fixture
def news(catalogue: Catalogue) -> Catalogue:
    catalogue.add(
        versions=[
            version(n, headline, text, article=f"https://ellery.test/{n}", language=language, source=language)
            for n, (language, headline, text) in enumerate(NEWS)
        ]
    )
    return catalogue


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("harbours", "en"),
        ("CLOSED harbour", "en"),
        ("hafen", "de"),
        ("Strasse wasser", "de"),
        ("élection", "fr"),
        ("electeur", "fr"),
        ("елки", "ru"),
        ("лодка порт", "ru"),
        ("ПОВЕРНУЛИСЯ", "uk"),
        ("القوارب", "ar"),
        ("عاصفةٌ", "ar"),
        ("渔船", "zh"),
        ("北京时间", "zh"),
        ("東京", "ja"),
        ("漁船 東京", "ja"),
        ("항구", "ko"),
        ("어선", "ko"),
        ("พายุ", "th"),
        ("istanbul", "tr"),
        ("İSTANBUL fırtına", "tr"),
        ("λιμάνι", "el"),
        ("ΚΑΤΑΙΓΊΔΑ", "el"),
        ("तूफान", "hi"),
    ],
)
def test_search_in_many_languages(news: Catalogue, words: str, language: str) -> None:
    assert language in [row["source"] for row in news.search(words)]


@pytest.mark.parametrize(("words", "language"), [("港", "zh"), ("嵐", "ja"), ("船", "zh")])
def test_search_for_a_word_of_one_sign(news: Catalogue, words: str, language: str) -> None:
    assert language in [row["source"] for row in news.search(words)]


def test_all_words_must_be_there(news: Catalogue) -> None:
    assert found(news, "storm") == ["Storm keeps twelve boats out", "Ferry line two stops"]  # headlines count more
    assert found(news, "storm ferry") == ["Ferry line two stops"]
    assert found(news, "storm elephant") == []


def test_words_in_quotes_stand_together(news: Catalogue) -> None:
    assert found(news, '"twelve boats"') == ["Storm keeps twelve boats out"]
    assert found(news, '"boats twelve"') == []
    assert found(news, '"twelve boats" harbour') == ["Storm keeps twelve boats out"]
    assert found(news, '"twelve boats') == ["Storm keeps twelve boats out"]  # an open quote


def test_search_within_a_source_and_by_pages(news: Catalogue) -> None:
    assert found(news, "storm", source="en") == found(news, "storm")
    assert found(news, "storm", source="de") == []
    both = found(news, "storm")
    assert [found(news, "storm", limit=1, offset=n) for n in range(3)] == [[both[0]], [both[1]], []]


@pytest.mark.parametrize("words", ["", " ", '"', '""', '" "', "...", "!?", "*", "( )", "-", "\ud800", "。", "\0"])
def test_no_word_to_look_for(news: Catalogue, words: str) -> None:
    with pytest.raises(StoreError) as error:
        news.search(words)
    assert "has no word to search for" in refused(error.value)


@pytest.mark.parametrize(
    "words",
    [
        "storm OR",
        "OR storm",
        "AND storm NOT",
        "NEAR(storm",
        "storm*",
        "^storm",
        "headline:storm",
        "{storm} : (",
        "-storm",
        "storm'; DROP TABLE articles; --",
        'storm" OR "1',
        "'storm'",
        "storm\0",
        '"""storm"""',
        "+storm",
        "storm\\",
        "%storm%",
    ],
)
def test_operators_of_the_database_are_words_or_nothing(news: Catalogue, words: str) -> None:
    for row in news.search(words):
        assert "torm" in row["headline"] or row["source"] == "en"
    assert news.counts()["articles"] == len(NEWS)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """A catalogue that is only asked."""
    catalogue = Catalogue(tmp_path_factory.mktemp("shared") / "catalogue.sqlite", create=True)
    catalogue.add(versions=[version(1, "Storm a b", "ab or near 東")])
    yield catalogue
    catalogue.close()


@settings(deadline=None, max_examples=100)
@given(
    st.text(alphabet=st.sampled_from(list("ab\"'()*:^-+{}[]OR NEAR\0東é_.%;\\")), max_size=20) | st.text(max_size=20)
)
def test_any_search_answers_or_says_that_there_is_no_word(shared: Catalogue, words: str) -> None:
    try:
        assert isinstance(shared.search(words), list)
    except StoreError as error:
        assert "has no word to search for" in str(error)


def test_only_the_latest_text_is_found(catalogue: Catalogue) -> None:
    catalogue.add(versions=[version(1, "Storm", "twelve boats")])
    catalogue.add(versions=[version(2, "Storm", "nine boats")])
    assert found(catalogue, "nine") == ["Storm"]
    assert found(catalogue, "twelve") == []
