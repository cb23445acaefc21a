"""Parquet: one version of an article a row, for data frames and databases (needs the extra ``parquet``)."""

from __future__ import annotations

import datetime as dt
from typing import IO, TYPE_CHECKING, Any

from archive.errors import ExportError
from archive.export.jsonl import fields
from archive.export.ledger import ledger
from archive.export.lines import dump
from archive.export.selection import Entry, Selection
from archive.progress import Progress
from archive.rights.statement import Statement

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["require_pyarrow", "schema", "write_parquet"]

_GROUP_ROWS = 1000
_GROUP_SIZE = 16 << 20
"""Characters of text; a row group is written when it has so many rows or passes this."""


def require_pyarrow() -> None:
    """Raise `ExportError` where pyarrow is missing."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise ExportError("Parquet needs pyarrow; install it with: pip install 'newswarc[parquet]'.") from error


def write_parquet(selection: Selection, file: IO[bytes], progress: Progress) -> None:
    """Write the versions that were chosen, row group by row group. Raises `StoreError` or `RecordError`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = schema().with_metadata(
        {"newswarc": dump(selection.query.facts()), "newswarc-coverage": dump(list(ledger(selection)))}
    )
    with pq.ParquetWriter(file, columns, compression="zstd", compression_level=3) as writer:
        rows: list[dict[str, Any]] = []
        size = 0
        for entry in selection.entries(progress):
            row = _row(entry)
            rows.append(row)
            size += len(row["text"]) + sum(len(removed["text"]) for removed in row["removed"])
            if len(rows) >= _GROUP_ROWS or size >= _GROUP_SIZE:
                writer.write_table(pa.Table.from_pylist(rows, columns))
                rows, size = [], 0
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, columns))


def schema() -> pa.Schema:
    """The columns. Dates of publication are as precise as the page, so they are text; the day is a date."""
    import pyarrow as pa

    text, number, moment = pa.string(), pa.int64(), pa.timestamp("s", "UTC")
    member = [("file", text), ("offset", number), ("length", number)]
    removed = pa.struct([("text", text), ("rule", text), ("place", text), ("line", pa.int32())])
    capture = [
        ("id", text), ("kind", text), ("url", text), ("date", moment), ("status", pa.int16()), ("mime", text),
        ("payload_digest", text), ("refers_to", text), ("truncated", text), *member, ("record_digest", text),
    ]  # fmt: skip
    statement = pa.struct([(name, text) for name in Statement.__struct_fields__])
    revision = [("version", text), ("capture", text), ("date", moment), ("headline", text), ("text_digest", text)]
    return pa.schema(
        [
            ("version", text),
            ("article", text),
            ("source", text),
            ("url", text),
            ("kind", text),
            ("headline", text),
            ("standfirst", text),
            ("text", text),
            ("authors", pa.list_(text)),
            ("published", text),
            ("published_day", pa.date32()),
            ("modified", text),
            ("language", text),
            ("section", text),
            ("tags", pa.list_(text)),
            ("image", text),
            ("captions", pa.list_(text)),
            ("comments", pa.list_(pa.struct([("text", text), ("author", text), ("published", text)]))),
            ("updates", pa.list_(pa.struct([("text", text), ("published", text), ("headline", text)]))),
            ("coverage_end", text),
            ("canonical_url", text),
            ("paywalled", pa.bool_()),
            ("rights", pa.list_(statement)),
            ("rights_marks", pa.list_(text)),
            ("removed", pa.list_(removed)),
            ("evidence", pa.map_(text, text)),
            ("text_digest", text),
            ("extracted", pa.timestamp("us", "UTC")),
            ("extractor", text),
            ("rules", text),
            ("furniture", text),
            ("capture", pa.struct(capture)),
            ("text_record", pa.struct(member)),
            ("provenance", pa.struct(member)),
            ("revisions", pa.list_(pa.struct(revision))),
        ]
    )


def _row(entry: Entry) -> dict[str, Any]:
    row = fields(entry)
    row["published_day"] = _day(row["published"])
    row["extracted"] = _moment(row["extracted"])
    row["capture"]["date"] = _moment(row["capture"]["date"])
    row["revisions"] = [{**revision, "date": _moment(revision["date"])} for revision in row["revisions"]]
    row["evidence"] = list(row["evidence"].items())
    del row["input"]
    return row


def _day(date: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat((date or "")[:10])
    except ValueError:  # only a year or a month
        return None


def _moment(date: str) -> dt.datetime:
    return dt.datetime.fromisoformat(date)
