"""`Rerun`: today's extractor over stored captures - what would change, and then, if wanted, the change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import msgspec

from archive import clock
from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row, capture_from
from archive.collection.adoption import Adopted, Adoption
from archive.collection.collection import Collection
from archive.collection.inventory import Inventory
from archive.errors import ArchiveError, RecordError, StoreError
from archive.furniture.lists import Lists
from archive.furniture.renewal import renew
from archive.history.history import article_at
from archive.progress import Progress
from archive.rebuild import catch_up, forget_lost
from archive.rerun.candidates import Selection
from archive.rerun.change import Change
from archive.rerun.comparison import Comparison, ReadingOf
from archive.rerun.reading import extracted_of
from archive.rerun.supply import AdoptedSupply, FileSupply, StoreSupply, Supply
from archive.run import Run
from archive.storage import Recovered, Store
from archive.workers import ExtractorPool

__all__ = ["Accepted", "Reread", "Rerun"]

_LEARNED_FROM = 3000
"""Accepted articles of a site that its furniture list learns from, the newest."""


class Reread(msgspec.Struct, frozen=True, kw_only=True):
    """A capture and what reading it again has shown."""

    capture: Capture
    source: str
    change: Change | None
    """None if it could not be read."""
    problem: ArchiveError | None = None
    """Why it could not be read."""


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What was stored for a source."""

    source: str
    articles: int
    """New versions of texts."""
    renewed: int
    """Texts that were read once more, because of what the new ones taught of their site."""
    adopted: Adopted | None = None
    """The exchanges of a collection that were taken into the store."""


class Rerun:
    """Reads stored captures again. A context manager; it holds a lock, so that there is one at a time.

    `changes` compares and writes nothing into the archive; `accept` then stores what has changed. What was found out
    is kept in a work file beside the catalogue: an interrupted re-run goes on, and `accept` reads no page that
    `changes` has read.

    Over a `collection` instead of the store, `changes` compares its pages with what the archive has of the same URLs
    at the same moments, and `accept` takes its exchanges into the store (`archive.collection.adoption`), with their
    articles.
    """

    def __init__(
        self,
        store: Store,
        pool: ExtractorPool,
        reading_of: ReadingOf,
        *,
        collection: Collection | None = None,
        source_of: Callable[[str, str], str] = lambda source, url: source,
        selection: Selection | None = None,
        is_listing: Callable[[str, str], bool] = lambda source, url: False,
        explained: bool = False,
        complain: Callable[[ArchiveError], None],
        progress: Progress | None = None,
        run_options: dict[str, Any] | None = None,
    ) -> None:
        """`is_listing` knows the front, section and feed pages of a source; `explained`: articles of which nothing but
        the trace differs are changes too; `run_options` are those of `archive.run.Run` for what is accepted;
        `source_of` names the source of a collection's captures, see `FileSupply`.
        """
        self.store, self._pool = store, pool
        self._collection, self._source_of = collection, source_of
        self._selection = selection or Selection()
        self._wanted = frozenset({"gained", "altered", *(["explained"] if explained else [])})
        self._complain, self._progress = complain, progress or (lambda *_: None)
        self._run_options = run_options or {}
        self._changed: set[str] = set()
        """Sources with something to accept."""
        self._stack = ExitStack()
        self.comparison = Comparison(
            pool,
            reading_of,
            archive=store.root,
            is_listing=is_listing,
            wanted=self._wanted,
            complain=self._complain,
            progress=self._progress,
        )

    def __enter__(self) -> Self:
        """Raises `StoreError` if there is no archive, or another re-run is in work."""
        with ExitStack() as stack:
            if self._collection is None:
                self.store.require()
            if self.store.exists():
                now = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
                stack.enter_context(self.store.lock("replay", f"a re-run that started {now}"))
            stack.enter_context(self.comparison)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def changes(self) -> Iterator[Reread]:
        """Read what fits, by source and date of capture, as far as that was not done before.

        Raises `StoreError` if the catalogue can't be used.
        """
        with ExitStack() as stack:
            catalogue = None
            if self.store.exists():
                catalogue = stack.enter_context(Catalogue(self.store.catalogue_path, read_only=True))
            supply: Supply
            if self._collection is not None:
                supply = FileSupply(self._collection, catalogue, self._source_of)
            else:
                assert catalogue is not None
                supply = StoreSupply(str(self.store.root), catalogue)
            lists = Lists(self.store, catalogue) if catalogue else None
            for page in self.comparison.read(supply, self._selection, lists):
                change = page.outcome.change if page.outcome else None
                if change is not None and change.kind in self._wanted:
                    self._changed.add(page.candidate.source)
                yield Reread(
                    capture=page.candidate.capture,
                    source=page.candidate.source,
                    change=change,
                    problem=page.problem,
                )

    def recover(self) -> list[Recovered]:
        """Close what killed runs left open and let the catalogue know of it; to be done before `changes` for `accept`.

        Returns what was closed. Raises `StoreError`.
        """
        if not self.store.exists():
            return []
        recovered = self.store.recover()
        forget_lost(self.store, recovered)
        with self.store.lock("catalogue", "a re-run", shared=True) as lock:
            self.store.forget_catalogue_digest()
            try:
                with Catalogue(self.store.catalogue_path, create=True) as catalogue:
                    catch_up(self.store, catalogue)
            finally:
                self.store.note_catalogue_digest(lock)
        return recovered

    # Accepting

    def accept(self) -> Iterator[Accepted]:
        """Store what `changes` has shown, source by source. A source that can't be written is said to `complain`.

        Of a lost article nothing is written: its last version stays.
        """
        with ExitStack() as stack:
            inventory = None
            if self._collection is not None:
                inventory = stack.enter_context(Inventory(self._collection, self._source_of_row))
            begun = self.comparison.work.sources()
            for source in sorted(self._changed.union(begun, inventory.sources if inventory else ())):
                if self._selection.source in (None, source):
                    try:
                        if accepted := self._accept(source, inventory):
                            yield accepted
                    except StoreError as error:
                        self._complain(error)

    def _source_of_row(self, row: Row) -> str:
        return self._source_of(row["source"], row["url"])

    def _accept(self, source: str, inventory: Inventory | None) -> Accepted | None:
        adoption = None
        if inventory is not None and self._collection is not None:
            adoption = Adoption(self._collection, inventory, self._complain)
            if source not in self._changed and not self._is_due(adoption, source):
                return None
        run = Run(self.store, source, **self._run_options)
        reason, articles, renewed = "shutdown", 0, 0
        adopted: Adopted | None = None
        try:
            supply: Supply = StoreSupply(str(self.store.root), run.catalogue)
            if adoption is not None and self._collection is not None:
                adopted = adoption.adopt(run, self._progress, self._hand_on)
                root = str(self.store.root)
                supply = AdoptedSupply(root, self._collection, run.catalogue, self._source_of)
            articles = self._store_changes(run, supply)
            for site in self.comparison.work.sites(source):
                renewed += self._learn(run, site)
            reason = "finished"
        except StoreError:
            reason = "archive_unwritable"
            raise
        finally:
            stats = {"newswarc/articles": articles, "newswarc/articles_cleaned_again": renewed}
            if adopted:
                stats["newswarc/captures/adopted"] = adopted.stored
            run.finish(reason, stats)
        return Accepted(source=source, articles=articles, renewed=renewed, adopted=adopted)

    def _hand_on(self, row: Row, capture: Capture) -> None:
        self.comparison.work.hand_on(row["record_digest"], capture)

    def _is_due(self, adoption: Adoption, source: str) -> bool:
        """Whether there is something to take, or an unfinished accept."""
        if not self.store.exists() or source in self.comparison.work.sources():
            return True
        with Catalogue(self.store.catalogue_path, read_only=True) as catalogue:
            return adoption.is_due(catalogue, source)

    def _store_changes(self, run: Run, supply: Supply) -> int:
        """Store the new versions of a source; no list learns from them yet, so that the order does not matter."""
        selection, stored = msgspec.structs.replace(self._selection, source=run.source), 0
        work = self.comparison.work
        for page in self.comparison.read(supply, selection, run.lists):
            outcome = page.outcome
            if outcome is None or outcome.result is None or outcome.change.kind not in self._wanted:
                continue
            capture = page.candidate.capture
            try:
                extracted = extracted_of(outcome.result, page.reading)
                work.begin(capture.id)
                work.accepted(capture.id, run.keep_extracted(capture, extracted, learn=False))
            except RecordError as error:
                self._complain(error)
                continue
            stored += 1
        return stored

    def _learn(self, run: Run, site: str) -> int:
        """Let a site's list learn from what was stored, and read again what is stale because of that."""
        run.flush()
        work = self.comparison.work
        for capture in work.unsettled(run.source, site, _LEARNED_FROM):
            row, version = run.catalogue.capture(capture), run.catalogue.last_version(capture)
            if row is not None and version is not None:
                try:
                    article = article_at(run.store, run.catalogue, version["id"])
                except (RecordError, StoreError) as error:  # the text is damaged or gone; verify tells more
                    self._complain(error)
                    continue
                run.lists.learn(version["id"], capture_from(row), article)
        renewed = renew(run, self._pool, complain=self._complain, progress=self._progress)
        run.keep_lists()
        work.settle(run.source, site)
        run.lists.forget(site)
        return renewed
