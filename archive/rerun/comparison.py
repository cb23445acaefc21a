"""`Comparison`: pages are read by workers, several at once, and what they give is remembered."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from archive.collection.adoption import own_id
from archive.errors import ArchiveError, StoreError
from archive.furniture.furniture import site_of
from archive.furniture.lists import Lists
from archive.progress import Progress
from archive.rerun.candidates import Candidate, Selection
from archive.rerun.change import Change
from archive.rerun.reading import Job, Outcome, read_again, reading_at
from archive.rerun.supply import Supply
from archive.rerun.work import FOUND, WRITTEN, Remembered, WorkFile
from archive.rules import UNKNOWN_SITE, Reading
from archive.storage import Store
from archive.version import EXTRACTOR
from archive.workers import ExtractorPool, Task

__all__ = ["Comparison", "Page", "ReadingOf"]

ReadingOf = Callable[[str, str, dt.date], Reading | None]
"""What is known today of a site: called with the name of a source, a URL and the day of capture. None: nothing; then
what was known when the page was read last."""

_AHEAD = 8
"""Pages that wait for each worker."""


@dataclass
class Page:
    """A capture while it is read."""

    candidate: Candidate
    reading: Reading
    key: bytes
    outcome: Outcome | None = None
    problem: ArchiveError | None = None


class Comparison:
    """Reads pages and compares them with what the archive has. A context manager: it opens the work file."""

    def __init__(
        self,
        pool: ExtractorPool,
        reading_of: ReadingOf,
        *,
        archive: Path,
        is_listing: Callable[[str, str], bool],
        wanted: frozenset[str],
        complain: Callable[[ArchiveError], None],
        progress: Progress,
    ) -> None:
        """`archive` is the store; `wanted` are the kinds of change whose results are to be kept."""
        self._pool, self._reading_of, self._is_listing = pool, reading_of, is_listing
        self._archive, self._wanted = archive, wanted
        self._complain, self._progress = complain, progress
        self._stack = ExitStack()
        self._software = _software()
        self.ahead = _AHEAD * (os.cpu_count() or 1)
        """Pages that are in hand at once."""

    def __enter__(self) -> Self:
        """Raises `StoreError` if there can be no work file at all."""
        with ExitStack() as stack:
            self.work = self._open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _open(self, stack: ExitStack) -> WorkFile:
        """The work file; where there can be none, one that is gone at the end."""
        if not (self._archive / "locks").is_dir():
            return self._open_passing(stack)
        try:
            work = WorkFile(self._archive / "work" / "replay.sqlite", self._software)
        except StoreError as error:
            self._complain(error)
            return self._open_passing(stack)
        stack.callback(work.close)
        return work

    def _open_passing(self, stack: ExitStack) -> WorkFile:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="newswarc-replay-"))
        work = WorkFile(Path(folder) / "replay.sqlite", self._software)
        stack.callback(work.close)
        return work

    def read(self, supply: Supply, selection: Selection, lists: Lists | None) -> Iterator[Page]:
        """What each candidate gives, in their order; `lists` has the archive's furniture lists."""
        waiting: deque[tuple[Page, Future[Outcome] | None]] = deque()
        total = supply.count(selection)
        for number, candidate in enumerate(supply.candidates(selection), 1):
            capture = candidate.capture
            self._progress(capture.url, number, max(number, total))
            if candidate.baseline is None and self._is_listing(candidate.source, capture.url):
                continue
            reading = self._reading_of(candidate.source, capture.url, dt.date.fromisoformat(capture.date[:10]))
            if reading is None and candidate.baseline is not None:
                reading = reading_at(Store(self._archive), candidate.baseline)
            furniture = lists.of(capture.url) if lists else None
            reading = msgspec.structs.replace(reading or UNKNOWN_SITE, furniture=furniture)
            page = Page(candidate, reading, _key(reading))
            page.outcome = self._remembered(page)
            waiting.append((page, None if page.outcome else self._submit(page, supply)))
            if len(waiting) >= self.ahead:
                yield self._settled(*waiting.popleft())
        while waiting:
            yield self._settled(*waiting.popleft())

    def _submit(self, page: Page, supply: Supply) -> Future[Outcome]:
        job = Job(
            task=Task(store=supply.place, capture=page.candidate.capture, reading=page.reading),
            archive=str(self._archive),
            baseline=page.candidate.baseline,
            keeps_explained="explained" in self._wanted,
            is_foreign=supply.is_foreign,
        )
        return self._pool.submit_call(read_again, job)

    # Remembering

    def _remembered(self, page: Page) -> Outcome | None:
        """What is known of a capture, if it was read with the same and compared with the same."""
        capture, baseline = page.candidate.capture, page.candidate.baseline
        found = self.work.find(own_id(capture.id))
        if found is None or found.key != page.key or capture.record_digest not in (found.record, found.copied):
            return None
        if found.stage != FOUND and baseline is not None and baseline.extracted == found.extracted:
            if found.stage != WRITTEN:  # a kill came between
                self.work.accepted(found.capture, baseline.version)
            return Outcome(change=Change(kind="same"))
        if found.stage == WRITTEN and (baseline is None or baseline.extracted < (found.extracted or "")):
            return Outcome(change=Change(kind="same"))  # it lies in a file that the catalogue does not know yet
        if found.stage == WRITTEN or found.baseline != (baseline.version if baseline else ""):
            return None
        if found.change.kind in self._wanted and found.result is None:
            return None
        return Outcome(change=found.change, extracted=found.extracted, result=found.result)

    def _settled(self, page: Page, future: Future[Outcome] | None) -> Page:
        """Wait for a page, and remember what it gives."""
        if future is None:
            return page
        candidate = page.candidate
        url = candidate.capture.url
        try:
            page.outcome = found = future.result()
        except Exception as error:  # noqa: BLE001 - a worker can fail in any way; each becomes a sentence
            page.problem = self._pool.explain(error, url)
            return page
        remembered = Remembered(
            capture=own_id(candidate.capture.id),
            record=candidate.capture.record_digest,
            key=page.key,
            baseline=candidate.baseline.version if candidate.baseline else "",
            source=candidate.source,
            site=site_of(url),
            date=candidate.capture.date,
            change=found.change,
            extracted=found.extracted,
            result=found.result,
        )
        try:
            self.work.put(remembered)
        except StoreError as error:  # as on a full disk
            self._complain(error)
            self.work = self._open_passing(self._stack)
            self.work.put(remembered)
        return page


def _key(reading: Reading) -> bytes:
    """Tells apart what pages can be read with."""
    furniture = reading.furniture.digest if reading.furniture else ""
    told = msgspec.json.encode(msgspec.structs.replace(reading, furniture=None), order="sorted")
    return hashlib.sha256(told + furniture.encode()).digest()


def _software() -> str:
    """What reads the pages. Its files count as well as its version, which is the same from release to release."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent.parent
    for path in sorted([*folder.glob("*.py"), *folder.glob("extraction/*.*"), *folder.glob("rerun/*.py")]):
        digest.update(path.name.encode() + path.read_bytes())
    return f"{EXTRACTOR} lxml/{version('lxml')} {digest.hexdigest()}"
