"""`Query`: which articles are to be handed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.errors import ExportError
from archive.rights.policy import NOTHING, Policy
from archive.rights.statement import bits

__all__ = ["Query"]

_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d(?:T\d\d(?::\d\d(?::\d\d)?)?)?)?)?Z?")


class Query(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Articles by source, language, date and words; all conditions hold at once.

    Dates are ISO 8601 or its beginnings (``2026``, ``2026-11``, ``2026-11-20``); the ends of both spans are
    exclusive. `since` and `until` are of publication, or of the first capture where the page tells no date;
    `captured_since` and `captured_until` of the capture that a version was read from (UTC).
    """

    source: str | None = None
    language: str | None = None
    """BCP 47; its primary subtag counts."""
    since: str | None = None
    until: str | None = None
    captured_since: str | None = None
    captured_until: str | None = None
    words: str | None = None
    """As for `scrapy search`; the articles' latest versions are searched."""
    versions: Literal["latest", "all"] = "latest"
    """Of each article the version that was captured last within the span, or all that differ from the one before."""

    without: Policy = NOTHING
    """Marks of rights that neither the article nor the version has."""

    def check(self) -> None:
        """Raise `ExportError` for a date that is none."""
        for name in ("captured_since", "captured_until"):
            value = getattr(self, name)
            if value is not None and not _DATE.fullmatch(value):
                raise ExportError(f"{value[:40]!r} is no date of capture; write one like 2026-11-20, 2026-11 or 2026.")

    def articles(self, catalogue: Catalogue) -> Iterator[Row]:
        """The articles in question, oldest first. Raises `ArchiveError` for dates and words that make no sense."""
        self.check()
        return catalogue.each_article(
            self.words,
            source=self.source,
            language=self.language,
            since=self.since,
            until=self.until,
            without=self.without,
        )

    def holds(self, captured: str) -> bool:
        """Whether a version of a capture of that WARC-Date is wanted."""
        since, until = (self.captured_since or "").rstrip("Z"), (self.captured_until or "").rstrip("Z")
        return since <= captured and (not until or captured < until)

    def permits(self, source: str, rights: int) -> bool:
        """Whether a version with these marks (a number) is wanted."""
        return not rights & bits(self.without.of(source))

    def facts(self) -> dict[str, Any]:
        """What was asked for, as it is told in a package."""
        facts: dict[str, Any] = msgspec.to_builtins(self, order="deterministic")
        return {**facts, "versions": self.versions}

    def __str__(self) -> str:
        """The query in a few words, for a title."""
        dates = f"{self.since or '...'} to {self.until or '...'}" if self.since or self.until else None
        captured = f"{self.captured_since or '...'} to {self.captured_until or '...'}"
        parts = [
            self.source and f"of {self.source}",
            self.words and f"on {self.words}",
            self.language and f"in {self.language}",
            dates,
            f"captured {captured}" if self.captured_since or self.captured_until else None,
        ]
        return ", ".join(part for part in parts if part)
