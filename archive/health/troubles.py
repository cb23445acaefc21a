"""`Trouble`: something of a source that has fallen, since when, and what becomes of its texts meanwhile.

A trouble that `holds` keeps the texts of its source and kind in quarantine: those of pages that were captured from its
`since` on, and before its `until` once all is well again. They stand in the archive like all others, but nobody is
shown them who does not ask for them. What a trouble has come to is a JSON record among the derived ones each time; the
latest counts.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import text

from archive.catalogue import Catalogue
from archive.catalogue.quiet import Quiet, left_alone, quiet
from archive.catalogue.rows import Row
from archive.clock import now
from archive.health.judgement import ARTICLES, SERIES, Fall, Page, fall, recovery
from archive.records import iso
from archive.warc import new_id

__all__ = ["CRAWLED", "QUARANTINE_FOR", "QUIET", "Trouble", "decided", "judge", "latest", "troubles_of"]

QUARANTINE_FOR = ("length", "agreement", "headline", "published", "authors")
"""Falls of these put texts in quarantine; of others there is only an alarm: the texts are right without them."""

QUIET = ("announced", "captured")
"""What a source has less of than usual when it goes quiet, see `archive.catalogue.quiet`."""
CRAWLED = "crawled"
"""Of a source that is no longer crawled."""

_BEFORE, _AFTER = 200, 2000
"""Pages before a fall that it is measured by, and pages since then that are looked at."""
_READ = text(
    "SELECT v.article, v.date, v.fields, v.text_length, v.agreement, v.is_quarantined FROM versions v"
    " WHERE v.source = :source AND v.kind = :kind AND v.date >= :since AND v.date < :until AND NOT EXISTS ("
    " SELECT 1 FROM versions n WHERE n.capture = v.capture AND (n.extracted, n.id) > (v.extracted, v.id))"
    " ORDER BY v.date DESC, v.capture DESC LIMIT :limit"
)
"""Of each capture what was read from it last, newest capture first."""
_FETCHED = text(
    "SELECT c.url AS article, c.date, EXISTS (SELECT 1 FROM versions v WHERE v.capture = c.id) AS is_read"
    " FROM captures c WHERE c.source = :source AND c.date >= :since AND c.date < :until AND c.kind = 'response'"
    " AND c.method = 'GET' AND c.truncated IS NULL AND c.mime IN ('text/html', 'application/xhtml+xml')"
    " AND c.status IN (200, 401, 402, 403) AND EXISTS (SELECT 1 FROM fetches f WHERE f.url = c.url"
    " AND f.capture = c.id AND f.lead_kind NOT IN ('robots', 'requisite', 'source'))"
    " ORDER BY c.date DESC, c.id DESC LIMIT :limit"
)
"""The pages that a listing announced or that were asked for by name, newest first."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that has fallen."""

    id: str
    source: str
    kind: str
    """Of the articles; empty: of all the source's pages."""
    what: str
    """See `archive.health.judgement.Fall`; or one of `QUIET`, or `CRAWLED`."""
    since: str
    """WARC-Date of the first capture from which it holds."""
    found: str
    """When it was found, to the second."""
    before: float
    after: float
    holds: bool
    """The texts are in quarantine."""
    until: str | None = None
    """WARC-Date of the first capture from which all is well again."""
    ended: str | None = None
    """When that was found, or somebody said that it is no trouble."""
    decided: Literal["kept", "released"] | None = None
    """What a person said of the texts."""
    who: str | None = None
    made: str = ""
    """When this was written, to the microsecond."""


def troubles_of(catalogue: Catalogue, source: str | None = None) -> list[Trouble]:
    """The troubles of a source, or of all, oldest first."""
    return [_trouble(row) for row in catalogue.troubles(source)]


def judge(catalogue: Catalogue, source: str, quarantine_for: Collection[str] = QUARANTINE_FOR) -> Iterator[Trouble]:
    """The troubles of a source that have begun, ended or let go of their texts since they were written last.

    It has just been crawled; of the others those are told that are no longer crawled, since no run of theirs will.
    """
    known = troubles_of(catalogue, source)
    for kind in ("", *catalogue.kinds(source)):
        for what in SERIES:
            if (what == ARTICLES) == (kind == ""):
                mine = [trouble for trouble in known if (trouble.kind, trouble.what) == (kind, what)]
                yield from _Case(catalogue, source, kind, what, mine).news(what in quarantine_for)
    yield from _silence(catalogue, source, [trouble for trouble in known if trouble.what in (*QUIET, CRAWLED)])
    yield from _left_alone(catalogue, source)


def _left_alone(catalogue: Catalogue, source: str) -> Iterator[Trouble]:
    """The sources beside this one that are no longer crawled, unless that was told."""
    moment = now()
    for one in left_alone(catalogue, moment.date()):
        known = troubles_of(catalogue, one.source)
        if one.source != source and all(trouble.ended for trouble in known if trouble.what == CRAWLED):
            # Two runs that end at once may both find it: it is one trouble.
            name = uuid.uuid5(uuid.NAMESPACE_URL, f"newswarc:{one.source}:{one.what}:{one.since}").urn
            yield _begun(name, one, moment)


def _begun(record_id: str, one: Quiet, moment: dt.datetime) -> Trouble:
    return Trouble(
        id=record_id,
        source=one.source,
        kind="",
        what=one.what,
        since=one.since,
        found=iso(moment),
        before=one.expected,
        after=one.found,
        holds=False,
        made=iso(moment, exact=True),
    )


def _silence(catalogue: Catalogue, source: str, known: list[Trouble]) -> Iterator[Trouble]:
    """Whether a source that was just crawled has gone quiet, or prints again."""
    moment = now()
    found: dict[str, Quiet] = {one.what: one for one in quiet(catalogue, source, moment.date()) if one.what in QUIET}
    made = iso(moment, exact=True)
    for trouble in known:
        if trouble.ended is None and found.pop(trouble.what, None) is None:
            yield msgspec.structs.replace(trouble, ended=iso(moment), until=str(moment.date()), made=made)
    for one in found.values():
        yield _begun(new_id(), one, moment)


def latest(catalogue: Catalogue, source: str, kind: str, number: int) -> list[Page]:
    """The latest pages of a source's articles of one kind, oldest first."""
    return [page for page, _ in _Case(catalogue, source, kind, "", [])._pages("", "~", number)]


def decided(troubles: Sequence[Trouble], verdict: Literal["kept", "released"], who: str) -> Iterator[Trouble]:
    """What a person's verdict makes of troubles: texts are kept in quarantine for good, or released, and what they
    are like is what the source is measured by from now on.
    """
    moment = now()
    for trouble in troubles:
        if trouble.decided != verdict and (trouble.ended is None or trouble.holds):
            made = msgspec.structs.replace(trouble, decided=verdict, who=who, made=iso(moment, exact=True))
            if verdict == "released":
                made = msgspec.structs.replace(made, holds=False, ended=made.ended or iso(moment))
            yield made


class _Case(msgspec.Struct):
    """One thing measured of a source's articles of one kind."""

    catalogue: Catalogue
    source: str
    kind: str
    what: str
    known: list[Trouble]

    def news(self, holds: bool) -> Iterator[Trouble]:
        """What is to be written."""
        is_open = False
        for trouble in self.known:
            is_open |= trouble.ended is None
            if trouble.ended is None or (trouble.holds and trouble.decided is None):
                yield from self._again(trouble)
        if not is_open and (found := fall(self.what, self._history("~", _BEFORE))):
            moment = now()
            yield Trouble(
                id=new_id(),
                source=self.source,
                kind=self.kind,
                found=iso(moment),
                holds=holds,
                made=iso(moment, exact=True),
                **msgspec.structs.asdict(found),
            )

    def _again(self, trouble: Trouble) -> Iterator[Trouble]:
        """Whether a trouble is over, or the texts that it held are well by now."""
        fallen = Fall(what=self.what, since=trouble.since, before=trouble.before, after=trouble.after)
        after = self._pages(trouble.since, trouble.until or "~", _AFTER)
        found = recovery(fallen, self._history(trouble.since, _BEFORE), [page for page, _ in after])
        if found is None or (trouble.ended and not found.is_whole):
            return
        moment, holds = now(), trouble.holds and (not found.is_whole or trouble.decided == "kept")
        until = iso(moment) if holds and found.is_whole else found.since or trouble.since
        yield msgspec.structs.replace(
            trouble,
            until=trouble.until or until,
            ended=trouble.ended or iso(moment),
            holds=holds,
            made=iso(moment, exact=True),
        )

    def _history(self, until: str, limit: int) -> list[Page]:
        """What the source is measured by: its pages outside of all troubles, since somebody last said what is right."""
        since = max((t.since for t in self.known if t.decided == "released"), default="")
        over = [(t.since, t.until) for t in self.known if t.until and t.decided != "released"]
        return [
            page
            for page, is_quarantined in self._pages(since, until, limit)
            if not is_quarantined and not any(begin <= page.date < end for begin, end in over)
        ]

    def _pages(self, since: str, until: str, limit: int) -> list[tuple[Page, bool]]:
        """Pages, oldest first, each once a day, and whether they are in quarantine."""
        values = {"source": self.source, "since": since, "until": until, "limit": limit}
        rows = self.catalogue.rows(
            _READ if self.kind else _FETCHED, values | ({"kind": self.kind} if self.kind else {})
        )
        seen: dict[tuple[str, str], Row] = {}
        for row in rows:
            seen.setdefault((row["article"], row["date"][:10]), row)
        return [(_page(row), bool(row.get("is_quarantined"))) for row in reversed(seen.values())]


def _page(row: Row) -> Page:
    if "is_read" in row:
        return Page(date=row["date"], is_read=bool(row["is_read"]))
    agreement = row["agreement"]
    return Page(
        date=row["date"],
        fields=frozenset(row["fields"].split()),
        length=row["text_length"],
        agreement=None if agreement is None else agreement / 1000,
    )


def _trouble(row: dict[str, Any]) -> Trouble:
    return msgspec.convert({name: row[name] for name in Trouble.__struct_fields__}, Trouble)
