"""`Line`: a line of the candidate text with its place and fate, and what lines tell of each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml.html import HtmlElement

from archive.extraction.appeals import Voice
from archive.extraction.blocks import Block, near, words_key
from archive.extraction.furniture import telling_word
from archive.extraction.markup import is_hidden
from archive.extraction.phrases import Phrases

__all__ = ["Line", "is_set_apart", "restored", "trim"]

_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_STRONG = frozenset({"b", "strong"})
_ITALIC = frozenset({"em", "i", "small"})
_PARAGRAPH = 60
_INLINE_LEVELS = 4
"""Elements such as font and center may stand between a paragraph and what holds the bare text before it."""
_LONGEST_HEADING = 100


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


def trim(lines: Sequence[Line], authors: Iterable[str], phrases: Phrases) -> None:
    """Give a rule to kept lines that lost what they led on to, and to what signs off below the text."""
    names = [words_key(author) for author in authors]
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


def _signs_off(line: Line, names: Sequence[str], phrases: Phrases) -> str:
    if told := phrases.tell(line.text, words_key(line.text), 0, at_end=True):
        return f"{told}:words"
    if line.block is None:
        return ""
    key = f" {words_key(line.text)} "
    if _wholly_in(line.block, _ITALIC) and any(f" {name} " in key for name in names):
        return "author-biography"
    heard = Voice(line.text)
    return "comment" if heard.comments and heard.you else ""


def restored(kept: list[Line], blocks: Sequence[Block], fate: dict[Block, str]) -> list[Line]:
    """The kept lines, with what trafilatura dropped among them put back: subheadings, paragraphs that are
    called like furniture, and the first paragraph where it is bare text."""
    number = {block: i for i, block in enumerate(blocks)}
    lines: list[Line] = []
    before: Block | None = None
    for line in kept:
        block = line.block
        if block is not None:
            start = number[block] - 1 if before is None else number[before] + 1
            for lost in blocks[max(start, 0) : number[block]]:
                if lost not in fate and _belongs(lost, before, block):
                    fate[lost] = ""
                    lines.append(Line(lost.text, lost, ""))
        lines.append(line)
        before = block if block is not None else before
    return lines


def _belongs(lost: Block, before: Block | None, after: Block) -> bool:
    """Whether a block is part of the text that stands right before and after it."""
    parent = after.element.getparent()
    if before is None:
        return lost.is_prose and lost.element in near(after.element, _INLINE_LEVELS)[1:]
    if lost.element.getparent() is not parent or before.element.getparent() is not parent:
        return False
    if lost.element.tag in _HEADINGS:
        return lost.linked < len(lost.text)
    alike = lost.element.tag == before.element.tag == after.element.tag == "p"
    return alike and lost.is_prose and telling_word(lost.element) is None and not is_hidden(lost.element)


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
                or (one.tag, one.get("class"), one.getparent()) != (two.tag, two.get("class"), two.getparent())
                or _wholly_in(block, _STRONG) != _wholly_in(other, _STRONG)
            )
    return True


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
