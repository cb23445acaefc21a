"""`Change`: how what a page gives today differs from what the archive has of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import msgspec

from archive.article import Article
from archive.extraction.blocks import words_key

__all__ = ["Change", "Kind", "Paragraph", "change_between"]

Kind = Literal["gained", "lost", "altered", "explained", "same", "nothing"]
"""``gained``: an article where there was none; ``lost``: none where there was one; ``altered``: another text or
field; ``explained``: the same text and fields, but another trace of what was removed and why; ``same``: nothing of
this, whatever versions and lists were used; ``nothing``: no article, then or now."""

_NOT_FIELDS = {"url", "text", "trace"}
_FIELDS = tuple(name for name in Article.__struct_fields__ if name not in _NOT_FIELDS)
_ALIKE = 0.6
"""Share of words from which a paragraph that went and one that came are one that was rewritten."""
_MANY = 20_000
"""Pairs of paragraphs that are too many to compare; the texts then have nothing in common anyway."""
_IN_FIELDS = ("headline", "standfirst", "captions", "comments", "updates")


class Paragraph(msgspec.Struct, frozen=True):
    """A paragraph that one text has and the other has not."""

    text: str
    rule: str
    """What removed it: now, if it has gone; before, if it is back. ``field:standfirst`` if it is in that field;
    empty if nothing tells."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What would change in the archive."""

    kind: Kind
    headline: str | None = None
    removed: tuple[Paragraph, ...] = ()
    restored: tuple[Paragraph, ...] = ()
    rewritten: tuple[tuple[str, str], ...] = ()
    """Paragraphs that are there still, but with other words: before and now."""
    moved: bool = False
    """The same paragraphs stand in another order."""
    fields: dict[str, tuple[Any, Any]] = {}
    """Before and now, of the fields that differ."""
    why: str = ""
    """Of a lost article: what the page is said to be now."""


def change_between(before: Article | None, now: Article | None, why: str = "") -> Change:
    """Compare what the archive has of a page with what it gives now; None for no article, `why` tells the reason."""
    before, now = (article if _is_article(article) else None for article in (before, now))
    if before is None or now is None:
        one = now or before
        if one is None:
            return Change(kind="nothing")
        return Change(kind="gained" if now else "lost", headline=one.headline, why="" if now else why)
    fields = {f: (_plain(before, f), _plain(now, f)) for f in _FIELDS if getattr(before, f) != getattr(now, f)}
    if before.text == now.text:
        kind: Kind = "altered" if fields else "same" if _explains_alike(before, now) else "explained"
        return Change(kind=kind, headline=now.headline, fields=fields)
    gone, come = _lines_between(before, now)
    rewritten = list(_rewritten(gone, come))
    return Change(
        kind="altered",
        headline=now.headline,
        removed=_ruled(gone, now),
        restored=_ruled(come, before),
        rewritten=tuple(rewritten),
        moved=not (gone or come or rewritten),
        fields=fields,
    )


def _is_article(article: Article | None) -> bool:
    return article is not None and bool(article.text or article.updates)


def _plain(article: Article, field: str) -> Any:
    return msgspec.json.decode(msgspec.json.encode(getattr(article, field)))


def _explains_alike(before: Article, now: Article) -> bool:
    """Whether two traces say the same of the page, whichever versions, rules and lists they name."""
    one, two = before.trace, now.trace
    return (one.places, one.evidence, one.removed) == (two.places, two.evidence, two.removed)


def _lines_between(before: Article, now: Article) -> tuple[list[str], list[str]]:
    """The lines of one text that the other lacks, each way, in their order."""
    old, new = (article.text.split("\n") if article.text else [] for article in (before, now))
    return _without(old, new), _without(new, old)


def _ruled(lines: Sequence[str], article: Article) -> tuple[Paragraph, ...]:
    if not lines:
        return ()
    rules = _Rules(article)
    return tuple(Paragraph(line, rules.of(line)) for line in lines)


def _without(lines: Iterable[str], others: Iterable[str]) -> list[str]:
    left, found = Counter(others), []
    for line in lines:
        if left[line]:
            left[line] -= 1
        else:
            found.append(line)
    return found


def _rewritten(gone: list[str], come: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs of lines that are one paragraph; they are taken out of the lists."""
    if len(gone) * len(come) > _MANY:
        return
    words = {line: frozenset(words_key(line).split()) for line in (*gone, *come)}
    for old in list(gone):
        best = max(come, key=lambda new: _likeness(words[old], words[new]), default="")
        if best and _likeness(words[old], words[best]) >= _ALIKE:
            gone.remove(old)
            come.remove(best)
            yield old, best


def _likeness(one: frozenset[str], two: frozenset[str]) -> float:
    return len(one & two) / len(one | two) if one or two else 0.0


class _Rules:
    """What kept lines out of an article's text."""

    def __init__(self, article: Article) -> None:
        self._removed = [(words_key(removed.text), removed.rule) for removed in article.trace.removed]
        self._exact = dict(reversed(self._removed))
        self._fields = [(words_key(t), f"field:{f}") for f in _IN_FIELDS for t in _texts(getattr(article, f))]

    def of(self, line: str) -> str:
        """The rule; empty if none is known."""
        key = words_key(line)
        if key in self._exact:
            return self._exact[key]
        if not key:
            return ""
        holding = (rule for other, rule in self._fields if key in other)
        # A block that holds the line, or of which the line holds the most part.
        parts = (rule for other, rule in self._removed if key in other or (other in key and 2 * len(other) > len(key)))
        return next(holding, None) or next(parts, "")


def _texts(value: Any) -> Sequence[str]:
    """The texts in a field."""
    if isinstance(value, str):
        return [value]
    return [part if isinstance(part, str) else part.text for part in value or ()]
