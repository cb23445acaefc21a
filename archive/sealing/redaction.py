"""`redact`: takes what the archive has of an article out of it, and leaves tombstones, so that all else stays provable.

A tombstone keeps the record's id, type and date, and its leaf in the Merkle tree: every other record keeps its place
and its way to the root of its seal. Of what the record said nothing is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import msgspec
from sqlalchemy import Table, select

from archive import clock
from archive.catalogue import Catalogue, schema
from archive.catalogue.rows import Row
from archive.errors import RecordError, StoreError
from archive.history.addresses import Addresses
from archive.progress import Progress
from archive.reader import StoredRecord, parse_member, read_records
from archive.rebuild import rebuild
from archive.records import iso
from archive.rewriting import Replacement, rewrite
from archive.sealing.merkle import leaf_of
from archive.sealing.places import Place, exchange_places, member_content, text_places
from archive.sealing.redactions import Redaction, Redactions, url_digest
from archive.storage import Store
from archive.tombstone import is_tombstone, tombstone_member

__all__ = ["Doomed", "doomed", "finish_redactions", "redact"]

_AT_ONCE = 500


class Doomed(msgspec.Struct, frozen=True, kw_only=True):
    """What would be taken out."""

    addresses: tuple[str, ...]
    records: dict[Place, StoredRecord]
    """Without their blocks."""
    captures: int
    texts: int
    announced: tuple[str, ...]
    """Listings that announce the article, and so have its headline; they stay."""


def doomed(store: Store, catalogue: Catalogue, url: str) -> Doomed:
    """All captures of the article at `url`, at all its addresses, what refers to them, and all texts read from them.

    Raises `StoreError` if the archive has nothing of it, `RecordError` if a record of it can't be read: nobody could
    say then what is in its place.
    """
    addresses = Addresses(store, catalogue, url)
    rows = {row["id"]: row for row in addresses.captures}
    rows |= {row["id"]: row for row in _with(catalogue, schema.captures, "refers_to", rows)}
    if not rows:
        if url_digest(url) in Redactions(store).urls():
            raise StoreError(f"{url}: was taken out of the archive {store.root} already; nothing of it is left.")
        raise StoreError(f"{url}: nothing of it is in the archive {store.root}.")
    texts = _with(catalogue, schema.versions, "capture", rows)
    records: dict[Place, StoredRecord] = {}
    for row in rows.values():
        records |= {place: _bare(record) for place, record in exchange_places(store, row)}
    for row in texts:
        for place in text_places(row):
            records[place] = _bare(parse_member(store.read(*place), place.offset))
    known = [address.url for address in addresses.listed()]
    announced = {lead["via"] for address in known for lead in catalogue.announcements(address)}
    return Doomed(
        addresses=tuple(known),
        records=records,
        captures=len(rows),
        texts=len(texts),
        announced=tuple(sorted(announced)),
    )


def redact(store: Store, urls: Sequence[str], reason: str, *, progress: Progress | None = None) -> Redaction:
    """Take the articles at these URLs out of the files, and make the catalogue anew without them.

    `reason` stands in each tombstone. What was taken out is not fetched again. Raises `StoreError` if something of
    them can't be found, a crawl is running, or the disk refuses; killed in between, `finish_redactions` goes on.
    Copies, such as packages that were exported, are not reached.
    """
    who = f"a redaction that started {iso(clock.now())}"
    with ExitStack() as locks:
        locks.enter_context(store.lock("seals", who))
        locks.enter_context(store.lock("catalogue", who))
        store.recover()
        with Catalogue(store.catalogue_path) as catalogue:
            found = [doomed(store, catalogue, url) for url in urls]
        records = {place: record for one in found for place, record in one.records.items()}
        addresses = {address for one in found for address in one.addresses}
        made = Redaction(
            made=iso(clock.now()),
            reason=reason,
            urls=tuple(sorted({url_digest(address) for address in (*addresses, *urls)})),
            records=tuple(record.id for record in records.values()),
        )
        replaced = _replacements(store, records, made)  # before anything is changed: each has room for its tombstone
        Redactions(store).add(made)
        _carry_out(store, replaced, progress)
    _make_catalogue(store, progress)
    return made


def finish_redactions(store: Store, *, progress: Progress | None = None) -> int:
    """Take out what a redaction noted but was killed before it came to; returns how many records that were.

    The files are read only if there is no catalogue, or one that still knows of such records. Raises as `redact`.
    """
    noted = {record: redaction for redaction in Redactions(store).read() for record in redaction.records}
    if not noted or (store.catalogue_path.exists() and not _knows(store, list(noted))):
        return 0
    who = f"a redaction that started {iso(clock.now())}"
    with ExitStack() as locks:
        locks.enter_context(store.lock("seals", who))
        locks.enter_context(store.lock("catalogue", who))
        store.recover()
        left: defaultdict[str, dict[Place, StoredRecord]] = defaultdict(dict)
        for file in store.files():
            for record in read_records(store.path(file)):
                if record.id in noted:
                    left[noted[record.id].made][Place(file, record.offset, record.length)] = _bare(record)
        by_time = {redaction.made: redaction for redaction in noted.values()}
        for made, records in left.items():
            _carry_out(store, _replacements(store, records, by_time[made]), progress)
    _make_catalogue(store, progress)
    return sum(len(records) for records in left.values())


def _carry_out(store: Store, replaced: dict[str, list[Replacement]], progress: Progress | None) -> None:
    _forget(store)
    for number, (file, replacements) in enumerate(replaced.items(), 1):
        if progress:
            progress(file, number, len(replaced))
        rewrite(store.root / file, replacements)


def _make_catalogue(store: Store, progress: Progress | None) -> None:
    for problem in rebuild(store, progress):
        raise StoreError(f"{problem} The records were taken out all the same.")


def _knows(store: Store, ids: list[str]) -> bool:
    """Whether the catalogue has any record with these ids."""
    with Catalogue(store.catalogue_path) as catalogue:
        return any(_with(catalogue, table, "id", ids) for table in (schema.captures, schema.versions))


def _with(catalogue: Catalogue, table: Table, column: str, ids: Iterable[str]) -> list[Row]:
    """The rows of a table whose `column` is one of these ids."""
    wanted, found = list(ids), []
    for at in range(0, len(wanted), _AT_ONCE):
        found += catalogue.rows(select(table).where(table.c[column].in_(wanted[at : at + _AT_ONCE])))
    return found


def _bare(record: StoredRecord) -> StoredRecord:
    return msgspec.structs.replace(record, block=b"")


def _replacements(store: Store, records: dict[Place, StoredRecord], made: Redaction) -> dict[str, list[Replacement]]:
    """For each file, tombstones in the place of records; records side by side share one."""
    by_file: defaultdict[str, list[Place]] = defaultdict(list)
    for place in sorted(records):
        by_file[place.file].append(place)
    replaced: dict[str, list[Replacement]] = {}
    for file, places in by_file.items():
        info = next(read_records(store.path(file))).id
        replaced[file] = []
        for group in _side_by_side(places):
            removed = [_told(store, place, records[place]) for place in group if not is_tombstone(records[place])]
            if not removed:
                continue
            length = sum(place.length for place in group)
            member = _tombstone(length, removed, made, info)
            replaced[file].append(Replacement(group[0].offset, member))
    return {file: replacements for file, replacements in replaced.items() if replacements}


def _side_by_side(places: list[Place]) -> list[list[Place]]:
    groups: list[list[Place]] = []
    for place in places:
        if groups and groups[-1][-1].offset + groups[-1][-1].length == place.offset:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def _told(store: Store, place: Place, record: StoredRecord) -> dict[str, Any]:
    leaf = leaf_of(member_content(store.read(*place)))
    return {"id": record.id, "type": record.type, "date": record.get("WARC-Date"), "leaf": leaf.hex()}


def _tombstone(length: int, removed: list[dict[str, Any]], made: Redaction, info: str) -> bytes:
    """As much of the story as there is room for; the leaves must have some."""
    bare = [{"leaf": one["leaf"]} for one in removed]
    stories = (
        {"redacted": made.made, "reason": made.reason, "removed": removed},
        {"redacted": made.made, "removed": removed},
        {"removed": bare},
    )
    for story in stories[:-1]:
        try:
            return tombstone_member(length, story, date=made.made, info_id=info)
        except RecordError:
            continue
    return tombstone_member(length, stories[-1], date=made.made, info_id=info)


def _forget(store: Store) -> None:
    """Remove the catalogue: it holds the texts, and what is deleted in a database stays in its file."""
    store.forget_catalogue_digest()
    path = store.catalogue_path
    try:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: can't be removed: {error.strerror}; nothing was taken out.") from error
