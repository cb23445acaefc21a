import pytest

from tests.quality.__main__ import main
from tests.quality.comparison import compare
from tests.quality.pages import DEVELOPMENT, Page, Reading, development_pages, fixture_pages, is_unread
from tests.quality.readers import READERS
from tests.quality.scoring import SCORES, Development, Scorer

RIGHT = Reading(
    headline="The wall",
    standfirst="Divers repair what the storm has broken.",
    text="One two.\nThree four.",
    authors=("Ida Krüger", "Otto"),
    published="2026-03-04T23:30:00+02:00",
)


def scores(**read):
    return Scorer().of_page(RIGHT, Reading(**{name: getattr(RIGHT, name) for name in Reading.__annotations__} | read))


def test_what_is_right_has_full_marks():
    assert scores() == dict.fromkeys(SCORES, 1.0) | {"copies": 0}


@pytest.mark.parametrize(
    ("read", "name", "score"),
    [
        ({"headline": "A wall"}, "headline", 0),
        ({"headline": "The  Wall!"}, "headline", 1),
        ({"authors": ("Otto", "ida krüger")}, "authors", 1),
        ({"authors": ("Otto",)}, "authors", 0),
        ({"published": "2026-03-04"}, "day", 1),
        ({"published": "2026-03-04"}, "minute", 0),
        ({"published": "2026-03-04T21:30:20Z"}, "minute", 1),
        ({"published": "soon"}, "day", 0),
        ({"standfirst": ""}, "standfirst", 0),
        ({"text": f"{RIGHT.standfirst}\n{RIGHT.text}", "standfirst": ""}, "F1", 1),
        ({"text": "The wall\nOne two."}, "copies", 1),
        ({"text": ""}, "P", 1),
        ({"text": ""}, "R", 7 / 11),
    ],
)
def test_scores(read, name, score):
    assert scores(**read)[name] == pytest.approx(score)


def test_what_a_page_has_not_is_not_scored():
    assert Scorer().of_page(Reading(text="One."), Reading()) == {"F1": 0, "P": 0, "R": 0}
    assert Scorer().of_page(Reading(), Reading())["F1"] == 1


def test_means_are_over_the_pages_that_have_a_score():
    assert Scorer.mean([{"F1": 1.0, "day": 0}, {"F1": 0.5}]) == {"F1": 0.75, "day": 0}


@pytest.mark.skipif(not DEVELOPMENT.is_dir(), reason="the development set isn't there")
def test_the_measures_are_those_of_the_development_set():
    ours, theirs = Scorer(), Development(DEVELOPMENT)
    read = Reading(headline="the wall", text="One two four, 日本語の.", published="2026-03-04T21:30:00Z")
    assert ours.of_page(RIGHT, read) == theirs.of_page(RIGHT, read)


@pytest.mark.skipif(not DEVELOPMENT.is_dir(), reason="the development set isn't there")
def test_no_publisher_is_in_both_parts():
    read, unread = development_pages(unread=False), development_pages(unread=True)
    assert len(read) > len(unread) > 0
    assert not any(is_unread(page.name) for page in read)
    assert {page.name.split("_V1")[0] for page in read}.isdisjoint(page.name.split("_V1")[0] for page in unread)


def test_without_the_development_set_there_are_no_pages(tmp_path):
    assert development_pages(unread=False, folder=tmp_path) == []


def test_pages_that_nobody_looks_at_have_no_names():
    pages = [page for page in fixture_pages() if page.name.startswith("en_bare")]
    compared = compare("few", pages, Scorer(), named=False)
    assert compared.worst(3) == []
    assert set(compared.results) == set(READERS)
    assert all(len(result.scores) == len(pages) for result in compared.results.values())
    assert compared.ratio > 0


@pytest.mark.parametrize("name", READERS)
def test_a_page_that_breaks_a_reader_has_no_text(name):
    assert READERS[name](Page("bad", "https://paper.example/", b"%PDF-1.4 1 0 obj", Reading())).text == ""


def test_it_prints_a_line_for_each_extractor(capsys):
    main(["--fixtures", "--pages", "de_", "--worst", "2"])
    head, ours, other, *rest = capsys.readouterr().out.splitlines()
    assert head.split() == ["pages", "reader", *SCORES, "ms", "p95", "CPU"]
    pages = sum(page.name.startswith("de_") for page in fixture_pages())
    assert ours.split()[:3] == ["fixtures", f"({pages})", "newswarc"]
    assert other.split()[0] == "trafilatura"
    assert any(line.startswith("Peak memory: newswarc ") for line in rest)
    assert sum(line.startswith("  F1 ") for line in rest) == 2


def test_it_says_when_no_page_is_meant(capsys):
    with pytest.raises(SystemExit):
        main(["--fixtures", "--pages", "nothing_is_called_so"])
    assert "No page has 'nothing_is_called_so' in its name." in capsys.readouterr().err
