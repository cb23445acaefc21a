"""`Summary`: what a re-run would change, summed up for one source."""

from __future__ import annotations

from collections import Counter

import msgspec

from archive.rerun.change import Change

__all__ = ["Summary"]

_EXAMPLES = 3


class Summary(msgspec.Struct):
    """Numbers of one source."""

    source: str
    pages: int = 0
    """Captures that were read, or of which it was remembered what they give."""
    kinds: Counter[str] = msgspec.field(default_factory=Counter)
    """How many of each `archive.rerun.change.Kind`; ``failed``: could not be read."""
    removed: Counter[str] = msgspec.field(default_factory=Counter)
    """Paragraphs that would go, by rule; an empty rule is an unknown one."""
    restored: Counter[str] = msgspec.field(default_factory=Counter)
    """Paragraphs that would come back, by the rule that had removed them."""
    rewritten: int = 0
    moved: int = 0
    fields: Counter[str] = msgspec.field(default_factory=Counter)
    """Articles of which a field differs."""
    examples: list[tuple[str, Change]] = msgspec.field(default_factory=list)
    """URLs and changes of a few articles, of different kinds if there are."""

    def add(self, url: str, change: Change | None) -> None:
        """Count one page; None is one that could not be read."""
        self.pages += 1
        self.kinds[change.kind if change else "failed"] += 1
        if change is None or change.kind not in ("gained", "lost", "altered"):
            return
        self.removed.update(paragraph.rule for paragraph in change.removed)
        self.restored.update(paragraph.rule for paragraph in change.restored)
        self.rewritten += len(change.rewritten)
        self.moved += change.moved
        self.fields.update(change.fields.keys())
        if self.kinds[change.kind] <= _EXAMPLES:
            self.examples.append((url, change))

    @property
    def changed(self) -> int:
        """Articles that would be gained, lost or altered."""
        return self.kinds["gained"] + self.kinds["lost"] + self.kinds["altered"]
