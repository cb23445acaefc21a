from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archive.article import Article, Comment, Removed, Trace, Update
from archive.cleaning import article_dict
from archive.provenance import capture_of
from archive.reader import parse_member
from archive.storage import Store
from tests.archive.export.papers import STORM, handed_over, keep_text, paper, selected
from tests.archive.making import digest_of, running

ODD = 'Ice \u2028\u2029\x85\x0b\x0c\x1c\x7f \U0001f6a2 "quoted" \\ </script>'


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return paper(tmp_path_factory.mktemp("paper"))


def test_a_line_is_what_clean_prints_and_where_it_lies(store: Store, tmp_path: Path) -> None:
    handed_over(store, tmp_path / "a.jsonl", "jsonl", versions="all")
    found = rows(tmp_path / "a.jsonl")
    with selected(store, versions="all") as selection:
        entries = list(selection.entries(lambda *_: None))
    assert len(found) == len(entries) == 4
    for row, entry in zip(found, entries, strict=True):
        printed = json.loads(json.dumps(article_dict(entry.article, entry.capture.file)))
        assert {name: row[name] for name in printed} == printed
        assert (row["source"], row["article"]) == (entry.row["source"], entry.row["article"])
        assert row["extractor"] == entry.article.trace.extractor
        assert row["text_digest"] == digest_of(row["text"].encode())
    assert [r["headline"] for r in found[0]["revisions"]] == [found[0]["headline"], found[1]["headline"]]
    assert found[1]["revisions"][1]["version"] == found[1]["version"]
    assert "Support the Ellery Courier" in found[0]["removed"][-1]["text"]


def test_its_pointers_lead_to_the_records(store: Store, tmp_path: Path) -> None:
    handed_over(store, tmp_path / "a.jsonl", "jsonl")
    for row in rows(tmp_path / "a.jsonl"):

        def member(name: str, row: dict[str, Any] = row) -> bytes:
            place = row[name]
            data = (store.root / place["file"]).read_bytes()
            return data[place["offset"] : place["offset"] + place["length"]]

        text, page = parse_member(member("text_record")), parse_member(member("capture"))
        assert text.id == row["version"]
        assert text.block.decode() == row["text"]
        assert (page.id, page.url) == (row["capture"]["id"], row["capture"]["url"])
        assert digest_of(member("capture")) == row["capture"]["record_digest"]
        name, proof = capture_of(parse_member(member("provenance")).json())
        assert (name, proof["warc:WARC-Payload-Digest"]) == (page.id, row["capture"]["payload_digest"])


def test_every_field_comes_through_as_it_is(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    article = Article(
        url=STORM,
        headline=ODD,
        text=f"{ODD}\nSecond.",
        authors=(ODD, "B"),
        comments=(Comment(ODD, "Reader"),),
        updates=(Update(ODD, "2026-11-20T09:00:00Z", ODD),),
        trace=Trace(evidence={"headline": ODD}, removed=(Removed(ODD, "p", "appeal"),)),
    )
    with running(store) as run:
        keep_text(run, STORM, article)
    handed_over(store, tmp_path / "a.jsonl", "jsonl")
    (row,) = rows(tmp_path / "a.jsonl")
    assert (row["headline"], row["text"], row["authors"]) == (ODD, f"{ODD}\nSecond.", [ODD, "B"])
    assert row["comments"] == [{"text": ODD, "author": "Reader", "published": None}]
    assert row["updates"][0]["headline"] == ODD
    assert (row["removed"][0]["text"], row["evidence"]) == (ODD, {"headline": ODD})
