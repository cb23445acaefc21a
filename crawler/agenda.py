"""`Agenda`: what a run of a source is to fetch now, from what the catalogue knows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import msgspec
from sqlalchemy import text

from archive import clock
from archive.capture import Capture, Lead
from archive.catalogue import Catalogue
from archive.catalogue.pages import date_of
from archive.catalogue.rows import Row, capture_from
from archive.records import iso
from archive.validators import Validators
from crawler.cadence import Listing, Page, Rates, Watch, next_look, next_visit, share_of_age, spread
from crawler.source import Source

__all__ = ["READ_LEFT", "Agenda", "Due", "next_due"]

_BACK = dt.timedelta(days=45)
"""Announcements older than this are no longer waited for."""
_LEARNED_IN = dt.timedelta(days=120)
_LISTED = dt.timedelta(days=35)
"""Visits of listings that their rhythm is learned from."""
_BANNED = dt.timedelta(days=30)
"""How long a host whose 304 was wrong is not asked conditionally."""
_AUDITED = 24
"""One of so many visits is unconditional."""
_QUICK = 6
"""Failures in a row after which a page waits for its turn even though its site answers again."""

_MAY_BE_DUE = """
    NOT is_listing AND julianday(last) + min(
        CASE WHEN outcome <> 'ok' THEN :least / 4 WHEN is_live THEN :live ELSE
        0.85 * max(:least, CASE WHEN changes = 0 THEN :share ELSE 0.25 END * (julianday(last) - julianday(changed)))
        END, 0.85 * :most) <= julianday(:until) AND julianday(last) - julianday(changed) < :end
"""
"""What `crawler.cadence.next_visit` can't give a date before `:until` is passed over unseen."""
_WATCHED = """
    SELECT f.url, f.started, f.status, c.truncated, c.id, r.reason
    FROM fetches f INDEXED BY fetches_of_listings
    LEFT JOIN captures c ON c.id = f.capture LEFT JOIN runs r ON r.id = f.run
    WHERE f.source = :source AND f.started >= :since AND f.started <= :until AND f.lead_kind = 'source'
    ORDER BY f.started
"""
_ANNOUNCED = """
    SELECT capture, sum(
        EXISTS (SELECT 1 FROM leads o WHERE o.url = l.url AND o.via = l.via AND o.seen < l.seen)
        OR NOT EXISTS (SELECT 1 FROM leads o WHERE o.url = l.url AND +o.source = l.source AND o.via <> l.via
                       AND (o.seen < l.seen OR (o.seen = l.seen AND o.via < l.via)))) AS news
    FROM leads l WHERE l.source = :source AND l.seen >= :since AND l.is_article GROUP BY capture
"""
"""What each capture of a listing announced anew that no other listing had announced."""
_SIGNALLED = """
    SELECT DISTINCT l.url FROM leads l JOIN pages p ON p.source = l.source AND p.url = l.url
    WHERE l.source = :source AND l.seen >= :since AND l.is_article AND l.announced IS NOT NULL
          AND l.seen > substr(p.last, 1, 19) || 'Z'
          AND EXISTS (SELECT 1 FROM leads o WHERE o.url = l.url AND o.via = l.via AND o.seen < l.seen
                      AND o.announced IS NOT NULL AND o.announced <> l.announced)
"""
READ_LEFT = "newswarc/pages/left"
"""The statistic of a run that has read what runs before it had captured and not read: how many pages that were."""
_LEFT = f"""
    SELECT c.* FROM runs r JOIN fetches f ON f.run = r.id JOIN captures c ON c.id = f.capture
    WHERE r.source = :source AND r.started >= :since AND r.reason IS NOT 'finished' AND r.started >= ifnull(
              (SELECT max(started) FROM runs WHERE source = :source AND reason = 'finished' AND started >= :since
               AND instr(stats, '"{READ_LEFT}"')), '')
          AND ifnull(f.lead_kind, '') NOT IN ('robots', 'requisite', 'source')
          AND c.kind = 'response' AND c.method = 'GET' AND c.status = 200 AND c.truncated IS NULL
          AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.capture = c.id)
    ORDER BY c.date, c.id
"""  # noqa: S608 - made of constants
"""What runs since the last one that has read what was left have captured and not read: those that were killed, or only
looked. Other runs that were finished, of given pages or of another command, have not read it."""
_RATES = """
    SELECT sum(changes) AS changes, sum(exposure) AS exposure, sum(signals) AS signals,
           sum(signals_changed) AS signals_changed
    FROM pages WHERE source = :source AND NOT is_listing AND last >= :since
"""
_SPENT = """
    SELECT count(*) AS spent FROM fetches WHERE source = :source AND started >= :since AND started <= :until
    AND ifnull(lead_kind, '') NOT IN ('robots', 'requisite', 'source') AND outcome <> 'robots'
"""
_LIED = "lied IS NOT NULL AND lied >= :lied"


class Due(msgspec.Struct, frozen=True):
    """A page that is to be fetched, and how."""

    url: str
    lead: Lead
    validators: Validators = Validators()
    """Empty: it is asked for whatever the server says."""


class Agenda:
    """What is to be fetched for a source at one time.

    Times are those of `archive.clock`; what the catalogue tells of later ones was written by a clock that was wrong,
    and is passed over.
    """

    def __init__(self, catalogue: Catalogue, source: Source) -> None:
        self._catalogue, self._source, self._cadence = catalogue, source, source.cadence
        rates = catalogue.rows(text(_RATES), self._values(_LEARNED_IN))[0]
        self.rates = Rates(**{name: value or 0 for name, value in rates.items()})
        lied = catalogue.pages_where(source.name, _LIED, {"lied": iso(self._time - _BANNED)}, self._now)
        self.liars = {_host(row["url"]) for row in lied if row["lied"] and row["lied"] >= iso(self._time - _BANNED)}
        """Hosts that said of a changed page that it had not changed."""
        self._watched: dict[str, list[Watch]] | None = None

    @property
    def _time(self) -> dt.datetime:
        return clock.now()

    @property
    def _now(self) -> str:
        return iso(self._time, exact=True)

    def _values(self, back: dt.timedelta) -> dict[str, Any]:
        return {"source": self._source.name, "since": iso(self._time - back), "until": self._now}

    # Listings

    @property
    def listings(self) -> dict[str, list[Watch]]:
        """The visits of each listing of the source, oldest first."""
        if self._watched is None:
            values = self._values(_LISTED)
            news = {row["capture"]: row["news"] for row in self._catalogue.rows(text(_ANNOUNCED), values)}
            self._watched = {}
            for row in self._catalogue.rows(text(_WATCHED), values):
                is_answered = bool(row["status"] and row["status"] < 400 and row["truncated"] is None)
                if is_answered and row["reason"] != "finished" and row["id"] not in news:
                    continue  # the run was killed, perhaps before it had read it
                watch = Watch(dt.datetime.fromisoformat(row["started"]), news.get(row["id"], 0), is_answered)
                self._watched.setdefault(row["url"], []).append(watch)
        return self._watched

    def is_due(self, listing: str, announced: str | None = None) -> bool:
        """Whether a feed, sitemap or section page is to be looked at now; an index may have given it a date."""
        visits = self.listings.get(listing, [])
        look = next_look(Listing(listing, visits), self._cadence)
        if look is None or look <= self._time:
            return True
        return bool(announced and (date := date_of(announced)) and date > visits[-1].at)

    def is_read(self, capture: Capture) -> bool:
        """Whether a listing that was fetched says what it said before, and that was read."""
        return capture.kind == "revisit" and self._catalogue.has_ended(capture.refers_to or "", self._source.name)

    def known(self, urls: Iterable[str]) -> set[str]:
        """Those of these pages that have been visited."""
        return set(self._catalogue.pages(self._source.name, list(urls), self._now))

    def listing(self, url: str, lead: Lead) -> Due:
        """How a listing is asked for."""
        row = self._catalogue.pages(self._source.name, [url], self._now).get(url)
        return Due(url, lead, self._validators(row, dt.timedelta(days=1)) if row else Validators())

    # Articles

    @property
    def left(self) -> int:
        """How many articles may still be asked for, in this run and today."""
        (row,) = self._catalogue.rows(text(_SPENT), self._values(dt.timedelta(days=1)))
        return max(0, min(self._cadence.pages_a_run, self._cadence.pages_a_day - int(row["spent"])))

    def unanswered(self) -> Iterator[Due]:
        """Articles that were announced, in this run or before, and never answered; those that failed wait a while."""
        leads = self._catalogue.unanswered(self._source.name, iso(self._time - _BACK))
        known = self._catalogue.pages(self._source.name, [lead["url"] for lead in leads], self._now)
        answers = max((watch.at for of in self.listings.values() for watch in of if watch.is_answered), default=None)
        for lead in leads:
            row = known.get(lead["url"])
            if row is None or self._is_worth_trying(self._page(row), answers):
                yield Due(lead["url"], Lead(kind=lead["kind"], via=lead["via"], announced=lead["announced"]))

    def _is_worth_trying(self, page: Page, answers: dt.datetime | None) -> bool:
        if answers and page.outcome == "failed" and page.streak < _QUICK and page.last < answers:
            return True  # the site was down, and is no longer
        visit = next_visit(page, self._cadence)
        return visit is not None and visit <= self._time

    def unread(self) -> list[Capture]:
        """Articles that runs captured before they were killed, or only looked at: they are read from the archive.

        They are fetched again when their turn comes, like all others. A run that reads them says so in `READ_LEFT`.
        """
        rows = self._catalogue.rows(text(_LEFT), self._values(_BACK))
        return [capture_from(row) for row in rows if self._source.is_article(row["url"])]

    def again(self, urls: Iterable[str] | None = None) -> Iterator[Due]:
        """Articles that are due for another look, the most urgent first; of `urls`, or all."""
        name, signalled = self._source.name, self._signalled()
        rows: Iterable[Row]
        if urls is not None:
            rows = self._catalogue.pages(name, list(urls), self._now).values()
        else:
            rows = list(self._catalogue.pages_where(name, _MAY_BE_DUE, self._soonest(self._time), self._now))
            known = {row["url"] for row in rows}
            rows += self._catalogue.pages(name, sorted(signalled - known), self._now).values()
        found = []
        for row in rows:
            if not self._is_watched(row):
                continue
            visit = self._next(row)
            late = (self._time - visit) / dt.timedelta(hours=1) if visit else -1.0
            if row["url"] in signalled:
                late = max(late, 0.0) + 1e6
            if late >= 0:
                found.append((late / (1 + self._age(row)), row))
        found.sort(key=lambda item: (-item[0], item[1]["url"]))
        for _, row in found:
            yield Due(row["url"], Lead(kind="again"), self._validators(row, self._cadence.audit))

    def _is_watched(self, row: Row) -> bool:
        """Whether a page is an article that was seen, or was said not to be there."""
        if row["is_listing"] or (row["body"] is None and row["outcome"] not in ("gone", "refused")):
            return False
        return self._source.is_article(row["url"])

    def _signalled(self) -> set[str]:
        """Articles that a listing has given another date since they were visited."""
        if self.rates.cries_wolf:
            return set()
        return {row["url"] for row in self._catalogue.rows(text(_SIGNALLED), self._values(_BACK))}

    def _soonest(self, until: dt.datetime) -> dict[str, Any]:
        day, cadence = dt.timedelta(days=1), self._cadence
        return {
            "least": cadence.article_soonest / day,
            "most": cadence.article_latest / day,
            "live": min(cadence.live, cadence.article_soonest) / day,
            "end": cadence.article_end / day,
            "share": share_of_age(0, 0.0, cadence, self.rates),
            "until": iso(until, exact=True),
        }

    def _age(self, row: Row) -> float:
        return max(0.0, (self._time - dt.datetime.fromisoformat(row["changed"])) / dt.timedelta(hours=1))

    def _next(self, row: Row) -> dt.datetime | None:
        return next_visit(self._page(row), self._cadence, self.rates)

    def _page(self, row: Row) -> Page:
        moment = dt.datetime.fromisoformat
        return Page(
            url=row["url"],
            born=moment(row["born"]),
            last=moment(row["last"]),
            changed=moment(row["changed"]),
            changes=row["changes"],
            exposure=row["exposure"],
            outcome=row["outcome"],
            streak=row["streak"],
            is_live=bool(row["is_live"]),
        )

    def _validators(self, row: Row, audit: dt.timedelta) -> Validators:
        """What a page is asked for with, unless it is to be had whatever the server says."""
        if row["body"] is None or row["full"] is None or _host(row["url"]) in self.liars:
            return Validators()
        if self._time - dt.datetime.fromisoformat(row["full"]) >= audit:
            return Validators()
        if spread(row["url"], str(row["visits"])) * _AUDITED < 1 or not self._was_read(row):
            return Validators()
        return Validators(row["etag"], row["last_modified"])

    def _was_read(self, row: Row) -> bool:
        """Whether what the page showed last has been dealt with: a run that was cut short may have left it."""
        return self._catalogue.is_dealt_with(row["body"], self._source.name)

    def next(self) -> dt.datetime:
        """When something is due."""
        looks = [next_look(Listing(url, of), self._cadence) or self._time for url, of in self.listings.items()]
        known = {urljoin(self._source.home, url) for url in self._source.listings}
        if known - self.listings.keys() or any(True for _ in self.unanswered()):
            return self._time
        soonest = min(looks, default=self._time + self._cadence.listing_latest)
        for row in self._catalogue.pages_where(self._source.name, _MAY_BE_DUE, self._soonest(soonest), self._now):
            if self._is_watched(row) and (visit := self._next(row)):
                soonest = min(soonest, visit)
        return max(soonest, self._time)


def next_due(catalogue: Catalogue, source: Source) -> dt.datetime:
    """When it is worth running a source again: now, or when the next page of it is due (UTC).

    `catalogue` may be one that is read only. A run before that fetches nothing but robots.txt.
    """
    return Agenda(catalogue, source).next()


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
