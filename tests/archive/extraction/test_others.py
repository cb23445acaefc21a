import pytest

from archive.extraction.blocks import blocks, words_key
from archive.extraction.document import parse
from archive.extraction.extractor import extract
from archive.extraction.others import other_articles
from tests.archive.extraction.pages import HEADLINE, REPORT, page, paragraphs

OTHER = (
    "A lighthouse keeper in Ambleford has counted every ship that passed his window since the spring of 1987.",
    "His books fill a wall of the tower, and the university of the county now wants to copy all of them.",
    "He does not mind, he said on Sunday, as long as nobody moves the chair from which he looks at the sea.",
)
TITLE = "The man who counted ships"
ARTICLE = f"<article><h1>{HEADLINE}</h1>{paragraphs(*REPORT)}</article>"


def found(markup, headline=HEADLINE):
    return [e.get("id") for e in other_articles(blocks(parse(markup.encode())), words_key(headline))]


@pytest.mark.parametrize(
    "other",
    [
        f'<article id="x"><h1>{TITLE}</h1>{paragraphs(*OTHER)}</article>',
        f'<article id="x"><header><h2>{TITLE}</h2></header>{paragraphs(*OTHER)}</article>',
        f'<div id="x"><div><h1>{TITLE}</h1></div><div>{paragraphs(*OTHER)}</div></div>',
        f'<section id="x"><a href="/2"><h1>{TITLE}</h1>{paragraphs(*OTHER)}</a></section>',
    ],
)
def test_what_follows_with_a_headline_of_its_own_is_another_article(other):
    markup = page(ARTICLE + other)
    assert found(markup) == ["x"]
    read = extract(markup.encode(), url="https://herald.example/wall")
    assert read.text.split("\n") == list(REPORT)
    assert {r.rule for r in read.trace.removed if r.text in OTHER} == {"other-article"}


@pytest.mark.parametrize(
    "body",
    [
        ARTICLE,
        f"<h1>{HEADLINE}</h1><div>{paragraphs(*REPORT[:3])}<h1>At the gate</h1>{paragraphs(*REPORT[3:])}</div>",
        f"<h1>{HEADLINE}</h1><article>{paragraphs(*REPORT[:3])}<h2>At the gate</h2>{paragraphs(*REPORT[3:])}</article>",
        f"<div><h1>{HEADLINE}</h1>{paragraphs(*REPORT[:3])}</div><article><h1>{HEADLINE}</h1>{paragraphs(*REPORT)}</article>",
        paragraphs(*REPORT),
    ],
)
def test_the_body_and_copies_of_it_are_none(body):
    assert found(page(body)) == []


def test_a_headline_without_paragraphs_is_no_article():
    assert found(page(f'{ARTICLE}<div id="x"><h1>{TITLE}</h1><p>Read it on Sunday.</p></div>')) == []
