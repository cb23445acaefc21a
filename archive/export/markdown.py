"""Markdown: one file an article, with its fields as YAML front matter, in folders by source."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from archive.article import Article
from archive.export.ledger import NAME as LEDGER
from archive.export.ledger import ledger_bytes
from archive.export.lines import dump
from archive.export.selection import Entry, Selection
from archive.export.zipping import StoredZip
from archive.progress import Progress

__all__ = ["file_name", "markdown", "safe_name", "write_markdown_folder", "write_markdown_zip"]

_NAME_BYTES = 120
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)", re.IGNORECASE)
"""Names that Windows keeps for devices."""
_MARKS = re.compile(r"([\\`*_\[\]<>~|])")
"""Signs that make markup wherever they stand."""
_ENTITY = re.compile(r"&(?=#?\w+;)")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])")


def write_markdown_folder(selection: Selection, folder: Path, progress: Progress) -> None:
    """Write a file for each version that was chosen, and the coverage of their sources.

    Raises `StoreError` or `RecordError`, and OSError.
    """
    for entry in selection.entries(progress):
        path = folder / file_name(entry)
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as file:
            file.write(markdown(entry).encode())
    (folder / LEDGER).write_bytes(ledger_bytes(selection))


def write_markdown_zip(selection: Selection, file: IO[bytes], progress: Progress) -> None:
    """The same, in a ZIP file."""
    with StoredZip(file, Path(file.name).parent) as zip_:
        for entry in selection.entries(progress):
            data = markdown(entry).encode()
            zip_.add(file_name(entry), len(data), [data])
        data = ledger_bytes(selection)
        zip_.add(LEDGER, len(data), [data])


def file_name(entry: Entry) -> str:
    """``source/2026-11-20-the-headline-0a1b2c3d4e5f.md``: readable, allowed everywhere, and no other version's."""
    article, row = entry.article, entry.row
    day = (article.published or row["date"])[:10]
    day = day if re.fullmatch(r"[0-9]{4}(-[0-9]{2}){0,2}", day) else row["date"][:10]
    number = row["id"].removeprefix("urn:uuid:").replace("-", "")[:12]
    name = safe_name(article.headline or "", _NAME_BYTES) or "untitled"
    return f"{safe_name(row['source'], _NAME_BYTES) or 'unknown'}/{day}-{name}-{safe_name(number, 12)}.md"


def safe_name(text: str, most: int) -> str:
    """Words of `text` as a name of at most `most` bytes in UTF-8: letters, digits and single hyphens, lower case."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(c if unicodedata.category(c)[0] in "LNM" or c == "_" else "-" for c in text)
    name = re.sub("-+", "-", kept).strip("-")
    name = name.encode()[:most].decode("utf-8", "ignore").rstrip("-")
    return f"{name}-" if _RESERVED.fullmatch(name) else name


def markdown(entry: Entry) -> str:
    """The file's text. Nothing in it is markup but what this function writes."""
    article = entry.article
    front = "".join(f"{name}: {dump(value)}\n" for name, value in _front(entry).items())
    return f"---\n{front}---\n\n" + "\n\n".join(_body(article)) + "\n"


def _front(entry: Entry) -> dict[str, Any]:
    """The fields, without what the body holds; JSON values are YAML."""
    article, row, capture = entry.article, entry.row, entry.capture
    names = (
        "kind", "headline", "standfirst", "authors", "published", "modified", "language", "section", "tags",
        "image", "captions", "coverage_end", "canonical_url", "paywalled",
    )  # fmt: skip
    told = {name: msgspec.to_builtins(getattr(article, name)) for name in names}
    return {
        **{name: value for name, value in told.items() if value or value is False},
        "source": row["source"],
        "url": article.url,
        "captured": capture.date,
        "capture": capture.id,
        "payload_digest": capture.payload_digest,
        "version": row["id"],
        "text_digest": row["text_digest"],
        **entry.told_rights,
    }


def _body(article: Article) -> Iterator[str]:
    if article.headline:
        yield f"# {_plain(article.headline)}"
    if article.standfirst:
        yield from (f"**{text}**" for text in _paragraphs(article.standfirst))
    yield from _paragraphs(article.text)
    for update in article.updates:
        title = " ".join(part for part in (update.published, update.headline) if part)
        yield f"## {_plain(title) or '...'}"
        yield from _paragraphs(update.text)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.splitlines():
        if plain := _plain(paragraph):
            yield plain


def _plain(text: str) -> str:
    """Text on one line that Markdown (CommonMark 0.31) shows as it is."""
    text = _MARKS.sub(r"\\\1", " ".join(text.split()))
    text = _ENTITY.sub(r"\\&", text)
    text = _NUMBERED.sub(r"\1\\\2", text)
    return "\\" + text if text[:1] in ("#", "+", "-", "=", ":") else text
