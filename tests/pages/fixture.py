"""A page and what is right to read from it: the folders beside this file."""

from __future__ import annotations

import datetime as dt
import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from archive import extract
from archive.article import Article, Comment, Update
from archive.extraction.blocks import fold, words_key

__all__ = ["FIELDS", "HERE", "Expected", "Fixture", "Gone", "fixtures"]

HERE = Path(__file__).parent
CAPTURED = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


class Gone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence of furniture that must be among what was removed."""

    text: str
    kind: str | None = None
    """The rule that must have removed it, if that matters."""


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``expected.toml``: what is not said must not be found."""

    url: str
    note: str = ""
    """What is special about the page."""
    captured: dt.datetime = CAPTURED
    headline: str | None = None
    standfirst: str | None = None
    text: str = ""
    authors: tuple[str, ...] = ()
    published: str | None = None
    language: str | None = None
    kind: str = "article"
    comments: tuple[Comment, ...] = ()
    updates: tuple[Update, ...] = ()
    gone: tuple[str | Gone, ...] = ()
    known_gaps: tuple[str, ...] = ()
    """Fields that are read wrongly today; a test says when that changes."""

    def __post_init__(self) -> None:
        if unknown := set(self.known_gaps) - set(FIELDS):
            raise ValueError(f"known_gaps names no field: {', '.join(sorted(unknown))}.")

    @property
    def lines(self) -> list[str]:
        """The paragraphs."""
        return [line for line in map(fold, self.text.split("\n")) if line]


FIELDS = "headline standfirst text authors published language kind comments updates gone".split()


@dataclass(frozen=True)
class Fixture:
    """One folder."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's."""
        return self.folder.name

    @cached_property
    def expected(self) -> Expected:
        """What is right."""
        table = tomllib.loads((self.folder / "expected.toml").read_text("utf-8"))
        try:
            return msgspec.convert(table, Expected)
        except msgspec.ValidationError as error:
            raise ValueError(f"{self.folder.name}/expected.toml: {error}") from error

    @cached_property
    def body(self) -> bytes:
        """The page."""
        return (self.folder / "page.html").read_bytes()

    @cached_property
    def article(self) -> Article:
        """What the extractor reads."""
        return extract(self.body, url=self.expected.url, captured=self.expected.captured)

    def difference(self, field: str) -> str:
        """What is missing (-) and what is foreign (+) in a field, line by line; empty if all is right."""
        if field == "gone":
            return "\n".join(self._not_removed())
        if field == "kind" and field not in Article.__struct_fields__:
            return ""
        return "\n".join(_differing(_shown(getattr(self.expected, field)), _shown(getattr(self.article, field))))

    def _not_removed(self) -> Iterator[str]:
        removed = [(f" {words_key(block.text)} ", block.rule) for block in self.article.trace.removed]
        for gone in self.expected.gone:
            text, kind = (gone, None) if isinstance(gone, str) else (gone.text, gone.kind)
            rules = {rule for key, rule in removed if words_key(text) in key}
            if not rules:
                yield f"- not among what was removed: {text}"
            elif kind and kind not in rules:
                yield f"- removed as {', '.join(sorted(rules))}, not as {kind}: {text}"


def fixtures() -> list[Fixture]:
    """All of them, by name."""
    return [Fixture(path.parent) for path in sorted(HERE.glob("*/expected.toml"))]


def _shown(value: object) -> list[str]:
    """A field's value as lines."""
    if value is None:
        return []
    if isinstance(value, str):
        return [line for line in map(fold, value.split("\n")) if line]
    if isinstance(value, tuple):
        return [_one(each) for each in value]
    return [str(value)]


def _one(value: object) -> str:
    if isinstance(value, Comment):
        return f"{value.author} · {value.published} · {fold(value.text)}"
    if isinstance(value, Update):
        return f"{value.published} · {value.headline} · {fold(value.text)}"
    return str(value)


def _differing(right: list[str], read: list[str]) -> Iterator[str]:
    for line in difflib.ndiff(right, read):
        if line.startswith("- "):
            yield f"- missing: {line[2:]}"
        elif line.startswith("+ "):
            yield f"+ foreign: {line[2:]}"
