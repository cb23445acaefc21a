from __future__ import annotations

import gzip
import hashlib
import io
import json

import pytest
from lxml import html

from archive.http import parse_response
from archive.reader import read_records
from archive.storage import Store
from tests.archive.web.rooms import FERRY, HOSTILE, STORM, Visitor, captures, hostile_page, versions


def test_records_are_shown_with_their_headers(visitor: Visitor, store: Store) -> None:
    capture = captures(store, FERRY)[0]
    page = html.document_fromstring(visitor.get("/record", file=capture["file"], offset=capture["offset"]).text)
    headers = {row[0].text: row[1].text for row in page.cssselect(".fields tr")}
    assert headers["WARC-Target-URI"] == FERRY
    assert headers["WARC-Payload-Digest"] == capture["payload_digest"]
    head, body = (pre.text for pre in page.cssselect("pre"))
    assert head.startswith("HTTP/1.1 200 OK")
    assert "<h1>Ferry line two stops at noon</h1>" in body


def test_json_is_set_out(visitor: Visitor, store: Store) -> None:
    row = versions(store, FERRY)[0]
    page = html.document_fromstring(visitor.get("/record", file=row["file"], offset=row["provenance_offset"]).text)
    assert "entity" in json.loads(page.cssselect("pre")[0].text)


def test_pictures_are_shown_in_hexadecimal(visitor: Visitor, store: Store) -> None:
    capture = captures(store, "https://ellery.test/pic.png")[0]
    page = html.document_fromstring(visitor.get("/record", file=capture["file"], offset=capture["offset"]).text)
    assert page.cssselect("pre")[1].text.splitlines()[4] == (
        "00000040  40 41 42 43 44 45 46 47  48 49 4a 4b 4c 4d 4e 4f  @ABCDEFGHIJKLMNO"
    )


@pytest.mark.parametrize("path", ["bytes", "payload", "content"])
def test_downloads_are_never_shown_by_a_browser(visitor: Visitor, store: Store, path: str) -> None:
    capture = captures(store, HOSTILE)[0]
    answer = visitor.get(f"/record/{path}", file=capture["file"], offset=capture["offset"])
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="evil-')
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] in ("application/octet-stream", "application/gzip")


def test_downloads_are_what_the_digests_say(visitor: Visitor, store: Store) -> None:
    capture = captures(store, HOSTILE)[0]
    asked = {"file": capture["file"], "offset": capture["offset"]}
    member = visitor.get("/record/bytes", **asked).content
    assert "sha256:" + hashlib.sha256(member).hexdigest() == capture["record_digest"]
    (record,) = read_records(io.BytesIO(member))
    payload = visitor.get("/record/payload", **asked).content
    assert "sha256:" + hashlib.sha256(payload).hexdigest() == capture["payload_digest"]
    assert payload == parse_response(record.block).body
    assert visitor.get("/record/content", **asked).content == hostile_page()


def test_compressed_bodies_can_be_had_either_way(tmp_path) -> None:
    from tests.archive.making import exchange, running, wire

    store = Store(tmp_path)
    body = gzip.compress(b"<p>Herring prices fall</p>", mtime=0)
    with running(store) as run:
        capture = run.keep(
            exchange("https://ellery.test/", wire(body, headers=["Content-Type: text/html", "Content-Encoding: gzip"]))
        )
    visitor = Visitor(store)
    asked = {"file": capture.file, "offset": capture.offset}
    assert visitor.get("/record/payload", **asked).content == body
    assert visitor.get("/record/content", **asked).content == b"<p>Herring prices fall</p>"
    assert "&lt;p&gt;Herring prices fall" in visitor.get("/record", **asked).text


def test_texts_are_served_as_bytes_too(visitor: Visitor, store: Store) -> None:
    row = versions(store, STORM)[0]
    text = visitor.get("/record/payload", file=row["file"], offset=row["offset"]).content
    assert "sha256:" + hashlib.sha256(text).hexdigest() == row["text_digest"]


@pytest.mark.parametrize(
    "file",
    [
        "../catalogue.sqlite", "catalogue.sqlite", "/etc/passwd", "originals/../../etc/passwd", "originals", "x\0y",
        "locks/catalogue.lock", "file:///etc/passwd", "", "originals//x.warc.gz",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/record", "/record/bytes", "/record/payload", "/record/content"])
def test_only_files_of_the_archive_are_read(visitor: Visitor, path: str, file: str) -> None:
    answer = visitor.get(path, file=file, offset=0)
    assert answer.status_code in (400, 404)


@pytest.mark.parametrize("offset", ["1", "99999999999", "-1", "x", "1e9", str(1 << 60)])
def test_where_no_record_begins(visitor: Visitor, store: Store, offset: str) -> None:
    answer = visitor.get("/record", file=store.files()[0], offset=offset)
    assert answer.status_code in (400, 404)
    assert str(store.root) not in answer.text
