"""`Rerun`: today's extractor over stored captures - what would change, and then, if wanted, the change."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.rows import capture_from
from archive.errors import ArchiveError, RecordError, StoreError
from archive.furniture import site_of
from archive.lists import Lists
from archive.rebuild import catch_up
from archive.renewal import renew
from archive.rerun.candidates import Candidate, Selection, candidates, count_candidates
from archive.rerun.change import Change
from archive.rerun.reading import Job, Outcome, extracted_of, read_again
from archive.rerun.work import FOUND, WRITTEN, Remembered, WorkFile
from archive.rules import Reading
from archive.run import Run
from archive.storage import Recovered, Store
from archive.version import EXTRACTOR
from archive.workers import ExtractorPool, Task

__all__ = ["Accepted", "Reread", "Rerun"]

ReadingOf = Callable[[str, str, dt.date], Reading]
"""What is known today of a site: called with the name of a source, a URL and the day of capture."""
Progress = Callable[[str, int, int], None]
"""Called with what is being read, its number from 1, and how many there are."""

_LEARNED_FROM = 3000
"""Accepted articles of a site that its furniture list learns from, the newest."""
_AHEAD = 8
"""Pages that wait for each worker."""


class Reread(msgspec.Struct, frozen=True, kw_only=True):
    """A capture and what reading it again has shown."""

    capture: Capture
    source: str
    change: Change | None
    """None if it could not be read."""
    problem: ArchiveError | None = None
    """Why it could not be read."""


@dataclass
class _Page:
    """A capture while it is read."""

    candidate: Candidate
    reading: Reading
    key: bytes
    outcome: Outcome | None = None
    problem: ArchiveError | None = None

    def is_wanted(self, kinds: set[str]) -> bool:
        """Whether it is a change that is to be stored."""
        return self.outcome is not None and self.outcome.change.kind in kinds


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What was stored for a source."""

    source: str
    articles: int
    """New versions of texts."""
    renewed: int
    """Texts that were read once more, because of what the new ones taught of their site."""


class Rerun:
    """Reads stored captures again. A context manager; it holds a lock, so that there is one at a time.

    `changes` compares and writes nothing into the archive; `accept` then stores what has changed. What was found out
    is kept in a work file beside the catalogue: an interrupted re-run goes on, and `accept` reads no page that
    `changes` has read.
    """

    def __init__(
        self,
        store: Store,
        pool: ExtractorPool,
        reading_of: ReadingOf,
        *,
        selection: Selection | None = None,
        is_listing: Callable[[str, str], bool] = lambda source, url: False,
        explained: bool = False,
        complain: Callable[[ArchiveError], None],
        progress: Progress | None = None,
        run_options: dict[str, Any] | None = None,
    ) -> None:
        """`is_listing` knows the front, section and feed pages of a source; `explained`: articles of which nothing but
        the trace differs are changes too; `run_options` are those of `archive.run.Run` for what is accepted.
        """
        self.store, self._pool = store, pool
        self._reading_of, self._is_listing = reading_of, is_listing
        self._selection = selection or Selection()
        self._wanted: set[str] = {"gained", "altered", *(["explained"] if explained else [])}
        self._complain, self._progress = complain, progress or (lambda *_: None)
        self._run_options = run_options or {}
        self._changed: set[str] = set()
        """Sources with something to accept."""
        self._stack = ExitStack()
        self._ahead = _AHEAD * (os.cpu_count() or 1)
        self._software = _software()

    def __enter__(self) -> Self:
        """Raises `StoreError` if there is no archive, or another re-run is in work."""
        self.store.require()
        with ExitStack() as stack:
            now = f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
            stack.enter_context(self.store.lock("replay", f"a re-run that started {now}"))
            self._work = self._work_file(self.store.root / "work" / "replay.sqlite", stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _work_file(self, path: Path, stack: ExitStack) -> WorkFile:
        """The work file; where there can be none, one that is gone at the end."""
        try:
            work = WorkFile(path, self._software)
        except StoreError as error:
            self._complain(error)
            return self._passing_work_file(stack)
        stack.callback(work.close)
        return work

    def _passing_work_file(self, stack: ExitStack) -> WorkFile:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="newswarc-replay-"))
        work = WorkFile(Path(folder) / "replay.sqlite", self._software)
        stack.callback(work.close)
        return work

    # Comparing

    def count(self) -> int:
        """How many captures fit. Raises `StoreError` if there is no catalogue."""
        catalogue = Catalogue(self.store.catalogue_path)
        try:
            return count_candidates(catalogue, self._selection)
        finally:
            catalogue.close()

    def changes(self) -> Iterator[Reread]:
        """Read what fits, by source and date of capture, as far as that was not done before.

        What is no article and never was is not given. Raises `StoreError` if the catalogue can't be used.
        """
        catalogue = Catalogue(self.store.catalogue_path)
        try:
            total = count_candidates(catalogue, self._selection)
            lists = Lists(self.store, catalogue)
            for page in self._read(candidates(catalogue, self._selection), total, lists):
                if page.is_wanted(self._wanted):
                    self._changed.add(page.candidate.source)
                yield Reread(
                    capture=page.candidate.capture,
                    source=page.candidate.source,
                    change=page.outcome.change if page.outcome else None,
                    problem=page.problem,
                )
        finally:
            catalogue.close()

    def _read(self, found: Iterable[Candidate], total: int, lists: Lists) -> Iterator[_Page]:
        """What each capture gives, in their order; several are read at once."""
        waiting: deque[tuple[_Page, Future[Outcome] | None]] = deque()
        for number, candidate in enumerate(found, 1):
            capture = candidate.capture
            self._progress(capture.url, number, max(number, total))
            if candidate.baseline is None and self._is_listing(candidate.source, capture.url):
                continue
            reading = self._reading_of(candidate.source, capture.url, dt.date.fromisoformat(capture.date[:10]))
            reading = msgspec.structs.replace(reading, furniture=lists.of(capture.url))
            page = _Page(candidate, reading, _key(reading))
            page.outcome = self._remembered(candidate, page.key)
            waiting.append((page, None if page.outcome else self._pool.submit_call(read_again, self._job(page))))
            if len(waiting) >= self._ahead:
                yield self._settled(*waiting.popleft())
        while waiting:
            yield self._settled(*waiting.popleft())

    def _job(self, page: _Page) -> Job:
        root = str(self.store.root)
        return Job(
            task=Task(store=root, capture=page.candidate.capture, reading=page.reading),
            archive=root,
            baseline=page.candidate.baseline,
            keeps_explained="explained" in self._wanted,
        )

    def _remembered(self, candidate: Candidate, key: bytes) -> Outcome | None:
        """What is known of a capture, if it was read with the same and compared with the same."""
        baseline = candidate.baseline
        found = self._work.find(candidate.capture.id)
        if found is None or found.key != key:
            return None
        if found.stage != FOUND and baseline is not None and baseline.extracted == found.extracted:
            if found.stage != WRITTEN:  # a kill came between
                self._work.accepted(found.capture, baseline.version)
            return Outcome(change=Change(kind="same"))
        if found.stage == WRITTEN and (baseline is None or baseline.extracted < (found.extracted or "")):
            return Outcome(change=Change(kind="same"))  # it lies in a file that the catalogue does not know yet
        if found.stage == WRITTEN or found.baseline != (baseline.version if baseline else ""):
            return None
        if found.change.kind in self._wanted and found.result is None:
            return None
        return Outcome(change=found.change, extracted=found.extracted, result=found.result)

    def _settled(self, page: _Page, future: Future[Outcome] | None) -> _Page:
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
            capture=candidate.capture.id,
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
            self._work.put(remembered)
        except StoreError as error:  # as on a full disk
            self._complain(error)
            self._work = self._passing_work_file(self._stack)
            self._work.put(remembered)
        return page

    # Accepting

    def recover(self) -> list[Recovered]:
        """Close what killed runs left open and let the catalogue know of it; to be done before `changes` for `accept`.

        Returns what was closed. Raises `StoreError`.
        """
        with self.store.lock("catalogue", "a re-run", shared=True) as lock:
            recovered = self.store.recover()
            self.store.unseal_catalogue()
            catalogue = Catalogue(self.store.catalogue_path, create=True)
            try:
                catch_up(self.store, catalogue)
            finally:
                catalogue.close()
                self.store.seal_catalogue(lock)
        return recovered

    def accept(self) -> Iterator[Accepted]:
        """Store what `changes` has shown, source by source. A source that can't be written is said to `complain`.

        Of a lost article nothing is written: its last version stays.
        """
        begun = {source for source in self._work.sources() if self._selection.source in (None, source)}
        for source in sorted(self._changed | begun):
            try:
                yield self._accept(source)
            except StoreError as error:
                self._complain(error)

    def _accept(self, source: str) -> Accepted:
        run = Run(self.store, source, **self._run_options)
        reason, articles, renewed = "shutdown", 0, 0
        try:
            articles = self._store_changes(run)
            for site in self._work.sites(source):
                renewed += self._learn(run, site)
            reason = "finished"
        except StoreError:
            reason = "archive_unwritable"
            raise
        finally:
            run.finish(reason, {"newswarc/articles": articles, "newswarc/articles_cleaned_again": renewed})
        return Accepted(source=source, articles=articles, renewed=renewed)

    def _store_changes(self, run: Run) -> int:
        """Store the new versions of a source; no list learns from them yet, so that the order does not matter."""
        selection = msgspec.structs.replace(self._selection, source=run.source)
        total, stored = count_candidates(run.catalogue, selection), 0
        for page in self._read(candidates(run.catalogue, selection), total, run.lists):
            if page.outcome is None or page.outcome.result is None or not page.is_wanted(self._wanted):
                continue
            capture = page.candidate.capture
            try:
                extracted = extracted_of(page.outcome.result, page.reading)
                self._work.begin(capture.id)
                self._work.accepted(capture.id, run.keep_extracted(capture, extracted, learn=False))
            except RecordError as error:
                self._complain(error)
                continue
            stored += 1
        return stored

    def _learn(self, run: Run, site: str) -> int:
        """Let a site's list learn from what was stored, and read again what is stale because of that."""
        run.flush()
        for found in self._work.newest(run.source, site, _LEARNED_FROM):
            row = run.catalogue.capture(found.capture)
            if row is not None and found.result is not None:
                article = extracted_of(found.result, Reading()).article
                run.lists.learn(found.baseline, capture_from(row), article)
        renewed = renew(run, self._pool, complain=self._complain, progress=self._progress)
        run.keep_lists()
        self._work.settle(run.source, site)
        run.lists.forget(site)
        return renewed


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
