"""Renewal: texts are made again that hold what was learned of their sites only later."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from archive.errors import ArchiveError, RecordError
from archive.progress import Progress
from archive.run import Run
from archive.workers import Extracted, ExtractorPool, Task

__all__ = ["renew"]


_AHEAD = 16
"""Pages that wait for a worker at once."""
_ROUNDS = 3
"""What is read again can teach something new; what is still stale then is left to the next run."""


def renew(
    run: Run, pool: ExtractorPool, *, complain: Callable[[ArchiveError], None], progress: Progress | None = None
) -> int:
    """Read again the pages whose texts are no longer what their sites' furniture lists ask for (`Run.stale`).

    A page that can't be read is said to `complain`, and its text stays as it is. Returns how many texts were
    stored. Raises `StoreError` if the disk refuses; what was stored before is whole, and the next renewal goes on.
    """
    return _Renewal(run, pool, complain, progress or (lambda *_: None)).renew()


class _Renewal:
    def __init__(
        self, run: Run, pool: ExtractorPool, complain: Callable[[ArchiveError], None], progress: Progress
    ) -> None:
        self._run, self._pool = run, pool
        self._complain, self._progress = complain, progress
        self._given_up: set[str] = set()
        """Captures that give no other text."""

    def renew(self) -> int:
        stored = 0
        for _ in range(_ROUNDS):
            now = self._read_all()
            stored += now
            if not now:
                break
        return stored

    def _read_all(self) -> int:
        self._run.flush()
        total, stored = self._run.lists.count_stale(), 0
        waiting: deque[tuple[Task, Future[Extracted]]] = deque()
        for number, task in enumerate(self._run.stale(), 1):
            if task.capture.id in self._given_up:
                continue
            waiting.append((task, self._pool.submit(task)))
            if len(waiting) >= _AHEAD:
                stored += self._keep(*waiting.popleft())
            self._progress(task.capture.url, number, max(number, total))
        while waiting:
            stored += self._keep(*waiting.popleft())
        return stored

    def _keep(self, task: Task, future: Future[Extracted]) -> bool:
        """Store what a worker read; False if it is no other text than the archive has."""
        url = task.capture.url
        try:
            extracted = future.result()
        except Exception as error:  # noqa: BLE001 - a worker can fail in any way; each becomes a sentence
            return self._give_up(task, self._pool.explain(error, url))
        try:
            return self._run.keep_cleaned(task.capture, extracted) or self._give_up(task)
        except RecordError as error:
            return self._give_up(task, error)

    def _give_up(self, task: Task, error: ArchiveError | None = None) -> bool:
        self._given_up.add(task.capture.id)
        if error:
            self._complain(error)
        return False
