"""Indexes of packages: sorted, whole, and true."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.archive.inspection.files import (
    URL,
    Rec,
    Wacz,
    conversion,
    faults,
    good,
    info,
    member,
    metadata,
    only,
    request,
    response,
    warc,
)


def built(tmp_path: Path, package: Wacz) -> list[str]:
    return faults(package.build(tmp_path / "a.wacz"))


def plain_index(package: Wacz, name: str = "indexes/index.cdxj") -> bytes:
    """Put the index into one plain file."""
    text = "".join(f"{key} {time} {json.dumps(facts)}\n" for key, time, facts in package.lines).encode()
    package.files[name] = text
    return text


def test_an_index_may_be_plain_or_compressed_as_a_whole(tmp_path: Path) -> None:
    package = Wacz()
    plain_index(package)
    assert built(tmp_path, package) == []
    package = Wacz()
    package.files["indexes/index.cdx.gz"] = member(plain_index(package))
    del package.files["indexes/index.cdxj"]
    assert built(tmp_path, package) == []


def test_several_indexes_are_one(tmp_path: Path) -> None:
    package = Wacz()
    every, package.lines = package.lines, package.lines[:1]
    plain_index(package, "indexes/a.cdxj")
    package.lines = every[1:]
    plain_index(package, "indexes/b.cdx")
    assert built(tmp_path, package) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"offset": "9999"}, "names a place where no record begins (originals.warc.gz, byte 9999)"),
        ({"offset": "x"}, "names a place where no record begins"),
        ({"offset": -5}, "names a place where no record begins"),
        ({"offset": True}, "names a place where no record begins"),
        ({"offset": 10**30}, "names a place where no record begins"),
        ({"filename": "other.warc.gz"}, "names a place where no record begins (other.warc.gz"),
        ({"length": "7"}, "has another length than its record (7, not "),
        ({"url": "https://www.skagen.test/other"}, "names the record of another URL"),
        ({"digest": "sha256:" + "0" * 64}, "has another digest than its record's payload"),
        ({"recordDigest": "sha256:" + "0" * 64}, "has another recordDigest than its record"),
    ],
)
def test_a_line_that_is_not_true_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    package = Wacz()
    package.lines[1][2].update(changes)
    texts = built(tmp_path, package)
    assert texts[0].startswith("a.wacz, indexes/index.cdx.gz, line 2: ") or "capture that is not in" in texts[0]
    assert any(said in text for text in texts), texts


def test_a_line_with_another_time_is_named(tmp_path: Path) -> None:
    package = Wacz()
    key, _, facts = package.lines[0]
    package.lines[0] = key, "20261120090001", facts
    only(built(tmp_path, package), "has another time than its record (20261120090001, not 2026-11-20T09:00:00Z)")


@pytest.mark.parametrize("key", ["test,bank)/2026/herring", "com,skagen)/", "skagen"])
def test_a_line_under_the_key_of_another_host_is_named(tmp_path: Path, key: str) -> None:
    package = Wacz()
    package.lines = [(key, time, facts) for _, time, facts in package.lines]
    texts = built(tmp_path, package)
    assert len(texts) == 3
    assert all("stands under the key of another host" in text for text in texts)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://www.skagen.test:8080/a", "test,skagen:8080)/a"),
        ("http://www2.Skagen.test/a", "test,skagen)/a"),
        ("http://www.skagen.test/a", "test,skagen,www)/a"),
        ("http://skagen.test/a", "http://(test,skagen,)/a"),
        ("https://å.skagen.test/a", "test,skagen,xn--5ca)/a"),
        ("http://127.0.0.1:80/a", "1,0,0,127)/a"),
        ("http://[::1]:80/a", "::1)/a"),
        ("urn:x:1", "urn:x:1"),
    ],
)
def test_keys_of_other_tools_are_understood(tmp_path: Path, url: str, key: str) -> None:
    package = Wacz([info(), response(url=url)])
    facts = {
        "url": url,
        "filename": "originals.warc.gz",
        "offset": len(warc(info())),
        "length": len(warc(package.records[1])),
    }
    package.lines = [(key, "20261120090000", facts)]
    package.pages[0]["url"] = url
    assert built(tmp_path, package) == []


def test_a_capture_that_is_not_in_the_index_is_named(tmp_path: Path) -> None:
    package = Wacz()
    del package.lines[2]
    text = only(
        built(tmp_path, package), f"is a capture that is not in the index, so that replay does not show it ({URL})"
    )
    assert text.startswith("a.wacz, archive/originals.warc.gz, byte")


def test_an_index_out_of_order_is_named(tmp_path: Path) -> None:
    package = Wacz()
    package.lines.reverse()
    texts = built(tmp_path, package)
    assert any("line 2: is not sorted by bytes (LC_ALL=C)" in text for text in texts)
    assert any("index.idx" in text and "is not sorted" in text for text in texts)


def test_order_is_by_bytes(tmp_path: Path) -> None:
    package = Wacz([info(), *(response(url=f"https://skagen.test/{p}", id=f"urn:x:{p}") for p in "aB")])
    package.pages = []
    assert [line[0] for line in package.lines] == ["test,skagen)/B", "test,skagen)/a"]
    assert built(tmp_path, package) == []


@pytest.mark.parametrize(
    "line", [b"hello", b"key 20261120090000", b"key 20261120090000 {", b"key 20261120090000 [1]", b"\xff\xfe {}", b"{}"]
)
def test_a_line_that_is_none_is_named(tmp_path: Path, line: bytes) -> None:
    package = Wacz()
    text = plain_index(package)
    package.files["indexes/index.cdxj"] = text + line + b"\n"
    texts = built(tmp_path, package)
    assert any("line 4: is no line of CDXJ" in t or "line 4: lacks url" in t for t in texts), texts


def test_nested_json_harms_nothing(tmp_path: Path) -> None:
    package = Wacz()
    plain_index(package)
    package.files["indexes/index.cdxj"] += b"test,skagen)/x 20261120090000 {" + b'"a":[' * 100_000 + b"\n"
    assert any("is no line of CDXJ" in text for text in built(tmp_path, package))


def test_an_index_without_lines_is_named(tmp_path: Path) -> None:
    package = Wacz()
    package.files["indexes/index.cdxj"] = b"\n"
    only(built(tmp_path, package), "has an index without a line")


@pytest.mark.parametrize("record", [request(), conversion(fields={"WARC-Refers-To": "<urn:x:2>"})])
def test_an_index_must_name_captures_only(tmp_path: Path, record: Rec) -> None:
    package = Wacz([info(), response(id="urn:x:2", url=URL + "/other"), record])
    offset = len(warc(*package.records[:2]))
    facts = {"url": URL, "filename": "originals.warc.gz", "offset": offset, "length": len(warc(record))}
    package.lines.insert(0, ("test,skagen)/2026/herring", "20261120090000", facts))
    texts = built(tmp_path, package)
    assert any(f"names a {record.type}, which replay tools would show as a page" in text for text in texts), texts


def test_metadata_of_its_own_may_be_in_the_index(tmp_path: Path) -> None:
    """cdxj-indexer puts it there."""
    package = Wacz([*good(), metadata(b"{}", url="urn:x:about", content_type="application/json")])
    offset = len(warc(*good()))
    facts = {
        "url": "urn:x:about",
        "filename": "originals.warc.gz",
        "offset": offset,
        "length": len(warc(package.records[-1])),
    }
    package.lines.append(("urn:x:about", "20261120090000", facts))
    assert built(tmp_path, package) == []


# ZipNum


def test_pieces_must_lie_where_the_idx_says(tmp_path: Path) -> None:
    for old, new, said in (
        (b'"offset": 0', b'"offset": 1', "is not cut into the pieces"),
        (b"20261120090000 {", b"20261120085900 {", "begins a piece with another line"),
        (b'"digest": "sha256:', b'"digest": "sha256:0', "does not match its digest in the .idx"),
        (b"index.cdx.gz", b"other.cdx.gz", "has an .idx about indexes/other.cdx.gz, which is not there"),
        (b'{"offset"', b'"offset"', "is no line of CDXJ"),
    ):
        package = Wacz()
        package.index()
        assert old in package.files["indexes/index.idx"]
        package.files["indexes/index.idx"] = package.files["indexes/index.idx"].replace(old, new, 1)
        texts = built(tmp_path, package)
        assert any(said in text for text in texts), (said, texts)


def test_a_damaged_index_is_named(tmp_path: Path) -> None:
    package = Wacz()
    package.index()
    package.files["indexes/index.cdx.gz"] = package.files["indexes/index.cdx.gz"][:-4]
    assert any("has a gzip member that is cut short" in text for text in built(tmp_path, package))


def test_an_index_that_expands_without_end_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.inspection.members.EXPANSION_FROM", 1 << 20)
    package = Wacz()
    package.files["indexes/index.cdx.gz"] = gzip.compress(b"\n" * (30 << 20))
    assert any("expands more than 100 times" in text for text in built(tmp_path, package))


def test_a_line_without_end_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.inspection.lines.LONGEST", 1000)
    package = Wacz()
    text = plain_index(package)
    package.files["indexes/index.cdxj"] = text + b"x" * 5000
    assert any("has a line of more than" in text for text in built(tmp_path, package))


def test_posts_stand_under_a_longer_url(tmp_path: Path) -> None:
    package = Wacz([info(), response()])
    package.pages = []
    key, time, facts = package.lines[0]
    facts |= {"url": URL + "?__wb_method=POST&q=1", "method": "POST"}
    package.lines[0] = key + "?__wb_method=post&q=1", time, facts
    assert built(tmp_path, package) == []
