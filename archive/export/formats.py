"""`export`: the formats by name, and the one way to write each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Literal

import msgspec

from archive.errors import ExportError
from archive.export.jsonl import write_jsonl
from archive.export.markdown import write_markdown_folder, write_markdown_zip
from archive.export.output import new_file, new_folder
from archive.export.parquet import require_pyarrow, write_parquet
from archive.export.query import Query
from archive.export.selection import ChangedCatalogue, Selection
from archive.export.wacz import write_wacz
from archive.export.wet import write_wet
from archive.progress import Progress
from archive.signing import SigningKey
from archive.storage import Store

__all__ = ["ENDINGS", "Export", "Format", "export", "format_of"]

Format = Literal["wacz", "jsonl", "markdown", "wet", "parquet"]

ENDINGS: dict[str, Format] = {
    ".wacz": "wacz",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".wet.gz": "wet",
    ".wet": "wet",
    ".parquet": "parquet",
    ".zip": "markdown",
    ".md": "markdown",
}
"""Names' ends that tell the format."""


_WRITERS: dict[Format, Callable[[Selection, IO[bytes], Progress], None]] = {
    "jsonl": write_jsonl,
    "wet": write_wet,
    "parquet": write_parquet,
    "markdown": write_markdown_zip,
}


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """What was written."""

    path: Path
    format: Format
    versions: int
    size: int
    """Bytes, of a folder those of its files."""
    captures: int = 0
    """In a package."""
    left_out: int = 0
    """Revisits that a package lacks because the archive has no originals of them."""
    signer: str | None = None
    """The public key's fingerprint if it was signed."""


def format_of(target: str, name: str | None = None) -> Format:
    """The format with that name, or the one that the target's end tells; a name that ends in / is a folder.

    Raises `ExportError` if neither tells.
    """
    if name:
        found = next((f for f in ENDINGS.values() if f == name), None)
    elif target.endswith("/"):
        found = "markdown"
    else:
        found = next((f for end, f in ENDINGS.items() if target.lower().endswith(end)), None)
    if found is None:
        raise ExportError(
            f"{name or target}: what format is that? Name one with --format wacz, jsonl, markdown, wet or parquet."
        )
    return found


def export(
    store: Store,
    query: Query,
    target: Path,
    format: Format,
    *,
    key: SigningKey | None = None,
    title: str = "",
    force: bool = False,
    progress: Progress | None = None,
) -> Export:
    """Write the articles that a query chooses to `target`; a `key` signs a package.

    Raises `ExportError` if none fits or the target can't be written, and `ArchiveError` if the archive can't be
    read; nothing is then left behind.
    """
    progress = progress or (lambda *_: None)
    if format == "parquet":
        require_pyarrow()
    write = partial(_export, store, query, target, format, key=key, title=title, force=force, progress=progress)
    try:
        return write()
    except ChangedCatalogue:  # a crawl began or ended; the journal of a running one keeps us apart
        return write()


def _export(
    store: Store,
    query: Query,
    target: Path,
    format: Format,
    *,
    key: SigningKey | None,
    title: str,
    force: bool,
    progress: Progress,
) -> Export:
    with Selection(store, query) as selection:
        if format == "markdown" and target.suffix.lower() != ".zip":
            with new_folder(target) as folder:
                write_markdown_folder(selection, folder, progress)
                selection.check()
            size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
            return Export(path=target, format=format, versions=selection.count, size=size)
        captures = left_out = 0
        with new_file(target, force=force) as file:
            if format == "wacz":
                package = write_wacz(selection, file, progress, key=key, title=title)
                captures, left_out = package.captures, package.left_out
            else:
                _WRITERS[format](selection, file, progress)
            selection.check()
        return Export(
            path=target,
            format=format,
            versions=selection.count,
            size=target.stat().st_size,
            captures=captures,
            left_out=left_out,
            signer=key.fingerprint if key and format == "wacz" else None,
        )
