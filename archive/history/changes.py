"""`settle_changes`: works out what became of articles between the looks that the archive took at them.

An article is **edited** when its headline, standfirst, text or posts differ from those at the look before, at the same
address. The edit is silent if the page's modified date did not move, nor a note of correction came with it.

It is **gone** when its address answers 404, 410 or 451, leads to the front page, to a section above it or to another
page where articles are announced, or still answers, but the text is no longer there. 410 and 451 are final. All else
counts as certain when it was seen twice, an hour or more apart, and the article not in between; until then the row says
that it is not confirmed, and if the article is there at the next look, the row goes. Errors (5xx, 401, 403, 429),
cut answers and no answers are no looks at all. An article is **back** when it is seen after it was gone for certain.

All of this follows from the catalogue and the archive's texts, so it can be done again at any time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import or_, select

from archive.article import Article
from archive.catalogue import Catalogue, schema
from archive.catalogue.changes import What, mask
from archive.catalogue.rows import Row
from archive.errors import ArchiveError, StoreError
from archive.history.difference import Difference, difference
from archive.history.edits import Edit, edits_of, is_minor
from archive.history.history import read_article
from archive.history.notes import correction_note
from archive.history.takedown import Takedown, Takedowns
from archive.storage import Store

__all__ = ["CONFIRMED_AFTER", "settle_changes"]

CONFIRMED_AFTER = dt.timedelta(hours=1)
"""Between the first look that finds an article gone and one that confirms it."""
_MOST_KEYS = 50
"""Addresses of one article; a page under so many names is no article."""
_MOST_EDITS, _LONGEST = 12, 300
"""Edits that a row tells of, and characters of each; the comparison of the two versions has all."""
_JUDGED = ("kinds", "is_minor", "is_silent", "told", "same_reader", "words_added", "words_removed", "details")


def settle_changes(store: Store, catalogue: Catalogue) -> list[str]:
    """Work out the changes at the addresses where something new was seen since the last time.

    Returns one sentence for each article whose texts can't be read. Raises `StoreError` if the catalogue can't be used.
    """
    problems: list[str] = []
    waiting = dict.fromkeys(catalogue.unsettled())
    while waiting:
        story = _Story(store, catalogue, next(iter(waiting)))
        rows: list[Row] | None = []
        try:
            rows = list(story.changes())
        except ArchiveError as error:
            problems.append(f"What changed in {story.name} can't be told: {error}")
            if isinstance(error, StoreError):  # the disk's fault, not the text's: it is tried again next time
                rows = None
        if rows is not None:
            catalogue.replace_changes(story.keys, rows)
        for key in story.keys:
            waiting.pop(key, None)
    return problems


class _Look(msgspec.Struct):
    """What one address showed last."""

    reading: Row
    page: str
    """The response that it was read from."""
    last_seen: str
    gone: tuple[Row, Takedown] | None = None
    """The first look since that did not find it."""


class _Story:
    """All that was seen of an article, at all addresses that showed it."""

    def __init__(self, store: Store, catalogue: Catalogue, key: str) -> None:
        self._store, self._catalogue = store, catalogue
        self.keys: list[str] = [key]
        self._readings = self._find(key)
        self._looks: dict[str, _Look] = {}
        self._told: dict[str, str] = {}
        """By digest of the content after a change, the address where it was seen first."""
        self._gone: Row | None = None
        """The row that says that the article is gone, while it is."""
        self._takedowns = Takedowns(store, catalogue)
        self._article = lru_cache(maxsize=4)(lambda version: read_article(store, self._by_id[version]))

    @property
    def name(self) -> str:
        """Its address, for a sentence."""
        return next((row["article"] for row in self._readings.values()), self.keys[0])

    def _find(self, key: str) -> dict[str, Row]:
        """Of each page at all addresses what was read from it last; sets `keys`."""
        c, v = schema.captures.c, schema.versions.c
        articles: set[str] = set()
        readings: list[Row] = []
        found, keys = [key], {key}
        while found and len(keys) <= _MOST_KEYS:
            pages = select(c.id).where(c.url_key.in_(found))
            rows = self._catalogue.rows(
                select(v.article).where(v.capture.in_(pages), v.article.not_in(articles)).distinct()
            )
            new = {row["article"] for row in rows}
            articles |= new
            others = select(c.url_key).where(c.id == v.capture, v.article.in_(new)).distinct() if new else None
            found = sorted({r["url_key"] for r in self._catalogue.rows(others)} - keys) if others is not None else []
            keys |= set(found)
        self.keys = sorted(keys)
        if articles:
            pages = select(c.id).where(c.url_key.in_(self.keys))
            query = select(schema.versions).where(or_(v.article.in_(articles), v.capture.in_(pages)))
            readings = self._catalogue.rows(query.order_by(v.extracted, v.id))
        self._by_id = {row["id"]: row for row in readings}
        self._quarantined = {row["capture"] for row in readings if row["is_quarantined"]}
        return {row["capture"]: row for row in readings if not row["is_quarantined"]}

    def changes(self) -> Iterator[Row]:
        """Rows of the table. Raises `ArchiveError` for texts that can't be read."""
        if not self._readings:
            return
        c, t = schema.captures, schema.changes
        known = self._catalogue.rows(select(t).where(t.c.url_key.in_(self.keys), t.c.after.is_not(None)))
        self._judged = {(row["before"], row["after"]): {name: row[name] for name in _JUDGED} for row in known}
        query = select(c).where(c.c.url_key.in_(self.keys), c.c.method == "GET", c.c.truncated.is_(None))
        rows: dict[str, Row] = {}
        for look in self._catalogue.rows(query.order_by(c.c.date, c.c.file, c.c.offset)):
            page = look["refers_to"] or look["id"]
            reading = self._readings.get(page)
            if reading is None and page in self._quarantined:
                continue  # what was read is not to be trusted
            row = self._shown(look, page, reading) if reading else self._not_shown(look)
            if row is not None:
                rows[row["id"]] = row
            if self._gone is None:  # what was not confirmed was a passing trouble
                rows = {n: r for n, r in rows.items() if r["is_confirmed"]}
        yield from rows.values()

    # An article was read

    def _shown(self, look: Row, page: str, reading: Row) -> Row | None:
        known = self._looks.get(look["url_key"])
        if known and known.page != page and (takedown := self._emptied(look, known, reading)):
            return self._missing(look, known, takedown)
        self._looks[look["url_key"]] = _Look(reading, page, look["date"])
        gone, self._gone = self._gone, None
        if gone is not None and gone["is_confirmed"]:
            before = self._by_id[gone["before"]]
            return self._row("back", look, gone["since"], before, reading)
        if known is None or known.reading["content_digest"] == reading["content_digest"]:
            return None
        digest, key = reading["content_digest"], look["url_key"]
        if self._told.setdefault(digest, key) != key:  # the same edit, seen at another address
            return None
        row = self._row("edited", look, known.last_seen, known.reading, reading)
        return row if row["kinds"] else None

    def _emptied(self, look: Row, known: _Look, reading: Row) -> Takedown | None:
        if known.reading["content_digest"] == reading["content_digest"]:
            return None
        before, after = self._article(known.reading["id"]), self._article(reading["id"])
        return self._takedowns.of_stub(self._page_of(look), before, after)

    def _page_of(self, look: Row) -> Row:
        return look if look["kind"] == "response" else self._catalogue.capture(look["refers_to"]) or look

    # None was

    def _not_shown(self, look: Row) -> Row | None:
        known = self._looks.get(look["url_key"])
        if known is None:
            return None
        takedown = self._takedowns.of_answer(look)
        if takedown is None and look["status"] == 200:
            takedown = self._takedowns.of_page(self._page_of(look), self._article(known.reading["id"]))
        return self._missing(look, known, takedown) if takedown else None

    def _missing(self, look: Row, known: _Look, takedown: Takedown) -> Row | None:
        """The row for an article that was not found."""
        known.gone = known.gone or (look, takedown)
        if self._gone is not None:
            if not self._gone["is_confirmed"] and (takedown.is_final or _apart(self._gone["since"], look["date"])):
                self._gone |= {"is_confirmed": True, "date": look["date"]}
            return self._gone
        if any(not other.gone and other.last_seen > known.last_seen for other in self._looks.values()):
            return None  # it is still there at another address
        first, why = known.gone
        row = self._row("gone", first, known.last_seen, known.reading, None)
        is_certain = why.is_final or takedown.is_final or _apart(first["date"], look["date"])
        date = look["date"] if is_certain else first["date"]
        self._gone = row | {"why": why.why, "target": why.target, "is_confirmed": is_certain, "date": date}
        return self._gone

    # Rows

    def _row(self, what: What, look: Row, last_seen: str, before: Row, after: Row | None) -> Row:
        latest = after or before
        return {
            "id": look["id"],
            "source": look["source"],
            "article": before["article"],
            "url": look["url"],
            "url_key": look["url_key"],
            "what": what,
            "date": look["date"],
            "since": look["date"],
            "last_seen": last_seen,
            "is_confirmed": True,
            "why": None,
            "target": None,
            "before": before["id"],
            "after": after["id"] if after else None,
            "headline": latest["headline"],
            "language": latest["language"],
            **self._judgement(what, before, after),
        }

    def _judgement(self, what: What, before: Row, after: Row | None) -> dict[str, Any]:
        if after is None or before["content_digest"] == after["content_digest"]:
            return _NOTHING
        if (judged := self._judged.get((before["id"], after["id"]))) is None:
            judged = _judge(self._article(before["id"]), self._article(after["id"]))
        return judged if what == "edited" else judged | {"is_silent": False}


def _apart(one: str, other: str) -> bool:
    return dt.datetime.fromisoformat(other) - dt.datetime.fromisoformat(one) >= CONFIRMED_AFTER


def _judge(before: Article, after: Article) -> dict[str, Any]:
    """What there is to say of an edit."""
    found = difference(before, after)
    edits = edits_of(before, after, found)
    same_reader = before.trace.extractor == after.trace.extractor
    note = correction_note(before, after) if edits else None
    told = "note" if note else "modified" if _is_dated_anew(before, after) or _is_dated(found, edits) else None
    counts = found.summary
    return {
        "kinds": mask(kind for edit in edits for kind in edit.kinds),
        "is_minor": bool(edits) and is_minor(edits),
        "is_silent": bool(edits) and told is None and same_reader,
        "told": told,
        "same_reader": same_reader,
        "words_added": counts.words_added,
        "words_removed": counts.words_removed,
        "details": _details(
            edits=[_short(edit) for edit in edits[:_MOST_EDITS]],
            left_out=max(0, len(edits) - _MOST_EDITS),
            note=note and note[:_LONGEST],
            modified=[before.modified, after.modified],
        ),
    }


def _is_dated_anew(before: Article, after: Article) -> bool:
    """Whether the page tells another time of its last change, or of its publication."""
    if after.modified and after.modified != (before.modified or before.published):
        return True
    return before.published is not None and after.published not in (None, before.published)


def _is_dated(found: Difference, edits: Iterable[Edit]) -> bool:
    """Whether all that came are new posts of a live blog, which tell their own time."""
    dated = {number for number, post in enumerate(found.updates) if post.kind == "added" and post.published}
    return all(edit.place == "updates" and edit.paragraph_after in dated for edit in edits)


def _short(edit: Edit) -> Edit:
    return msgspec.structs.replace(edit, before=_cut(edit.before), after=_cut(edit.after))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _details(**facts: Any) -> str:
    return msgspec.json.encode(facts).decode()


_NOTHING: dict[str, Any] = {
    "kinds": 0,
    "is_minor": False,
    "is_silent": False,
    "told": None,
    "same_reader": True,
    "words_added": 0,
    "words_removed": 0,
    "details": _details(edits=[], left_out=0, note=None, modified=None),
}
