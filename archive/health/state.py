"""`SourceState`: how the articles of a source are now."""

from __future__ import annotations

from statistics import median

import msgspec
from sqlalchemy import select

from archive.catalogue import Catalogue, schema
from archive.catalogue.rows import Row
from archive.health.alarms import sentence_of, verdict
from archive.health.judgement import WINDOW
from archive.health.measures import FIELDS
from archive.health.troubles import latest, troubles_of

__all__ = ["KindState", "SourceState", "quarantined_texts", "state_of"]


class KindState(msgspec.Struct, frozen=True, kw_only=True):
    """The latest articles of one kind."""

    kind: str
    articles: int
    """Versions of all time."""
    pages: int
    """Of these, so many were looked at."""
    fields: dict[str, float]
    """Share that has each."""
    length: int
    """Median, characters."""
    agreement: float | None
    """Median; None if there is no second reading."""


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """Of one source."""

    source: str
    is_well: bool
    """Nothing has fallen, or all is well again."""
    verdict: str
    """How it is, in a few words."""
    quarantined: int
    """Texts in quarantine."""
    troubles: list[str]
    """What has fallen, and what keeps texts in quarantine, a sentence each."""
    kinds: list[KindState]

    @property
    def sentence(self) -> str:
        """How it is, in short."""
        number = f"{self.quarantined} text{'s' * (self.quarantined != 1)}"
        return f"{self.verdict}; {number} in quarantine." if self.quarantined else f"{self.verdict}."


def state_of(catalogue: Catalogue, source: str) -> SourceState:
    """How a source is."""
    troubles = [trouble for trouble in troubles_of(catalogue, source) if trouble.ended is None or trouble.holds]
    still = [trouble for trouble in troubles if trouble.ended is None]
    return SourceState(
        source=source,
        is_well=not still,
        verdict=verdict(still) if still else "is as it was",
        quarantined=catalogue.quarantined(source),
        troubles=[sentence_of(trouble) for trouble in troubles],
        kinds=[state for kind in catalogue.kinds(source) if (state := _kind_state(catalogue, source, kind))],
    )


def quarantined_texts(catalogue: Catalogue, source: str) -> list[Row]:
    """The versions of a source that are in quarantine, oldest capture first."""
    v = schema.versions.c
    query = select(schema.versions).where(v.source == source, v.is_quarantined)
    rows = {row["capture"]: row for row in catalogue.rows(query.order_by(v.date, v.capture, v.extracted, v.id))}
    return list(rows.values())


def _kind_state(catalogue: Catalogue, source: str, kind: str) -> KindState | None:
    pages = latest(catalogue, source, kind, WINDOW)
    if not pages:  # what was of that kind was read again as another one
        return None
    agreed = [page.agreement for page in pages if page.agreement is not None]
    return KindState(
        kind=kind,
        articles=catalogue.count_kind(source, kind),
        pages=len(pages),
        fields={name: round(sum(name in page.fields for page in pages) / len(pages), 3) for name in FIELDS},
        length=round(median(page.length for page in pages)),
        agreement=median(agreed) if agreed else None,
    )
