"""Links to other articles, told by how the links stand: lists of them, titles behind a label, whole cards."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from lxml.html import HtmlElement

from archive.extraction.blocks import Block, near, words_key

__all__ = ["teasers"]

_LABELLED = re.compile(r"([^:|｜：]{2,50}?)\s*[:|｜：]\s*(?=\S)")
_ARROW = re.compile(r"(?:>>|»|→|►|▶|➤|➡|▸|☞|👉)\s*\w")
_SENTENCE_END = re.compile(r"[.!?…。！？؟۔।;,]['\"”»’)]*$")
_LISTS = frozenset({"ul", "ol", "dl"})
_LONGEST_TITLE = 200
_LIST = 0.6
"""Share of a list in links."""
_ARROWED = 0.4
_AROUND_LINK = 6
"""Characters of a line beside its label and its link: quotation marks, arrows."""
_WORDS_IN_TITLE = 4


def teasers(blocks: Iterable[Block]) -> dict[Block, str]:
    """The blocks that only lead to other articles, with the rule that tells it."""
    found: dict[Block, str] = {}
    lists: defaultdict[HtmlElement, list[Block]] = defaultdict(list)
    labelled: list[tuple[Block, str, str]] = []
    for block in blocks:
        if not block.linked or len(block.text) > _LONGEST_TITLE:
            in_list = _list_of(block)
            if in_list is not None:
                lists[in_list].append(block)
            continue
        if (in_list := _list_of(block)) is not None:
            lists[in_list].append(block)
        if _ARROW.match(block.text) and block.linked >= _ARROWED * len(block.text):
            found[block] = "related:arrow"
        label = _LABELLED.match(block.text)
        if label and block.linked >= len(block.text) - label.end() - _AROUND_LINK:
            labelled.append((block, words_key(label[1]), block.text[label.end() :]))
    times = Counter(name for _, name, _ in labelled)
    for block, name, title in labelled:
        several = times[name] > 1
        alone = len(title.split()) >= _WORDS_IN_TITLE and not _SENTENCE_END.search(title)
        if block.linked < len(block.text) and (several or alone):
            found[block] = "related:label"
    for items in lists.values():
        if _leads_away(items):
            found |= dict.fromkeys(items, "related:list")
    return found


def _list_of(block: Block) -> HtmlElement | None:
    return next((e for e in near(block.element, 4) if e.tag in _LISTS), None)


def _leads_away(items: list[Block]) -> bool:
    """Whether a list holds titles and links, and no sentences."""
    size = sum(len(item.text) for item in items)
    ends = sum(1 for item in items if _SENTENCE_END.search(item.text) and item.linked < 0.9 * len(item.text))
    return (
        len(items) > 1
        and sum(item.linked for item in items) >= _LIST * size
        and 3 * ends <= len(items)
        and all(item.linked and len(item.text) <= _LONGEST_TITLE for item in items)
    )
