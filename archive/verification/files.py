"""Checking the files of a store one by one: bytes against digests, record after record; several files at a time."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import IO

import msgspec

from archive.errors import RecordError, StoreError
from archive.reader import check_digests
from archive.storage import Store
from archive.tombstone import told
from archive.verification.chain import sidecar_problem
from archive.verification.holdings import Note, note_of
from archive.verification.odd import odd_members
from archive.verification.reading import Gap, read_on
from archive.verification.verification import Fault

__all__ = ["FileReport", "Throttle", "check_file", "check_files", "cores"]

_AHEAD = 2
"""Files a worker that are checked before their turn."""
_PACKED = msgspec.msgpack.Encoder()
_NOTE = msgspec.msgpack.Decoder(Note)
_LENGTH = 4


class FileReport(msgspec.Struct):
    """What was found in one file."""

    name: str
    faults: list[Fault] = []
    gaps: list[Gap] = []
    records: int = 0
    texts: int = 0
    gone: list[Fault] = []
    """What tombstones stand for."""


class Throttle:
    """Holds reading back to so many bytes a second on average; 0: does not."""

    def __init__(self, rate: float = 0) -> None:
        self.rate = rate
        self._began = time.monotonic()
        self._taken = 0

    def take(self, size: int) -> None:
        """So many bytes are about to be read."""
        self._taken += size
        if self.rate > 0 and (early := self._taken / self.rate - (time.monotonic() - self._began)) > 0:
            time.sleep(early)


def check_file(root: Path, name: str, notes: IO[bytes], throttle: Throttle) -> FileReport:
    """Check a closed WARC file; what others may refer to is written to `notes`. Raises OSError if these can't be."""
    path = Store(root).path(name)
    report = FileReport(name)

    def fault(where: str, what: str, record: str | None = None) -> None:
        report.faults.append(Fault(where, what, record))

    if differs := sidecar_problem(path, throttle.take):
        fault(name, differs)
    try:
        for found in read_on(path):
            if isinstance(found, Gap):
                report.gaps.append(found)
                continue
            record, member = found
            report.records += 1
            report.texts += record.type == "conversion"
            where = f"{name}, byte {record.offset}"
            if problem := check_digests(record):
                fault(where, problem, record.get("WARC-Record-ID"))
            try:
                note = note_of(name, record, member)
                if isinstance(note, Note):
                    if note.kind == "gone":
                        report.gone.append(Fault(where, told(record), record.id))
                    data = _PACKED.encode(note)
                    notes.write(len(data).to_bytes(_LENGTH) + data)
                elif note:
                    fault(where, note, record.id)
            except RecordError as error:
                fault(where, str(error))
    except RecordError as error:
        fault(name, str(error))
    if differs and not report.gaps and len(report.faults) == 1:
        for offset, record_id in odd_members(path):
            what = "was changed in bits that hold nothing: the record itself is whole"
            fault(f"{name}, byte {offset}", what, (record_id or "").strip("<>") or None)
    return report


def check_files(
    store: Store, names: Sequence[str], *, jobs: int = 1, throttle: Throttle
) -> Iterator[tuple[FileReport, Iterator[Note]]]:
    """Check closed files, `jobs` at a time, and tell of each in the order given, with what is to be noted of it.

    `throttle` holds the reading back. Raises `StoreError` if the folder for temporary
    files refuses.
    """
    with tempfile.TemporaryDirectory() as folder:
        if jobs <= 1 or len(names) <= 1:
            for name in names:
                notes = Path(folder) / "notes"
                yield _checked(store.root, name, notes, throttle), _read(notes)
            return
        context = multiprocessing.get_context("forkserver")
        with ProcessPoolExecutor(
            min(jobs, len(names)), context, _begin, (throttle.rate / min(jobs, len(names)),)
        ) as pool:
            waiting: deque[tuple[Path, Future[FileReport]]] = deque()
            left = iter(enumerate(names))
            try:
                while True:
                    while len(waiting) < jobs * _AHEAD and (one := next(left, None)):
                        notes = Path(folder) / str(one[0])
                        waiting.append((notes, pool.submit(_check_in_worker, store.root, one[1], notes)))
                    if not waiting:
                        return
                    notes, future = waiting.popleft()
                    yield future.result(), _read(notes)
                    notes.unlink()
            finally:
                pool.shutdown(cancel_futures=True)


_worker: Throttle


def _begin(rate: float) -> None:
    import signal

    global _worker  # noqa: PLW0603 - of the process
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker = Throttle(rate)


def _check_in_worker(root: Path, name: str, notes: Path) -> FileReport:
    return _checked(root, name, notes, _worker)


def _checked(root: Path, name: str, notes: Path, throttle: Throttle) -> FileReport:
    try:
        with notes.open("wb") as file:
            return check_file(root, name, file, throttle)
    except OSError as error:
        place = tempfile.gettempdir()
        raise StoreError(
            f"{place}: can't hold what is compared: {error.strerror}; set TMPDIR to a folder with more room."
        ) from error


def _read(notes: Path) -> Iterator[Note]:
    with notes.open("rb") as file:
        while length := file.read(_LENGTH):
            yield _NOTE.decode(file.read(int.from_bytes(length)))


def cores() -> int:
    """How many files are checked at a time if nothing else is said."""
    return os.cpu_count() or 1
