"""`Rerunning`: re-runs as ``scrapy replay`` makes them, with the project's settings and sources."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from archive.collection.collection import Collection, open_collection
from archive.durability import Durability
from archive.errors import ArchiveError, SourceError, StoreError
from archive.furniture.furniture import site_of
from archive.health.troubles import QUARANTINE_FOR
from archive.rerun import Rerun, Selection
from archive.storage import Store
from crawler.archiving import settings_digest
from crawler.command import complain, moment, through
from crawler.limits import Limits
from crawler.progress import Progress
from crawler.readings import Readings
from crawler.rerun_report import RerunReport, sentence_of

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

__all__ = ["Rerunning"]


class Rerunning:
    """A context manager: it has the workers."""

    def __init__(
        self,
        settings: BaseSettings,
        store: Store,
        options: argparse.Namespace,
        *,
        report: RerunReport,
        say: Callable[[ArchiveError], None],
        progress: Progress,
    ) -> None:
        """`options` are those of ``scrapy replay``; `say` is told what goes wrong.

        Raises `ArchiveError` for dates that are none and for a source that is not there or wrong.
        """
        self._settings, self._store, self._options = settings, store, options
        self._report, self._say, self._progress = report, say, progress
        self._readings = Readings(settings)
        if error := self._readings.errors.pop(options.source, None):
            raise error
        for other in self._readings.errors.values():
            say(SourceError(f"{str(other).rstrip('.')}; its pages are left out."))
        self._selection = Selection(
            source=options.source,
            since=moment(options.since, "--since"),
            until=moment(through(options.until), "--until"),
            url=options.url,
            without=tuple(self._readings.errors),
        )
        self.taken = 0
        """Captures of files that are not ours which the archive has now."""
        self._out = partial(print, file=sys.stderr if options.json else sys.stdout)

    def __enter__(self) -> Self:
        self._pool = Limits.of(self._settings).pool()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close(abandon=True)

    def run(self, file: str | None) -> None:
        """Read the store again, or a file that is not ours. Raises `ArchiveError`."""
        if file is None:
            self._run(None)
            return
        if self._options.accept:
            self._store.create()
        with open_collection(Path(file), self._progress) as collection:
            for problem in collection.problems:
                self._say(StoreError(problem))
            self._run(collection)

    def _run(self, collection: Collection | None) -> None:
        rerun = Rerun(
            self._store,
            self._pool,
            self._readings.of,
            collection=collection,
            source_of=self._source_of,
            selection=self._selection,
            is_listing=self._readings.is_listing,
            explained=self._options.traces,
            complain=self._say,
            progress=self._progress,
            run_options={
                "settings_digest": settings_digest(self._settings),
                "info": {"operator": self._settings.get("CONTACT") or ""},
                "max_file_size": self._settings.getint("ARCHIVE_FILE_SIZE", 1 << 30),
                "durability": Durability.of(self._settings.get("ARCHIVE_FSYNC", "exchange")),
                "quarantine_for": self._settings.getlist("QUARANTINE_FOR", list(QUARANTINE_FOR)),
            },
        )
        with rerun:
            if self._options.accept:
                for recovered in rerun.recover():
                    complain(f"{recovered.file} was left open by a killed run; it is closed now.")
            self._report.begin()
            for reread in rerun.changes():
                self._progress.clear()
                self._report.add(reread)
                if reread.problem:
                    self._say(reread.problem)
            self._progress.clear()
            if not self._options.json:
                self._report.print_summary()
            if self._options.accept:
                for accepted in rerun.accept():
                    self._progress.clear()
                    self._out(sentence_of(accepted))
                    self.taken += accepted.adopted.stored + accepted.adopted.known if accepted.adopted else 0
                for source, number in self._report.lost.items():
                    self._out(f"{source}: {number} articles are lost today; their last versions stay.")

    def _source_of(self, named: str, url: str) -> str:
        """The source of a capture in a file: the one that crawled it, if it says so, or the one that owns the URL."""
        is_name = re.fullmatch("[a-z][a-z0-9_]*", named) and named != site_of(url)
        return named if is_name else self._readings.name_of(url)
