"""`Lists`: the furniture lists of the sites that a run reads articles from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from archive import clock
from archive.article import Article
from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row, capture_from
from archive.furniture.furniture import Entry, Furniture, site_of, unpack
from archive.furniture.learner import Learner, Seen
from archive.reader import parse_member
from archive.records import iso
from archive.rules import Reading
from archive.storage import Store
from archive.workers import Task

__all__ = ["Lists"]

_REMEMBERED = 3000
"""Captures of a site that are learned from, the newest."""
_TEXTS = 500


class Lists:
    """Learns the lists while articles come in, and tells what must be read again because of them.

    A list is kept as a JSON metadata record beside the texts that were cleaned with it; the catalogue has
    each site's latest.
    """

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        self._store, self._catalogue = store, catalogue
        self._learners: dict[str, Learner] = {}
        self._stored: dict[str, _Stored] = {}
        """The lists of sites that nothing was learned of yet."""
        self._known: dict[str, dict[str, Any]] = {}
        """The lists that were handed out, by digest."""
        self._kept: dict[str, list[dict[str, Any]]] = {}
        """The entries that were kept last, by site."""
        self._texts: dict[str, str] = {}

    def of(self, url: str) -> Furniture | None:
        """The list of the site that a page stands on, if there is one."""
        site = site_of(url)
        learner = self._learners.get(site)
        if learner is not None:
            furniture, entries = learner.furniture, learner.entries
        else:
            stored = self._stored_list(site)
            furniture, entries = stored.furniture, stored.entries
        if not furniture.keys:
            return None
        if furniture.digest not in self._known:
            self._known[furniture.digest] = _facts(furniture, entries)
        return furniture

    def facts(self, digest: str) -> dict[str, Any]:
        """What is to be kept of a list that was handed out: ``site``, ``made``, ``digest``, ``entries``."""
        facts = self._known[digest]
        self._kept[facts["site"]] = facts["entries"]
        return facts

    def changed(self) -> Iterator[dict[str, Any]]:
        """What is to be kept of the lists that have changed since they were kept."""
        for learner in self._learners.values():
            facts = _facts(learner.furniture, learner.entries)
            if learner.is_changed and facts["entries"] != self._kept.get(learner.site):
                yield facts
                self._kept[learner.site] = facts["entries"]

    def forget(self, site: str) -> None:
        """Let go of what is remembered of a site whose list was kept."""
        for known in (self._learners, self._stored, self._kept):
            known.pop(site, None)
        self._known = {digest: facts for digest, facts in self._known.items() if facts["site"] != site}

    def learn(self, conversion: str, capture: Capture, article: Article) -> None:
        """Take note of an article that was stored."""
        if len(self._texts) >= _TEXTS:
            del self._texts[next(iter(self._texts))]
        self._texts[conversion] = article.text
        self._learner(site_of(article.url)).learn(Seen.of(article, conversion, capture.date), article.text)

    def decide(self, site: str, key: str, verdict: str, *, text: str, who: str) -> None:
        """A person's verdict, see `Learner.decide`."""
        self._learner(site).decide(key, verdict, text=text, who=who, date=iso(clock.now()))

    def entries(self, site: str) -> list[Entry]:
        """A site's list."""
        return self._learner(site).entries

    def stale(self) -> Iterator[Task]:
        """Pages whose texts hold what is on the list by now, or lack what is no longer on it.

        They may be kept again while the next ones are asked for.
        """
        return map(self._task, self._stale_rows())

    def count_stale(self) -> int:
        """How many pages `stale` would give."""
        return sum(1 for _ in self._stale_rows())

    def _stale_rows(self) -> Iterator[Row]:
        for site, learner in list(self._learners.items()):
            keys = learner.furniture.keys
            allowed = {entry.key for entry in learner.entries if not entry.is_furniture}
            for row in self._catalogue.holding(site, keys, allowed) if keys or allowed else ():
                if any(line.key in (allowed if line.is_learned else keys) for line in unpack(row["lines"])):
                    yield row

    def _task(self, row: Row) -> Task:
        known = self._catalogue.capture(row["capture"])
        assert known is not None
        capture = capture_from(known)
        block = self._store.read(row["file"], row["details_offset"], row["details_length"])
        reading = msgspec.convert(parse_member(block).json()["reading"], Reading)
        reading = msgspec.structs.replace(reading, furniture=self.of(capture.url))
        return Task(store=str(self._store.root), capture=capture, reading=reading)

    def _learner(self, site: str) -> Learner:
        if (learner := self._learners.get(site)) is None:
            learner = self._learners[site] = Learner(site, self._stored_list(site).entries, self._text)
            for seen in reversed(self._catalogue.seen_lines(site, _REMEMBERED)):
                learner.remember(
                    Seen(version=seen["id"], article=seen["article"], date=seen["date"], lines=unpack(seen["lines"]))
                )
        return learner

    def _stored_list(self, site: str) -> _Stored:
        if (stored := self._stored.get(site)) is None:
            row = self._catalogue.furniture(site)
            entries = msgspec.json.decode(row["entries"], type=list[Entry]) if row else []
            stored = self._stored[site] = _Stored(Furniture.of(site, entries), entries)
        return stored

    def _text(self, conversion: str) -> str:
        if conversion not in self._texts:
            row = self._catalogue.version(conversion)
            assert row is not None
            record = parse_member(self._store.read(row["file"], row["offset"], row["length"]))
            self._texts[conversion] = record.block.decode()
        return self._texts[conversion]


class _Stored(msgspec.Struct, frozen=True):
    """A site's list as the archive has it."""

    furniture: Furniture
    entries: list[Entry]


def _facts(furniture: Furniture, entries: list[Entry]) -> dict[str, Any]:
    return {
        "site": furniture.site,
        "made": iso(clock.now(), exact=True),
        "digest": furniture.digest,
        "entries": msgspec.to_builtins(entries),
    }
