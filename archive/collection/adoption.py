"""Adoption: exchanges that others have stored are taken into a store of ours.

Each response keeps its record id, URL, date (in whole seconds) and block; its own digests are checked and then made
anew. A JSON record beside it says which file it is from, and what its head said there.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import select

from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row, capture_from
from archive.catalogue.schema import captures
from archive.collection.collection import Collection
from archive.collection.foreign import whole_seconds
from archive.collection.inventory import Inventory, Place
from archive.errors import ArchiveError, RecordError, StoreError
from archive.http import Message, head_length, parse_stored
from archive.progress import Progress
from archive.reader import StoredRecord, parse_member
from archive.records import HTTP_REQUEST, HTTP_RESPONSE, iso, revisit_headers
from archive.rights.reading import head_statements
from archive.run import Run
from archive.warc import Record, sha256

__all__ = ["Adopted", "Adoption", "check_foreign", "own_id"]

_UUID = re.compile(r"urn:uuid:[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_HEAD_ONLY = 4
"""Revisits of revisits that are followed."""


class Adopted(msgspec.Struct):
    """What became of a source's exchanges."""

    stored: int = 0
    known: int = 0
    """They were in the store already."""
    refused: int = 0


def own_id(record_id: str) -> str:
    """The id under which a foreign record is kept: its own, if it is a UUID, else one made of it."""
    return record_id if _UUID.fullmatch(record_id) else f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, record_id)}"


def check_foreign(record: StoredRecord) -> None:
    """Raise `RecordError` unless the record is an exchange as its digests say."""
    from archive.inspection.block import Block
    from archive.inspection.headers import parse_head

    if record.type == "resource":
        raise RecordError("it is a resource record, which holds no HTTP response.")
    lines = "".join(f"{name}: {value}\r\n" for name, value in record.headers)
    head = parse_head(f"WARC/1.1\r\n{lines}\r\n".encode("utf-8", "surrogateescape"))
    assert head is not None
    block = Block(head)
    block.feed(record.block)
    if fault := next((remark for remark in block.judge() if remark.is_fault), None):
        raise RecordError(f"it {fault.what.rstrip('.')}.")


class Adoption:
    """Takes the exchanges of a collection into a store, source by source.

    What can't be taken is said to `complain`; what the store has already is passed over, so that an interrupted
    adoption goes on.
    """

    def __init__(self, collection: Collection, inventory: Inventory, complain: Callable[[ArchiveError], None]) -> None:
        self._collection, self._inventory = collection, inventory
        self._complain = complain

    def is_due(self, catalogue: Catalogue, source: str) -> bool:
        """Whether a source has exchanges that the store lacks."""
        return any(catalogue.capture(own_id(row["id"])) is None for row in self._inventory.of(source))

    def adopt(
        self,
        run: Run,
        progress: Progress,
        taken: Callable[[Row, Capture], None] = lambda row, capture: None,
    ) -> Adopted:
        """Store what the run's source has; `taken` is told of each capture what it was and is.

        Raises `StoreError` if the disk refuses.
        """
        adopted, total = Adopted(), self._inventory.count(run.source)
        revisits = False
        for number, row in enumerate(self._inventory.of(run.source), 1):
            progress(row["url"], number, total)
            if row["kind"] == "revisit" and not revisits:
                revisits = True
                run.flush()  # what they refer to is looked up
            try:
                kept = self._exchange(run, row)
            except RecordError as error:
                adopted.refused += 1
                where = f"{self._collection.path}: {row['file']}, byte {row['offset']}"
                self._complain(RecordError(f"{where}: {row['url']} is not taken: {str(error).rstrip('.')}."))
                continue
            if kept is None:
                adopted.known += 1
                continue
            response, request, facts, refers_to = kept
            truncated = row["truncated"] if refers_to is None else None
            taken(row, run.keep_records(response, request, facts, refers_to=refers_to, truncated=truncated))
            adopted.stored += 1
        run.flush()
        return adopted

    def _exchange(self, run: Run, row: Row) -> tuple[Record, Record | None, dict[str, Any], str | None] | None:
        """What is to be stored of a capture, and the id of what it refers to; None if the store has it."""
        known = run.catalogue.capture(own_id(row["id"]))
        record = self._record(row)
        if known is not None:
            if (known["url"], known["date"]) != (row["url"], row["date"]) or not _has_payload(known, record):
                raise RecordError(f"the archive has another record with its id, {known['id']}")
            return None
        check_foreign(record)
        original = self._original(run.catalogue, row, record) if row["kind"] == "revisit" else None
        message = _message(record, row)
        response = _response(record, row, message, original)
        facts = _facts(self._collection, record, row, message)
        if response.type == "revisit" and not response.block and message.head:
            facts["head"] = message.head.decode("latin-1")
        return response, self._request(row, response), facts, original["id"] if original else None

    def _record(self, row: Row) -> StoredRecord:
        try:
            return self._collection.record(capture_from(row))
        except StoreError as error:  # of the foreign file, not of our disk
            raise RecordError(str(error)) from error

    def _request(self, row: Row, response: Record) -> Record | None:
        """The request of a response, if it is there and whole."""
        place = self._inventory.request_of(row)
        if place is None:
            return None
        try:
            record = self._at(place)
            check_foreign(record)
        except (RecordError, StoreError) as error:
            where = f"{self._collection.path}: {place.file}, byte {place.offset}"
            self._complain(RecordError(f"{where}: the request is not taken: {str(error).rstrip('.')}."))
            return None
        return Record(
            type="request",
            id=own_id(record.id),
            date=response.date,
            target_uri=response.target_uri,
            block=record.block,
            content_type=HTTP_REQUEST,
            payload_digest=sha256(record.block, head_length(record.block)),
            headers=[("WARC-Concurrent-To", f"<{response.id}>"), *_address(record)],
        )

    def _at(self, place: Place) -> StoredRecord:
        return parse_member(self._collection.read(place.file, place.offset, place.length), place.offset)

    def _original(self, catalogue: Catalogue, row: Row, record: StoredRecord) -> Row:
        """The response in the store that a revisit refers to. Raises `RecordError` if it is not there."""
        found = catalogue.capture(own_id(row["refers_to"])) if row["refers_to"] else None
        url, date = record.get("WARC-Refers-To-Target-URI"), record.get("WARC-Refers-To-Date")
        if found is None and url and date:
            try:
                c = captures.c
                query = select(captures).where(c.url == url.strip("<>"), c.date == whole_seconds(date))
                found = next(iter(catalogue.rows(query.where(c.kind == "response"))), None)
            except ValueError:
                found = None
        for _ in range(_HEAD_ONLY):
            if found is None or found["kind"] == "response":
                break
            found = catalogue.capture(found["refers_to"] or "")
        if found is None:
            raise RecordError("it is a revisit, and its original is neither in the archive nor was it taken")
        return found


def _has_payload(known: Row, record: StoredRecord) -> bool:
    """Whether a capture of ours has the payload of a foreign record; that of a revisit is elsewhere."""
    return record.type == "revisit" or known["payload_digest"] == sha256(record.block, head_length(record.block))


def _message(record: StoredRecord, row: Row) -> Message:
    """The HTTP response of a record; of a revisit without one what the index says of it."""
    if record.type == "revisit" and not record.block:
        return Message("1.1", row["status"], "", (), b"", b"")
    return parse_stored(record.block)


def _response(record: StoredRecord, row: Row, message: Message, original: Row | None) -> Record:
    """As `Run.keep` writes it (docs/warc.md)."""
    is_304 = original is not None and row["status"] == 304
    block = record.block if original is None else b"" if is_304 else message.head
    truncated = [("WARC-Truncated", row["truncated"])] if row["truncated"] and original is None else []
    refers = revisit_headers(None, original) if is_304 else revisit_headers(original, None)
    return Record(
        type="revisit" if original else "response",
        id=own_id(row["id"]),
        date=row["date"],
        target_uri=row["url"],
        block=block,
        content_type=HTTP_RESPONSE if block else None,
        payload_digest=original["payload_digest"] if original else sha256(block, head_length(block)),
        headers=[*_address(record), *truncated, *refers],
    )


def _address(record: StoredRecord) -> list[tuple[str, str]]:
    value = record.get("WARC-IP-Address")
    return [("WARC-IP-Address", value)] if value else []


def _facts(collection: Collection, record: StoredRecord, row: Row, message: Message) -> dict[str, Any]:
    """What `archive.records.exchange_facts` tells of our own exchanges, and where this one is from."""
    moment = _exact(record.need("WARC-Date"))
    return {
        "url": row["url"],
        "method": row["method"],
        "status": row["status"],
        "mime": row["mime"],
        "size": len(record.block),
        "outcome": "truncated" if row["truncated"] and record.type != "revisit" else "complete",
        "started": moment,
        "ended": moment,
        "protocol": f"http/{message.version}",
        "ip": record.get("WARC-IP-Address"),
        "truncated": row["truncated"] if record.type != "revisit" else None,
        "lead": None,
        **({"rights": msgspec.to_builtins(rights)} if (rights := head_statements(message.headers, row["url"])) else {}),
        "adopted": {
            "collection": collection.path.name,
            "file": row["file"],
            "offset": row["offset"],
            "length": row["length"],
            "record_digest": row["record_digest"],
            "headers": record.headers,
        },
    }


def _exact(date: str) -> str:
    """A WARC-Date to the microsecond."""
    try:
        moment = dt.datetime.fromisoformat(date.strip())
        return iso(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC), exact=True)
    except ValueError:
        return iso(dt.datetime.fromisoformat(whole_seconds(date)), exact=True)
