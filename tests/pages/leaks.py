"""`Leaks`: what becomes of appeals that are put into the pages here, on the first page of a site."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import lxml.html
from lxml.html import HtmlElement

from archive import extract
from archive.extraction.blocks import fold, words_key
from archive.extraction.document import parse
from tests.pages.fixture import HERE, Fixture, fixtures

__all__ = ["LANGUAGES", "LEAST", "MANNERS", "Leaks", "leaks", "open_gaps", "table_of"]

LANGUAGES = tomllib.loads((HERE / "appeals.toml").read_text("utf-8"))
LEAST = {"neutral": 0.75, "bare": 0.5}
"""The share of appeals that must be found."""
MOST_PAGES = 3
SHORTEST = 4
"""Paragraphs of the pages that appeals are put into."""


def bare(paragraph: HtmlElement, appeal: str) -> HtmlElement:
    """A paragraph like the one before it, with the elements that hold nothing else."""
    made = copy.deepcopy(paragraph)
    inner = made
    while len(inner):
        inner = inner[0]
    inner.text = appeal
    return made


def neutral(paragraph: HtmlElement, appeal: str) -> HtmlElement:
    """A paragraph in an element whose name tells nothing."""
    made = lxml.html.Element("div")
    made.append(bare(paragraph, appeal))
    return made


MANNERS: dict[str, Callable[[HtmlElement, str], HtmlElement]] = {"neutral": neutral, "bare": bare}


@dataclass(frozen=True)
class Leaks:
    """What became of the appeals in the pages of one language."""

    tried: int
    stayed: list[str]
    """Page and appeal."""
    lost: list[str]
    """Page and paragraph."""

    @property
    def share(self) -> float:
        """Of the appeals that were found."""
        return 1 - len(self.stayed) / self.tried


def places(fixture: Fixture) -> tuple[HtmlElement, HtmlElement] | None:
    """The page as a tree, and the paragraph in the middle of its text; None if it has no such element."""
    lines = fixture.expected.lines
    tree = parse(fixture.body)
    if len(lines) < SHORTEST or fixture.expected.kind != "article":
        return None
    middle = lines[len(lines) // 2 - 1]
    found = [e for e in tree.iter("p", "div") if len(e) == 0 and fold(e.text or "") == middle]
    if not found:
        return None
    paragraph = found[0]
    while (parent := paragraph.getparent()) is not None and len(parent) == 1 and not (parent.text or "").strip():
        paragraph = parent
    return tree, paragraph


def table_of(fixture: Fixture) -> str:
    """The language of ``appeals.toml`` that a page is in."""
    language = fixture.expected.language or "en"
    return language if language in LANGUAGES else language[:2]


@cache
def leaks(language: str, manner: str) -> Leaks:
    """Each appeal alone in the middle of some pages."""
    tried = 0
    stayed: list[str] = []
    lost: list[str] = []
    pages = [fixture for fixture in fixtures() if table_of(fixture) == language and places(fixture)]
    assert pages, f"no page in {language} has paragraphs to put appeals between"
    for fixture in pages[:MOST_PAGES]:
        before = set(fixture.article.text.split("\n")) & set(fixture.expected.lines)
        for appeal in LANGUAGES[language]["appeals"]:
            tried += 1
            lines = list(read_with(fixture, appeal, MANNERS[manner]))
            if any(words_key(appeal) in words_key(line) for line in lines):
                stayed.append(f"{fixture.name}: {appeal}")
            lost += [f"{fixture.name}: {line} (with: {appeal})" for line in before - set(lines)]
    return Leaks(tried, stayed, lost)


def read_with(fixture: Fixture, appeal: str, made: Callable[[HtmlElement, str], HtmlElement]) -> Iterator[str]:
    """The text of the page with the appeal in its middle."""
    found = places(fixture)
    assert found is not None
    tree, paragraph = found
    one = made(paragraph, appeal)
    one.tail = "\n"
    paragraph.addnext(one)
    page = lxml.html.tostring(tree, encoding="utf-8", doctype="<!DOCTYPE html>")
    article = extract(page, url=fixture.expected.url, captured=fixture.expected.captured)
    yield from article.text.split("\n")


def open_gaps(language: str) -> list[str]:
    """The names of what is not as it should be, as in `known_gaps`."""
    found = []
    for manner in MANNERS:
        result = leaks(language, manner)
        found += [manner] if result.share < LEAST[manner] else []
        found += [f"lost-{manner}"] if result.lost else []
    return found
