"""`Alarm`: what is said of a source's troubles, once when they are found and once when they are over.

What was said stands in a file for each channel (`alarms-mail.json`) beside the catalogue. Losing it is harmless: what
is still open is said once more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import groupby

import msgspec

from archive.catalogue import Catalogue
from archive.catalogue.quiet import interval
from archive.checked_json import pack, unpack
from archive.durability import replace_file
from archive.errors import StoreError
from archive.health.judgement import AGREEMENT, ARTICLES, LENGTH
from archive.health.troubles import CRAWLED, QUIET, Trouble, troubles_of
from archive.storage import Store

__all__ = ["Alarm", "Said", "alarms", "sentence_of", "verdict"]

_WORSE = "has become worse"


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said of a source."""

    source: str
    is_over: bool
    """It is an all-clear."""
    troubles: tuple[Trouble, ...]
    quarantined: int
    """Texts of the source that are in quarantine now."""

    @property
    def keys(self) -> list[str]:
        """What is noted when it was said."""
        return [_key(trouble, is_over=self.is_over) for trouble in self.troubles]

    @property
    def subject(self) -> str:
        """One line."""
        if self.is_over:
            return f"newswarc: all clear for {self.source}"
        said = verdict(self.troubles)
        if said == _WORSE:
            return f"newswarc: the articles of {self.source} have become worse"
        return f"newswarc: {self.source} {said}"

    @property
    def text(self) -> str:
        """Some sentences, one a line."""
        lines = [sentence_of(trouble) for trouble in self.troubles]
        number = f"{self.quarantined} text{'s' * (self.quarantined != 1)}"
        verb = "is" if self.quarantined == 1 else "are"
        if self.quarantined:
            lines.append(f"{number} of {self.source} {verb} in quarantine: kept, but not published.")
        if self.quarantined or not self.is_over:
            lines.append(f"scrapy health {self.source} tells more.")
        return "\n".join(lines)


class Said:
    """What was said on one channel."""

    def __init__(self, store: Store, channel: str) -> None:
        """Read it; what can't be read was not said."""
        self._path = store.root / f"alarms-{channel}.json"
        self.keys: set[str] = set()
        with suppress(OSError, StoreError, TypeError):
            self.keys = {*map(str, unpack(self._path.read_bytes()))}

    def note(self, alarm: Alarm) -> None:
        """It is said. Raises `StoreError` if the disk refuses."""
        self.keys.update(alarm.keys)
        new = self._path.with_suffix(f".{os.getpid()}")
        try:
            replace_file(self._path, pack(sorted(self.keys)), temporary=new)
        except OSError as error:
            raise StoreError(f"{self._path}: can't be written: {error.strerror}.") from error


def alarms(catalogue: Catalogue, said: set[str]) -> list[Alarm]:
    """What is to be said to somebody who was told `said`: troubles that are open, and the end of those told of.

    An all-clear is given when a source has no trouble left that was told of.
    """
    found: list[Alarm] = []
    for source, group in groupby(sorted(troubles_of(catalogue), key=lambda t: t.source), key=lambda t: t.source):
        troubles = list(group)
        new = [t for t in troubles if t.ended is None and _key(t) not in said]
        told = [t for t in troubles if _key(t) in said and _key(t, is_over=True) not in said]
        if new:
            found.append(_alarm(catalogue, source, new, is_over=False))
        elif told and all(t.ended for t in told):
            found.append(_alarm(catalogue, source, told, is_over=True))
    return found


def verdict(troubles: Iterable[Trouble]) -> str:
    """What is wrong with a source that has these troubles, in short."""
    what = {trouble.what for trouble in troubles}
    if what == {CRAWLED}:
        return "is no longer crawled"
    return "has gone quiet" if what <= {*QUIET, CRAWLED} else _WORSE


def sentence_of(trouble: Trouble) -> str:
    """What has fallen, and since when; or that it is well again."""
    what = _NAMES.get(trouble.what) or f"share of articles with the field {trouble.what}"
    kind = f" ({trouble.kind})" if trouble.kind not in ("", "article") else ""
    since = _moment(trouble.since)
    if trouble.what == CRAWLED:
        if trouble.ended is None:
            return f"{trouble.source}: no crawl since {since}; usually there is one every {interval(trouble.before)}."
        return f"{trouble.source}: is crawled again."
    if trouble.what in QUIET:
        if trouble.ended is None:
            usual = f"{trouble.before:.0f}" if trouble.before >= 1.5 else f"{trouble.before:.1f}"
            return (
                f"{trouble.source}: {trouble.after:.0f} articles {_COUNTED[trouble.what]} since {since}; "
                f"usual would be about {usual}."
            )
        return f"{trouble.source}: as many articles as usual are {_COUNTED[trouble.what]} again."
    if trouble.ended is None:
        before, after = (_figure(trouble.what, value) for value in (trouble.before, trouble.after))
        return f"{trouble.source}{kind}: the {what} fell from {before} to {after}, first seen in a page of {since}."
    if trouble.decided == "released":
        return f"{trouble.source}{kind}: the {what} since {since} is as it should be, {trouble.who} says."
    if trouble.until in (None, trouble.since):
        return f"{trouble.source}{kind}: the {what} since {since} is well again in the pages of that time too."
    return f"{trouble.source}{kind}: the {what} is well again from the pages of {_moment(trouble.until or '')} on."


_COUNTED = {"announced": "announced", "captured": "captured anew"}
_NAMES = {
    LENGTH: "usual length of the texts",
    AGREEMENT: "agreement of the texts with a second reading of their pages",
    ARTICLES: "share of pages that yield an article",
}


def _figure(what: str, value: float) -> str:
    return f"{value:.0f} characters" if what == LENGTH else f"{value:.0%}"


def _moment(date: str) -> str:
    return f"{date[:10]} {date[11:16]} UTC" if date[11:] else date


def _key(trouble: Trouble, *, is_over: bool = False) -> str:
    return f"{'over' if is_over else 'begun'} {trouble.id}"


def _alarm(catalogue: Catalogue, source: str, troubles: Sequence[Trouble], *, is_over: bool) -> Alarm:
    return Alarm(
        source=source,
        is_over=is_over,
        troubles=tuple(_worst_first(troubles)),
        quarantined=catalogue.quarantined(source),
    )


def _worst_first(troubles: Iterable[Trouble]) -> list[Trouble]:
    return sorted(troubles, key=lambda t: (not t.holds, t.since, t.kind, t.what))
