"""Where a page shows its standfirst: as it is described, or as a paragraph of its own above the body."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence

from archive.extraction.blocks import Block, near, words_key

__all__ = ["find_lead", "shown_as"]

_SENTENCE_END = re.compile(r"[.!?…。！？؟۔।]['\"”»’)]*$")
_NEAR = 20
"""Blocks above the body among which its standfirst is looked for."""
_SHORTEST, _LONGEST = 60, 600
_SAME = 40
_OUTERMOST = ("article", "main", "body")


def shown_as(lines: Sequence[str], blocks: Sequence[Block]) -> list[Block]:
    """The blocks that a description stands in: each line in one, or all of it in blocks in a row."""
    shown = {block.key: block for block in reversed(blocks)}
    keys = [words_key(line) for line in lines]
    return [shown[key] for key in keys if key in shown] or _in_parts(" ".join(keys), blocks)


def find_lead(
    body: Sequence[Block], blocks: Sequence[Block], headline_key: str, is_free: Callable[[Block], bool]
) -> Block | None:
    """The one paragraph that stands between the headline and the body and is not in it.

    `is_free` tells whether a block is not yet something else: a caption, hidden, in a box.
    """
    first = next((block for block in body if block.is_prose), None)
    if first is None:
        return None
    holders = near(first.element)
    article = next((element for element in holders if element.tag in _OUTERMOST), None)
    at = blocks.index(first)
    leads: list[Block] = []
    for block in blocks[max(at - _NEAR, 0) : at]:
        if block.key == headline_key or (_is_title(block) and is_free(block)):
            leads = []
        elif _is_lead(block, body, holders) and article in near(block.element) and is_free(block):
            leads.append(block)
    return leads[0] if len(leads) == 1 and leads[0].key[:_SAME] not in first.key else None


def _is_lead(block: Block, body: Container[Block], holders: Container[object]) -> bool:
    return (
        _SHORTEST <= len(block.text) <= _LONGEST
        and not block.linked
        and _SENTENCE_END.search(block.text) is not None
        and block not in body
        and block.element not in holders
    )


def _is_title(block: Block) -> bool:
    return any(element.tag in ("h1", "h2") for element in near(block.element, 2))


def _in_parts(key: str, blocks: Sequence[Block]) -> list[Block]:
    for start, block in enumerate(blocks):
        if not block.key or not key.startswith(f"{block.key} "):
            continue
        left, found = key, []
        for part in blocks[start:]:
            if not part.key or not f"{left} ".startswith(f"{part.key} "):
                break
            found.append(part)
            left = left[len(part.key) :].lstrip()
        if not left:
            return found
    return []
