"""`prove`: gathers from the archive what shows that a page said something."""

from __future__ import annotations

from collections.abc import Iterator

from archive import clock
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.errors import SealError
from archive.history.history import History, Version, read_article
from archive.reader import parse_member
from archive.records import iso
from archive.sealing.cover import Cover
from archive.sealing.merkle import path_to
from archive.sealing.places import Place, exchange_places, member_content, text_places
from archive.sealing.proof import FORMAT, Proof, ProofRecord, ProofSeal, Quotation, Role
from archive.sealing.seals import DATINGS, Seals
from archive.storage import Store
from archive.verification.cleaning_list import find_list
from archive.version import VERSION

__all__ = ["prove", "quotation"]


def prove(store: Store, catalogue: Catalogue, url: str, *, at: str | None = None, quote: str | None = None) -> Proof:
    """A proof of what the page at `url` said.

    `at` is a time (a WARC-Date or the beginning of one): the version that stood there then; without it the last one, or
    the last that holds `quote`, a passage of the text in which any run of spaces counts as one.

    Raises `StoreError` if the archive has no such version, `SealError` if the quotation is not in it or its records are
    not sealed, `RecordError` if they are damaged.
    """
    versions = History.of(store, catalogue, url, slice(0)).versions
    if not versions:
        raise SealError(f"{url}: no text of it is in the archive {store.root}.")
    there = [version for version in versions if at is None or version.date[: len(at)] <= at]
    if not there:
        raise SealError(f"{url}: the archive first saw it at {versions[0].date}, after {at}.")
    version, row, found = _choose(store, catalogue, there, at, quote)
    gatherer = _Gatherer(store)
    records = tuple(gatherer.record(role, place) for role, place in _places(store, catalogue, version, row))
    seals = tuple(gatherer.seal(number) for number in sorted({record.seal for record in records}))
    return Proof(
        format=FORMAT,
        url=url,
        made=iso(clock.now()),
        software=f"newswarc/{VERSION}",
        quotation=found,
        records=records,
        seals=seals,
    )


def quotation(text: str, quote: str) -> Quotation | None:
    """Where a passage stands in a text first; any run of spaces and line ends counts as one space."""
    places = [n for n, c in enumerate(text) if not c.isspace() or (n and not text[n - 1].isspace())]
    squeezed = "".join(" " if text[n].isspace() else text[n] for n in places)
    wanted = " ".join(quote.split())
    if not wanted or (at := squeezed.find(wanted)) < 0:
        return None
    start, end = places[at], places[at + len(wanted) - 1] + 1
    return Quotation(text[start:end], start, end, text.count("\n", 0, start) + 1)


def _choose(
    store: Store, catalogue: Catalogue, versions: list[Version], at: str | None, quote: str | None
) -> tuple[Version, Row, Quotation | None]:
    """The version to prove, its row, and where the quotation stands in it."""
    tried = 0
    for version in reversed(versions):
        row = catalogue.version(version.id)
        assert row is not None
        if quote is None:
            return version, row, None
        tried += 1
        if found := quotation(read_article(store, row).text, quote):
            return version, row, found
        if at is not None:
            break
    what = f"the version of {versions[-1].date}" if at else "any version" if tried > 1 else "its one version"
    raise SealError(f"The quotation is not in the text of {what}: {quote!r:.200}.")


def _places(store: Store, catalogue: Catalogue, version: Version, row: Row) -> Iterator[tuple[Role, Place]]:
    """The records that belong to a version, and what each one is."""
    page = catalogue.capture(version.page)
    if page is None:
        raise SealError(f"{version.page}: the page of this text is not in the archive; run scrapy verify.")
    yield from _exchange(store, page, ("response", "request", "exchange"))
    if version.is_return and (revisit := catalogue.capture(version.capture.id)):
        yield from _exchange(store, revisit, ("revisit", "revisit-request", "revisit-exchange"))
    roles: tuple[Role, Role, Role] = ("text", "details", "provenance")
    yield from zip(roles, text_places(row), strict=True)
    used = read_article(store, row).trace.furniture
    if used and (found := find_list(store, row["file"], used, row["offset"])):
        yield "furniture", Place(row["file"], *found)


def _exchange(store: Store, capture: Row, roles: tuple[Role, Role, Role]) -> Iterator[tuple[Role, Place]]:
    """A response or revisit, its request, and the facts, by their roles."""
    for place, record in exchange_places(store, capture):
        yield roles[0 if record.id == capture["id"] else 1 if record.type == "request" else 2], place


class _Gatherer:
    """Finds for each record the seal that covers it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seals, self._cover = Seals(store), Cover(store)

    def record(self, role: Role, place: Place) -> ProofRecord:
        member = self._store.read(*place)
        number, index = self._cover.find(place, member_content(member))
        path = tuple(step.hex() for step in path_to(self._cover.leaves(number), index))
        record = parse_member(member, place.offset)
        return ProofRecord(role=role, id=record.id, seal=number, index=index, path=path, member=member)

    def seal(self, number: int) -> ProofSeal:
        datings = (self._seals.dating(number, kind) for kind in DATINGS)
        return ProofSeal(number, self._cover.seal(number).data.decode(), *datings)
