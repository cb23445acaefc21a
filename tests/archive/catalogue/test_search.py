"""`Search`: whatever is asked, what should be found is, and mistakes are explained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.catalogue import Catalogue
from archive.catalogue.query import QueryError
from archive.catalogue.search import Search
from archive.errors import StoreError
from tests.archive.catalogue.made import version
from tests.archive.making import refused


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


@pytest.mark.parametrize("words", ["", " ", '""', '" "', "...", "!?", "( )", "-", "\ud800", "。", "\0"])
def test_no_word_to_look_for(news: Catalogue, words: str) -> None:
    with pytest.raises(QueryError) as error:
        find(news, words)
    assert "has no word to search for" in refused(error.value)


@pytest.mark.parametrize(
    ("words", "says", "position"),
    [
        ('"', "This quote is never closed", 0),
        ('storm "twelve boats', "This quote is never closed", 6),
        ("storm OR", "OR needs a word on both sides", 6),
        ("OR storm", "OR needs a word on both sides", 0),
        ("storm OR OR boats", "OR needs a word on both sides", 6),
        ("storm OR -boats", "OR can't be followed by -", 9),
        ("-boats OR storm", "OR joins words to be found", 7),
        ("AND storm", "AND needs a word on both sides", 0),
        ("storm AND", "AND needs a word on both sides", 6),
        ("storm NOT", "NOT needs a word behind it", 6),
        ("-storm", "only words to leave out", 0),
        ("storm (-boats)", "only words to leave out", 7),
        ("NOT storm", "only words to leave out", 0),
        ("(storm", "This parenthesis is never closed", 0),
        ("storm)", "This parenthesis closes none", 5),
        ("*", "* stands only at the end", 0),
        ("storm *", "* stands only at the end", 6),
        ("st*rm", "* stands only at the end", 2),
        ("*storm", "* stands only at the end", 0),
        ("s*", "begins too many words", 0),
        ("a " * 33, "more than 32 words", 64),
        ("a" * 1001, "1000 are the most", 1000),
        ("(" * 17 + "a" + ")" * 17, "more than 16 deep", 16),
    ],
)
def test_mistakes_are_explained(news: Catalogue, words: str, says: str, position: int) -> None:
    with pytest.raises(QueryError) as error:
        find(news, words)
    assert says in refused(error.value)
    assert error.value.position == position


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


@settings(deadline=None, max_examples=100)
@given(
    st.text(alphabet=st.sampled_from(list("ab\"'()*:^-+{}[]OR NEAR\0東é_.%;\\")), max_size=20) | st.text(max_size=20)
)
def test_any_search_answers_or_says_that_there_is_no_word(shared: Catalogue, words: str) -> None:
    try:
        assert isinstance(find(shared, words), list)
    except QueryError as error:
        refused(error)
        assert 0 <= error.position <= len(words)


def test_only_the_latest_text_is_found(catalogue: Catalogue) -> None:
    catalogue.add(versions=[version(1, "Storm", "twelve boats")])
    catalogue.add(versions=[version(2, "Storm", "nine boats")])
    assert found(catalogue, "nine") == ["Storm"]
    assert found(catalogue, "twelve") == []
