"""Sitemaps (sitemaps.org, with the news extension), sitemap indexes, and sitemaps that are plain text.

Read with lxml, row by row. Of the libraries for it, ultimate-sitemap-parser (GPL) and advertools fetch by themselves,
past the archive, and Scrapy's `Sitemap` keeps the whole tree and knows no news dates.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from typing import Any

from lxml import etree
from scrapy.http import Response

from archive.capture import Lead
from archive.errors import RecordError
from crawler.discovery.dates import date_as_given
from crawler.discovery.listing import Found, Listing, absolute, looks_like_html, plain

__all__ = ["read_sitemap"]

_LARGEST = 64 << 20
"""Bytes of a sitemap; sitemaps.org allows 50 MB."""
_MOST_ROWS = 100_000
"""sitemaps.org allows 50,000."""
_LONGEST_TITLE = 500
_ROWS = {"urlset": "url", "sitemapindex": "sitemap"}
_STRAY = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)|<(?![A-Za-z_/!?])", re.DOTALL
)
_ESCAPED = {b"&": b"&amp;", b"<": b"&lt;"}

Row = dict[str, str]


def read_sitemap(response: Response) -> Listing:
    """The rows of a sitemap or a sitemap index; gzipped ones are read as well.

    Raises `RecordError` if it is neither.
    """
    url = response.url
    body, problem = _plain_bytes(response.body)
    problems = [f"{url} {problem}; what came is read."] if problem else []
    if b"<" not in body[:2048] and (listed := _from_text(body, url)):
        return Listing(kind="sitemap", found=listed, problems=problems)
    name, rows, errors = _from_xml(body)
    if errors and b"\0" not in body[:1024]:
        mended = _STRAY.sub(lambda match: _ESCAPED.get(match[0], match[0]), body)
        name, rows, _ = _from_xml(mended) if mended != body else (name, rows, errors)
    if name not in _ROWS:
        what = "is an HTML page, no sitemap" if looks_like_html(body) else "is no sitemap"
        raise RecordError(f"{url} {what}{f': it {problem}' if problem else ''}.")
    if errors:
        problems.append(f"{url} is not well-formed XML ({errors}); {len(rows):,} rows could be read.")
    if len(rows) >= _MOST_ROWS:
        problems.append(f"{url} has more than {_MOST_ROWS:,} rows; those behind them are passed over.")
    found = list(_found(rows, url, is_index=name == "sitemapindex"))
    if unlike := sum(1 for row in rows if _dated(row) and not date_as_given(_dated(row))):
        problems.append(f"{url} has {unlike:,} rows with a date that is none; the rows are used without it.")
    if lost := len(rows) - len(found):
        problems.append(f"{url} has {lost:,} rows without an address, or with one that is given twice.")
    return Listing(kind="sitemap", found=found, problems=problems)


def _found(rows: list[Row], base: str, *, is_index: bool) -> Iterator[Found]:
    seen = set()
    for row in rows:
        url = absolute(row.get("loc", ""), base)
        if url and url not in seen:
            seen.add(url)
            lead = Lead(kind="sitemap", via=base, announced=date_as_given(_dated(row)))
            yield Found(url, lead, is_sitemap=is_index, title=plain(row.get("title"), _LONGEST_TITLE))


def _dated(row: Row) -> str | None:
    return row.get("lastmod") or row.get("publication_date") or None


def _from_xml(body: bytes) -> tuple[str, list[Row], str]:
    """The root's name, its rows, and what the parser finds wrong first."""
    rows: list[Row] = []
    root = ""
    parser = etree.iterparse(
        io.BytesIO(body.lstrip()),
        events=("start", "end"),
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    children = 0
    try:
        for event, element in parser:
            if event == "start":
                root = root or _name(element)
                if root not in _ROWS:
                    break
            elif (parent := element.getparent()) is not None and parent.getparent() is None:
                if _name(element) == _ROWS[root]:
                    rows.append(_row(element))
                _forget(element)
                children += 1
                if children >= _MOST_ROWS:
                    break
    except (etree.XMLSyntaxError, ValueError) as error:
        return root, rows, str(error).splitlines()[0][:100]
    errors = parser.error_log.filter_from_errors()
    return root, rows, next((e.message.strip()[:100] for e in errors if "namespace" not in e.type_name.lower()), "")


def _row(element: Any) -> Row:
    """The fields of a row: its own, and date and title of the news extension."""
    row = {_name(child): (child.text or "").strip() for child in reversed(element)}
    for child in element.iter(etree.Element):
        if (name := _name(child)) in ("publication_date", "title") and _name(child.getparent()) == "news":
            row.setdefault(name, (child.text or "").strip())
    return row


def _forget(element: Any) -> None:
    """Let go of a row that was read, and of what stood before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _from_text(body: bytes, base: str) -> list[Found]:
    """The lines of a sitemap that is plain text; none if any of its first lines is no URL."""
    lines = [line.strip() for line in body[:_LARGEST].decode("utf-8-sig", "replace").splitlines()]
    lines = [line for line in lines if line][:_MOST_ROWS]
    if not lines or not all(line.startswith(("http://", "https://")) for line in lines[:10]):
        return []
    lead = Lead(kind="sitemap", via=base)
    return [Found(url, lead) for url in dict.fromkeys(filter(None, (absolute(line, base) for line in lines)))]


def _plain_bytes(body: bytes) -> tuple[bytes, str]:
    """The sitemap without gzip, and what was wrong with that."""
    if body[:2] != b"\x1f\x8b":
        return body[:_LARGEST], f"has more than {_LARGEST:,} bytes" if len(body) > _LARGEST else ""
    unpacker = zlib.decompressobj(31)
    try:
        data = unpacker.decompress(body, _LARGEST)
    except zlib.error:
        return _whole_parts(body), "is damaged gzip"
    if unpacker.unconsumed_tail:
        return data, f"has more than {_LARGEST:,} bytes when unpacked"
    return data, "" if unpacker.eof else "is cut short"


def _whole_parts(body: bytes) -> bytes:
    """What can be unpacked of a damaged file."""
    unpacker = zlib.decompressobj(31)
    parts: list[bytes] = []
    size = 0
    try:
        for start in range(0, len(body), 4096):
            parts.append(unpacker.decompress(body[start : start + 4096], _LARGEST))
            size += len(parts[-1])
            if size > _LARGEST:
                break
    except zlib.error:
        pass  # that is how it was found
    return b"".join(parts)


def _name(element: Any) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
