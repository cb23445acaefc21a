"""`History`: what became of an article, at all its addresses, as far as the archive saw it."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

import msgspec

from archive.article import Article
from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row, capture_from, url_key
from archive.errors import RecordError, StoreError
from archive.history.addresses import Address, Addresses
from archive.history.difference import Counts, difference
from archive.reader import StoredRecord, parse_member
from archive.storage import Store

__all__ = ["EarlierReading", "Event", "History", "Version", "article_at", "read_article"]

Kind = Literal["version", "unchanged", "confirmed", "gone", "failed", "redirected", "unread"]
_GONE = frozenset({404, 410, 451})


class EarlierReading(msgspec.Struct, frozen=True):
    """An earlier reading of the same capture: kept, but no longer what counts."""

    id: str
    """Record id of its conversion."""
    extracted: str
    extractor: str
    furniture: str | None
    """Digest of the list of recurring paragraphs that was used."""
    text_digest: str


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """The article as one capture showed it, in the reading that counts: the last one."""

    id: str
    """Record id of the conversion; two versions have the same one if the page went back to what it had been."""
    date: str
    """WARC-Date of `capture`."""
    capture: Capture
    """Where it was seen. A revisit, if the page had gone back to what it had been earlier."""
    page: str
    """Record id of the response that it was read from."""
    headline: str | None
    text_digest: str
    extracted: str
    extractor: str
    furniture: str | None
    readings: tuple[EarlierReading, ...] = ()
    """Earlier readings of the same capture, oldest first."""
    before: str | None = None
    """The version before, if there is one; it may be of another address."""
    changed: tuple[str, ...] = ()
    """What differs from it: `Difference.changed`. Nothing, if only furniture or our reading changed."""
    counts: Counts | None = None
    """How much of the text differs."""
    same_reader: bool = True
    """The version before was read with the same extractor and the same list of recurring paragraphs."""
    confirmed: tuple[Capture, ...] = ()
    """Later captures of the same address that found the page unchanged."""

    @property
    def is_return(self) -> bool:
        """Whether the page had gone back to what it had been earlier."""
        return self.capture.id != self.page


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the article, for a time line."""

    date: str
    kind: Kind
    """``version``: the first, or one that changed; ``unchanged``: the page changed, the article did not;
    ``confirmed``: the page did not change; ``gone``: 404, 410 or 451; ``failed``: other errors and no answer;
    ``redirected``: to an address that is not the article's; ``unread``: no article was read from the page."""
    url: str
    what: str
    """One sentence."""
    status: int | None = None
    capture: str | None = None
    version: str | None = None
    """The version that it shows or confirms."""


class History(msgspec.Struct, frozen=True, kw_only=True):
    """All that the archive saw of an article."""

    url: str
    """As it was asked for."""
    addresses: tuple[Address, ...]
    """That which was asked for first."""
    versions: tuple[Version, ...]
    """By date."""
    events: tuple[Event, ...]
    """By date."""

    @property
    def last_seen(self) -> str | None:
        """When the article was last seen there: WARC-Date of a version or of what confirmed it."""
        seen = [event.date for event in self.events if event.version]
        return seen[-1] if seen else None

    @property
    def is_gone(self) -> bool:
        """Whether every address that showed the article has answered since that there is nothing."""
        last = {url_key(event.url): event.kind for event in self.events if event.kind != "failed"}
        showed = {url_key(version.capture.url) for version in self.versions}
        return bool(showed) and all(last[key] == "gone" for key in showed)

    @classmethod
    def of(cls, store: Store, catalogue: Catalogue, url: str, shown: slice = slice(None)) -> History:
        """The history of the article at `url`: its own URL or any it was captured under, redirects included.

        Only the versions of events that are `shown` are read and compared, which takes most of the time. Of the others
        no change is known, nor by what they were read; their events are of the kind ``version``.

        Without versions or events if the archive has nothing of it. Raises `StoreError` or `RecordError` if what the
        catalogue names can't be read.
        """
        addresses = Addresses(store, catalogue, url)
        historian = _Historian(store, addresses)
        historian.walk()
        historian.read(shown)
        return cls(
            url=url,
            addresses=addresses.listed(),
            versions=tuple(historian.versions),
            events=tuple(historian.events),
        )


def article_at(store: Store, catalogue: Catalogue, version_id: str) -> Article:
    """The article of one version (record id of its conversion) as it was stored, text and trace included.

    Raises `StoreError` if there is no such version, or its file is missing or too short; `RecordError` if what lies
    there is something else.
    """
    return read_article(store, version_row(store, catalogue, version_id))


def version_row(store: Store, catalogue: Catalogue, version_id: str) -> Row:
    """The catalogue's row of a version. Raises `StoreError` if there is none."""
    try:
        row = catalogue.version(version_id)
    except UnicodeEncodeError:  # half characters, which no id has
        row = None
    if row is None:
        raise StoreError(f"{version_id[:80]!r}: there is no such text in the archive {store.root}.")
    return row


def read_article(store: Store, row: Row) -> Article:
    """The article of a row of the versions; raises as `article_at`."""
    details = _record(store, row, "details_")
    conversion = _record(store, row, "")
    try:
        if conversion.id != row["id"] or details.refers_to() != row["id"]:
            raise RecordError(f"{row['file']}, byte {row['offset']}: does not hold {row['id']}; run scrapy verify.")
        return msgspec.convert({**details.json()["article"], "text": conversion.block.decode()}, Article)
    except (KeyError, TypeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise RecordError(f"{row['id']}: has details that newswarc didn't write: {error}.") from error


def _record(store: Store, row: Row, prefix: str) -> StoredRecord:
    offset = row[f"{prefix}offset"]
    return parse_member(store.read(row["file"], offset, row[f"{prefix}length"]), offset)


class _Historian:
    """Goes through the captures of an article by date."""

    def __init__(self, store: Store, addresses: Addresses) -> None:
        self._store, self._addresses = store, addresses
        self._readings: defaultdict[str, list[Row]] = defaultdict(list)
        for row in addresses.versions():
            self._readings[row["capture"]].append(row)
        self._last: tuple[int, Article] | None = None
        self._shown: dict[str, int] = {}
        """By address, the place in `versions` of what it shows."""
        self.versions: list[Version] = []
        self.events: list[Event] = []

    def walk(self) -> None:
        for row in self._addresses.captures:
            page = row["id"] if row["kind"] == "response" else row["refers_to"]
            if page in self._readings:
                self._take(row, page)
            else:
                self._note(row)
        for row in self._addresses.failures():
            self._event("failed", row, f"There was no answer: {row['error'] or row['outcome']}", row["started"])
        self.events.sort(key=lambda event: event.date)

    def read(self, shown: slice) -> None:
        """Read the versions that those events are about, and compare each with the one before."""
        places = {version.capture.id: place for place, version in enumerate(self.versions)}
        for number in range(*shown.indices(len(self.events))):
            event = self.events[number]
            if event.kind == "version" and (place := places.get(event.capture or "")) is not None:
                self.versions[place] = version = self._compared(place)
                kind: Kind = "version" if version.before is None or version.changed else "unchanged"
                self.events[number] = msgspec.structs.replace(event, kind=kind, what=_what(version))

    def _take(self, row: Row, page: str) -> None:
        """A capture of the article."""
        place = self._shown.get(row["url_key"])
        if place is not None and self.versions[place].page == page:
            version = self.versions[place]
            capture = capture_from(row)
            self.versions[place] = msgspec.structs.replace(version, confirmed=(*version.confirmed, capture))
            self._event("confirmed", row, "The page had not changed.", version=version.id)
            return
        reading = self._readings[page][-1]
        version = Version(
            id=reading["id"],
            date=row["date"],
            capture=capture_from(row),
            page=page,
            headline=reading["headline"],
            text_digest=reading["text_digest"],
            extracted=reading["extracted"],
            extractor="",
            furniture=None,
            before=self.versions[-1].id if self.versions else None,
        )
        self._shown[row["url_key"]] = len(self.versions)
        self.versions.append(version)
        self._event("version", row, "A version.", version=version.id)

    def _compared(self, place: int) -> Version:
        version = self.versions[place]
        last = self._article(place - 1) if place else None
        article = self._article(place)
        compared = difference(last, article) if last is not None else None
        return msgspec.structs.replace(
            version,
            headline=article.headline,
            extractor=article.trace.extractor,
            furniture=article.trace.furniture,
            readings=tuple(self._earlier(row) for row in self._readings[version.page][:-1]),
            changed=compared.changed if compared else (),
            counts=compared.summary if compared else None,
            same_reader=last is None or _reader(last) == _reader(article),
        )

    def _article(self, place: int) -> Article:
        """That of a version; versions are asked for one after the other."""
        if self._last is None or self._last[0] != place:
            self._last = place, read_article(self._store, self._readings[self.versions[place].page][-1])
        return self._last[1]

    def _earlier(self, row: Row) -> EarlierReading:
        article = read_article(self._store, row)
        return EarlierReading(
            id=row["id"],
            extracted=row["extracted"],
            extractor=article.trace.extractor,
            furniture=article.trace.furniture,
            text_digest=row["text_digest"],
        )

    def _note(self, row: Row) -> None:
        """A capture that no article was read from."""
        status = row["status"]
        target = self._addresses.location(row)
        if target is not None:
            if target not in self._addresses:
                self._event("redirected", row, f"It led to {target}.")
        elif status in _GONE:
            self._event("gone", row, f"The server answered that there is nothing ({status}).")
        elif status >= 400:
            self._event("failed", row, f"The server answered with an error ({status}).")
        elif row["truncated"]:
            self._event("failed", row, f"The answer was cut short ({row['truncated']}).")
        elif status == 304:
            self._event("unread", row, "The page had not changed, but no article was read from it before.")
        else:
            self._event("unread", row, "No article was read from the page.")

    def _event(self, kind: Kind, row: Row, what: str, date: str | None = None, version: str | None = None) -> None:
        told = {"status": row["status"], "capture": row.get("id") if date is None else None}
        when = row["date"] if date is None else f"{date[:19]}Z"
        self.events.append(Event(date=when, kind=kind, url=row["url"], what=what, version=version, **told))


def _what(version: Version) -> str:
    if version.before is None:
        return "The first version."
    if version.changed:
        return f"Changed: {', '.join(version.changed)}."
    return "The page had changed, the article had not."


def _reader(article: Article) -> tuple[str, str | None]:
    return article.trace.extractor, article.trace.furniture
