"""`TARGETS`: what reads strangers' bytes, one function each, with what it may do with them.

Whatever it is given, a target gives a result or raises an `ArchiveError` whose text is one sentence; in bounded time
(`watched`).
"""

from __future__ import annotations

import gzip
import io
import signal
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from archive.errors import ArchiveError
from tests.archive import foreign_files
from tests.archive.making import refused

__all__ = ["TARGETS", "TooSlow", "watched"]

URL = "https://ellery.test/storm"
_SECONDS = 10.0
"""CPU time that no small input may take."""


class TooSlow(BaseException):
    """It took too long; no `Exception`, which a target could catch."""


@contextmanager
def watched(seconds: float = _SECONDS) -> Iterator[None]:
    """Raises `TooSlow` in what takes more of this process's time."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def _contract() -> Iterator[None]:
    try:
        yield
    except ArchiveError as error:
        refused(error)


def http(data: bytes) -> None:
    """A response off the wire, and out of a record."""
    from archive.http import is_http, parse_response, parse_stored, repaired, split_interim

    interim, rest = split_interim(data)
    assert b"".join(interim) + rest == data
    for parse in (parse_response, parse_stored):
        with _contract():
            message = parse(data)
            assert message.body in data
            for read in (message.content, repaired(message).content):
                with _contract():
                    read(1 << 20)
            with _contract():
                message.transferred()
    if is_http(data):
        head = parse_response(data)
        assert head.head + head.body == data
        assert not any(c in text for name, value in head.headers for text in (name, value) for c in "\n")


def html(data: bytes) -> None:
    """A page: its article, and what it needs to be shown."""
    from archive.extraction.extractor import extract
    from archive.requisites import page_requisites, style_requisites

    for content_type in ("text/html; charset=utf-8", "application/xhtml+xml", None):
        with _contract():
            extract(data, url=URL, content_type=content_type)
    with _contract():
        page_requisites(data, URL)
    with _contract():
        style_requisites(data, URL)


def jsonld(data: bytes) -> None:
    """A page whose JSON-LD is given."""
    from archive.extraction.extractor import extract
    from archive.extraction.jsonld import parse_json

    parse_json(data.decode("utf-8", "replace"))
    body = b"<html><body><article><h1>Storm</h1><p>The harbour stays closed until Monday.</p></article>"
    for kind in (b"application/ld+json", b"application/json"):
        with _contract():
            extract(b'<script id="__NEXT_DATA__" type="' + kind + b'">' + data + b"</script>" + body, url=URL)


def feed(data: bytes) -> None:
    """RSS, Atom and JSON Feed."""
    from scrapy.http import Response

    from crawler.discovery.feeds import read_feed

    with _contract():
        for found in read_feed(Response(f"{URL}/feed", body=data)).found:
            assert found.url.startswith(("http://", "https://"))


def sitemap(data: bytes) -> None:
    """Sitemaps and their indexes, plain text too."""
    from scrapy.http import Response

    from crawler.discovery.sitemaps import read_sitemap

    for body in (data, gzip.compress(data, 1)):
        with _contract():
            for found in read_sitemap(Response(f"{URL}/sitemap.xml", body=body)).found:
                assert found.url.startswith(("http://", "https://"))


def warc(data: bytes) -> None:
    """A WARC file: plain, compressed record by record, and as it is."""
    from archive.collection.scan import scan
    from archive.reader import check_digests, parse_member, read_records

    forms = [data]
    if not data.startswith(b"\x1f\x8b"):
        parts = data.split(b"\r\n\r\nWARC/")
        records = [parts[0], *(b"WARC/" + part for part in parts[1:])]
        forms.append(b"".join(gzip.compress(one + b"\r\n\r\n", 1) for one in records))
    for form in forms:
        with _contract():
            for record in read_records(io.BytesIO(form)):
                with _contract():
                    check_digests(record)
                with _contract():
                    record.json()
        with _contract():
            parse_member(form)
        with _contract():
            list(scan(io.BytesIO(form), lambda *told: None))
        name = "a.warc.gz" if form.startswith(b"\x1f\x8b") else "a.warc"
        with _file(form, name) as path:
            _judge(path)
            with _contract():
                foreign_files.contents(path)


def wacz(data: bytes) -> None:
    """A package, as it is."""
    with _file(data, "a.wacz") as path:
        _judge(path)
        with _contract():
            foreign_files.contents(path)


_PARTS = (
    *("datapackage.json", "datapackage-digest.json", "indexes/index.cdxj", "indexes/index.cdx", "indexes/index.idx"),
    *("pages/pages.jsonl", "pages/extraPages.jsonl", "archive/data.warc", "signed-metadata.json"),
)


def package_part(data: bytes) -> None:
    """A package in which one file is given; which, its first byte says."""
    chosen = _PARTS[data[0] % len(_PARTS)] if data else _PARTS[0]
    record = foreign_files.record("response", foreign_files.reply(b"<p>hello", "Content-Type: text/html"))
    files = {
        "archive/data.warc": record,
        "indexes/index.cdxj": b'test,ellery)/ 20261120090000 {"url": "https://ellery.test/"}\n',
        "pages/pages.jsonl": b'{"format": "json-pages-1.0", "id": "pages"}\n',
        "datapackage.json": b'{"profile": "data-package", "resources": []}',
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as package:
        for name, content in (files | {chosen: data[1:]}).items():
            package.writestr(name, content)
    wacz(held.getvalue())


def source(data: bytes) -> None:
    """The definition of a source."""
    from crawler.source import load_source

    with _file(data, "ellery.toml") as path, _contract():
        found = load_source(path)
        found.is_article(URL)
        found.owns(URL)


def rights(data: bytes) -> None:
    """A site's tdmrep.json."""
    from archive.rights.tdmrep import read_rules

    with _contract():
        for rule in read_rules(data):
            rule.fits(URL)


def address(data: bytes) -> None:
    """A URL, as pages, feeds and indexes give it."""
    from archive.surt import surt, url_key
    from crawler.discovery.listing import absolute

    text = data.decode("utf-8", "replace")
    with _contract():
        surt(text)
    with _contract():
        url_key(text)
    found = absolute(text, URL)
    assert not found or found.startswith(("http://", "https://"))
    assert not found or not any(character in found for character in "\r\n\t\0")


def _judge(path: Path) -> None:
    """What ``scrapy verify FILE`` says is one line each."""
    from archive.inspection import inspect

    with _contract():
        found = inspect([path])
        assert not any("Traceback" in str(line) for line in (*found.faults, *found.advice, *found.signatures))


@contextmanager
def _file(data: bytes, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        with suppress(FileNotFoundError):
            yield path


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (http, html, jsonld, feed, sitemap, warc, wacz, package_part, source, rights, address)
}
