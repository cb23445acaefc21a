"""`Collection`: captures to be read, wherever they lie - a store, a WARC file, a WACZ, a folder of these."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, Self
from urllib.parse import unquote

import msgspec
from w3lib.url import safe_url_string

from archive.capture import Capture
from archive.catalogue import Catalogue
from archive.catalogue.captures import fetch_error, first_date, in_order, of_url
from archive.catalogue.rows import capture_from, url_key
from archive.collection.files import MANIFEST, Files, Reader, message_of, record_of
from archive.collection.foreign import build_catalogue, whole_seconds
from archive.collection.scan import Scanned, scan
from archive.errors import RecordError, StoreError
from archive.http import Message, repaired
from archive.progress import Progress
from archive.reader import StoredRecord
from archive.storage import Store
from archive.warc import OPEN_SUFFIX

__all__ = ["Collection", "message_of", "open_collection", "record_of", "upper_bound"]


_KIN: tuple[Literal["own", "key", "surt"], ...] = ("own", "key", "surt")
_LONGEST_CHAIN = 10
"""Revisits of revisits that are followed."""
_TIMESTAMP = re.compile(r"\d{4,14}")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d)?)?)?)?)?")


def open_collection(path: Path | str, progress: Progress | None = None) -> Collection:
    """The captures at a path: a store of newswarc, a WARC file (compressed or not), a WACZ, or a folder of these.

    What is no store is read through once, for an index in a temporary folder. Raises `StoreError` if there is
    nothing to read; what of it can't be read is said in `Collection.problems`.
    """
    path = Path(path)
    with ExitStack() as stack:
        if Store(path).exists():
            store = Store(path)
            catalogue = Catalogue(store.catalogue_path, read_only=True)
            stack.callback(catalogue.close)
            problems = _unknown_files(store, catalogue)
            collection = Collection(path, catalogue, store, stack.pop_all())
            collection.problems = problems
            return collection
        temporary = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="newswarc-")))
        (temporary / MANIFEST).write_text(str(path.absolute()), "utf-8", "surrogateescape")
        files = Files(path, temporary)
        stack.callback(files.close)
        problems = build_catalogue(temporary / "catalogue.sqlite", files, progress)
        catalogue = Catalogue(temporary / "catalogue.sqlite", read_only=True)
        stack.callback(catalogue.close)
        if path.is_dir() and not problems and first_date(catalogue) is None:
            raise StoreError(f"{path}: there is no archive: neither a store, nor a WARC or WACZ file with captures.")
        collection = Collection(path, catalogue, files, stack.pop_all())
        collection.place, collection.problems = str(temporary), problems
        return collection


class Collection:
    """Captures that can be found by URL and time, and read. Use it as a context manager.

    What is a capture: `response` and `revisit` records of http and https URLs, and `resource` records of such
    URLs, which count as responses with status 200. Their dates are in whole seconds. Answers to other methods
    than GET are not among them.
    """

    path: Path
    catalogue: Catalogue
    """The store's own, or a temporary one with rows for the captures of foreign files."""
    problems: list[str]
    """One sentence for each thing that can't be read."""
    place: str
    """What `archive.workers.Task.store` is to name. It may name `path` as well; this spares each worker the
    unpacking of what is compressed as a whole."""

    def __init__(self, path: Path, catalogue: Catalogue, reader: Reader, stack: ExitStack) -> None:
        """See `open_collection`."""
        self.path, self.catalogue = path, catalogue
        self.place, self.problems = str(path), []
        self._reader, self._stack = reader, stack

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all files; what was temporary is removed."""
        self._stack.close()

    @property
    def store(self) -> Store | None:
        """The store that this is, if it is one."""
        return self._reader if isinstance(self._reader, Store) else None

    # Finding

    def captures(
        self,
        *,
        url: str | None = None,
        source: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Iterator[Capture]:
        """All captures, by date; of a URL (http and https, with and without www. count as one), of a source.

        `since` and `until` are prefixes of ISO 8601 dates, `until` exclusive. The source of captures that are
        not from newswarc is their host, without ``www.``. Truncated ones and revisits are among them, also
        such whose payload is missing.
        """
        for row in in_order(self.catalogue, url=url, source=source, since=since, until=until):
            yield capture_from(row)

    @property
    def first_date(self) -> str | None:
        """WARC-Date of the earliest capture."""
        return first_date(self.catalogue)

    def nearest(self, url: str, at: str | None = None) -> Capture | None:
        """The last capture of a URL at or before `at`: a date, see `upper_bound`; None is the newest.

        Captures of that very URL go before those of its relatives (http for https, with or without www. or a
        slash at the end; then the same written with other escapes); of these, redirects are left out, which would
        lead back. Whole captures go before truncated ones, however old. Revisits whose payload is missing are
        passed over.
        """
        bound = upper_bound(at) if at else None
        for kin in _KIN:
            for truncated in (False, True):
                for row in of_url(self.catalogue, url, bound, kin=kin, truncated=truncated):
                    if kin == "surt" and _unescaped(row["url"]) != _unescaped(url):
                        continue  # a SURT does not tell upper from lower case
                    capture = capture_from(row)
                    if self._is_readable(capture):
                        return capture
        return None

    def _is_readable(self, capture: Capture) -> bool:
        try:
            self.resolve(capture)
        except RecordError:
            return False
        return True

    def resolve(self, capture: Capture) -> Capture:
        """The response that carries a capture's payload: of a revisit the one it refers to.

        In foreign files it is found by WARC-Refers-To, else by Refers-To-Target-URI and Refers-To-Date, else
        by its payload digest, first among captures of the same URL. Raises `RecordError` if it is missing.
        """
        for _ in range(_LONGEST_CHAIN):
            if capture.kind == "response":
                return capture
            row = self.catalogue.capture(capture.refers_to) if capture.refers_to else None
            if row is None:
                break
            capture = capture_from(row)
        raise RecordError(f"{capture.url}: the original of its revisit at {capture.date} is not in {self.path}.")

    def error(self, capture: Capture) -> str | None:
        """Why the fetch failed that left a capture all the same, as newswarc's own files say; else None."""
        return fetch_error(self.catalogue, capture.url, capture.id)

    # Reading

    def read(self, file: str, offset: int, length: int) -> bytes:
        """The bytes of one record: its gzip member, or head and block. Raises `StoreError`."""
        return self._reader.read(file, offset, length)

    def scan(self, file: str) -> Iterator[Scanned]:
        """The records of a file that has captures, one after the other; damaged ones are passed over.

        Nothing else may be read meanwhile. Raises `StoreError`.
        """
        if isinstance(self._reader, Files):
            yield from scan(self._reader.open(file), lambda _: None)
            return
        try:
            with Store(self.path).path(file).open("rb") as opened:
                yield from scan(opened, lambda _: None)
        except OSError as error:
            raise StoreError(f"{self.path / file}: can't be read: {error.strerror}.") from error

    def record(self, capture: Capture) -> StoredRecord:
        """The record of a capture. Raises `RecordError` or `StoreError`."""
        return record_of(self._reader, capture)

    def message(self, capture: Capture) -> Message:
        """The response as replayed: a revisit's own head, where it has one, before the payload of its original.

        A revisit that says "not modified" (304) is the original as it was. Codings that the head names but the
        body no longer has are left out of the headers. Raises `RecordError` or `StoreError`.
        """
        original = self.resolve(capture)
        message = message_of(self.record(original))
        if original is not capture and capture.status != 304:
            record = self.record(capture)
            if record.block:
                own = message_of(record)
                message = msgspec.structs.replace(own, body=message.body)
        return repaired(message)


def _unescaped(url: str) -> str:
    """What a URL is known by when escapes don't count."""
    try:
        return unquote(url_key(safe_url_string(url)))
    except ValueError:
        return url


def upper_bound(at: str) -> str:
    """The last WARC-Date that a time covers, in whole seconds.

    `at` is an ISO 8601 date and time, a prefix of one, or a timestamp of up to fourteen digits; what it leaves
    out is taken as late as can be: ``2026-11-20`` is the end of that day. Without a zone it is UTC. Raises
    `StoreError` if it is no date.
    """
    text = at.strip()
    if _TIMESTAMP.fullmatch(text) and len(text) % 2 == 0:
        parts = [text[:4], *(text[i : i + 2] for i in range(4, len(text), 2))]
        text = "-".join(parts[:3]) + ("T" + ":".join(parts[3:]) if parts[3:] else "")
    try:
        if not _DATE.fullmatch(text):
            return whole_seconds(text)
        text = text.replace(" ", "T")
        if len(text) == 7 and text[5:] in ("04", "06", "09", "11", "02"):
            leap = int(text[:4]) % 4 == 0 and (int(text[:4]) % 100 != 0 or int(text[:4]) % 400 == 0)
            text += "-30" if text[5:] != "02" else "-29" if leap else "-28"
        return whole_seconds(text + "0000-12-31T23:59:59"[len(text) :] + "Z")
    except (ValueError, OverflowError) as error:
        raise StoreError(
            f"{at!r} is no date; write it as 2026-11-20, 2026-11-20T09:00:00Z or 20261120090000."
        ) from error


def _unknown_files(store: Store, catalogue: Catalogue) -> list[str]:
    """Files of a store that its catalogue does not know to their ends."""
    problems = []
    indexed = catalogue.indexed()
    for name in store.files("originals"):
        path = store.path(name)
        if not path.name.endswith(OPEN_SUFFIX) and indexed.get(name, 0) != path.stat().st_size:
            problems.append(f"{name}: the catalogue does not know all of it; scrapy rebuild reads it.")
    return problems
