"""`Search`: whatever is asked, what should be found is, and mistakes are explained."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.catalogue import Catalogue
from archive.catalogue import search as module
from archive.catalogue.filters import DateError
from archive.catalogue.query import QueryError
from archive.catalogue.rows import Row
from archive.catalogue.search import Results, Search
from archive.errors import StoreError
from archive.storage import Store
from tests.archive.catalogue.made import version
from tests.archive.making import SENTENCES, keep_page, page, refused, running


class NoStore:
    """Whose texts can't be read."""

    def read(self, name: str, offset: int, length: int) -> bytes:
        raise StoreError(f"{name}: can't be read.")


def find(catalogue: Catalogue, words: str, **options: Any) -> list[Any]:
    return [hit.article for hit in Search(catalogue, NoStore()).find(words, **options).hits]


def found(catalogue: Catalogue, words: str, **options: Any) -> list[str]:
    """The headlines that a search finds, best first."""
    return [row["headline"] for row in find(catalogue, words, **options)]


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    catalogue = Catalogue(tmp_path / "catalogue.sqlite", create=True)
    yield catalogue
    catalogue.close()


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
    assert language in [row["source"] for row in find(news, words)]


@pytest.mark.parametrize(("words", "language"), [("港", "zh"), ("嵐", "ja"), ("船", "zh")])
def test_search_for_a_word_of_one_sign(news: Catalogue, words: str, language: str) -> None:
    assert language in [row["source"] for row in find(news, words)]


def test_all_words_must_be_there(news: Catalogue) -> None:
    assert found(news, "storm") == ["Storm keeps twelve boats out", "Ferry line two stops"]  # headlines count more
    assert found(news, "storm ferry") == ["Ferry line two stops"]
    assert found(news, "storm elephant") == []


def test_words_in_quotes_stand_together(news: Catalogue) -> None:
    assert found(news, '"twelve boats"') == ["Storm keeps twelve boats out"]
    assert found(news, '"boats twelve"') == []
    assert found(news, '"twelve boats" harbour') == ["Storm keeps twelve boats out"]


def test_search_within_a_source_and_by_pages(news: Catalogue) -> None:
    assert found(news, "storm", source="en") == found(news, "storm")
    assert found(news, "storm", source="de") == []
    both = found(news, "storm")
    assert [found(news, "storm", limit=1, offset=n) for n in range(3)] == [[both[0]], [both[1]], []]


@pytest.mark.parametrize(
    "words",
    [
        "storm NEAR",
        "storm*",
        "^storm",
        "headline:storm",
        "{storm} : ()",
        "storm'; DROP TABLE articles; --",
        "'storm'",
        "storm\0",
        '"""storm""" ""',
        "+storm",
        "storm\\",
        "%storm%",
        "facets:storm",
    ],
)
def test_operators_of_the_database_are_words_or_nothing(news: Catalogue, words: str) -> None:
    for row in find(news, words):
        assert "torm" in row["headline"] or row["source"] == "en"
    assert news.counts()["articles"] == len(NEWS)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """A catalogue that is only asked."""
    catalogue = Catalogue(tmp_path_factory.mktemp("shared") / "catalogue.sqlite", create=True)
    catalogue.add(versions=[version(1, "Storm a b", "ab or near 東")])
    yield catalogue
    catalogue.close()


SIGNS = st.text(alphabet=st.sampled_from(list("ab\"'()*:^-+{}[]\0東é_.%;\\ “")), max_size=4)
PIECES = SIGNS | st.sampled_from([" OR ", " NOT ", " AND ", "headline:", "facets:", " NEAR(", "a* ", '"a b"', " -"])


@settings(deadline=None, max_examples=300)
@given(
    st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=20),
    st.sampled_from([None, "en", "", "zh-TW", "\ud800"]),
    st.sampled_from(["relevance", "date"]),
)
def test_any_search_answers_or_explains(shared: Catalogue, words: str, language: str | None, order: Any) -> None:
    try:
        results = Search(shared, NoStore()).find(words, language=language, order=order)
        assert results.total == len(results.hits) <= 1
    except QueryError as error:
        refused(error)
        assert 0 <= error.position <= len(words)


def test_only_the_latest_text_is_found(catalogue: Catalogue) -> None:
    catalogue.add(versions=[version(1, "Storm", "twelve boats")])
    catalogue.add(versions=[version(2, "Storm", "nine boats")])
    assert found(catalogue, "nine") == ["Storm"]
    assert found(catalogue, "twelve") == []


# What is asked for, and what else


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("storm boats", {0, 1}),
        ("boats OR ferry", {0, 1}),
        ("storm OR Häfen harbour OR straßen", {0, 2}),
        ("(storm closed) OR Häfen", {0, 2}),
        ("storm -ferry", {0}),
        ("storm NOT ferry", {0}),
        ('storm -"twelve boats"', {1}),
        ("storm -(ferry OR twelve)", set()),
        ("storm AND boats", {0, 1}),
        ("headline:storm", {0}),
        ("headline:storm boats", {0}),
        ("headline:boats", {0}),
        ("-headline:storm boats", {1}),
        ('headline:"twelve boats"', {0}),
        ("headline:(storm OR ferry)", {0, 1}),
        ("harb*", {0}),
        ('"harb*"', set()),
        ("or", set()),
        ("islan* -storm", set()),
        ("“twelve boats”", {0}),
        ("twelve - boats", {0}),
        ("渔*", {7}),
        ("漁", {8}),
        ("runni*", set()),
    ],
)
def test_the_language_of_searches(news: Catalogue, words: str, numbers: set[int]) -> None:
    assert {int(row["url"].rpartition("/")[2]) for row in find(news, words)} == numbers


def test_beginnings_find_words_whose_stem_is_shorter(catalogue: Catalogue) -> None:
    catalogue.add(versions=[version(1, "Running", language="en"), version(2, "Ranning", article="https://a.test/")])
    for words in ("run*", "runn*", "running*", "RUNNING*"):
        assert found(catalogue, words) == ["Running"] or words == "runn*"


@pytest.fixture
def dated(catalogue: Catalogue) -> Catalogue:
    dates = ["2026-11-19T23:30:00-05:00", "2026-11-20", "2026-11-20T08:00:00+01:00", None, "2026-11-21", "1999", "soon"]
    languages = ["en-GB", "EN_us", "en", "eng", None, "de-AT", ""]
    catalogue.add(
        versions=[
            version(
                n, f"Storm {n}", article=f"https://ellery.test/{n}", published=d, language=la, source=f"paper_{n % 2}"
            )
            for n, (d, la) in enumerate(zip(dates, languages, strict=True))
        ]
    )
    return catalogue


FILTERS: list[tuple[dict[str, str], set[int]]] = [
    ({}, {0, 1, 2, 3, 4, 5, 6}),
    ({"source": "paper_0"}, {0, 2, 4, 6}),
    ({"source": "paper"}, set()),
    ({"source": "\ud800"}, set()),
    ({"language": "en"}, {0, 1, 2}),
    ({"language": "en-AU"}, {0, 1, 2}),
    ({"language": "DE"}, {5}),
    ({"language": ""}, {4, 6}),
    ({"language": "e"}, set()),
    ({"language": "\ud800"}, set()),
    ({"since": "2026-11-20"}, {1, 2, 3, 4, 6}),
    ({"since": "2026-11-20", "until": "2026-11-21"}, {1, 2, 3, 6}),
    ({"since": "2026-11-20T08", "until": "2026-11-20T08:00:01"}, {2}),
    ({"until": "2026-11-20"}, {0, 5}),
    ({"until": "2000"}, {5}),
    ({"since": "1999-01", "until": "1999-02"}, {5}),
    ({"since": "2026-11-22", "until": "2026-11-01"}, set()),
    ({"since": "2026-11-20", "source": "paper_0", "language": "en"}, {2}),
]


@pytest.mark.parametrize(("filters", "numbers"), FILTERS)
def test_filters_mean_the_same_everywhere(dated: Catalogue, filters: dict[str, Any], numbers: set[int]) -> None:
    def told(rows: Iterable[Row]) -> set[int]:
        return {int(row["url"].rpartition("/")[2]) for row in rows}

    assert told(find(dated, "storm", **filters)) == numbers
    assert told(find(dated, "storm", order="date", **filters)) == numbers
    assert told(dated.articles(**filters)) == numbers
    assert told(dated.each_article(**filters)) == numbers
    assert told(dated.each_article("storm", **filters)) == numbers


NO_DATES = "yesterday 2026-13-01 2026-02-30 20261120 2026-1-1 0000 9999 - 2026-11-20x 2026-11-20T25".split()


@pytest.mark.parametrize("date", [*NO_DATES, " ", "\ud800", "２０２６"])
@pytest.mark.parametrize("which", ["since", "until"])
def test_what_is_no_date_is_told(dated: Catalogue, date: str, which: str) -> None:
    options: dict[str, Any] = {which: date}
    for ask in (lambda: find(dated, "storm", **options), lambda: dated.articles(**options)):
        with pytest.raises(DateError) as error:
            ask()
        assert "write one like 2026-11-20" in refused(error.value)


def test_order_by_date_is_that_of_the_papers_clocks(dated: Catalogue) -> None:
    assert found(dated, "storm", order="date") == [f"Storm {n}" for n in (4, 6, 3, 2, 1, 0, 5)]
    assert [row["headline"] for row in dated.each_article()] == [f"Storm {n}" for n in (5, 0, 1, 2, 3, 6, 4)]


# Many


def many(catalogue: Catalogue, count: int) -> None:
    catalogue.add(
        versions=[
            version(
                n,
                "Storm" if n % 10 else "Storm storm storm",
                f"storm boat{n % 7}",
                article=f"https://ellery.test/{n}",
                published=f"20{n // 365:02}-{1 + n % 12:02}-{1 + n % 28:02}",
                date="2026-11-20T09:00:00Z",
            )
            for n in range(count)
        ]
    )


@pytest.mark.parametrize("order", ["relevance", "date"])
def test_pages_hold_every_hit_once(catalogue: Catalogue, order: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RANKED", 50)
    many(catalogue, 120)
    search = Search(catalogue, NoStore())
    pages = [search.find("storm", order=order, limit=17, offset=offset) for offset in range(0, 140, 17)]
    assert {page.total for page in pages} == {120}
    assert {page.exact for page in pages} == {order == "date"}
    urls = [hit.article["url"] for page in pages for hit in page.hits]
    assert len(urls) == len({*urls}) == 120
    newest = [row["url"] for row in catalogue.articles(limit=200)]
    if order == "date":
        assert urls == newest
    else:
        assert {*urls[:50]} == {*newest[:50]}
        assert urls[:50] != newest[:50]
        assert urls[50:] == newest[50:]


def test_few_hits_are_all_ranked(catalogue: Catalogue) -> None:
    many(catalogue, 60)
    results = Search(catalogue, NoStore()).find("storm")
    assert (results.total, results.exact, len(results.hits)) == (60, True, 20)
    assert {hit.article["headline"] for hit in results.hits[:6]} == {"Storm storm storm"}
    assert Search(catalogue, NoStore()).find("storm", limit=0) == Results(60, [])
    assert Search(catalogue, NoStore()).find("storm", limit=-5, offset=-5) == Results(60, [])
    assert Search(catalogue, NoStore()).find("storm", offset=1 << 40).hits == []


def test_all_articles_of_a_search_come_once_however_many(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 7)
    many(catalogue, 100)
    every = [(row["date"], row["url"]) for row in catalogue.each_article()]
    assert len(every) == 100
    assert every == sorted(every)
    some = [(row["date"], row["url"]) for row in catalogue.each_article("boat3 OR boat4")]
    assert some == [one for one in every if int(one[1].rpartition("/")[2]) % 7 in (3, 4)]


def test_articles_that_come_in_meanwhile_do_no_harm(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 3)
    many(catalogue, 20)
    rows = catalogue.each_article()
    seen = [next(rows)["url"]]
    catalogue.add(versions=[version(99, "New", article="https://ellery.test/new", published="1990-01-01")])
    seen += [row["url"] for row in rows]
    assert len(seen) == len({*seen}) == 20


def test_articles_of_one_second_come_by_url(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 2)
    urls = [f"https://{n * 7 % 10}.test/" for n in range(10)]
    day = "2026-11-20"
    catalogue.add(versions=[version(n, "Storm", article=url, published=day) for n, url in enumerate(urls)])
    assert [row["url"] for row in catalogue.each_article()] == sorted(urls)


# Texts


def test_hits_show_the_text_from_the_archive(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with running(store) as run:
        keep_page(run, "https://ellery.test/storm", page("Storm keeps twelve boats out"))
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        (hit,) = Search(catalogue, store).find("storm fishermen").hits
        assert hit.article == catalogue.articles()[0]
        assert hit.headline == [("Storm", True), (" keeps twelve boats out", False)]
        assert [part for parts in hit.snippets for part in parts if part[1]] == [("storm", True), ("Fishermen", True)]
        store.path(store.files("derived")[0]).unlink()
        (hit,) = Search(catalogue, store).find("storm fishermen").hits
        assert (hit.headline[0], hit.snippets) == (("Storm", True), [])


def test_standfirst_and_posts_of_a_live_blog_are_found_and_shown(tmp_path: Path) -> None:
    store = Store(tmp_path)
    posts: list[dict[str, str]] = [
        {
            "@type": "BlogPosting",
            "headline": f"Part {n}",
            "articleBody": text,
            "datePublished": f"2026-11-20T0{n}:00:00Z",
        }
        for n, text in enumerate(SENTENCES)
    ]
    linked = {"@context": "https://schema.org", "@type": "LiveBlogPosting", "liveBlogUpdate": posts}
    head = f'<script type="application/ld+json">{json.dumps(linked)}</script>'
    standfirst = b'</h1><p class="standfirst">What the old lighthouse saw in the night of the storm, hour by hour.</p>'
    html = page("Storm live", sentences=SENTENCES[:2], head=head).replace(b"</h1>", standfirst)
    with running(store) as run:
        keep_page(run, "https://ellery.test/live", html)
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        (hit,) = Search(catalogue, store).find("insurance").hits
        assert ("Insurance", True) in hit.snippets[0]
        (hit,) = Search(catalogue, store).find("lighthouse").hits
        assert ("lighthouse", True) in hit.snippets[0]
