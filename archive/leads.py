"""Leads: what a listing announces that it has not announced before, as records.

A listing is a feed, a sitemap or a section page. A URL is new in it, or has another date or another title than the
listing gave it last. What it says again is not written again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import itemgetter
from typing import Any, Literal

import msgspec

from archive.capture import Announcement, Capture
from archive.catalogue import Catalogue
from archive.records import facts_record
from archive.warc import Record

__all__ = ["Kind", "leads_records"]

Kind = Literal["feed", "sitemap", "section"]

_A_RECORD = 10_000
"""Leads that are compared and written at once: a sitemap has up to 50,000, and some have more."""
_FEW = 20


def leads_records(
    catalogue: Catalogue, capture: Capture, kind: Kind, leads: Iterable[Announcement]
) -> Iterator[tuple[list[Announcement], Record, dict[str, Any]]]:
    """What is new in a listing, the record that says so, and the facts in it.

    There is one record, or more for a long list, or none where nothing is new.
    """
    rest = (whole for lead in leads if (whole := _whole(lead)))
    seen: set[str] = set()
    while batch := list(islice(rest, _A_RECORD)):
        first = {lead.url: lead for lead in reversed(batch) if lead.url not in seen}
        seen |= first.keys()
        if new := _new(catalogue, capture.url, list(reversed(first.values()))):
            facts: dict[str, Any] = {
                "via": capture.url,
                "kind": kind,
                "capture": capture.id,
                "seen": capture.date,
                "leads": msgspec.to_builtins(new),
            }
            refers = [("WARC-Refers-To", f"<{capture.id}>")]
            yield new, facts_record(facts, "leads", capture.date, refers), facts


def _new(catalogue: Catalogue, via: str, leads: list[Announcement]) -> list[Announcement]:
    known = catalogue.last_leads(via, [lead.url for lead in leads])
    dates = {
        url: lead.announced for lead in leads if (url := lead.url) in known and _differs(lead.announced, known[url][0])
    }
    commonest, times = max(Counter(dates.values()).items(), key=itemgetter(1), default=(None, 0))
    if times > max(_FEW, len(known) // 2):  # the time when the listing was made: it says nothing of the pages
        dates = {url: date for url, date in dates.items() if date != commonest}
    return [
        lead for lead in leads if lead.url not in known or lead.url in dates or _differs(lead.title, known[lead.url][1])
    ]


def _whole(lead: Announcement) -> Announcement | None:
    """A lead without half characters, which JSON feeds may have; None if they stand in its URL."""
    if all(_is_whole(text) for text in (lead.url, lead.announced, lead.title, lead.summary)):
        return lead
    if not _is_whole(lead.url):
        return None
    told = {name: getattr(lead, name) for name in ("announced", "title", "summary")}
    mended = {name: text.encode("utf-8", "replace").decode() for name, text in told.items() if text is not None}
    return msgspec.structs.replace(lead, **mended)


def _is_whole(text: str | None) -> bool:
    return text is None or text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


def _differs(told: str | None, known: str | None) -> bool:
    return told is not None and told != known
