"""Verification: everything in the store is read again and compared with everything that speaks of it."""

from __future__ import annotations

import hashlib
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import msgspec

from archive.catalogue import Catalogue
from archive.catalogue.database import copy_database
from archive.errors import ArchiveError, RecordError
from archive.progress import Progress
from archive.reader import StoredRecord, check_digests, read_members
from archive.rebuild import catch_up
from archive.sealing.audit import SealAudit
from archive.storage import Store
from archive.verification.chain import (
    Details,
    Held,
    extraction_problem,
    provenance_problems,
    revisit_problem,
    sidecar_problem,
    task_of,
)
from archive.verification.check import CaptureCheck, Step, check_capture
from archive.verification.holdings import Holdings, Link, Place
from archive.verification.verification import Fault, Verification
from archive.warc import OPEN_SUFFIX, sidecar_of
from archive.workers import Extracted, ExtractorPool, Task

__all__ = ["CaptureCheck", "Fault", "Step", "Verification", "check_capture", "verify"]

_AHEAD = 16
"""Pages that wait for a worker at once."""
_SHOWN = 120
"""Bytes of a row that is told of."""


def verify(
    store: Store, *, extract: bool = True, known_seal: str | None = None, progress: Progress | None = None
) -> Verification:
    """Check every file, record, reference, seal and catalogue row; with `extract`, read every page again.

    `known_seal` is the digest of a seal, kept elsewhere, that must be in the store. Nothing in the store is changed.
    Raises `StoreError` if there is no archive.
    """
    store.require()
    return _Verifier(store, progress or (lambda *_: None)).run(extract=extract, known_seal=known_seal)


class _Verifier:
    def __init__(self, store: Store, progress: Progress) -> None:
        self._store, self._progress = store, progress
        self._found = Verification(open_files=[], faults=[])
        self._holdings: Holdings

    def _fault(self, where: str, what: str, record: str | None = None) -> None:
        self._found.faults.append(Fault(where, what, record))

    def run(self, *, extract: bool, known_seal: str | None) -> Verification:
        with Holdings.of(self._store) as self._holdings:
            names = self._store.files()
            for number, name in enumerate(names, 1):
                self._progress(name, number, len(names))
                self._check_file(name)
            self._check_aside()
            self._check_revisits()
            self._check_provenance()
            if extract:
                self._check_extraction()
        self._check_catalogue()
        self._check_seals(known_seal)
        return self._found

    def _check_seals(self, known: str | None) -> None:
        audit = SealAudit.of(self._store, known=known)
        self._found.faults += audit.faults
        self._found.advice += audit.advice
        self._found.signatures += audit.signed
        self._found.removed = audit.removed

    # Files and records

    def _check_file(self, name: str) -> None:
        path = self._store.path(name)
        if path.name.endswith(OPEN_SUFFIX):
            if self._store.is_being_written(path):
                self._found.open_files.append(name)
            else:
                self._fault(name, "was left open by a killed run; the next crawl closes it")
            self._note_open(path, name)
            return
        self._found.files += 1
        self._check_sidecar(path, name)
        try:
            for record, member in read_members(path):
                self._found.records += 1
                where = f"{name}, byte {record.offset}"
                if problem := check_digests(record):
                    self._fault(where, problem, record.get("WARC-Record-ID"))
                self._note(name, record, member)
        except RecordError as error:
            self._fault(name, str(error))

    def _note_open(self, path: Path, name: str) -> None:
        """Know the records of a file that is being written, or was; others may refer to them."""
        try:
            for record, member in read_members(path):
                self._note(name, record, member)
        except RecordError:  # its end is just being written, or was torn
            return

    def _check_sidecar(self, path: Path, name: str) -> None:
        if problem := sidecar_problem(path):
            self._fault(name, problem)

    def _check_aside(self) -> None:
        """Torn ends that were kept, and digests whose files have gone."""
        for path in sorted((self._store.root / "damaged").glob("*.from-*")):
            if not path.name.endswith((".sha256", ".new")):
                self._check_sidecar(path, f"damaged/{path.name}")
        for sidecar in sorted(self._store.root.rglob("*.sha256")):
            path = sidecar.with_name(sidecar.name.removesuffix(".sha256"))
            if not path.exists() and path != self._store.catalogue_path:
                self._fault(self._store.name(path), "is missing; only its .sha256 is left")

    def _note(self, name: str, record: StoredRecord, member: str) -> None:
        self._found.conversions += record.type == "conversion"
        where = f"{name}, byte {record.offset}"
        try:
            if problem := self._holdings.note(name, record, member):
                self._fault(where, problem, record.id)
        except RecordError as error:
            self._fault(where, str(error))

    # References

    def _check_revisits(self) -> None:
        for revisit, original in self._holdings.revisits():
            if problem := revisit_problem(revisit.record, original.record if original else None):
                self._fault(revisit.where, problem, revisit.record.id)

    def _check_provenance(self) -> None:
        for link in self._holdings.links():
            text = link.text
            if link.page is None:
                self._fault(text.where, "was made from a response that is not in the store", text.record.id)
            elif link.digest is None or link.proof is None:
                self._fault(text.where, "has no details or no provenance record", text.record.id)
            else:
                for problem in self._proof_problems(link, link.page, link.digest, link.proof):
                    self._fault(text.where, problem, text.record.id)

    def _proof_problems(self, link: Link, page: Held, digest: str, proof: Place) -> Iterator[str]:
        try:
            facts = self._holdings.json(proof)
        except ArchiveError as error:
            yield f"has a provenance record that can't be read again: {error}"
            return
        yield from provenance_problems(link.text.record, page, digest, facts)

    # Extraction

    def _check_extraction(self) -> None:
        total, pool = self._holdings.count_ours(), None
        waiting: deque[_Waiting] = deque()
        try:
            for number, (task, text, details) in enumerate(self._tasks(), 1):
                pool = pool or ExtractorPool(timeout=60)
                waiting.append(_Waiting(text, details, pool.submit(task)))
                if len(waiting) > _AHEAD:
                    self._compare(pool, waiting.popleft())
                self._progress("reading pages again", number, total)
            while pool and waiting:
                self._compare(pool, waiting.popleft())
        finally:
            if pool:
                pool.close(abandon=True)

    def _tasks(self) -> Iterator[tuple[Task, Held, Details]]:
        for link in self._holdings.links():
            text = link.text
            if link.page is None or link.details is None:
                continue
            if link.is_ours is False:
                self._found.other_version += 1
                continue
            try:
                details = self._holdings.details(link)
                task = task_of(self._store.root, link.page, details, self._holdings.furniture)
            except (KeyError, TypeError, ArchiveError, msgspec.ValidationError):
                self._fault(text.where, "has details that can't be read", text.record.id)
                continue
            yield task, text, details

    def _compare(self, pool: ExtractorPool, waiting: _Waiting) -> None:
        text, details, future = waiting
        try:
            article = future.result().article
        except Exception as error:  # noqa: BLE001 - a worker can fail in any way; each becomes a fault
            what = f"can't be made again: {pool.explain(error, text.record.url or '')}"
            self._fault(text.where, what, text.record.id)
            return
        self._found.compared += 1
        if problem := extraction_problem(article, text.record, details):
            self._fault(text.where, problem, text.record.id)

    # Catalogue

    def _check_catalogue(self) -> None:
        path = self._store.catalogue_path
        if not path.exists():
            self._fault(path.name, "is missing; scrapy rebuild makes it again")
            return
        if sidecar_of(path).exists():
            self._check_sidecar(path, path.name)
        try:
            with tempfile.TemporaryDirectory() as folder:
                # A copy: SQLite may write into a database that it opens.
                copy = Path(folder) / path.name
                with Catalogue(Path(folder) / "fresh.sqlite", create=True) as fresh:
                    catch_up(self._store, fresh)
                    copy_database(path, copy)
                    with Catalogue(copy) as catalogue:
                        problems = catalogue.check()
                        differences = list(_differences(fresh, catalogue))
        except ArchiveError as error:
            self._fault(path.name, str(error))
            return
        for problem in problems:
            self._fault(path.name, f"is damaged: {problem}; scrapy rebuild makes it again")
        if not self._found.open_files:  # a running crawl is ahead of its closed files
            for difference in differences:
                self._fault(path.name, difference)


class _Waiting(NamedTuple):
    text: Held
    details: Details
    future: Future[Extracted]


def _differences(fresh: Catalogue, catalogue: Catalogue) -> Iterator[str]:
    """What a catalogue has otherwise than one that was just made of the files, table by table."""
    for (table, theirs), (_, mine) in zip(fresh.tables(), catalogue.tables(), strict=True):
        odd: dict[bytes, tuple[int, bytes]] = {}
        """Rows that are not on both sides so far, by digest: how many more are mine, and how they begin."""
        for pair in zip_longest(mine, theirs):
            one, other = (None if row is None else msgspec.json.encode(row) for row in pair)
            if one == other:
                continue
            for row, more in ((one, 1), (other, -1)):
                if row is None:
                    continue
                digest = hashlib.sha256(row).digest()
                number = odd.pop(digest, (0, b""))[0] + more
                if number:
                    odd[digest] = (number, row[:_SHOWN])
        if odd:
            numbers = [number for number, _ in odd.values()]
            shown = min(row for _, row in odd.values()).decode(errors="replace")
            yield (
                f"differs from the WARC files in {sum(n for n in numbers if n > 0)} and "
                f"{-sum(n for n in numbers if n < 0)} rows of {table}, such as {shown}; scrapy rebuild makes it again"
            )
