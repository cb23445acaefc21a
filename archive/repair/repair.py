"""`repair_stored`: a damaged WARC file of the store, mended so that every whole record keeps its place.

Each damaged stretch gets a tombstone of its length (`archive.tombstone`): provenance, proofs and the catalogue name
places, and none of these moves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from archive import clock
from archive.catalogue import Catalogue
from archive.durability import make_folder, sync_file, sync_folder
from archive.errors import ArchiveError, RecordError, RepairError, SealError, StoreError
from archive.reader import StoredRecord, read_gzip, read_records
from archive.records import facts_record, iso
from archive.sealing.cover import Cover
from archive.sealing.merkle import leaf_of
from archive.storage import Store
from archive.tombstone import TOMBSTONE, filled_member
from archive.verification.lost import Lost, lost_in
from archive.verification.reading import Gap, read_on
from archive.warc import OPEN_SUFFIX, WARC_FIELDS, Record, new_id, plain_record, sha256, warc_fields, write_sidecar

__all__ = ["Repair", "Stretch", "examine", "put_in_place", "write_mended"]

_PIECE = 1 << 20


class Stretch(msgspec.Struct):
    """Bytes of a file that held no whole record any more, or that are not there."""

    offset: int
    end: int
    what: str
    lost: list[Lost] = []
    leaves: list[bytes] = []
    """Of the sealed records that stood there."""


class Repair(msgspec.Struct):
    """A damaged file, and how it can be mended."""

    name: str
    path: Path
    records: int
    """Whole ones."""
    stretches: list[Stretch]
    info_id: str | None
    """Of its warcinfo record."""


def examine(store: Store, name: str) -> Repair:
    """Find what is damaged in a closed file of the store, and what is known of that. Raises `RepairError`."""
    path = store.path(name)
    if path.name.endswith(OPEN_SUFFIX):
        raise RepairError(f"{path}: is not closed; the next crawl closes it.")
    gaps: list[Gap] = []
    number, info, concurrent, ids = 0, None, dict[str, StoredRecord](), set[str]()
    try:
        for found in read_on(path):
            if isinstance(found, Gap):
                gaps.append(found)
                continue
            record, _ = found
            number += 1
            info = info or record.refers_to("WARC-Record-ID" if record.type == "warcinfo" else "WARC-Warcinfo-ID")
            ids.add(record.refers_to("WARC-Record-ID") or "")
            if about := record.refers_to("WARC-Concurrent-To") or _refers_inside(record):
                concurrent.setdefault(about, msgspec.structs.replace(record, block=b""))
    except RecordError as error:
        raise RepairError(f"{path}: {error}") from error
    size, known = path.stat().st_size, _known_size(store, name)
    if known > size:
        gaps = _with_lost_end(gaps, size, known)
    stretches = [Stretch(gap.offset, gap.end, gap.what, lost_in(store, name, gap)) for gap in gaps]
    _ask_neighbours(stretches, {about: record for about, record in concurrent.items() if about not in ids})
    _find_leaves(store, name, path, stretches)
    return Repair(name, path, number, stretches, info)


def _refers_inside(record: StoredRecord) -> str | None:
    """What details and provenance refer to: the text before them in the same file."""
    return record.refers_to() if record.type == "metadata" else None


def _known_size(store: Store, name: str) -> int:
    """Bytes of the file that the catalogue knows."""
    with suppress(StoreError), Catalogue(store.catalogue_path, read_only=True) as catalogue:
        return catalogue.indexed().get(name, 0)
    return 0


def _with_lost_end(gaps: list[Gap], size: int, known: int) -> list[Gap]:
    last = gaps[-1] if gaps and gaps[-1].end == size else Gap(size, size, "The end of the file is not there.")
    before = gaps[:-1] if gaps and gaps[-1].end == size else gaps
    return [*before, msgspec.structs.replace(last, end=known)]


def _ask_neighbours(stretches: list[Stretch], missing: dict[str, StoredRecord]) -> None:
    """Give what nothing else knows the ids that the records behind it name."""
    for stretch in stretches:
        if any(lost.id for lost in stretch.lost):
            continue
        behind = [(record.offset, about, record) for about, record in missing.items() if record.offset >= stretch.end]
        if not behind:
            continue
        _, about, record = min(behind, key=lambda one: one[0])
        is_page = record.get("WARC-Concurrent-To") is not None
        url = record.url if is_page and record.type == "request" else None
        kind = "response or revisit" if is_page else "conversion"
        stretch.lost = [Lost(type=kind, id=about, url=url, date=record.get("WARC-Date"), offset=stretch.offset)]
        del missing[about]


def _find_leaves(store: Store, name: str, path: Path, stretches: list[Stretch]) -> None:
    """Give each stretch the leaves of the sealed records that stood there, if the seals tell."""
    leaves = _sealed(store, name)
    if not leaves:
        return
    positions = {leaf: number for number, leaf in enumerate(leaves)}
    done, at = 0, 0
    with path.open("rb") as file:
        for stretch in stretches:
            for offset, length, data in _members(file, at, stretch.offset):
                at = offset + length
                done = positions.get(leaf_of(data), done - 1) + 1
            following = next(_members(file, stretch.end, None), None)
            until = positions.get(leaf_of(following[2]), done) if following else len(leaves)
            stretch.leaves = leaves[done:until]
            done, at = until, stretch.end


def _sealed(store: Store, name: str) -> list[bytes]:
    with suppress(SealError, StoreError):
        return Cover(store).leaves_of(name)
    return []


def _members(file: IO[bytes], start: int, end: int | None) -> Iterator[tuple[int, int, bytes]]:
    with suppress(RecordError):
        for offset, length, data in read_gzip(file, start):
            if end is not None and offset >= end:
                return
            yield offset, length, data


# Writing


def write_mended(store: Store, repair: Repair, target: Path) -> str:
    """Write the mended file, all whole records at their places, as `target`; returns its ``sha256:`` digest.

    The damaged file is only read. Raises `RepairError` if a stretch is too short for a tombstone, or the disk refuses.
    """
    date = iso(clock.now())
    try:
        with repair.path.open("rb") as file, target.open("xb") as mended:
            at = 0
            for stretch in repair.stretches:
                _copy(file, mended, at, stretch.offset)
                for piece in _in_place_of(store, repair, stretch, date):
                    mended.write(piece)
                at = stretch.end
            _copy(file, mended, at, None)
            mended.flush()
            os.fsync(mended.fileno())
        with target.open("rb") as written:
            return sha256(written)
    except (OSError, RepairError) as error:
        if not isinstance(error, FileExistsError):
            target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise RepairError(f"{target}: can't be written: {error.strerror}.") from error
        raise


def _in_place_of(store: Store, repair: Repair, stretch: Stretch, date: str) -> Iterator[bytes]:
    length = stretch.end - stretch.offset
    at_end = stretch.end >= repair.path.stat().st_size
    plains = [_tombstone(repair, stretch, date, full=True), _tombstone(repair, stretch, date, full=False)]
    if stretch.offset == 0:
        plains = [*_warcinfo_again(store, repair, date), *plains]
    for plain in plains:
        with suppress(RecordError):
            yield from filled_member(length, plain)
            return
    if at_end:
        return  # a few bytes behind the last record; nothing moves when they are cut off
    raise RepairError(
        f"{repair.path}: the {length} bytes from byte {stretch.offset} on are too few for a tombstone, and without one "
        "the records behind them would move from the places that provenance names; "
        "salvage them into a new file with --output."
    )


def _tombstone(repair: Repair, stretch: Stretch, date: str, *, full: bool) -> bytes:
    told = [msgspec.to_builtins(lost) for lost in stretch.lost] if full else []
    number = max(len(told), len(stretch.leaves))
    removed: list[dict[str, Any]] = [dict(told[n]) if n < len(told) else {} for n in range(number)]
    for one, leaf in zip(removed, stretch.leaves, strict=False):
        one["leaf"] = leaf.hex()
    with repair.path.open("rb") as file:
        file.seek(stretch.offset)
        digest = sha256(file.read(stretch.end - stretch.offset)) if full else None
    facts = {"why": "damaged", "removed": removed} | ({"digest": digest, "what": stretch.what} if full else {})
    return plain_record(facts_record(facts, TOMBSTONE, date), repair.info_id)


def _warcinfo_again(store: Store, repair: Repair, date: str) -> list[bytes]:
    """The description of the file, made again after that of another file of the same run, under its old id.

    It says so. If there is no room for all, it leaves out what the WARC version says as well.
    """
    run = Path(repair.name).name.rsplit("-", 3)[1] if repair.name.count("-") >= 3 else ""
    for name in store.files():
        if name == repair.name or f"-{run}-" not in name:
            continue
        with suppress(ArchiveError):
            first = next(iter(read_records(store.path(name))))
            if first.type == "warcinfo":
                fields = {n: v for n, v in first.fields().items() if n != "created"}
                fields["created"] = date
                fields["newswarc-repaired"] = "made again"
                few = {n: v for n, v in fields.items() if n not in ("format", "conformsTo")}
                return [_warcinfo(repair, date, fields), _warcinfo(repair, date, few)]
    return []


def _warcinfo(repair: Repair, date: str, fields: dict[str, str]) -> bytes:
    record = Record(
        type="warcinfo",
        id=repair.info_id or new_id(),
        date=date,
        block=warc_fields(fields),
        content_type=WARC_FIELDS,
        headers=[("WARC-Filename", Path(repair.name).name)],
    )
    return plain_record(record, record.id)


def _copy(file: IO[bytes], to: IO[bytes], start: int, end: int | None) -> None:
    file.seek(start)
    while piece := file.read(_PIECE if end is None else min(_PIECE, end - file.tell())):
        to.write(piece)


def put_in_place(store: Store, repair: Repair) -> Path:
    """Write the mended file in the place of the damaged one, which goes to ``damaged/`` with its digest.

    Returns where it went. The catalogue is to be rebuilt after it. Raises `RepairError`; the damaged file is then where
    it was.
    """
    new = repair.path.with_name(f".{repair.path.name}.mended")
    try:
        new.unlink(missing_ok=True)
        digest = write_mended(store, repair, new)
        aside = _aside(store, repair.path)
        write_sidecar(repair.path, digest)
        new.replace(repair.path)
        sync_folder(repair.path.parent)
    except OSError as error:
        raise RepairError(f"{repair.path}: can't be mended: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
    return aside


def _aside(store: Store, path: Path) -> Path:
    """Keep a damaged file in ``damaged/`` too, with its digest; returns its path there."""
    folder = store.root / "damaged"
    make_folder(folder)
    aside = folder / path.name
    number = 1
    while aside.exists():
        number += 1
        aside = folder / f"{path.name}.{number}"
    os.link(path, aside)
    sync_file(aside)
    with aside.open("rb") as file:
        write_sidecar(aside, sha256(file))
    return aside
