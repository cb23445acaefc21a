"""Links of the chain, one by one; whole chains are in test_check.py and test_verify.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archive.article import Article, Trace, article_fields
from archive.furniture.furniture import Entry, Furniture
from archive.reader import StoredRecord
from archive.rules import Reading
from archive.verification.chain import (
    Details,
    Held,
    extraction_problem,
    list_of,
    provenance_problems,
    revisit_problem,
    sidecar_problem,
    task_of,
)
from tests.archive.making import digest_again

ENTRY = Entry(key="0" * 16, text="Give", first_seen="2026", last_seen="2026", articles=3)
URL = "https://ellery.test/storm"


def record(kind: str, block: bytes = b"", **headers: str) -> StoredRecord:
    told = {"WARC-Record-ID": "<urn:uuid:1>", "WARC-Target-URI": URL, "WARC-Date": "2026-11-20T09:00:00Z"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    return StoredRecord(kind, tuple(told.items()), block, 7, 10)


def test_a_file_and_the_digest_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"boats")
    assert sidecar_problem(path) == "has no readable digest beside it (.sha256)"
    digest_again(path)
    assert sidecar_problem(path) is None
    path.write_bytes(b"goats")
    assert "do not match" in (sidecar_problem(path) or "")
    path.unlink()
    assert (sidecar_problem(path) or "").startswith("can't be read: ")


def test_a_revisit_and_its_original() -> None:
    referred = {"WARC_Refers_To_Target_URI": URL, "WARC_Refers_To_Date": "2026-11-20T09:00:00Z"}
    revisit = record("revisit", WARC_Payload_Digest="sha256:1", **referred)
    assert revisit_problem(revisit, record("response", WARC_Payload_Digest="sha256:1")) is None
    assert "does not say" in (revisit_problem(revisit, record("response", WARC_Payload_Digest="sha256:2")) or "")
    for original in (None, record("revisit", WARC_Payload_Digest="sha256:1")):
        assert revisit_problem(revisit, original) == "refers to a response that is not in the store"


def test_a_list_that_is_not_as_it_says() -> None:
    furniture = Furniture.of("ellery.test", [ENTRY])
    assert furniture == Furniture(site="ellery.test", keys=frozenset({ENTRY.key}))
    facts = {"site": "ellery.test", "digest": furniture.digest, "entries": [json.loads(json.dumps(_plain(ENTRY)))]}
    assert list_of(record("metadata", json.dumps(facts).encode())) == furniture
    for wrong in ({**facts, "digest": "sha256:0"}, {**facts, "entries": 7}, {}, {**facts, "site": "other.test"}):
        assert list_of(record("metadata", json.dumps(wrong).encode())) is None


def _plain(entry: Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in Entry.__struct_fields__}


@pytest.mark.parametrize("proof", [{}, {"entity": []}, {"entity": {"a": None}}, {"entity": {"a": {}}}])
def test_provenance_that_is_none(proof: dict[str, object]) -> None:
    page = Held("f", 1, 2, "sha256:0", record("response"))
    told = list(provenance_problems(record("conversion"), page, "sha256:1", proof))
    assert told == ["has a provenance record that is not PROV-JSON of ours"]


def test_how_a_text_is_made_again(tmp_path: Path) -> None:
    page = Held.of(record("response", b"HTTP/1.1 200 OK\r\n\r\n"), "f", "sha256:0")
    assert page.record.block == b""
    assert page.where == "f, byte 7"
    known = Furniture(site="ellery.test", keys=frozenset())
    facts = {
        "reading": {"timezone": "Europe/Oslo"},
        "article": {"trace": {"extractor": "x/1", "furniture": "sha256:f"}},
    }
    details = Details("sha256:1", facts)
    assert details.extractor == "x/1"
    task = task_of(tmp_path, page, details, {"sha256:f": known}.__getitem__)
    assert task.reading == Reading(timezone="Europe/Oslo", furniture=known)
    assert (task.store, task.capture.id, task.capture.offset) == (str(tmp_path), "urn:uuid:1", 7)
    with pytest.raises(KeyError):
        task_of(tmp_path, page, details, {}.__getitem__)
    for wrong in ({}, {"reading": {}, "article": None}):
        with pytest.raises((KeyError, TypeError)):
            task_of(tmp_path, page, Details("", wrong), {}.__getitem__)


def test_what_an_extraction_must_equal() -> None:
    article = Article(url=URL, text="Boats.", trace=Trace(capture="urn:uuid:2"))
    text = record("conversion", WARC_Payload_Digest=article.text_digest, WARC_Refers_To="<urn:uuid:2>")
    details = Details("", {"article": json.loads(json.dumps(article_fields(article)))})
    assert "text" not in article_fields(article)
    assert extraction_problem(article, text, details) is None
    other = Article(url=URL, text="Boats.", headline="Storm", trace=article.trace)
    assert extraction_problem(other, text, details) == "has details that its page does not give"
    assert extraction_problem(Article(url=URL), text, details) == "is not the text that its page gives"
