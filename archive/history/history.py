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

__all__ = ["Event", "History", "Reread", "Version", "article_at", "read_article"]

Kind = Literal["version", "unchanged", "confirmed", "gone", "failed", "redirected", "unread"]
_GONE = frozenset({404, 410, 451})


class Reread(msgspec.Struct, frozen=True):
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
    readings: tuple[Reread, ...] = ()
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
    def of(cls, store: Store, catalogue: Catalogue, url: str) -> History:
        """The history of the article at `url`: its own URL or any it was captured under, redirects included.

        Without versions or events if the archive has nothing of it. Raises `StoreError` or `RecordError` if what the
        catalogue names can't be read.
        """
        addresses = Addresses(store, catalogue, url)
        historian = _Historian(store, addresses)
        historian.walk()
        return cls(
            url=url,
            addresses=addresses.listed(),
            versions=tuple(historian.versions),
            events=tuple(sorted(historian.events, key=lambda event: event.date)),
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
        self._last: Article | None = None
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

    def _take(self, row: Row, page: str) -> None:
        """A capture of the article."""
        place = self._shown.get(row["url_key"])
        if place is not None and self.versions[place].page == page:
            version = self.versions[place]
            capture = capture_from(row)
            self.versions[place] = msgspec.structs.replace(version, confirmed=(*version.confirmed, capture))
            self._event("confirmed", row, "The page had not changed.", version=version.id)
            return
        *earlier, reading = self._readings[page]
        version = self._compared(row, reading, [self._reread(one) for one in earlier])
        self._shown[row["url_key"]] = len(self.versions)
        self.versions.append(version)
        if version.before is None:
            self._event("version", row, "The first version.", version=version.id)
        elif version.changed:
            self._event("version", row, f"Changed: {', '.join(version.changed)}.", version=version.id)
        else:
            self._event("unchanged", row, "The page had changed, the article had not.", version=version.id)

    def _compared(self, row: Row, reading: Row, readings: list[Reread]) -> Version:
        article = read_article(self._store, reading)
        before = self.versions[-1] if self.versions else None
        last, self._last = self._last, article
        compared = difference(last, article) if last is not None else None
        return Version(
            id=reading["id"],
            date=row["date"],
            capture=capture_from(row),
            page=reading["capture"],
            headline=article.headline,
            text_digest=reading["text_digest"],
            extracted=reading["extracted"],
            extractor=article.trace.extractor,
            furniture=article.trace.furniture,
            readings=tuple(readings),
            before=before.id if before else None,
            changed=compared.changed if compared else (),
            counts=compared.summary if compared else None,
            same_reader=last is None or _reader(last) == _reader(article),
        )

    def _reread(self, row: Row) -> Reread:
        article = read_article(self._store, row)
        return Reread(
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


def _reader(article: Article) -> tuple[str, str | None]:
    return article.trace.extractor, article.trace.furniture
