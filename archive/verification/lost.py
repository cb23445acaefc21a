"""What is known of records that can't be read any more: by the catalogue, and by what is left of their heads."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import or_, select

from archive.catalogue import Catalogue, schema
from archive.errors import StoreError
from archive.storage import Store
from archive.verification.reading import Gap

__all__ = ["Lost", "lost_in"]


class Lost(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record that stood in a gap, as far as it is known."""

    type: str | None = None
    id: str | None = None
    url: str | None = None
    date: str | None = None
    offset: int | None = None
    length: int | None = None
    about: str | None = None
    """The record that it speaks of: of a request or metadata."""

    def __str__(self) -> str:
        named = " ".join(filter(None, (self.type or "record", self.id)))
        if self.about:
            named += f" about {self.about}"
        return named + (f" of {self.url}" if self.url else "") + (f" at {self.date}" if self.date else "")


def lost_in(store: Store, file: str, gap: Gap) -> list[Lost]:
    """The records that stood in a gap of a file of the store, in their order. What is not known is left out."""
    found = _in_catalogue(store, file, gap)
    if gap.headers and (not found or found[0].offset != gap.offset):
        kind, about = gap.get("WARC-Type"), gap.get("WARC-Concurrent-To") or gap.get("WARC-Refers-To")
        head = Lost(
            type=kind,
            id=gap.id,
            url=gap.get("WARC-Target-URI"),
            date=gap.get("WARC-Date"),
            offset=gap.offset,
            about=about.strip("<>") if about and kind in ("request", "metadata") else None,
        )
        found.insert(0, head)
    return found


def _in_catalogue(store: Store, file: str, gap: Gap) -> list[Lost]:
    captures, versions = schema.captures.c, schema.versions.c

    def inside(column: Any) -> Any:
        return column.between(gap.offset, gap.end - 1)

    places = (versions.offset, versions.details_offset, versions.provenance_offset)
    one = select(captures.id, captures.url, captures.date, captures.kind, captures.offset, captures.length).where(
        captures.file == file, inside(captures.offset)
    )
    other = select(schema.versions).where(versions.file == file, or_(*map(inside, places)))
    try:
        with Catalogue(store.catalogue_path, read_only=True) as catalogue:
            pages, texts = catalogue.rows(one), catalogue.rows(other)
    except StoreError:
        return []
    found = [
        Lost(type=row["kind"], **{name: row[name] for name in ("id", "url", "date", "offset", "length")})
        for row in pages
    ]
    for row in texts:
        for kind, prefix in (("conversion", ""), ("metadata", "details_"), ("metadata", "provenance_")):
            offset = row[f"{prefix}offset"]
            if gap.offset <= offset < gap.end:
                ids = {"about": row["id"]} if prefix else {"id": row["id"], "url": row["article"]}
                found.append(Lost(type=kind, offset=offset, length=row[f"{prefix}length"], **ids))
    return sorted(found, key=lambda lost: lost.offset or 0)
