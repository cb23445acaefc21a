from archive.extraction.blocks import blocks
from archive.extraction.document import parse
from archive.extraction.extractor import extract
from archive.extraction.leads import find_lead, shown_as
from tests.archive.extraction.pages import HEADLINE, REPORT, page, paragraphs

LEAD = "For six weeks no heavy ship will find a berth at Wexcombe, and the town is glad of the quiet."


def read(markup):
    return extract(page(markup).encode(), url="https://herald.example/wall")


def test_a_paragraph_between_headline_and_body_is_the_standfirst():
    found = read(
        f"<article><div><h2>{HEADLINE}</h2><div>{LEAD}</div></div>"
        f"<figure><img src=/1.jpg><figcaption>The wall on Friday.</figcaption></figure>"
        f"<div>{paragraphs(*REPORT)}</div></article>"
    )
    assert found.standfirst == LEAD
    assert found.text.split("\n") == list(REPORT)
    assert found.trace.evidence["standfirst"] == "html:lead"


def test_two_of_them_are_none():
    found = blocks(parse(page(f"<h2>Coast</h2><div>{LEAD}</div><div>{LEAD}!</div>{paragraphs(*REPORT)}").encode()))
    assert find_lead(found[4:], found, "", lambda block: True) is None
    assert find_lead([], found, "", lambda block: True) is None


def test_what_is_in_a_caption_or_a_box_is_no_lead():
    found = blocks(parse(page(f"<h2>Coast</h2><div>{LEAD}</div>{paragraphs(*REPORT)}").encode()))
    lead = find_lead(found[3:], found, "", lambda block: True)
    assert lead is not None
    assert lead.text == LEAD
    assert find_lead(found[3:], found, "", lambda block: False) is None


def test_a_description_may_be_shown_in_parts():
    found = blocks(parse(page("<p>The wall fell.</p><p>Nobody was hurt.</p><p>The sea is calm.</p>").encode()))
    assert shown_as(["The wall fell. Nobody was hurt."], found) == found[1:3]
    assert shown_as(["Nobody was hurt."], found) == found[2:3]
    assert shown_as(["The wall fell. Nobody slept."], found) == []
