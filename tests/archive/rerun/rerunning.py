"""What tests of re-runs share: a pool that counts, and a store with something to change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from archive.article import Article
from archive.catalogue import Catalogue
from archive.catalogue.search import Search
from archive.reader import parse_member
from archive.rebuild import rebuild
from archive.rerun import Reread, Rerun, Selection
from archive.rules import Reading, SiteRules
from archive.storage import Store
from archive.workers import ExtractorPool
from tests.archive import making
from tests.archive.making import dump, refused

REMOVED = making.SENTENCES[2]
RULES = SiteRules(remove_text=("The council had put off.*",))
OF_NOTHING = Reading()
TEASERS = "".join(f"<li><a href=/{n}>A story of the day number {n}</a></li>" for n in range(60))
FRONT = f"<html><body><ul>{TEASERS}</ul></body></html>".encode()


def of_nothing(source: str, url: str, day: dt.date) -> Reading:
    """No site is known."""
    return OF_NOTHING


def of_rules(source: str, url: str, day: dt.date) -> Reading:
    """A rule that takes a sentence of `tests.archive.making.page` out."""
    return Reading(rules=RULES)


class CountingPool:
    """A pool that notes what it was given to read; for the URLs in `deadly` a worker ends."""

    def __init__(self, pool: ExtractorPool) -> None:
        self._pool, self.read, self.deadly = pool, list[str](), set[str]()

    def submit_call(self, function: Callable[..., Any], job: Any) -> Any:
        url = job.task.capture.url
        self.read.append(url)
        if url in self.deadly:
            return self._pool.submit_call(making.end_process, "kill")
        return self._pool.submit_call(function, job)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


class Replay:
    """Re-runs over one store."""

    def __init__(self, store: Store, pool: CountingPool) -> None:
        self.store, self.pool = store, pool
        self.said: list[str] = []

    @contextmanager
    def rerun(self, reading_of: Any = of_nothing, **options: Any) -> Iterator[Rerun]:
        selection = Selection(**{n: options.pop(n) for n in ("source", "since", "until", "url") if n in options})
        self.said.clear()
        self.pool.read.clear()
        with Rerun(
            self.store,
            self.pool,  # type: ignore[arg-type]
            reading_of,
            selection=selection,
            complain=lambda error: self.said.append(refused(error)),
            run_options={"settings_digest": making.SETTINGS},
            **options,
        ) as rerun:
            yield rerun

    def compare(self, reading_of: Any = of_nothing, **options: Any) -> dict[str, str]:
        """URL and kind of each change."""
        return {r.capture.url: r.change.kind if r.change else "failed" for r in self.changes(reading_of, **options)}

    def changes(self, reading_of: Any = of_nothing, **options: Any) -> list[Reread]:
        with self.rerun(reading_of, **options) as rerun:
            return list(rerun.changes())

    def accept(self, reading_of: Any = of_nothing, **options: Any) -> dict[str, tuple[int, int]]:
        """Texts stored and renewed, by source."""
        with self.rerun(reading_of, **options) as rerun:
            rerun.recover()
            self.said += [refused(r.problem) for r in rerun.changes() if r.problem]
            return {one.source: (one.articles, one.renewed) for one in rerun.accept()}


def files_of(store: Store) -> dict[str, bytes]:
    """Everything that is the archive: all files but locks and work."""
    return {
        path.relative_to(store.root).as_posix(): path.read_bytes()
        for path in sorted(store.root.rglob("*"))
        if path.is_file() and path.relative_to(store.root).parts[0] not in ("locks", "work")
    }


def latest(store: Store) -> dict[tuple[str, str], Article]:
    """What was read last from each capture, by URL and date; without what differs from run to run."""
    import msgspec

    captures = {row["id"]: row for row in dump(store)["captures"]}
    found = {}
    for row in sorted(dump(store)["versions"], key=lambda v: (v["extracted"], v["id"])):
        text = parse_member(store.read(row["file"], row["offset"], row["length"])).block.decode()
        about = parse_member(store.read(row["file"], row["details_offset"], row["details_length"])).json()["article"]
        article = msgspec.convert({**about, "text": text}, Article)
        # Which state of a list was used first depends on when a run was killed.
        trace = msgspec.structs.replace(article.trace, capture=None, furniture=None)
        capture = captures[row["capture"]]
        found[capture["url"], capture["date"]] = msgspec.structs.replace(article, trace=trace)
    return found


def same_as_rebuilt(store: Store) -> None:
    before = dump(store)
    assert rebuild(store) == []
    assert dump(store) == before


def searched(store: Store, words: str) -> list[str]:
    """URLs of the articles that are found."""
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        return [hit.article["url"] for hit in Search(catalogue, store).find(words).hits]
