"""Verification: everything in the store is read again and compared with everything that speaks of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec

from archive.catalogue import Catalogue
from archive.catalogue.database import copy_database
from archive.catalogue.rows import Row
from archive.errors import ArchiveError, RecordError
from archive.furniture.furniture import Furniture
from archive.progress import Progress
from archive.reader import StoredRecord, check_digests, read_members
from archive.rebuild import catch_up
from archive.storage import Store
from archive.verification.chain import (
    Details,
    Held,
    extraction_problem,
    list_of,
    provenance_problems,
    revisit_problem,
    sidecar_problem,
    task_of,
)
from archive.verification.check import CaptureCheck, Step, check_capture
from archive.verification.verification import Fault, Verification
from archive.version import EXTRACTOR
from archive.warc import OPEN_SUFFIX, sha256, sidecar_of
from archive.workers import Extracted, ExtractorPool, Task

__all__ = ["CaptureCheck", "Fault", "Step", "Verification", "check_capture", "verify"]

_AHEAD = 16
"""Pages that wait for a worker at once."""


def verify(store: Store, *, extract: bool = True, progress: Progress | None = None) -> Verification:
    """Check every file, record, reference and catalogue row; with `extract`, read every page again.

    Nothing in the store is changed. Raises `StoreError` if there is no archive.
    """
    store.require()
    return _Verifier(store, progress or (lambda *_: None)).run(extract=extract)


class _Verifier:
    def __init__(self, store: Store, progress: Progress) -> None:
        self._store, self._progress = store, progress
        self._found = Verification(open_files=[], faults=[])
        self._pages: dict[str, Held] = {}
        self._texts: dict[str, Held] = {}
        self._details: dict[str, Details] = {}
        self._proofs: dict[str, dict[str, Any]] = {}
        self._lists: dict[str, Furniture] = {}

    def _fault(self, where: str, what: str, record: str | None = None) -> None:
        self._found.faults.append(Fault(where, what, record))

    def run(self, *, extract: bool) -> Verification:
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
        return self._found

    # Files and records

    def _check_file(self, name: str) -> None:
        path = self._store.path(name)
        if path.name.endswith(OPEN_SUFFIX):
            if self._store.is_being_written(path):
                self._found.open_files.append(name)
                self._note_open(path, name)
            else:
                self._fault(name, "was left open by a killed run; the next crawl closes it")
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
        """Know the records of a file that is being written; others may refer to them."""
        try:
            for record, member in read_members(path):
                self._note(name, record, member)
        except RecordError:  # its end is just being written
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
        where = f"{name}, byte {record.offset}"
        try:
            note = Held.of(record, name, member)
            kind = (record.url or "").removeprefix("urn:newswarc:").partition(":")[0]
            if record.type in ("response", "revisit"):
                self._pages[record.id] = note
            elif record.type == "conversion":
                self._found.conversions += 1
                self._texts[record.id] = note
            elif record.type == "metadata" and kind == "article":
                about = Details(sha256(record.block), record.json())
                self._details[record.need("WARC-Refers-To").strip("<>")] = about
            elif record.type == "metadata" and kind == "provenance":
                self._proofs[record.need("WARC-Refers-To").strip("<>")] = record.json()
            elif record.type == "metadata" and kind == "furniture":
                self._note_list(where, record)
        except RecordError as error:
            self._fault(where, str(error))

    def _note_list(self, where: str, record: StoredRecord) -> None:
        if (furniture := list_of(record)) is None:
            self._fault(where, "is a furniture list that is not as newswarc writes it", record.id)
        else:
            self._lists[furniture.digest] = furniture

    # References

    def _check_revisits(self) -> None:
        for record_id, page in self._pages.items():
            if page.record.type != "revisit":
                continue
            original = self._pages.get(page.record.refers_to() or "")
            if problem := revisit_problem(page.record, original.record if original else None):
                self._fault(page.where, problem, record_id)

    def _check_provenance(self) -> None:
        for record_id, text in self._texts.items():
            page = self._pages.get(text.record.refers_to() or "")
            details, proof = self._details.get(record_id), self._proofs.get(record_id)
            if page is None:
                self._fault(text.where, "was made from a response that is not in the store", record_id)
            elif details is None or proof is None:
                self._fault(text.where, "has no details or no provenance record", record_id)
            else:
                for problem in provenance_problems(text.record, page, details.digest, proof):
                    self._fault(text.where, problem, record_id)

    # Extraction

    def _check_extraction(self) -> None:
        due = list(self._tasks())
        if not due:
            return
        pool = ExtractorPool(timeout=60)
        try:
            waiting: list[tuple[str, Future[Extracted]]] = []
            for number, (record_id, task) in enumerate(due, 1):
                waiting.append((record_id, pool.submit(task)))
                if len(waiting) > _AHEAD:
                    self._compare(pool, *waiting.pop(0))
                self._progress("reading pages again", number, len(due))
            for record_id, future in waiting:
                self._compare(pool, record_id, future)
        finally:
            pool.close(abandon=True)

    def _tasks(self) -> Iterator[tuple[str, Task]]:
        for record_id, text in self._texts.items():
            page = self._pages.get(text.record.refers_to() or "")
            details = self._details.get(record_id)
            if page is None or details is None:
                continue
            try:
                if details.extractor != EXTRACTOR:
                    self._found.other_version += 1
                    continue
                task = task_of(self._store.root, page, details, self._lists.__getitem__)
            except (KeyError, TypeError, RecordError, msgspec.ValidationError):
                self._fault(text.where, "has details that can't be read", record_id)
                continue
            yield record_id, task

    def _compare(self, pool: ExtractorPool, record_id: str, future: Future[Extracted]) -> None:
        text = self._texts[record_id]
        try:
            article = future.result().article
        except Exception as error:  # noqa: BLE001 - a worker can fail in any way; each becomes a fault
            self._fault(text.where, f"can't be made again: {pool.explain(error, text.record.url or '')}", record_id)
            return
        self._found.compared += 1
        if problem := extraction_problem(article, text.record, self._details[record_id]):
            self._fault(text.where, problem, record_id)

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
                fresh = Catalogue(Path(folder) / "fresh.sqlite", create=True)
                catch_up(self._store, fresh)
                want = fresh.dump()
                fresh.close()
                # A copy: SQLite may write into a database that it opens.
                copy = Path(folder) / path.name
                copy_database(path, copy)
                catalogue = Catalogue(copy)
                try:
                    problems, have = catalogue.check(), catalogue.dump()
                finally:
                    catalogue.close()
        except ArchiveError as error:
            self._fault(path.name, str(error))
            return
        for problem in problems:
            self._fault(path.name, f"is damaged: {problem}; scrapy rebuild makes it again")
        if not self._found.open_files:  # a running crawl is ahead of its closed files
            self._compare_tables(want, have)

    def _compare_tables(self, want: dict[str, list[Row]], have: dict[str, list[Row]]) -> None:
        for table, rows in want.items():
            mine = {msgspec.json.encode(row) for row in have[table]}
            theirs = {msgspec.json.encode(row) for row in rows}
            if mine != theirs:
                odd = min(mine ^ theirs)
                self._fault(
                    self._store.catalogue_path.name,
                    f"differs from the WARC files in {len(mine - theirs)} and {len(theirs - mine)} rows of {table}, "
                    f"such as {odd[:120].decode(errors='replace')}; scrapy rebuild makes it again",
                )
