"""The links of the chain from a clean text to the bytes of its page; each function judges one of them.

Problems are given as they are told of a record: "has no details", "does not match ...".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from archive.article import Article, article_fields
from archive.capture import Capture
from archive.furniture.furniture import Entry, Furniture
from archive.provenance import capture_of, text_of
from archive.reader import StoredRecord
from archive.rules import Reading
from archive.storage import read_sidecar
from archive.workers import Task

__all__ = [
    "Details",
    "Held",
    "extraction_problem",
    "list_of",
    "provenance_problems",
    "revisit_problem",
    "sidecar_problem",
    "task_of",
]


_PIECE = 1 << 20


class Held(msgspec.Struct, frozen=True):
    """A record and where it lies."""

    file: str
    offset: int
    length: int
    digest: str
    """``sha256:`` of its gzip member."""
    record: StoredRecord
    """Without its block."""

    @classmethod
    def of(cls, record: StoredRecord, file: str, digest: str) -> Held:
        """The record at its place, its block left behind."""
        return cls(file, record.offset, record.length, digest, msgspec.structs.replace(record, block=b""))

    @property
    def where(self) -> str:
        """For a message."""
        return f"{self.file}, byte {self.offset}"


class Details(msgspec.Struct, frozen=True):
    """The JSON record of an article's fields."""

    digest: str
    facts: dict[str, Any]

    @property
    def extractor(self) -> str:
        """What read the article. Raises KeyError or TypeError if the record is not ours."""
        return str(self.facts["article"]["trace"]["extractor"])

    @property
    def furniture(self) -> str | None:
        """Digest of the list of recurring paragraphs that was used; raises as `extractor`."""
        used = self.facts["article"]["trace"]["furniture"]
        return None if used is None else str(used)


def sidecar_problem(path: Path, advance: Callable[[int], None] | None = None) -> str | None:
    """Whether a file is not what the digest beside it says; `advance` is told how many bytes were read."""
    kept = read_sidecar(path)
    if kept is None:
        return "has no readable digest beside it (.sha256)"
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                if advance:
                    advance(len(piece))
    except OSError as error:
        return f"can't be read: {error.strerror}"
    same = f"sha256:{digest.hexdigest()}" == kept
    return None if same else "is not what it was when it was closed: its bytes do not match its .sha256"


def revisit_problem(revisit: StoredRecord, original: StoredRecord | None) -> str | None:
    """Whether a revisit does not lead to the response it refers to."""
    if original is None or original.type != "response":
        return "refers to a response that is not in the store"
    named = [revisit.get(n) for n in ("WARC-Payload-Digest", "WARC-Refers-To-Target-URI", "WARC-Refers-To-Date")]
    if named != [original.get(n) for n in ("WARC-Payload-Digest", "WARC-Target-URI", "WARC-Date")]:
        return "says of its original what the original does not say"
    return None


def provenance_problems(text: StoredRecord, page: Held, details: str, proof: dict[str, Any]) -> Iterator[str]:
    """What a provenance record says that its text, its page or the digest of its details do not."""
    try:
        named, about = capture_of(proof)
        text_about = text_of(proof)
    except (KeyError, StopIteration, TypeError, AttributeError):
        yield "has a provenance record that is not PROV-JSON of ours"
        return
    place = [about.get(f"cdxj:{n}") for n in ("filename", "offset", "length", "recordDigest")]
    said = [about.get(f"warc:{n}") for n in ("WARC-Target-URI", "WARC-Date", "WARC-Payload-Digest")]
    known = [page.record.get(n) for n in ("WARC-Target-URI", "WARC-Date", "WARC-Payload-Digest")]
    if text.get("WARC-Target-URI") != page.record.get("WARC-Target-URI"):
        yield "stands under another URL than its page"
    if named != page.record.id or place != [page.file, page.offset, page.length, page.digest] or said != known:
        yield "has a provenance record that does not lead to its page"
    if text_about.get("warc:WARC-Payload-Digest") != text.get("WARC-Payload-Digest"):
        yield "has a provenance record of another text"
    if text_about.get("nw:detailsDigest") != details:
        yield "has a provenance record of other details"


def list_of(record: StoredRecord) -> Furniture | None:
    """The list in a record of recurring paragraphs; None if it is not as newswarc writes it. Raises `RecordError`."""
    facts = record.json()
    try:
        furniture = Furniture.of(facts["site"], msgspec.convert(facts["entries"], list[Entry]))
        return furniture if furniture.digest == facts["digest"] else None
    except (KeyError, TypeError, msgspec.ValidationError):
        return None


def task_of(store: Path, page: Held, details: Details, furniture: Callable[[str], Furniture]) -> Task:
    """How a text is made again: from its page, told the same of the site. `furniture` finds a list by its digest.

    Raises KeyError, TypeError or `msgspec.ValidationError` if the details are not as newswarc writes them.
    """
    reading = msgspec.convert(details.facts["reading"], Reading)
    if used := details.furniture:
        reading = msgspec.structs.replace(reading, furniture=furniture(used))
    record = page.record
    capture = Capture(
        id=record.id,
        kind="response",
        url=record.url or "",
        date=record.need("WARC-Date"),
        status=200,
        mime=None,
        payload_digest=record.get("WARC-Payload-Digest"),
        file=page.file,
        offset=page.offset,
        length=page.length,
        record_digest=page.digest,
    )
    return Task(store=str(store), capture=capture, reading=reading)


def extraction_problem(article: Article, text: StoredRecord, details: Details) -> str | None:
    """Whether what was extracted just now, by the same version, is not what is stored."""
    if article.text_digest != text.get("WARC-Payload-Digest"):
        return "is not the text that its page gives"
    trace = msgspec.structs.replace(article.trace, capture=text.refers_to())
    now, stored = article_fields(msgspec.structs.replace(article, trace=trace)), details.facts["article"]
    if msgspec.json.encode(now, order="sorted") != msgspec.json.encode(stored, order="sorted"):
        return "has details that its page does not give"
    return None
