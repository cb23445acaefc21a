"""`read_store()`: what an archive folder's original WARC files say, block for block as they lie there."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warcio.archiveiterator import ArchiveIterator

__all__ = ["Stored", "read_records", "read_store"]


@dataclass(frozen=True)
class WarcRecord:
    """One record with its block verbatim."""

    headers: dict[str, str]
    block: bytes

    @property
    def type(self) -> str:
        return self.headers["WARC-Type"]

    @property
    def id(self) -> str:
        return self.headers["WARC-Record-ID"]


@dataclass(frozen=True)
class Stored:
    """The records of one exchange."""

    response: WarcRecord
    request: WarcRecord
    facts: dict[str, Any]
    """The JSON metadata record's content."""

    @property
    def path(self) -> str:
        """The target of the request line."""
        return self.request.block.split(b" ", 2)[1].decode("latin-1")


def read_records(store: Path) -> Iterator[WarcRecord]:
    """Every record of the ``*-originals.warc.gz`` files of a store."""
    for path in sorted(store.rglob("*-originals.warc.gz")):
        with path.open("rb") as file:
            for record in ArchiveIterator(file, no_record_parse=True):
                yield WarcRecord(dict(record.rec_headers.headers), record.raw_stream.read())


def read_store(store: Path) -> tuple[list[Stored], list[dict[str, Any]]]:
    """All exchanges, and the metadata of failures (fetches that got no response)."""
    responses: dict[str, WarcRecord] = {}
    related: defaultdict[str, dict[str, WarcRecord]] = defaultdict(dict)
    failures = []
    for record in read_records(store):
        to = record.headers.get("WARC-Concurrent-To")
        if record.type in ("response", "revisit"):
            responses[record.id] = record
        elif to:
            assert record.type not in related[to], f"two {record.type} records for {to}"
            related[to][record.type] = record
        elif record.type == "metadata" and b'"received"' in record.block:
            failures.append(_facts(record.block))
    assert responses.keys() == related.keys()
    stored = [
        Stored(response, related[key]["request"], _facts(related[key]["metadata"].block))
        for key, response in responses.items()
    ]
    return stored, failures


def _facts(block: bytes) -> dict[str, Any]:
    """The JSON object in a block of application/warc-fields."""
    line = next(line for line in block.decode().split("\r\n") if line.startswith("newswarc: "))
    facts: dict[str, Any] = json.loads(line.removeprefix("newswarc: "))
    return facts
