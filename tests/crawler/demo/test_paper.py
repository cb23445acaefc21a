"""The data of the invented papers: whole, and as a newspaper's would be."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec
import pytest

from crawler.demo.paper import Block, Paper, PaperArticle, load_papers
from crawler.demo.press import Press

PAPERS = load_papers()
PRINTED = [article for paper in PAPERS for article in Press(paper).printed()]


def article(**fields: object) -> PaperArticle:
    return msgspec.convert({"slug": "s", "number": 1, "headline": "H", "text": "T"} | fields, PaperArticle)


def paper_named(name: str) -> Paper:
    return next(p for p in PAPERS if p.name == name)


def test_marks_tell_paragraphs_subheadings_and_furniture_apart() -> None:
    text = """
    One
    paragraph.

    ## A HEADING

    -- Please give.
    """
    assert article(text=text).blocks == (
        Block("paragraph", "One paragraph."),
        Block("subheading", "A HEADING"),
        Block("furniture", "Please give."),
    )


def test_an_article_without_any_date_is_an_error() -> None:
    with pytest.raises(ValueError, match="'s' has neither"):
        _ = article().day


def test_there_are_papers_in_three_languages() -> None:
    assert {paper.language for paper in PAPERS} == {"de", "en", "es"}


def test_dates_stand_in_the_papers_language() -> None:
    german = next(a for a in PRINTED if a.headline.startswith("Rathausuhr"))
    assert german.published is None
    assert german.modified == "2026-03-11T00:18:00+01:00"
    assert "Letzte Änderung: 11. März 2026, 00:18" in german.furniture
    spanish = paper_named("eco_de_valdarroyo")
    assert spanish.date_line(spanish.articles[0].day) == "17 de septiembre de 2026, 08:20"
    assert all(len(set(paper.months)) == 12 for paper in PAPERS)


def test_times_carry_the_offset_of_the_papers_zone() -> None:
    for paper in PAPERS:
        for each in paper.articles:
            for moment in filter(None, (each.published, each.modified)):
                assert moment.utcoffset() == moment.astimezone(ZoneInfo(paper.zone)).utcoffset()


def test_one_agency_text_stands_in_two_papers() -> None:
    first, second = (a for a in PRINTED if a.authors == ("Tidewire",))
    assert first.paragraphs == second.paragraphs
    assert first.url.split("/")[2] != second.url.split("/")[2]


def test_a_subheading_in_capitals_is_part_of_a_text() -> None:
    assert "NEIN, NEIN UND NOCHMALS NEIN" in {line for a in PRINTED for line in a.paragraphs}


def test_texts_are_of_a_newspapers_length() -> None:
    for each in PRINTED:
        assert 5 <= len(each.paragraphs) <= 9
        assert all(len(paragraph.split()) <= 80 for paragraph in each.paragraphs)
        assert sum(len(paragraph.split()) for paragraph in each.paragraphs) >= 180


def test_numbers_and_slugs_are_given_once_a_paper() -> None:
    for paper in PAPERS:
        assert len({a.number for a in paper.articles}) == len(paper.articles)
        assert len({paper.path(a) for a in paper.articles}) == len(paper.articles)
