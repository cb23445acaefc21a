"""An article in the making: what becomes of each block of a page."""

from __future__ import annotations

import json
from bisect import bisect_left

import pytest

from archive import extract
from archive.article import Removed
from archive.extraction.blocks import Block, blocks
from archive.extraction.document import parse
from archive.extraction.draft import Draft
from archive.extraction.lines import Line, positions
from archive.extraction.metadata import read_metadata
from archive.furniture.furniture import Furniture, key_of
from archive.rules import Reading, SiteRules
from tests.archive.making import SENTENCES
from tests.pages.fixture import Fixture, fixtures

LINES = list(SENTENCES)
CAPTION = "The ferry at the quay on Sunday morning, seen from the lighthouse."


def drafted(extra: str = "", reading: Reading | None = None) -> Draft:
    text = "".join(f"<p>{line}</p>" for line in LINES)
    html = f"<html><body><article><h1>Pears</h1>{text}{extra}</article></body></html>"
    tree = parse(html.encode())
    metadata = read_metadata(tree, url="http://paper.test/a", timezone="UTC", rules=None, now=None)
    draft = Draft(tree, metadata, reading or Reading(), None)
    draft.read()
    return draft


def removed(draft: Draft, text: str) -> list[str]:
    return [gone.rule for gone in draft.removed() if gone.text == text]


def test_every_line_has_its_place() -> None:
    draft = drafted()
    assert draft.lines == LINES
    assert draft.places == ["article > p"] * len(LINES)


def test_every_block_is_in_the_text_in_a_field_or_removed() -> None:
    draft = drafted(f"<figure><img src=x><figcaption>{CAPTION}</figcaption></figure><nav>Home</nav><p>{LINES[2]}</p>")
    assert draft.lines == LINES
    assert draft.captions == (CAPTION,)
    gone = [one.text for one in draft.removed()]
    assert {block.text for block in draft.blocks} == {*LINES, CAPTION, *gone, "Pears"}
    assert removed(draft, "Home") == ["navigation"]
    assert removed(draft, LINES[2]) == ["duplicate:repeated"]


def test_what_the_site_repeats_goes_wherever_it_stands() -> None:
    furniture = Furniture(site="paper.test", keys=frozenset({key_of(LINES[3])}))
    draft = drafted(reading=Reading(furniture=furniture))
    assert draft.lines == [*LINES[:3], *LINES[4:]]
    assert Removed(LINES[3], "article > p", "learned", 3) in draft.removed()


def test_what_site_rules_name_goes() -> None:
    rules = SiteRules(remove=("p.x",))
    draft = drafted(f"<p class=x>{CAPTION}</p>", Reading(rules=rules))
    assert draft.lines == LINES
    assert removed(draft, CAPTION) == ["site-rule:always:p.x"]


def test_a_page_that_is_passed_over_keeps_nothing() -> None:
    tree = parse(b"<html><body><p>One</p><p>Two</p></body></html>")
    metadata = read_metadata(tree, url="", timezone="UTC", rules=None, now=None)
    draft = Draft(tree, metadata, Reading(), None)
    draft.pass_over()
    assert draft.lines == []
    assert [(gone.text, gone.rule) for gone in draft.removed()] == [("One", "list-page"), ("Two", "list-page")]


# Where what was removed stood between the lines


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda fixture: fixture.name)
def test_what_was_removed_tells_how_many_lines_stand_above_it(fixture: Fixture) -> None:
    article = fixture.article
    lines = article.text.split("\n") if article.text else []
    page = [block.text for block in blocks(parse(fixture.body))]
    if article.trace.evidence.get("text"):  # it is not where readers see it
        assert {gone.line for gone in article.trace.removed} == {None}
        return
    # One line break in a block parts lines.
    stands = [page.index(line if line in page else next(text for text in page if line in text)) for line in lines]
    at, counted = -1, []
    for gone in article.trace.removed:
        at = page.index(gone.text, at + 1)
        counted.append(bisect_left(stands, at))
    assert [gone.line for gone in article.trace.removed] == counted
    assert counted == sorted(counted)
    assert not lines or (counted[0], counted[-1]) == (0, len(lines))


def test_what_is_left_out_of_a_block_stands_where_it_stood_in_it() -> None:
    more, share = "Read more: what the ferry did", "Share this story with <button>everyone and all</button>"
    draft = drafted(f"<p>{more}<br>{LINES[0]} Twice.<br>{more}<br>{CAPTION}</p><p>{LINES[1]} Twice.<br>{share}</p>")
    assert draft.lines[len(LINES) :] == [f"{LINES[0]} Twice.", CAPTION, f"{LINES[1]} Twice.", "Share this story with"]
    assert [(gone.text, gone.line) for gone in draft.removed()] == [(more, 6), (more, 7), ("everyone and all", 10)]


def test_a_line_without_a_place_stands_with_the_one_above() -> None:
    one, two = (Block(text, parse(b"<p>"), 0) for text in "ab")
    known, unknown = Line("b", two, ""), Line("c", None, "")
    assert positions([unknown, known, unknown, Line("a", one, "")], {one: 3, two: 5}) == [5, 5, 5, 3]
    assert positions([unknown], {}) == []


def test_of_a_text_from_a_script_the_page_does_not_tell_where_it_stood() -> None:
    stated = json.dumps({"@type": "NewsArticle", "articleBody": "\n".join(LINES)})
    shown = f"<nav>Home</nav><p>{CAPTION}</p>"
    html = f"<html><body>{shown}<script type=application/ld+json>{stated}</script></body></html>"
    article = extract(html.encode(), url="http://paper.test/a")
    assert article.text.split("\n") == LINES
    assert [(gone.text, gone.line) for gone in article.trace.removed] == [("Home", None), (CAPTION, None)]


def test_a_standfirst_that_is_all_the_text_stands_where_it_is_shown() -> None:
    lead = f"{LINES[0]} {LINES[1]}"
    head = f'<head><meta name="description" content="{lead}"></head>'
    html = f"<html>{head}<body><nav>Home</nav><h1>Pears</h1><p class=lead>{lead}</p><footer>Imprint</footer></html>"
    article = extract(html.encode(), url="http://paper.test/a")
    assert article.text == lead
    assert [(gone.text, gone.line) for gone in article.trace.removed] == [("Home", 0), ("Imprint", 1)]
