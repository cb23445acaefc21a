"""Verification: everything in the store is read again and compared with everything that speaks of it."""

from __future__ import annotations

import hashlib
import tempfile
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import Future
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import msgspec

from archive.catalogue import Catalogue
from archive.catalogue.database import copy_database
from archive.errors import ArchiveError, RecordError, StoreError
from archive.progress import Progress
from archive.provenance import capture_of
from archive.reader import parse_member, read_members
from archive.rebuild import catch_up
from archive.sealing.audit import SealAudit
from archive.sealing.redactions import Redactions
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
from archive.verification.files import FileReport, Throttle, check_files
from archive.verification.holdings import Holdings, Link, Place
from archive.verification.lost import lost_in
from archive.verification.own_files import check_own_files
from archive.verification.verification import Fault, Verification
from archive.warc import OPEN_SUFFIX, sha256, sidecar_of
from archive.workers import Extracted, ExtractorPool, Task

__all__ = ["CaptureCheck", "Fault", "Share", "Step", "Verification", "check_capture", "verify"]

_AHEAD = 16
"""Pages that wait for a worker at once."""
_SHOWN = 120
"""Bytes of a row that is told of."""


def verify(
    store: Store,
    *,
    extract: bool = True,
    known_seal: str | None = None,
    jobs: int = 1,
    rate: float = 0,
    share: Share | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Check every file, record, reference, seal and catalogue row; with `extract`, read every page again.

    `known_seal` is the digest of a seal, kept elsewhere, that must be in the store. `jobs` files are read at a time,
    and no more than `rate` bytes a second (0: as fast as it goes). With a `share`, only the files that it names are
    checked, with what their records refer to. Nothing in the store is changed. Raises `StoreError` if there is no
    archive.
    """
    store.require()
    verifier = _Verifier(store, progress or (lambda *_: None), jobs=jobs, throttle=Throttle(rate))
    return verifier.run(extract=extract, known_seal=known_seal, share=share)


class Share(NamedTuple):
    """The files that are to be checked this time."""

    names: Collection[str]


class _Verifier:
    def __init__(self, store: Store, progress: Progress, *, jobs: int, throttle: Throttle) -> None:
        self._store, self._progress = store, progress
        self._jobs, self._throttle = jobs, throttle
        self._found = Verification(open_files=[], faults=[])
        self._holdings: Holdings
        self._gaps = False

    def _fault(self, where: str, what: str, record: str | None = None) -> None:
        self._found.faults.append(Fault(where, what, record))

    def run(self, *, extract: bool, known_seal: str | None, share: Share | None) -> Verification:
        with Holdings.of(self._store) as self._holdings:
            names = self._store.files()
            if share:
                chosen = [name for name in names if name in share.names]
                self._found.skipped = len(names) - len(chosen)
                names = chosen
            self._check_files(names)
            if share:
                self._fetch_pages()
            check_own_files(self._store, self._found)
            self._check_revisits()
            self._check_provenance()
            self._check_redactions()
            if extract:
                self._check_extraction()
        if share:
            self._check_catalogue_alone()
        else:
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

    def _check_files(self, names: list[str]) -> None:
        closed, still_open = [], []
        for name in names:
            path = self._store.path(name)
            if not path.name.endswith(OPEN_SUFFIX):
                closed.append(name)
                continue
            still_open.append(name)
            if self._store.is_being_written(path):
                self._found.open_files.append(name)
            else:
                self._fault(name, "was left open by a killed run; the next crawl closes it")
        reports = check_files(self._store, closed, jobs=self._jobs, throttle=self._throttle)
        for number, (report, notes) in enumerate(reports, 1):
            self._progress(report.name, number, len(closed))
            self._take(report)
            for note in notes:
                self._holdings.keep(note)
        for name in still_open:
            self._note_open(self._store.path(name), name)

    def _take(self, report: FileReport) -> None:
        found = self._found
        found.files += 1
        found.records += report.records
        found.conversions += report.texts
        found.faults += report.faults
        found.gone += report.gone
        for gap in report.gaps:
            self._gaps = True
            lost = lost_in(self._store, report.name, gap)
            named = "; ".join(map(str, lost)) or "what stood there is not known"
            what = f"{gap.what.rstrip('.')}; bytes {gap.offset} to {gap.end} are lost: {named}; see scrapy repair"
            self._fault(f"{report.name}, byte {gap.offset}", what, next((one.id for one in lost if one.id), None))

    def _note_open(self, path: Path, name: str) -> None:
        """Know the records of a file that is being written, or was; others may refer to them."""
        try:
            for record, member in read_members(path):
                self._found.conversions += record.type == "conversion"
                with suppress(RecordError):
                    self._holdings.note(name, record, member)
        except RecordError:  # its end is just being written, or was torn
            return

    def _fetch_pages(self) -> None:
        """Know the pages in other files that those which were checked refer to."""
        with suppress(StoreError), Catalogue(self._store.catalogue_path, read_only=True) as catalogue:
            for missing in self._holdings.missing():
                if row := catalogue.capture(missing):
                    with suppress(ArchiveError):
                        data = self._store.read(row["file"], row["offset"], row["length"])
                        self._holdings.note(row["file"], parse_member(data, row["offset"]), sha256(data))

    # References

    def _check_revisits(self) -> None:
        for revisit, original in self._holdings.revisits():
            if original is None and self._holdings.is_gone(revisit.record.refers_to() or ""):
                continue
            if problem := revisit_problem(revisit.record, original.record if original else None):
                self._fault(revisit.where, problem, revisit.record.id)

    def _check_provenance(self) -> None:
        for link in self._holdings.links():
            text = link.text
            if self._is_gone(link):
                continue
            if link.page is None:
                self._fault(text.where, "was made from a response that is not in the store", text.record.id)
            elif link.digest is None or link.proof is None:
                self._fault(text.where, "has no details or no provenance record", text.record.id)
            else:
                for problem in self._proof_problems(link, link.page, link.digest, link.proof):
                    self._fault(text.where, problem, text.record.id)

    def _is_gone(self, link: Link) -> bool:
        """Whether what is missing of a text is known to be gone."""
        if link.page is None:
            file, offset = self._page_place(link)
            return self._holdings.is_gone(link.text.record.refers_to() or "", file, offset)
        missing = link.digest is None or link.proof is None
        return missing and self._holdings.is_gone(link.text.record.id)

    def _page_place(self, link: Link) -> tuple[str, int]:
        """Where a text's provenance says that its page lies."""
        try:
            _, about = capture_of(self._holdings.json(link.proof)) if link.proof else ("", {})
            return str(about["cdxj:filename"]), int(about["cdxj:offset"])
        except (ArchiveError, KeyError, StopIteration, TypeError, ValueError, AttributeError):
            return "", -1

    def _proof_problems(self, link: Link, page: Held, digest: str, proof: Place) -> Iterator[str]:
        try:
            facts = self._holdings.json(proof)
        except ArchiveError as error:
            yield f"has a provenance record that can't be read again: {error}"
            return
        yield from provenance_problems(link.text.record, page, digest, facts)

    def _check_redactions(self) -> None:
        """Nothing that was to be taken out may still be there."""
        redactions = Redactions(self._store)
        try:
            noted = redactions.read()
        except StoreError as error:
            self._fault(redactions.path.name, str(error))
            return
        for redaction in noted:
            for record in self._holdings.present(redaction.records):
                what = f"a redaction of {redaction.made} was stopped before it took all out; scrapy redact finishes it"
                self._fault(redactions.path.name, what, record)

    # Extraction

    def _check_extraction(self) -> None:
        total, pool = self._holdings.count_ours(), None
        waiting: deque[_Waiting] = deque()
        try:
            for number, (task, text, details) in enumerate(self._tasks(), 1):
                pool = pool or ExtractorPool(self._jobs if self._jobs > 1 else 0, timeout=60)
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
            self._throttle.take(link.page.length)
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

    def _check_catalogue_alone(self) -> None:
        """The bytes of the catalogue and its inner order; not what it says."""
        path = self._store.catalogue_path
        if not self._has_catalogue(path):
            return
        try:
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / path.name
                copy_database(path, copy)
                with Catalogue(copy) as catalogue:
                    for problem in catalogue.check():
                        self._fault(path.name, f"is damaged: {problem}; scrapy rebuild makes it again")
        except ArchiveError as error:
            self._fault(path.name, str(error))

    def _has_catalogue(self, path: Path) -> bool:
        if not path.exists():
            self._fault(path.name, "is missing; scrapy rebuild makes it again")
            return False
        if sidecar_of(path).exists() and (problem := sidecar_problem(path)):
            self._fault(path.name, problem)
        return True

    def _check_catalogue(self) -> None:
        path = self._store.catalogue_path
        if not self._has_catalogue(path):
            return
        try:
            with tempfile.TemporaryDirectory() as folder:
                # A copy: SQLite may write into a database that it opens.
                copy = Path(folder) / path.name
                with Catalogue(Path(folder) / "fresh.sqlite", create=True) as fresh:
                    catch_up(self._store, fresh, self._slow_down)
                    copy_database(path, copy)
                    with Catalogue(copy) as catalogue:
                        problems = catalogue.check()
                        differences = list(_differences(fresh, catalogue))
        except ArchiveError as error:
            self._fault(path.name, str(error))
            return
        for problem in problems:
            self._fault(path.name, f"is damaged: {problem}; scrapy rebuild makes it again")
        if self._gaps:
            what = (
                "can't be compared with damaged files; scrapy repair first, which asks it what is lost"
            )
            self._fault(path.name, what)
        elif not self._found.open_files:  # a running crawl is ahead of its closed files
            for difference in differences:
                self._fault(path.name, difference)

    def _slow_down(self, name: str, number: int, total: int) -> None:
        """The files are read once more, for a catalogue to compare with."""
        with suppress(OSError):
            self._throttle.take(self._store.path(name).stat().st_size)


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
