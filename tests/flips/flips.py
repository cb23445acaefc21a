"""Flips and truncations of every file of a store: each must be found by what `scrapy verify` checks that file with."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from archive.reader import read_records
from archive.sealing.audit import SealAudit
from archive.storage import Store
from archive.verification.chain import sidecar_problem
from archive.verification.files import Throttle, check_file
from archive.verification.lost import lost_in
from archive.verification.own_files import check_own_files
from archive.verification.verification import Fault, Verification
from archive.warc import sidecar_of

UNWATCHED = ("locks", "work")
"""Folders that are no part of the archive."""


@dataclass
class Tally:
    """What became of the flips."""

    flips: int = 0
    truncations: int = 0
    silent: list[str] = field(default_factory=list)
    """Changes that were not found."""
    in_records: int = 0
    """Flips that hit a record of a WARC file."""
    misplaced: list[str] = field(default_factory=list)
    """Those whose record was not named."""
    by_id: int = 0
    """Those whose record was named by its id, too."""


def watched(store: Store) -> list[Path]:
    """Every file that is part of the archive."""
    files = (p for p in store.root.rglob("*") if p.is_file())
    return sorted(p for p in files if p.relative_to(store.root).parts[0] not in UNWATCHED)


def faults_of(store: Store, path: Path) -> Iterator[Fault]:
    """What `verify` says of one file: by the same checks, without looking at all the others."""
    name = path.relative_to(store.root).as_posix().removesuffix(".sha256")
    kind = name.split("/")[0]
    found = Verification(open_files=[], faults=[])
    if kind in ("originals", "derived"):
        report = check_file(store.root, name, io.BytesIO(), Throttle())
        yield from report.faults
        for gap in report.gaps:
            ids = [one.id for one in lost_in(store, name, gap) if one.id]
            yield Fault(f"{name}, byte {gap.offset}", gap.what, ids[0] if ids else None)
    elif name == store.catalogue_path.name:
        if sidecar_of(store.catalogue_path).exists() and (problem := sidecar_problem(store.catalogue_path)):
            yield Fault(name, problem)
    elif kind in ("seals", "redactions.jsonl"):
        yield from SealAudit.of(store).faults
    else:
        check_own_files(store, found)
        yield from found.faults


def try_flips(store: Store, number: int, seed: int) -> Tally:
    """Flip so many bits, one at a time, and cut files off, one for ten flips; each file gets its share."""
    chance, tally = random.Random(seed), Tally()
    files = [path for path in watched(store) if path.stat().st_size]
    weights = [path.stat().st_size ** 0.5 for path in files]
    places = {store.path(name): _records(store.path(name)) for name in store.files()}
    for turn in range(number):
        path = files[turn % len(files)] if turn < 2 * len(files) else chance.choices(files, weights)[0]
        at = chance.randrange(path.stat().st_size)
        with path.open("r+b") as file:
            before = os.pread(file.fileno(), 1, at)[0]
            after = before ^ (1 << chance.randrange(8) if chance.random() < 0.8 else chance.randrange(1, 256))
            os.pwrite(file.fileno(), bytes([after]), at)
        _judge(store, path, at, places.get(path), tally)
        with path.open("r+b") as file:
            os.pwrite(file.fileno(), bytes([before]), at)
        if turn % 10 == 0:
            _truncate(store, path, chance, tally)
    return tally


def _records(path: Path) -> list[tuple[int, int, str]]:
    return [(r.offset, r.offset + r.length, r.id) for r in read_records(path)]


def _judge(store: Store, path: Path, at: int, places: list[tuple[int, int, str]] | None, tally: Tally) -> None:
    tally.flips += 1
    faults = list(faults_of(store, path))
    where = f"{path.relative_to(store.root)}, byte {at}"
    if not faults:
        tally.silent.append(where)
    if places is None:
        return
    tally.in_records += 1
    start, record_id = next((start, name) for start, end, name in places if start <= at < end)
    named = [fault for fault in faults if fault.where.endswith(f", byte {start}")]
    if not named:
        tally.misplaced.append(f"{where}, record at byte {start}: {'; '.join(map(str, faults))}")
    tally.by_id += any(fault.record and record_id in fault.record for fault in named)


def _truncate(store: Store, path: Path, chance: random.Random, tally: Tally) -> None:
    data = path.read_bytes()
    end = chance.randrange(len(data))
    path.write_bytes(data[:end])
    tally.truncations += 1
    if not any(faults_of(store, path)):
        tally.silent.append(f"{path.relative_to(store.root)}, cut off at byte {end}")
    path.write_bytes(data)
