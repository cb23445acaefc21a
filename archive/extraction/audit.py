"""`Audit`: which lines of an extracted text are the article's, and by which rule the others are not."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from lxml.html import HtmlElement

from archive.extraction.appeals import appeal_runs, language_of, listen
from archive.extraction.blocks import Block, fold, near, text_under, words_key
from archive.extraction.furniture import telling_word
from archive.extraction.leads import find_lead, shown_as
from archive.extraction.lines import Line, is_set_apart, restored, trim
from archive.extraction.markup import is_hidden
from archive.extraction.metadata import Metadata
from archive.extraction.phrases import phrases_of
from archive.extraction.places import Placed
from archive.extraction.scripts import StatedBody
from archive.extraction.teasers import teasers
from archive.furniture.furniture import LEARNED, Furniture
from archive.rules import SiteRules

__all__ = ["Audit", "Part"]

_DATE_LINE = re.compile(r"\b(1[89]|20)\d\d\b")
_BYLINE = re.compile(r"^(?:by|von|por|par|di|da|door|av|af|od|автор:?)\s+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_SENTENCE_END = tuple(".!?…。！？؟۔।\"”»'’)")
_PLACEHOLDER = re.compile(r"\$\$\w+\$\$|\{\{[^{}]*\}\}|\[\[[^\[\]]*\]\]|%%\w+%%")
"""What a script would have put something in the place of."""
_SENTENCE = re.compile(r"[.!?…。！？؟۔।]['\"”»’)]*$")
_STATEMENT = re.compile(r"[.…。۔।]['\"”»’)]*$")
_STRONG = frozenset({"appeal", "subscription", "related", "comment", "consent", "dialogue"})
"""Kinds that may make up almost half of what stands on a page with a short article."""
_SMALL = frozenset({"share", "navigation", "paywall"})
"""Kinds that hold no paragraphs: what is called after the paywall may be the text behind it."""
_LARGE = 0.7
"""Share of the text that a box of facts may have: they hold whole documents."""
_OUTERMOST = ("article", "main", "body")
_LONGEST_LABEL = 90
"""Characters; bylines, date lines and link titles are shorter."""
_PARAGRAPH = 200
_SHORT_PARAGRAPH = 120
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_WORDS_IN_DATE = 3
_BY_WORD = 5
"""Characters, the space included."""
_ALIKE = 0.75
_BODY = 0.75
"""The smallest element with this share of the text is the article's."""
_STATED = 0.8
"""Share of the lines of a kind that JSON-LD states, to be believed of the others."""
_LONG_HEADLINE, _KICKER = 25, 60
_BUTTONS, _LONGEST_BUTTON = 12, 45
_MOST_APPEALS = 200
"""More make no article: their containers are not looked for."""


class Part(NamedTuple):
    """What was left out of a block that the text has in part."""

    text: str
    rule: str
    """Empty if none removed it."""
    line: int
    """How many lines of the text stand above it in the block."""


class Audit:
    """Judges the lines that an extractor gave. `fate` is what is known of blocks; what is found out is added."""

    def __init__(
        self,
        placed: Sequence[Placed],
        blocks: Sequence[Block],
        metadata: Metadata,
        rules: SiteRules | None,
        fate: dict[Block, str],
        *,
        stated: StatedBody | None = None,
        furniture: Furniture | None = None,
    ) -> None:
        self._placed, self._blocks, self._metadata, self._rules, self.fate = placed, blocks, metadata, rules, fate
        self._furniture = furniture
        self.standfirst: str | None = None
        self.standfirst_evidence: str | None = None
        """Where the standfirst was found, if not by the metadata."""
        self.standfirst_blocks: list[Block] = []
        """Where it stands on the page, as far as that is known."""
        self.parts: dict[Block, list[Part]] = {}
        """What blocks that the text has in part hold else."""
        self._headline_key = words_key(metadata.headline or "")
        self._headlines = {_letters(text) for text in (metadata.headline, metadata.shown_headline) if text}
        self._standfirst_keys: set[str] = set()
        self._author_keys = {words_key(author) for author in metadata.authors}
        self._body_size = sum(len(one.line) for one in placed)
        known = [(one.block, len(one.line)) for one in placed if one.block is not None]
        self._text_of = text_under((block.element, size) for block, size in known)
        self._named: dict[str, int] | None = None
        self._phrases = phrases_of(language_of((one.line for one in placed), metadata.language))
        self._stated = stated
        self._teasers = teasers(one.block for one in placed if one.block is not None)
        bodies = [e for e, size in self._text_of.items() if size >= _BODY * self._body_size]
        self._body = min(bodies, key=self._text_of.__getitem__, default=None)

    def lines(self) -> list[Line]:
        """The lines that are the article's, with those that the extractor lost among them."""
        known = [(one.block, one.text) for one in self._placed if one.block is not None]
        blocks = [block for block, _ in known]
        self._find_standfirst(blocks)
        self._mark_appeals(blocks, [text for _, text in known])
        seen: set[str] = set()
        shared = Counter(blocks)
        judged = []
        for one in self._placed:
            rule = self._judge(one, seen)
            if not rule and len(one.key) > _LONGEST_LABEL:
                seen.add(one.key)
            block = one.block
            whole = one.is_whole or (block is not None and shared[block] == 1 and _is_like(one))
            judged.append(Line(block.text if block is not None and whole else one.line, block, rule))
        self._compare(judged)
        trim(judged, self._metadata.authors, self._phrases)
        self._settle(judged)
        for block in self._blocks:
            if block.key and block.key.replace(" ", "") in self._headlines:
                self.fate.setdefault(block, "duplicate:headline")
        kept = [line for line in judged if not line.rule]
        return restored(kept, self._blocks, self.fate, stated=self._stated, phrases=self._phrases)

    def _compare(self, judged: Sequence[Line]) -> None:
        """Remove what the text that JSON-LD states leaves out, where it states all the rest of its kind."""
        if self._stated is None:
            return
        left = [line for line in judged if not line.rule and line.block is not None and not line.is_heading]
        stated = [self._stated.holds(words_key(line.text)) for line in left]
        if True in stated:  # a standfirst may stand before what is stated
            first = next((i for i, line in enumerate(left) if not _is_sentence(line.text)), len(left))
            start = min(first, stated.index(True))
            left, stated = left[start:], stated[start:]
        sizes: defaultdict[object, Counter[bool]] = defaultdict(Counter)
        for line, holds in zip(left, stated, strict=True):
            sizes[line.block.element.tag if line.block is not None else ""][holds] += len(line.text)
        for line, holds in zip(left, stated, strict=True):
            size = sizes[line.block.element.tag if line.block is not None else ""]
            if not holds and size[True] >= _STATED * size.total():
                line.rule = "outside-article:json-ld"

    def _settle(self, judged: Sequence[Line]) -> None:
        """Note what became of the blocks, and of the rest of those that are in the text in part."""
        lines_of: defaultdict[Block, list[Line]] = defaultdict(list)
        for one, line in zip(self._placed, judged, strict=True):
            for block in one.blocks:
                lines_of[block].append(line)
        for block, lines in lines_of.items():
            kept = [line for line in lines if not line.rule]
            self.fate.setdefault(block, "" if kept else lines[0].rule)
            if self.fate[block] or not kept or all(line.text == block.text for line in lines):
                continue
            self.parts[block] = list(_parts(block, lines))

    def _judge(self, one: Placed, seen: set[str]) -> str:
        """The name of the rule that removes a line, or an empty string."""
        line, key, block = one.line, one.key, one.block
        if not key:
            return "no-words"
        if _PLACEHOLDER.fullmatch(line):
            return "hidden:placeholder"
        if key.replace(" ", "") in self._headlines or self._ends_as_headline(key):
            return "duplicate:headline"
        if key in self._standfirst_keys:
            return "duplicate:standfirst"
        if key in seen:
            return "duplicate:repeated"
        if self._furniture and line in self._furniture:
            return LEARNED
        if self._is_byline(line, key):
            return "byline:author"
        if self._is_date_line(line, block):
            return "byline:date"
        if self._rules and any(re.fullmatch(p, line) for p in self._rules.remove_text):
            return f"{self._rules.name}:text"
        if told := self._phrases.tell(line, key, block.linked if block is not None else 0):
            return f"{told}:words"
        if block is None:
            return "outside-article:beside" if self._is_of_joined(line) else ""
        if fate := self.fate.get(block):
            return fate
        if block in self.fate:  # a caption has its own field
            return "caption"
        if block.linked >= 0.9 * len(block.text) and len(line) < _PARAGRAPH and not line.endswith(_SENTENCE_END):
            return "navigation:link-only"
        if teaser := self._teasers.get(block):
            return teaser
        if len(line) < _LONGEST_LABEL and self._is_outside(block):
            return "outside-article:beside"
        return self._container(block) or ""

    def _ends_as_headline(self, key: str) -> bool:
        """Whether a line is the headline behind its kicker."""
        headline = self._headline_key
        return len(headline) >= _LONG_HEADLINE and len(key) <= len(headline) + _KICKER and key.endswith(headline)

    def _is_outside(self, block: Block) -> bool:
        """Whether a short line stands beside the body's element and is no sentence of another part of the text."""
        if self._body is None:
            return False
        branch = self._branch(block)
        return branch is not None and (not _SENTENCE.search(block.text) or self._text_of[branch] < _SHORT_PARAGRAPH)

    def _is_of_joined(self, line: str) -> bool:
        """Whether a label is a part of a block that joins several, beside the body: a menu of inline elements."""
        return len(line) < _LONGEST_LABEL and not _SENTENCE.search(line) and line in self._beside

    @cached_property
    def _beside(self) -> str:
        """The text of menus and of what stands beside the body."""
        aside = (b.text for b in self._blocks if 2 * b.linked >= len(b.text) or self._branch(b) is not None)
        return "\n".join(aside)

    def _branch(self, block: Block) -> HtmlElement | None:
        """The largest element that holds a block and nothing of the body's element; None for a part of that."""
        branch = None
        for element in near(block.element):
            if element is self._body:
                return None
            if element in self._around_body:
                break
            branch = element
        return branch

    @cached_property
    def _around_body(self) -> set[HtmlElement]:
        return set() if self._body is None else set(near(self._body))

    def _branches(self, known: Sequence[Block]) -> list[list[int]]:
        """Indexes of the blocks in each small branch beside the body's element."""
        found: defaultdict[HtmlElement, list[int]] = defaultdict(list)
        for index, block in enumerate(known):
            branch = self._branch(block)
            if branch is not None and self._text_of[branch] < (1 - _BODY) * self._body_size:
                found[branch].append(index)
        return list(found.values())

    def _container(self, block: Block) -> str | None:
        """The kind of furniture that a small ancestor's tag or class names, or that it is hidden."""
        is_paragraph = len(block.text) >= _PARAGRAPH and block.text.endswith(_SENTENCE_END)
        for element in near(block.element, 6):
            if element.tag in _OUTERMOST:
                return None
            kind = "hidden" if is_hidden(element) else telling_word(element)
            if not kind or (is_paragraph and kind in _SMALL) or (kind == "paywall" and element.tag == "p"):
                continue
            # A class that much of the text bears does not tell furniture: some sites mark every
            # paragraph of a paid article "paywall".
            share = max(self._text_of[element], self._text_named(element.get("class") or ""))
            most = _LARGE if kind == "box" else 0.5 if kind in _STRONG else 0.3
            if share < most * self._body_size:
                return kind
        return None

    def _text_named(self, name: str) -> int:
        """Characters of text under elements with this class attribute."""
        if self._named is None:
            self._named = defaultdict(int)
            for element, size in self._text_of.items():
                self._named[element.get("class") or ""] += size
            self._named[""] = 0
        return self._named.get(name, 0)

    def _is_byline(self, line: str, key: str) -> bool:
        names = self._author_keys
        if len(line) <= _LONGEST_LABEL and (key in names or words_key(_BYLINE.sub("", line)) in names):
            return True
        # A word for "by" or "reporter" before or behind the name, in whatever language.
        if any(f" {n} " in f" {key} " and len(key) - len(n) <= _BY_WORD for n in names):
            return True
        # Name, date, time and buttons in one line.
        dated = _DATE_LINE.search(line) and not line.endswith(_SENTENCE_END)
        return bool(dated) and len(line) <= 2 * _LONGEST_LABEL and any(f" {n} " in f" {key} " for n in names)

    def _is_date_line(self, line: str, block: Block | None) -> bool:
        if len(line) > _LONGEST_LABEL or not _DATE_LINE.search(line) or line.endswith((".", "!", "?")):
            return False
        if block is not None and block.element.tag in _HEADINGS and len(_WORD.findall(line)) > _WORDS_IN_DATE:
            return False
        from archive.extraction.dates import parse_date

        days = {d[:10] for d in (self._metadata.published, self._metadata.modified) if d}
        day = parse_date(line, timezone="UTC", language=self._metadata.language)
        return bool(day) and str(day)[:10] in days

    def _find_standfirst(self, body: list[Block]) -> None:
        """The standfirst is a text that the page shows, not only a description for search engines."""
        text = self._metadata.standfirst or ""
        ours = bool(text) and _letters(text) not in self._headlines
        read = ours and self._metadata.evidence["standfirst"].startswith(("html:", "rule:"))
        lines = [fold(line) for line in text.split("\n")]
        found = shown_as(lines, self._blocks) if ours else []
        if not read and (
            len(found) < len(lines) or set(body) <= set(found) or not is_set_apart(found[-1], self._blocks, body)
        ):
            # A description for search engines only, or a copy of the first paragraph.
            first = [block for block in body if block not in self.fate]
            lead = find_lead(first, self._blocks, self._headline_key, self._is_free)
            if lead is None:
                return
            found, lines, self.standfirst_evidence = [lead], [lead.text], "html:lead"
        self.standfirst = "\n".join(lines if len(found) < 2 else [block.text for block in found])
        self.standfirst_blocks = found
        self._standfirst_keys = {words_key(line) for line in lines} | {block.key for block in found}
        for block in found:
            self.fate[block] = ""

    def _is_free(self, block: Block) -> bool:
        """Whether a block is nothing else, and nothing that holds it and not the body is called furniture."""
        if block in self.fate:
            return False
        for element in near(block.element):
            if element.tag in _OUTERMOST or element in self._text_of:
                return True
            if element.tag == "figure" or telling_word(element) is not None or is_hidden(element):
                return False
        return True

    def _mark_appeals(self, known: Sequence[Block], lines: Sequence[str]) -> None:
        """Appeals among the body's paragraphs; one takes the small container it stands in with it."""
        voices = listen(lines, self._metadata.site_names, self._metadata.language)
        marked = appeal_runs(voices)
        for branch in self._branches(known):
            speaking = [voices[i] for i in branch]
            if any(v.give for v in speaking) and any(v.you for v in speaking):
                marked.update(branch)
        if not marked or len(marked) > _MOST_APPEALS:
            return
        inside_of: defaultdict[HtmlElement, set[int]] = defaultdict(set)
        for index, block in enumerate(known):
            for element in near(block.element, 6):
                inside_of[element].add(index)
        for index in list(marked):
            for element in near(known[index].element, 3):
                inside = inside_of[element]
                others = sum(len(lines[i]) for i in inside - marked)
                outside = sum(len(line) for i, line in enumerate(lines) if i not in inside and i not in marked)
                if element.tag in _OUTERMOST or others > 0.3 * outside:
                    break
                told = sum(len(lines[i]) for i in inside & marked)
                if others > told and any(_is_sentence(lines[i]) for i in inside - marked):
                    break  # it holds a part of the body too
                marked |= inside
        tail = lines[max(marked) + 1 :]
        if len(tail) <= _BUTTONS and all(len(t) <= _LONGEST_BUTTON and not _STATEMENT.search(t) for t in tail):
            marked.update(range(max(marked) + 1, len(known)))  # buttons and sums at the end of the page
        for index in marked:
            self.fate.setdefault(known[index], "appeal")


def _letters(text: str) -> str:
    """The key of a headline; without spaces, as kicker and headline run together when they are elements."""
    return words_key(text).replace(" ", "")


def _is_sentence(text: str) -> bool:
    return len(text) >= _LONGEST_LABEL and text.endswith(_SENTENCE_END)


def _is_like(one: Placed) -> bool:
    """Whether a line is almost its block, so that the block is the better text: a date or a link was dropped."""
    block = one.block
    if block is None or len(one.blocks) > 1:
        return False
    words, others = Counter(one.key.split()), Counter(block.key.split())
    return (words & others).total() >= _ALIKE * max(words.total(), others.total())


def _parts(block: Block, lines: Sequence[Line]) -> Iterator[Part]:
    """What a block holds beside the kept ones of the lines made of it."""
    above = 0
    for line in lines:
        if line.rule:
            yield Part(line.text, line.rule, above)
        else:
            above += 1
    if rest := _rest(block, [line.text for line in lines]):
        yield Part(rest, "", above if block.text.endswith(rest) else 0)


def _rest(block: Block, lines: Sequence[str]) -> str:
    """The words of a block that are in none of the lines made of it."""
    covered = Counter(word for line in lines for word in words_key(line).split())
    rest = []
    for word in block.text.split():
        words = Counter(words_key(word).split())
        if all(covered[part] >= times for part, times in words.items()):
            covered.subtract(words)
        else:
            rest.append(word)
    return " ".join(rest)
