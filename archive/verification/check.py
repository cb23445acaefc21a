"""`check_capture`: one text's whole chain, down to the bytes of its page, checked on the spot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from archive.article import Article
from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row, capture_from
from archive.errors import ArchiveError, RecordError
from archive.furniture.furniture import Entry, Furniture, site_of
from archive.history.difference import difference
from archive.history.history import version_row
from archive.provenance import capture_of
from archive.reader import StoredRecord, check_digests, parse_member
from archive.sealing.cover import Cover, NotSealed
from archive.sealing.places import Place, member_content
from archive.storage import Store
from archive.verification.chain import (
    Details,
    Held,
    extraction_problem,
    list_of,
    provenance_problems,
    revisit_problem,
    sidecar_problem,
    task_of,
)
from archive.verification.cleaning_list import find_list
from archive.version import EXTRACTOR
from archive.warc import OPEN_SUFFIX, sha256
from archive.workers import ExtractorPool

__all__ = ["CaptureCheck", "Step", "check_capture"]

_SMALL = 64 << 20
"""Bytes of a file whose own digest is made again on the spot."""
_NEAR = 256 << 20
"""Bytes of a file that are searched for a list of recurring paragraphs."""
_LONGEST = 60
"""Seconds that reading a page may take."""

Facts = dict[str, Any]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain, and whether it holds."""

    name: str
    """``text``, ``details``, ``provenance``, ``page``, ``bytes``, ``catalogue``, ``revisit``, ``text file``,
    ``page file``, ``seal``, ``extraction``."""
    ok: bool | None
    """None: it could not be checked here and now."""
    what: str
    """One sentence: what was found."""
    file: str | None = None
    offset: int | None = None
    record: str | None = None
    """Where to look: file and byte, and the record's id."""


class CaptureCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What became of checking one text."""

    version: str
    """Record id of the conversion."""
    capture: str
    """Record id of the response that it was read from, as the catalogue has it."""
    steps: tuple[Step, ...]
    """From the text down to the bytes, then the extraction."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; what could not be checked is not."""
        return all(step.ok is not False for step in self.steps)


def check_capture(
    store: Store, catalogue: Catalogue, version_id: str, *, seen: str | None = None, pool: ExtractorPool | None = None
) -> CaptureCheck:
    """Check one text (record id of its conversion): its records, its files, its provenance and its page, and read the
    page again.

    `seen` is the record id of a revisit under which the page was seen; then it must lead to the page. The page is read
    in a worker of `pool`, or of one made for it, which takes a second. Damage is what the steps tell of; raises
    `StoreError` only if the catalogue knows no such text or can't be used.
    """
    row = version_row(store, catalogue, version_id)
    steps = tuple(_Checker(store, catalogue, row, pool).steps(seen))
    return CaptureCheck(version=version_id, capture=row["capture"], steps=steps)


Found = tuple[Held, StoredRecord]
"""A record with its place, and with its block."""
Read = tuple[Found | None, Step]


class _Checker:
    def __init__(self, store: Store, catalogue: Catalogue, row: Row, pool: ExtractorPool | None) -> None:
        self._store, self._catalogue, self._row, self._pool = store, catalogue, row, pool
        known = catalogue.capture(row["capture"])
        self._capture = capture_from(known) if known else None

    def steps(self, seen: str | None) -> Iterator[Step]:
        """All of them, from the text down."""
        row, capture = self._row, self._capture
        text, text_step = self._record("text", row["id"], row["file"], row["offset"], row["length"])
        details, details_step = self._about("details")
        proof, proof_step = self._about("provenance")
        facts = _facts(proof)
        at = capture or _place(facts)
        if at is None:
            page, page_step = None, Step(name="page", ok=None, what="Nothing tells where the page lies.")
        else:
            page, page_step = self._record("page", row["capture"], at.file, at.offset, at.length)
        read = Details(sha256(details[1].block), _facts(details) or {}) if details else None
        yield text_step
        yield details_step
        yield proof_step if not proof_step.ok else self._check_provenance(proof_step, text, page, read, facts)
        yield page_step
        yield self._check_bytes(page, facts)
        yield self._check_catalogue(text, page)
        if seen is not None:
            yield self._check_revisit(seen, page)
        yield self._check_file("text file", row["file"])
        if at is not None and at.file != row["file"]:
            yield self._check_file("page file", at.file)
        yield from self._check_seals(text, page)
        yield self._check_extraction(text, page, read)

    # Records

    def _record(
        self, name: str, record_id: str | None, file: str, offset: int, length: int
    ) -> tuple[Found | None, Step]:
        """Read a record; its place, its id if it is known, and its digests must be right."""
        try:
            member = self._store.read(file, offset, length)
            record = parse_member(member, offset)
            own = record.id
        except ArchiveError as error:
            return None, Step(name=name, ok=False, what=str(error), file=file, offset=offset, record=record_id)
        problem = None
        if record_id is not None and own != record_id:
            problem = f"There is {own} where {record_id} should be."
        elif record.length != length or len(member) != length:
            problem = "The record is not as long as it was."
        elif record.get("WARC-Block-Digest") is None:
            problem = "The record has lost its WARC-Block-Digest."
        elif wrong := check_digests(record):
            problem = f"The record is damaged: {wrong}."
        told = ", its payload WARC-Payload-Digest" if record.get("WARC-Payload-Digest") else ""
        what = problem or f"The record is whole: its block matches WARC-Block-Digest{told}."
        step = Step(name=name, ok=problem is None, what=what, file=file, offset=offset, record=own)
        return (Held.of(record, file, sha256(member)), record), step

    def _about(self, name: str) -> Read:
        """The record of the details or the provenance of the text."""
        row = self._row
        found, step = self._record(name, None, row["file"], row[f"{name}_offset"], row[f"{name}_length"])
        if found and step.ok and found[1].refers_to() != row["id"]:
            step = msgspec.structs.replace(step, ok=False, what=f"The record is not about {row['id']}.")
        elif found and step.ok and _facts(found) is None:
            step = msgspec.structs.replace(step, ok=False, what="The record is not as newswarc writes it.")
        return found, step

    # References

    def _check_provenance(
        self, step: Step, text: Found | None, page: Found | None, details: Details | None, facts: Facts | None
    ) -> Step:
        if text is None or page is None or details is None or facts is None:
            return msgspec.structs.replace(step, ok=None, what="What it speaks of can't all be read.")
        problems = list(provenance_problems(text[1], page[0], details.digest, facts))
        if problems:
            return msgspec.structs.replace(step, ok=False, what=f"The text {' and '.join(problems)}.")
        where = f"{page[0].file}, byte {page[0].offset}"
        what = f"It names this text and these details, and leads to the page ({where})."
        return msgspec.structs.replace(step, what=what)

    def _check_bytes(self, page: Found | None, facts: Facts | None) -> Step:
        if page is None:
            return Step(name="bytes", ok=None, what="There are none to make a digest of.")
        place, digest = _place(facts), page[0].digest
        kept = {"the catalogue": self._capture, "the provenance record": place}
        wrong = [name for name, capture in kept.items() if capture is not None and capture.record_digest != digest]
        known = [name for name, capture in kept.items() if capture is not None]
        what = f"Its {page[0].length} bytes in the file have the digest {digest}"
        told = f"; another one stands in {' and '.join(wrong)}" if wrong else f", as in {' and '.join(known)}"
        return Step(
            name="bytes",
            ok=not wrong if known else None,
            what=f"{what}{told if known else ''}.",
            file=page[0].file,
            offset=page[0].offset,
            record=page[1].id,
        )

    def _check_catalogue(self, text: Found | None, page: Found | None) -> Step:
        row, capture = self._row, self._capture
        wrong = []
        if text is not None:
            wrong += ["the text"] * (row["text_digest"] != text[1].get("WARC-Payload-Digest"))
            wrong += ["the capture it was read from"] * (row["capture"] != text[1].refers_to())
        if capture is None:
            return Step(name="catalogue", ok=False, what="It has no row of the page's capture; run scrapy rebuild.")
        if page is not None:
            said = [capture.url, capture.date, capture.payload_digest, capture.kind]
            known = [page[1].url, page[1].get("WARC-Date"), page[1].get("WARC-Payload-Digest"), page[1].type]
            wrong += ["the page"] * (said != known)
        if wrong:
            what = f"What it says of {' and '.join(wrong)} is not so; scrapy verify tells which of the two was changed."
            return Step(name="catalogue", ok=False, what=what)
        if text is None or page is None:
            return Step(name="catalogue", ok=None, what="The records it tells of can't all be read.")
        return Step(name="catalogue", ok=True, what="Its rows say what the records say.")

    def _check_revisit(self, seen: str, page: Found | None) -> Step:
        known = self._catalogue.capture(seen)
        if known is None:
            return Step(name="revisit", ok=False, what=f"The catalogue knows no capture {seen}.", record=seen)
        found, step = self._record("revisit", seen, known["file"], known["offset"], known["length"])
        if found is None or not step.ok:
            return step
        if page is None:
            return msgspec.structs.replace(step, ok=None, what="The page that it refers to can't be read.")
        revisit, original = found[1], page[1] if found[1].refers_to() == page[1].id else None
        problem = "is no revisit" if revisit.type != "revisit" else revisit_problem(revisit, original)
        what = (
            f"It {problem}."
            if problem
            else f"It leads to the page of {page[1].get('WARC-Date')}: the payload is equal."
        )
        return msgspec.structs.replace(step, ok=not problem, what=what)

    def _check_file(self, name: str, file: str) -> Step:
        path = self._store.path(file)

        def step(ok: bool | None, what: str) -> Step:
            return Step(name=name, ok=ok, what=what, file=file)

        try:
            size = path.stat().st_size
        except OSError as error:
            return step(False, f"It can't be read: {error.strerror}.")
        if path.name.endswith(OPEN_SUFFIX):
            if self._store.is_being_written(path):
                return step(None, "A crawl is writing it; it gets a digest of its own when it is closed.")
            return step(False, "It was left open by a killed run; the next crawl closes it.")
        if size > _SMALL:
            return step(None, f"Its own digest was not made again: it has {size >> 20} MB; scrapy verify does.")
        problem = sidecar_problem(path)
        return step(not problem, f"It {problem}." if problem else "It is what it was when it was closed (.sha256).")

    # Seals

    def _check_seals(self, text: Found | None, page: Found | None) -> Iterator[Step]:
        """Whether text and page are what was sealed; nothing where nothing ever was."""
        cover = Cover(self._store)
        if cover.is_empty:
            return
        covering = {}
        for name, found in (("text", text), ("page", page)):
            if found is None:
                yield Step(name="seal", ok=None, what="What was sealed can't all be read.")
                return
            held = found[0]
            place = Place(held.file, held.offset, held.length)
            try:
                content = member_content(self._store.read(*place))
                covering[name] = cover.seal(cover.find(place, content)[0]).statement
            except ArchiveError as error:
                is_fault = not isinstance(error, NotSealed)
                yield Step(name="seal", ok=False if is_fault else None, what=str(error), file=place.file)
                return
        told = " and ".join(f"seal {said.number} of {said.made} covers the {name}" for name, said in covering.items())
        yield Step(name="seal", ok=True, what=f"{told[0].upper()}{told[1:]}: not a byte was changed since.")

    # Extraction

    def _check_extraction(self, text: Found | None, page: Found | None, details: Details | None) -> Step:
        def step(ok: bool | None, what: str) -> Step:
            return Step(name="extraction", ok=ok, what=what)

        if text is None or page is None or details is None:
            return step(None, "The page could not be read again: a record that is needed for it can't be read.")
        try:
            extractor = details.extractor
            task = task_of(self._store.root, page[0], details, self._list)
        except _ListNotFound as error:
            return step(error.ok, str(error))
        except (ArchiveError, OSError, KeyError, TypeError, msgspec.MsgspecError):
            return step(False, "The details are not as newswarc writes them.")
        pool = self._pool or ExtractorPool(1, timeout=_LONGEST)
        try:
            article = pool.submit(task).result().article
        except Exception as error:  # noqa: BLE001 - a worker can fail in any way
            return step(False, f"The page can't be read again: {pool.explain(error, page[1].url or '')}")
        finally:
            if self._pool is None:
                pool.close(abandon=True)
        if extractor == EXTRACTOR:
            problem = extraction_problem(article, text[1], details)
            if problem is None:
                return step(
                    True, "The page gives this text and these details, read again just now by the same version."
                )
            return step(False, f"The text {problem}{_differences(article, text, details)}.")
        if article.text_digest == text[1].get("WARC-Payload-Digest"):
            return step(True, f"The page gives this text, read again by {EXTRACTOR}; {extractor} made it.")
        told = _differences(article, text, details)
        return step(None, f"It was made by {extractor}, which is not here; {EXTRACTOR} reads it otherwise{told}.")

    def _list(self, digest: str) -> Furniture:
        """The list that a text was cleaned with: the site's latest, or one that stands before the text in its file."""
        site = site_of(self._capture.url) if self._capture else ""
        if row := self._catalogue.furniture(site):
            latest = Furniture.of(site, msgspec.json.decode(row["entries"], type=list[Entry]))
            if latest.digest == digest:
                return latest
        file = self._row["file"]
        try:
            place = find_list(self._store, file, digest, self._row["offset"], near=_NEAR)
        except LookupError as error:
            text = "The list of recurring paragraphs stands far away in the file."
            raise _ListNotFound(text, ok=None) from error
        found = list_of(parse_member(self._store.read(file, *place), place[0])) if place else None
        if found is None:
            text = f"The list of recurring paragraphs that was used ({digest}) is not in the file."
            raise _ListNotFound(text, ok=False)
        return found


class _ListNotFound(ArchiveError):
    def __init__(self, what: str, *, ok: bool | None) -> None:
        super().__init__(what)
        self.ok = ok


def _facts(found: Found | None) -> Facts | None:
    """The JSON object in a record, if it holds one."""
    try:
        return found[1].json() if found else None
    except RecordError:
        return None


def _place(facts: Facts | None) -> Capture | None:
    """Where a provenance record says that the page lies."""
    try:
        named, about = capture_of(facts or {})
        told = {"file": "filename", "offset": "offset", "length": "length", "record_digest": "recordDigest"}
        places = {name: about[f"cdxj:{key}"] for name, key in told.items()}
        known = {"id": named, "kind": "response", "url": about["warc:WARC-Target-URI"], "date": about["warc:WARC-Date"]}
        return msgspec.convert({**known, **places, "status": 200, "mime": None, "payload_digest": None}, Capture)
    except (KeyError, StopIteration, TypeError, AttributeError, msgspec.ValidationError):
        return None


def _differences(article: Article, text: Found, details: Details) -> str:
    """How what a page gives today differs from what is stored, for the end of a sentence."""
    try:
        fields = {**details.facts["article"], "text": text[1].block.decode()}
        found = difference(msgspec.convert(fields, Article), article)
    except (KeyError, TypeError, UnicodeDecodeError, msgspec.ValidationError):
        return ""
    numbers = msgspec.to_builtins(found.summary)
    told = [f"{number} {name}" for name, number in numbers.items() if number and not name.startswith("words_")]
    parts = [name for name in found.changed if name != "text"]
    if told:
        parts.append(f"paragraphs of the text ({', '.join(told)})")
    return f": it differs in {', '.join(parts)}" if parts else ": it differs in what was removed or in the evidence"
