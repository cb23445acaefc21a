"""An article in the making: what becomes of each block of a page."""

from __future__ import annotations

from archive.article import Removed
from archive.extraction.document import parse
from archive.extraction.draft import Draft
from archive.extraction.metadata import read_metadata
from archive.furniture import Furniture, key_of
from archive.rules import Reading, SiteRules
from tests.archive.making import SENTENCES

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
    assert Removed(LINES[3], "article > p", "learned") in draft.removed()


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
