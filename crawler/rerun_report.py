"""`RerunReport`: what a re-run would change, for people and as JSON lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from archive.rerun.summary import Summary
from crawler.command import counted, json_line, printable

if TYPE_CHECKING:
    from archive.rerun import Accepted, Change, Reread

__all__ = ["RerunReport", "sentence_of"]

_CHANGES = ("gained", "lost", "altered")
_LONG = 110
"""Characters of a paragraph that an example shows."""


class RerunReport:
    """Sums changes up by source, and prints each article's if `diff`, or as a JSON line if `as_json`."""

    def __init__(self, *, diff: bool = False, as_json: bool = False, explained: bool = False) -> None:
        """`explained`: articles of which only the trace differs are printed too."""
        self._diff, self._as_json = diff, as_json
        self._printed = {*_CHANGES, *(["explained"] if explained else [])}
        self._summaries: dict[str, Summary] = {}
        self.pages = self.changed = 0
        """Looked at, and differing, since the beginning."""

    def begin(self) -> None:
        """Begin a new summary."""
        self._summaries = {}

    def add(self, reread: Reread) -> None:
        """Take note of one page."""
        summary = self._summaries.setdefault(reread.source, Summary(reread.source))
        summary.add(reread.capture.url, reread.change)
        self.pages += 1
        if reread.change is not None and reread.change.kind not in self._printed:
            return
        self.changed += reread.change is not None
        if self._as_json:
            print(_json_line(reread), flush=True)
        elif self._diff and reread.change is not None:
            print("\n".join(_diff(reread.source, reread.capture.url, reread.capture.date, reread.change)) + "\n")

    @property
    def lost(self) -> dict[str, int]:
        """Articles that are no longer found, by source."""
        return {name: s.kinds["lost"] for name, s in self._summaries.items() if s.kinds["lost"]}

    def print_summary(self) -> None:
        """What would change, source by source."""
        for summary in self._summaries.values():
            print("\n".join(_lines(summary, examples=not self._diff)))


def _lines(summary: Summary, *, examples: bool) -> Iterator[str]:
    kinds = summary.kinds
    parts = [f"{kinds[kind]} {kind}" for kind in _CHANGES if kinds[kind]]
    if kinds["explained"]:
        parts.append(f"{kinds['explained']} only explained otherwise")
    if kinds["failed"]:
        parts.append(f"{kinds['failed']} that can't be read")
    pages = summary.pages - kinds["nothing"]
    yield f"{summary.source}: {counted(pages, 'page')}, " + (", ".join(parts) or "nothing would change")
    if summary.removed:
        yield f"  removed    {counted(summary.removed.total(), 'paragraph')}: {_by_rule(summary.removed)}"
    if summary.restored:
        yield f"  restored   {counted(summary.restored.total(), 'paragraph')}: {_by_rule(summary.restored)}"
    if summary.rewritten:
        yield f"  rewritten  {counted(summary.rewritten, 'paragraph')}"
    if summary.moved:
        yield f"  moved      paragraphs of {counted(summary.moved, 'article')}"
    if summary.fields:
        yield "  fields     " + ", ".join(f"{name} {count}" for name, count in summary.fields.most_common())
    for url, change in summary.examples if examples else ():
        yield f"  {change.kind:<9}  {printable(url)}"
        yield from (f"    {line}" for line in _example(change))


def _by_rule(rules: Counter[str]) -> str:
    return ", ".join(f"{rule or 'no rule'} {count}" for rule, count in rules.most_common())


def _example(change: Change) -> Iterator[str]:
    """One or two lines that show what a change is about."""
    if change.kind == "lost":
        yield change.why
    elif change.kind == "gained":
        yield _short(change.headline or "(no headline)")
    elif change.removed or change.restored:
        yield from (f"- {_short(p.text)}  [{p.rule or 'no rule'}]" for p in change.removed[:1])
        yield from (f"+ {_short(p.text)}  [{p.rule or 'no rule'}]" for p in change.restored[:1])
    elif change.rewritten:
        before, now = change.rewritten[0]
        yield f"- {_short(before)}"
        yield f"+ {_short(now)}"
    else:
        yield from (f"{name}: {_value(a)} -> {_value(b)}" for name, (a, b) in list(change.fields.items())[:2])


def _diff(source: str, url: str, date: str, change: Change) -> Iterator[str]:
    """All that differs in one article."""
    yield f"{change.kind}  {source}  {date}  {printable(url)}"
    yield f"  {printable(change.headline or '(no headline)')}" + (f": {change.why}" if change.why else "")
    for name, (before, now) in change.fields.items():
        yield f"  {name}: {_value(before)} -> {_value(now)}"
    yield from (f"  - [{p.rule or 'no rule'}] {printable(p.text)}" for p in change.removed)
    yield from (f"  + [{p.rule or 'no rule'}] {printable(p.text)}" for p in change.restored)
    for before, now in change.rewritten:
        yield f"  - {printable(before)}"
        yield f"  + {printable(now)}"
    if change.moved:
        yield "  the same paragraphs in another order"


def _value(value: Any) -> str:
    if isinstance(value, list | dict):
        value = msgspec.json.encode(value).decode()
    return "nothing" if value is None or value == "[]" else _short(str(value))


def _short(text: str) -> str:
    line = printable(" ".join(text.split()))
    return line if len(line) <= _LONG else line[: _LONG - 3] + "..."


def _json_line(reread: Reread) -> str:
    change, capture = reread.change, reread.capture
    about: dict[str, Any] = {
        "source": reread.source,
        "url": capture.url,
        "date": capture.date,
        "capture": capture.id,
        "change": change.kind if change else "failed",
    }
    if change is None:
        about["why"] = str(reread.problem)
    else:
        about |= {name: value for name, value in msgspec.to_builtins(change).items() if name != "kind"}
    return json_line(about)


def sentence_of(accepted: Accepted) -> str:
    """What was stored of a source."""
    parts = []
    if accepted.adopted and accepted.adopted.stored:
        parts.append(f"{counted(accepted.adopted.stored, 'capture')} taken")
    if accepted.articles or not parts:
        parts.append(f"{counted(accepted.articles, 'article')} stored")
    if accepted.renewed:
        parts.append(f"{counted(accepted.renewed, 'text')} cleaned again")
    return f"{accepted.source}: {', '.join(parts)}."
