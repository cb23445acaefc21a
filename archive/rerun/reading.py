"""What a worker does for a re-run: it reads a page again and compares."""

from __future__ import annotations

import datetime as dt
import zlib
from pathlib import Path

import msgspec

from archive.article import Article
from archive.catalogue.words import words_of
from archive.collection.adoption import check_foreign
from archive.errors import ArchiveError, NotAPage, RecordError
from archive.health.measures import Measures
from archive.reader import parse_member
from archive.records import iso
from archive.rerun.change import Change, change_between
from archive.rules import UNKNOWN_SITE, Reading
from archive.storage import Store
from archive.workers import Extracted, Task, read_measured

__all__ = ["Baseline", "Job", "Outcome", "extracted_of", "read_again", "reading_at"]


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive has of a page: its text and details, as the catalogue tells where they lie."""

    version: str
    """Record id of the conversion."""
    capture: str
    """What it was read from."""
    extracted: str
    """When, to the microsecond."""
    file: str
    offset: int
    length: int
    details_offset: int
    details_length: int


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A page to read again."""

    task: Task
    archive: str
    """The store that has the baseline."""
    baseline: Baseline | None
    keeps_explained: bool = False
    """The result is wanted where only the trace differs, too."""
    is_foreign: bool = False
    """The page is in a file that is not ours; its digests are checked."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a page again has shown."""

    change: Change
    extracted: str | None = None
    """When the page was read, to the microsecond."""
    result: bytes | None = None
    """The article with what is stored beside it, packed; only of what would be stored."""


def read_again(job: Job) -> Outcome:
    """Read the page and compare it with the baseline. Raises as `extract_capture`, but for pages that hold nothing."""
    started = dt.datetime.now(dt.UTC)
    now: Article | None = None
    measures: Measures | None = None
    try:
        now, measures = read_measured(job.task, check_foreign if job.is_foreign else None)
        why = "the page is a list of others" if now.kind == "list" else "no text is found on the page"
    except NotAPage as error:
        why = str(error).rstrip(".")
    change = change_between(_before(job), now, why)
    if now is None or change.kind not in ("gained", "altered", *(["explained"] if job.keeps_explained else [])):
        return Outcome(change=change)
    ended = dt.datetime.now(dt.UTC)
    packed = _pack(now, measures, job.task.reading, started, ended)
    return Outcome(change=change, extracted=iso(ended, exact=True), result=packed)


def extracted_of(result: bytes, reading: Reading) -> Extracted:
    """Unpack a result; `reading` is what the page was read with. Raises ValueError if it is none."""
    try:
        return msgspec.structs.replace(msgspec.msgpack.decode(zlib.decompress(result), type=Extracted), reading=reading)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise ValueError("The work file holds a result that can't be read.") from error


def reading_at(store: Store, baseline: Baseline) -> Reading:
    """What the extractor was told of the site when the archive's text was read; the default if that is lost."""
    try:
        details = parse_member(store.read(baseline.file, baseline.details_offset, baseline.details_length)).json()
        return msgspec.convert(details["reading"], Reading)
    except (ArchiveError, KeyError, msgspec.ValidationError):  # reading the page will say what is wrong
        return UNKNOWN_SITE


def _pack(
    article: Article, measures: Measures | None, reading: Reading, started: dt.datetime, ended: dt.datetime
) -> bytes:
    words = words_of(article)
    without = msgspec.structs.replace(reading, furniture=None)  # the list is large, and the same for all of a site
    extracted = Extracted(
        article=article, words=words, started=started, ended=ended, reading=without, measures=measures
    )
    return zlib.compress(msgspec.msgpack.encode(extracted), 1)


def _before(job: Job) -> Article | None:
    """The article that the archive has."""
    baseline = job.baseline
    if baseline is None:
        return None
    store = Store(Path(job.archive))
    text = parse_member(store.read(baseline.file, baseline.offset, baseline.length), baseline.offset).block
    details = parse_member(store.read(baseline.file, baseline.details_offset, baseline.details_length)).json()
    try:
        return msgspec.convert({**details["article"], "text": text.decode()}, Article)
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(
            f"{baseline.file}, byte {baseline.details_offset}: has no details of ours: {error}."
        ) from error
