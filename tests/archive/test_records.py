"""What the records of a run say beside the exchanged bytes."""

from __future__ import annotations

import datetime as dt
import io
import json

import pytest

from archive.errors import RecordError
from archive.records import beginning, dump, exchange_facts, facts_record, iso, json_record, revisit_headers
from tests.archive.making import MORNING, exchange, wire

ROW = {"id": "urn:uuid:1", "url": "http://a.test/", "date": "2026-11-20T09:00:00Z", "payload_digest": "sha256:0"}


def test_dates_are_utc_with_and_without_fractions() -> None:
    east = MORNING.astimezone(dt.timezone(dt.timedelta(hours=9)))
    assert iso(east) == "2026-11-20T09:00:00Z"
    assert iso(east, exact=True) == "2026-11-20T09:00:00.123456Z"
    assert iso(MORNING.replace(microsecond=0), exact=True) == "2026-11-20T09:00:00.000000Z"


def test_facts_are_one_line_of_sorted_json() -> None:
    assert dump({"b": "ä", "a": 1}) == '{"a": 1, "b": "ä"}'.encode()
    with pytest.raises(RecordError, match="no Unicode"):
        dump({"a": "\ud800"})


def test_metadata_records_stand_under_urns_of_their_own() -> None:
    one = facts_record({"lead": {"via": "http://a.test/feed"}}, "exchange", "2026-11-20T09:00:00Z")
    two = json_record(b"{}", "article", "2026-11-20T09:00:00Z", [("WARC-Refers-To", "<urn:uuid:1>")])
    assert (one.type, two.type) == ("metadata", "metadata")
    assert one.target_uri == f"urn:newswarc:exchange:{one.id.removeprefix('urn:uuid:')}"
    assert isinstance(one.block, bytes)
    assert one.block.startswith(b"via: http://a.test/feed\r\nnewswarc: {")
    assert two.target_uri != one.target_uri
    assert (two.block, list(two.headers)) == (b"{}", [("WARC-Refers-To", "<urn:uuid:1>")])


def test_revisits_say_what_they_refer_to() -> None:
    assert revisit_headers(None, None) == []
    identical, unmodified = dict(revisit_headers(ROW, None)), dict(revisit_headers(None, ROW))
    assert identical["WARC-Refers-To"] == "<urn:uuid:1>"
    assert identical["WARC-Profile"].endswith("identical-payload-digest")
    assert unmodified["WARC-Profile"].endswith("server-not-modified")
    assert identical["WARC-Refers-To-Date"] == ROW["date"]


def test_a_large_response_s_beginning_holds_its_head() -> None:
    head = b"HTTP/1.1 200 OK\r\nX-Long: " + b"l" * (3 << 20) + b"\r\n\r\n"
    assert beginning(io.BytesIO(head + b"body")).startswith(head)


def test_the_facts_of_an_exchange_are_plain_json() -> None:
    from archive.http import parse_response

    told = exchange("http://a.test/x", wire(b"hi"), ip="192.0.2.1", interim=(b"HTTP/1.1 103 \xe9\r\n\r\n",))
    facts = exchange_facts(told, parse_response(told.response if isinstance(told.response, bytes) else b""))
    assert json.loads(dump(facts)) == facts
    assert (facts["status"], facts["mime"], facts["ip"], facts["outcome"]) == (
        200,
        "text/html",
        "192.0.2.1",
        "complete",
    )
    assert facts["interim"] == ["HTTP/1.1 103 é\r\n\r\n"]
