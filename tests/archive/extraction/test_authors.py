import pytest

from archive.extraction.authors import is_agency, names, without_site


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada Brook", ["Ada Brook"]),
        ("By Ada Brook", ["Ada Brook"]),
        ("By: Ada Brook", ["Ada Brook"]),
        ("Written by ADA BROOK", ["ADA BROOK"]),
        ("Von Ada Brook und Ben Stone", ["Ada Brook", "Ben Stone"]),
        ("Por Ada Brook y Ben Stone", ["Ada Brook", "Ben Stone"]),
        ("Ada Brook, Ben Stone and Cy Field", ["Ada Brook", "Ben Stone", "Cy Field"]),
        ("Ada Brook; Ben Stone | Ada  Brook", ["Ada Brook", "Ben Stone"]),
        ("Ada Brook, Political Editor", ["Ada Brook"]),
        ("Ada Brook / Reporterin", ["Ada Brook"]),
        ("Ada Brook (ada@courier.example)", ["Ada Brook"]),
        ("Ada Brook ada@courier.example @adabrook", ["Ada Brook"]),
        ("Ada Brook, London", ["Ada Brook"]),
        ("Ada Brook, Jr.", ["Ada Brook, Jr."]),
        ("Ada Brook | 3 May 2024 | 10:15", ["Ada Brook"]),
        ("Ada Brook &amp; Ben Stone", ["Ada Brook", "Ben Stone"]),
        ("José Brook y Stone", ["José Brook y Stone"]),
        ("Harbour Courier/News Desk", ["Harbour Courier/News Desk"]),
        ("AFP", ["AFP"]),
        ("Ada Brook und Ben Stone, dpa", ["Ada Brook", "Ben Stone", "dpa"]),
        ("Ada Brook and Reuters", ["Ada Brook", "Reuters"]),
        ("Ada Brook, The Associated Press", ["Ada Brook", "The Associated Press"]),
        ("Harbour Courier with agencies", ["Harbour Courier"]),
        ("Ada Brook, mit Agenturmaterial", ["Ada Brook"]),
        ("Par Ada Brook lun, 31/08/2026 - 18:30", ["Ada Brook"]),
        ("Ada Brook 31.08.2026", ["Ada Brook"]),
        ("Staff", []),
        ("Staff Writer", []),
        ("La Redacción", []),
        ("Online-Redaktion", []),
        ("Редакция", []),
        ("von Stein", ["von Stein"]),
        ("青山花子記者", ["青山花子"]),
        ("https://courier.example/ada-brook", []),
        ("admin", []),
        ("Editor", []),
        ("2024", []),
        ("", []),
        ("a very long line of words that nobody would ever take for the name of one person", []),
    ],
)
def test_names(text, expected):
    assert names(text) == expected


def test_a_byline_that_readers_see():
    assert names("von Stein", byline=True) == ["Stein"]
    assert names("amw", byline=True) == []
    assert names("dpa", byline=True) == ["dpa"]
    assert names("Quelle: ABC/DEF", byline=True) == []
    assert names("4 min read", byline=True) == []


def test_a_text_without_end():
    assert names("By, " * 100_000) == []
    assert len(names("Ada Brook, " * 100_000)) == 1


def test_news_agencies():
    assert all(map(is_agency, ["Reuters", "dpa", "TASS", "Xinhua", "the Associated Press", "ANSA", "ТАСС"]))
    assert not any(map(is_agency, ["Ada Brook", "Associated", "Pressburg", ""]))


def test_without_site():
    assert without_site(["HARBOUR COURIER", "Ada Brook"], ["Harbour Courier"]) == ["Ada Brook"]
