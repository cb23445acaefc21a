"""`Story`: an article's text with what was removed from its page, each where it stood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from archive.article import Article, Removed
from archive.extraction.kinds import kind_of
from archive.web import glossary

__all__ = ["Gap", "Group", "KindCount", "Story"]


class Group(msgspec.Struct, frozen=True):
    """Blocks that stood one after another and were removed by the same rule."""

    kind: str
    rule: str
    """In words."""
    blocks: tuple[Removed, ...]


class Gap(msgspec.Struct, frozen=True):
    """What was removed at one place."""

    groups: tuple[Group, ...]

    @property
    def count(self) -> int:
        """Blocks."""
        return sum(len(group.blocks) for group in self.groups)

    @property
    def kinds(self) -> list[KindCount]:
        """How many of each kind."""
        return count_kinds(block for group in self.groups for block in group.blocks)


class KindCount(msgspec.Struct, frozen=True):
    """How many blocks of a kind were removed."""

    kind: str
    name: str
    about: str
    count: int


class Story(msgspec.Struct, frozen=True):
    """The lines of a text, and the gaps before, between and behind them."""

    lines: tuple[str, ...]
    gaps: tuple[Gap, ...]
    """One more than lines; the first is above the text, the last below it."""
    elsewhere: Gap
    """What was removed from an unknown place."""
    kinds: Sequence[KindCount]

    @classmethod
    def of(cls, article: Article) -> Story:
        """The story of an article."""
        lines = tuple(article.text.split("\n")) if article.text else ()
        removed = article.trace.removed
        at: list[list[Removed]] = [[] for _ in range(len(lines) + 1)]
        elsewhere = []
        for block in removed:
            if block.line is None:
                elsewhere.append(block)
            else:
                at[min(max(block.line, 0), len(lines))].append(block)
        return cls(lines, tuple(map(_gap, at)), _gap(elsewhere), count_kinds(removed))


def _gap(blocks: Sequence[Removed]) -> Gap:
    runs = ((rule, tuple(run)) for rule, run in groupby(blocks, key=lambda block: block.rule))
    return Gap(tuple(Group(kind_of(rule), glossary.rule(rule), run) for rule, run in runs))


def count_kinds(blocks: Iterable[Removed]) -> list[KindCount]:
    """How many of each kind, most first."""
    counts = Counter(kind_of(block.rule) for block in blocks)
    return [KindCount(k, glossary.kind_name(k), glossary.kind_about(k), n) for k, n in counts.most_common()]
