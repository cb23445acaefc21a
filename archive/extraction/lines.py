"""`Line`: a line of the candidate text with its place and fate, and what lines tell of each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lxml.html import HtmlElement

from archive.extraction.blocks import Block, near, words_key
from archive.extraction.furniture import telling_word
from archive.extraction.markup import is_hidden
from archive.extraction.phrases import Phrases, invites_comments
from archive.extraction.scripts import StatedBody

__all__ = ["Line", "is_set_apart", "positions", "restored", "trim"]

_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_STRONG = frozenset({"b", "strong"})
_ITALIC = frozenset({"em", "i", "small"})
_PARAGRAPH = 60
_INLINE_LEVELS = 4
"""Elements such as font and center may stand between a paragraph and what holds the bare text before it."""
_LONGEST_HEADING = 100
_FIRST = 3
"""Lines of the text that one above it may belong to."""
_PARTS = frozenset({"li", "td", "th", "dd", "dt", "blockquote", "pre"})
_SENTENCE_ENDS = tuple('.!?…。！？؟۔।"”»’)')
_BEGINNING = 60
"""Characters."""


@dataclass(slots=True)
class Line:
    """A line of the candidate text; `rule` is empty while it is kept."""

    text: str
    block: Block | None
    rule: str

    @property
    def is_heading(self) -> bool:
        """Whether it leads on to something below: a heading, a short bold line, a label with a colon."""
        if len(self.text) > _LONGEST_HEADING or self.block is None:
            return False
        element = self.block.element
        bold = _wholly_in(self.block, _STRONG) and not self.text.endswith((".", "!", "?", "”", '"'))
        return element.tag in _HEADINGS or bold or self.text.endswith(":")


def positions(lines: Sequence[Line], number: Mapping[Block, int]) -> list[int]:
    """The number of the block at which each line of a text stands; one without a block stands with the line above,
    and with the first that has one where there is none above. Empty if no line has a block."""
    known = [number[line.block] if line.block is not None else None for line in lines]
    at = next((n for n in known if n is not None), None)
    if at is None:
        return []
    found = []
    for n in known:
        at = at if n is None else n
        found.append(at)
    return found


def trim(lines: Sequence[Line], authors: Iterable[str], phrases: Phrases) -> None:
    """Give a rule to kept lines that lost what they led on to, and to what signs off below the text."""
    names = [words_key(author) for author in authors]
    left = [line for line in lines if not line.rule]
    first = next((line for line in left if not _stands_above(line)), None)
    if first is not None:
        start = left.index(first)
        for line in left[:start]:
            if not any(_are_beside(line, other) for other in left[start : start + _FIRST]):
                line.rule = "outside-article:above"
    below: Line | None = None
    at_end, gap = True, False
    for line in reversed(lines):
        if line.rule:
            gap = True
            continue
        if line.is_heading and (at_end or (gap and below is not None and below.is_heading)):
            line.rule = "outside-article:heading"
        elif at_end and (rule := _signs_off(line, names, phrases)):
            line.rule = rule
        else:
            below, at_end, gap = line, False, False


def _stands_above(line: Line) -> bool:
    """Whether a line may stand between headline and text: a kicker, a name, an hour; it is no sentence."""
    block = line.block
    if block is None or block.element.tag in _PARTS or len(line.text) > _LONGEST_HEADING:
        return False
    return not line.text.endswith((*_SENTENCE_ENDS, ":"))


def _are_beside(line: Line, other: Line) -> bool:
    """Whether two lines stand in the same element, or in elements right in the same one."""
    if line.block is None or other.block is None:
        return True
    one, two = line.block.element, other.block.element
    return one is two or one.getparent() is two.getparent() or one in near(two)


def _signs_off(line: Line, names: Sequence[str], phrases: Phrases) -> str:
    if told := phrases.tell(line.text, words_key(line.text), 0, at_end=True):
        return f"{told}:words"
    if line.block is None:
        return ""
    key = f" {words_key(line.text)} "
    if _wholly_in(line.block, _ITALIC) and any(f" {name} " in key for name in names):
        return "author-biography"
    if any(" " in name and key.startswith(f" {name} ") for name in names):
        return "author-biography"
    return "comment:words" if invites_comments(line.text) else ""


def restored(
    kept: list[Line],
    blocks: Sequence[Block],
    fate: dict[Block, str],
    *,
    stated: StatedBody | None = None,
    phrases: Phrases | None = None,
) -> list[Line]:
    """The kept lines, with what trafilatura dropped among them put back: subheadings, paragraphs that are
    called like furniture, the first paragraph where it is bare text, chunks of the body that look like the
    rest of it, and what is `stated` to be in it."""
    number = {block: i for i, block in enumerate(blocks)}
    looks = Counter(_look(line.block) for line in kept if line.block is not None and line.block.is_prose)
    ours = {look for look, times in looks.items() if times > 1 and look[1] + look[3]}
    known = "\n".join(["", *(words_key(line.text) for line in kept)])
    put: set[str] = set()
    around = {e for line in kept if line.block is not None for e in near(line.block.element)[1:]}
    lines: list[Line] = []
    before: Block | None = None

    def put_back(start: int, end: int, after: Block | None) -> None:
        for lost in blocks[start:end]:
            if lost in fate or not (
                _belongs(lost, before, after)
                or (lost.is_prose and _look(lost) in ours and _is_clear(lost, around))
                or (after is not None and stated is not None and lost.is_prose and stated.holds(lost.key, wholly=True))
            ):
                continue
            beginning = lost.key[:_BEGINNING]
            if (
                beginning not in put
                and not _is_among(lost.key, known)
                and not (phrases and phrases.tell(lost.text, lost.key, lost.linked))
            ):
                fate[lost] = ""
                put.add(beginning)
                lines.append(Line(lost.text, lost, ""))

    for line in kept:
        block = line.block
        if block is not None:
            put_back(0 if before is None else number[before] + 1, number[block], block)
        lines.append(line)
        before = block if block is not None else before
    if before is not None:
        put_back(number[before] + 1, len(blocks), None)
    return lines


def _is_among(key: str, known: str) -> bool:
    """Whether a text begins as one of the known lines does, or is a part of one."""
    return f"\n{key[:_BEGINNING]}" in known or (len(key) > _BEGINNING and key[:_BEGINNING] in known)


def _belongs(lost: Block, before: Block | None, after: Block | None) -> bool:
    """Whether a block is part of the text that stands right before and after it."""
    if after is None:
        return False
    if before is None:
        return lost.is_prose and lost.element in near(after.element, _INLINE_LEVELS)[1:]
    parent = after.element.getparent()
    if lost.element.getparent() is not parent or before.element.getparent() is not parent:
        return False
    if lost.element.tag in _HEADINGS:
        return lost.linked < len(lost.text)
    alike = lost.element.tag == before.element.tag == after.element.tag == "p"
    return alike and lost.is_prose and telling_word(lost.element) is None and not is_hidden(lost.element)


def _look(block: Block) -> tuple[str, str, str, str]:
    """What paragraphs of one text have in common: tag and class, their own and of what holds them."""
    element, parent = block.element, block.element.getparent()
    above = (str(parent.tag), parent.get("class") or "") if parent is not None else ("", "")
    return str(element.tag), element.get("class") or "", *above


def _is_clear(block: Block, around: Container[HtmlElement]) -> bool:
    """Whether nothing that holds a block, up to what holds the text too, is called furniture."""
    for element in near(block.element):
        if element in around:
            return True
        if telling_word(element) is not None or is_hidden(element):
            return False
    return True


def is_set_apart(block: Block, blocks: Sequence[Block], body: Iterable[Block]) -> bool:
    """Whether a block looks different from the paragraph of the body that follows it, or something stands
    between them: then it is a standfirst; else it is the first paragraph."""
    paragraphs = {b for b in body if len(b.text) >= _PARAGRAPH}
    start = blocks.index(block) + 1
    for index, other in enumerate(blocks[start:], start):
        if other in paragraphs:
            one, two = block.element, other.element
            return (
                index > start
                or (one.tag, one.get("class")) != (two.tag, two.get("class"))
                or not _alike(one.getparent(), two.getparent())
                or _wholly_in(block, _STRONG) != _wholly_in(other, _STRONG)
            )
    return True


def _alike(one: HtmlElement, two: HtmlElement) -> bool:
    """Whether two elements are the same, or wrappers of the same class, as some sites put around each paragraph."""
    return one is two or bool(one.get("class") and (one.tag, one.get("class")) == (two.tag, two.get("class")))


def _wholly_in(block: Block, tags: frozenset[str]) -> bool:
    """Whether all of a block's text stands in one inline element of these."""
    element: HtmlElement = block.element
    while element.tag not in tags:
        children = [child for child in element if isinstance(child.tag, str)]
        alone = len(children) == 1 and not (element.text or "").strip() and not (children[0].tail or "").strip()
        if not alone:
            return False
        element = children[0]
    return True
