from __future__ import annotations

import gzip
import io
import json

from hypothesis import given
from hypothesis import strategies as st

from archive.export.cdx import cdx_line, write_index
from tests.archive.making import digest_of

ROW = {
    "surt": "test,ellery)/storm",
    "url": "https://ellery.test/storm/å",
    "date": "2026-11-20T09:00:00Z",
    "kind": "response",
    "mime": "text/html",
    "status": 200,
    "payload_digest": "sha256:1",
    "length": 10,
    "record_digest": "sha256:2",
}


def write(lines: list[str]) -> tuple[bytes, list[str]]:
    cdx, idx = io.BytesIO(), io.BytesIO()
    write_index(lines, cdx, idx)
    return cdx.getvalue(), idx.getvalue().decode().splitlines()


def made(keys: list[str]) -> list[str]:
    return sorted(f"{key} {20261120090000 + n} {{}}\n" for n, key in enumerate(keys))


def blocks(lines: list[str]) -> list[list[str]]:
    """The lines of each member, found through the index."""
    cdx, idx = write(lines)
    found = []
    for line in idx[1:]:
        facts = json.loads(line.split(" ", 2)[2])
        member = cdx[facts["offset"] : facts["offset"] + facts["length"]]
        assert facts["digest"] == digest_of(member)
        text = gzip.decompress(member).decode()
        assert text.startswith(" ".join(line.split(" ", 2)[:2]) + " ")
        found.append(text.splitlines(keepends=True))
    assert gzip.decompress(cdx).decode() == "".join(lines)
    return found


def test_a_line() -> None:
    line = cdx_line(ROW, "data.warc.gz", 123)
    assert line == (
        'test,ellery)/storm 20261120090000 {"url": "https://ellery.test/storm/\\u00e5", "mime": "text/html", '
        '"status": "200", "digest": "sha256:1", "length": "10", "offset": "123", "filename": "data.warc.gz", '
        '"recordDigest": "sha256:2"}\n'
    )


def test_a_revisit_and_what_is_unknown() -> None:
    line = json.loads(cdx_line(ROW | {"kind": "revisit", "payload_digest": None}, "f", 0).split(" ", 2)[2])
    assert line["mime"] == "warc/revisit"
    assert "digest" not in line
    assert '"status": "200"' in cdx_line(ROW | {"kind": "revisit"}, "f", 0)
    assert "status" not in cdx_line(ROW | {"kind": "revisit", "status": 304}, "f", 0)
    assert '"status": "304"' in cdx_line(ROW | {"status": 304}, "f", 0)
    assert "mime" not in cdx_line(ROW | {"mime": None}, "f", 0)


def test_an_index_of_members() -> None:
    _, idx = write(made(["a)/b"]))
    assert json.loads(idx[0].removeprefix("!meta 0 ")) == {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}
    assert len(blocks(made([f"a)/{n:05}" for n in range(1000)]))) > 10
    assert blocks([]) == []


@given(st.lists(st.text("a/-?z", max_size=3), max_size=400).map(lambda paths: made([f"a)/{path}" for path in paths])))
def test_a_page_with_a_slash_at_its_end_is_found(lines: list[str]) -> None:
    """As replayweb.page looks: blocks back from KEY/ to the first one that begins with another key."""
    found = blocks(lines)
    starts = [block[0].split(" ")[0] for block in found]
    for number, block in enumerate(found):
        for line in block:
            wanted = line.split(" ")[0] + "/"
            seen = set()
            for at in reversed([n for n, start in enumerate(starts) if start + " " < wanted + " 9999"]):
                seen.add(at)
                if not starts[at].startswith(wanted):
                    break
            assert number in seen


def test_many_captures_of_one_page_do_not_make_one_member() -> None:
    found = blocks(made(["a)/b"] * 10_000))
    assert 1 < len(found) < 5
