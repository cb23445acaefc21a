from __future__ import annotations

import json
from pathlib import Path

from archive.catalogue import Catalogue
from archive.export.ledger import ledger, ledger_bytes
from tests.archive.export.papers import STORM, Opened, handed_over, paper, selected
from tests.archive.making import exchange, later, running, wire


def test_the_ledger_of_an_export_is_that_of_its_days(tmp_path: Path) -> None:
    store = paper(tmp_path / "store")
    handed_over(store, tmp_path / "a.wacz", versions="all")
    with selected(store, versions="all") as selection:
        rows = list(ledger(selection))
        data = ledger_bytes(selection)
    assert rows
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        for row in rows:
            known = {day["day"]: day for day in catalogue.coverage(row["source"])}
            assert row == {"source": row["source"], **known[row["day"]]}
    assert [json.loads(line) for line in data.splitlines()] == rows
    assert Opened(tmp_path / "a.wacz").read("provenance/coverage.jsonl") == data
    with running(store) as run:  # what is crawled later changes nothing
        run.keep(exchange(STORM, wire(b"busy", "503 Busy"), at=later(24 * 30)))
    handed_over(store, tmp_path / "b.wacz", versions="all")
    assert (tmp_path / "b.wacz").read_bytes() == (tmp_path / "a.wacz").read_bytes()
