from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.article import Article
from archive.errors import ExportError
from archive.export import parquet
from archive.reader import parse_member
from archive.storage import Store
from tests.archive.export.papers import STORM, handed_over, keep_text, paper
from tests.archive.export.test_jsonl import rows
from tests.archive.making import digest_of, refused, run_python, running


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return paper(tmp_path_factory.mktemp("paper"))


@pytest.fixture(scope="module")
def table(store: Store, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    target = tmp_path_factory.mktemp("out") / "a.parquet"
    handed_over(store, target, "parquet", versions="all")
    return pq.read_table(target)


def plain(value: Any) -> Any:
    """Times as JSON Lines have them."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().removesuffix("+00:00") + "Z"
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


def test_it_says_what_json_lines_say(table: pa.Table, store: Store, tmp_path: Path) -> None:
    handed_over(store, tmp_path / "a.jsonl", "jsonl", versions="all")
    expected = rows(tmp_path / "a.jsonl")
    found = [plain(row) for row in table.to_pylist()]
    for row, other in zip(found, expected, strict=True):
        row["evidence"] = dict(row["evidence"])
        row.pop("published_day")
        other.pop("input")
        for name, value in other.items():
            if name != "capture":
                assert row[name] == value, name
        assert row["capture"] == other["capture"]
        assert set(row) == set(other)


def test_columns_have_types(table: pa.Table) -> None:
    assert table.schema.field("authors").type == pa.list_(pa.string())
    assert table.schema.field("extracted").type == pa.timestamp("us", "UTC")
    assert table["published_day"].to_pylist()[:2] == [dt.date(2026, 11, 20)] * 2
    assert b'"versions": "all"' in table.schema.metadata[b"newswarc"]
    assert b'"announced": ' in table.schema.metadata[b"newswarc-coverage"]


def test_its_pointers_lead_to_the_records(table: pa.Table, store: Store) -> None:
    for row in table.to_pylist():
        place = row["capture"]
        member = store.read(place["file"], place["offset"], place["length"])
        assert digest_of(member) == place["record_digest"]
        assert parse_member(member).id == place["id"]
        place = row["text_record"]
        record = parse_member(store.read(place["file"], place["offset"], place["length"]))
        assert (record.id, record.block.decode()) == (row["version"], row["text"])


@pytest.mark.parametrize("date", [None, "2026", "2026-11", "soon", "2026-11-20T09:00:00+01:00"])
def test_dates_as_precise_as_the_page(tmp_path: Path, date: str | None) -> None:
    store = Store(tmp_path / "archive")
    with running(store) as run:
        keep_text(run, STORM, Article(url=STORM, text="Ice.", published=date))
    handed_over(store, tmp_path / "a.parquet", "parquet")
    (row,) = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert row["published"] == date
    assert row["published_day"] == (dt.date(2026, 11, 20) if date and len(date) > 9 else None)


@pytest.mark.parametrize(("rows_", "size"), [(3, 1 << 30), (1 << 30, 3 * 2000)])
def test_row_groups_are_written_as_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_: int, size: int
) -> None:
    monkeypatch.setattr(parquet, "_GROUP_ROWS", rows_)
    monkeypatch.setattr(parquet, "_GROUP_SIZE", size)
    store = Store(tmp_path / "archive")
    with running(store) as run:
        for n in range(10):
            keep_text(run, f"{STORM}{n}", Article(url=f"{STORM}{n}", text="x" * 2000))
    handed_over(store, tmp_path / "a.parquet", "parquet")
    groups = pq.ParquetFile(tmp_path / "a.parquet").metadata
    assert [groups.row_group(n).num_rows for n in range(groups.num_row_groups)] == [3, 3, 3, 1]


WITHOUT = """
sys.modules["pyarrow"] = None
from pathlib import Path
from archive.errors import ExportError
from archive.export.formats import export
from archive.export.query import Query
try:
    export(Store(sys.argv[1]), Query(), Path(sys.argv[2]), "parquet")
except ExportError as error:
    print(error)
"""


def test_without_pyarrow_it_says_how_to_get_it(store: Store, tmp_path: Path) -> None:
    done = run_python(WITHOUT, store.root, tmp_path / "a.parquet")
    assert "newswarc[parquet]" in done.stdout, done.stderr
    refused(ExportError(done.stdout.strip()))
    assert list(tmp_path.iterdir()) == []
