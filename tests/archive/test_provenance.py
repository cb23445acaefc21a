"""Provenance records: canonical JSON that leads from a text to its page and to the software."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785

from archive.capture import Capture
from archive.http import head_length
from archive.provenance import capture_of, provenance, text_of
from archive.reader import parse_member
from archive.rules import Reading, SiteRules
from archive.storage import Store
from tests.archive.making import SETTINGS, digest_of, keep_page, page, records, running

CAPTURE = Capture(
    id="urn:uuid:11111111-1111-4111-8111-111111111111",
    kind="response",
    url="https://ellery.test/å",
    date="2026-11-20T09:00:00Z",
    status=200,
    mime="text/html",
    payload_digest=digest_of(b"page"),
    file="originals/2026-11/a-originals.warc.gz",
    offset=437,
    length=1234,
    record_digest=digest_of(b"member"),
)
TEXT = "urn:uuid:22222222-2222-4222-8222-222222222222"


def made(**changed: Any) -> bytes:
    told: dict[str, Any] = {"conversion": TEXT, "text_digest": digest_of(b"text"), "details_digest": digest_of(b"more")}
    told |= {"language": "no", "started": "2026-11-20T09:00:01.000001Z", "ended": "2026-11-20T09:00:01.000002Z"}
    told |= {"settings_digest": SETTINGS, "rules_digest": digest_of(b"rules")}
    told["furniture_digest"] = digest_of(b"furniture")
    told |= {"software": "newswarc/0.1.0 trafilatura/2.3.1"}
    return provenance(told.pop("capture", CAPTURE), **(told | changed))


def test_the_record_is_canonical_and_small() -> None:
    block = made()
    assert block == rfc8785.dumps(json.loads(block))
    assert len(block) < 2500
    assert made() == block


def test_the_record_leads_to_the_page() -> None:
    record = json.loads(made())
    name, entity = capture_of(record)
    assert name == CAPTURE.id
    assert entity == {
        "prov:type": "warc:response",
        "warc:WARC-Target-URI": CAPTURE.url,
        "warc:WARC-Date": CAPTURE.date,
        "warc:WARC-Payload-Digest": CAPTURE.payload_digest,
        "cdxj:filename": CAPTURE.file,
        "cdxj:offset": 437,
        "cdxj:length": 1234,
        "cdxj:recordDigest": CAPTURE.record_digest,
    }
    assert text_of(record) == {
        "prov:type": "warc:conversion",
        "dct:format": "text/plain; charset=utf-8",
        "dct:language": "no",
        "warc:WARC-Payload-Digest": digest_of(b"text"),
        "nw:detailsDigest": digest_of(b"more"),
    }


def test_every_name_that_is_used_is_declared() -> None:
    record = json.loads(made())
    entities, activities, agents = record["entity"], record["activity"], record["agent"]
    assert set(agents) == {"nw:newswarc", "nw:trafilatura"}
    assert agents["nw:trafilatura"]["dct:hasVersion"] == "2.3.1"
    for relation in ("used", "wasGeneratedBy", "wasDerivedFrom", "wasAssociatedWith"):
        for relata in record[relation].values():
            for role, name in relata.items():
                known = activities if role == "prov:activity" else agents if role == "prov:agent" else entities
                assert name in known
    prefixes = {name.split(":")[0] for name in [*entities, *activities, *agents]}
    prefixes |= {key.split(":")[0] for entity in entities.values() for key in entity}
    assert prefixes <= record["prefix"].keys()
    assert record["prefix"]["uuid"] + next(iter(entities)).removeprefix("uuid:") == CAPTURE.id


def test_what_is_unknown_is_left_out() -> None:
    record = json.loads(made(language=None, rules_digest=None, furniture_digest=None, software=""))
    assert "dct:language" not in text_of(record)
    assert "nw:rulesDigest" not in record["activity"]["nw:extraction"]
    assert (record["agent"], record["wasAssociatedWith"]) == ({}, {})


@pytest.mark.parametrize("record", [{}, {"entity": {}}, {"entity": {"uuid:1": {"prov:type": "other"}}}])
def test_what_names_no_page_raises(record: dict[str, Any]) -> None:
    for question in (capture_of, text_of):
        with pytest.raises((KeyError, StopIteration)):
            question(record)


def test_a_stored_record_can_be_followed_to_the_bytes(tmp_path: Any) -> None:
    """The whole chain, by hand: text, conversion, response, bytes, digest."""
    store, rules = Store(tmp_path), SiteRules(headline="h1")
    with running(store) as run:
        html = page("Storm keeps twelve boats out")
        keep_page(run, "https://ellery.test/storm", html, reading=Reading(rules=rules))
    (proof,) = (record for record in records(store) if ":provenance:" in (record.url or ""))
    (text,) = records(store, "conversion")
    (about,) = (record for record in records(store) if ":article:" in (record.url or ""))
    told = json.loads(proof.block)
    assert proof.block == rfc8785.dumps(told)
    assert proof.refers_to() == text.id
    assert f"uuid:{text.id.removeprefix('urn:uuid:')}" in told["entity"]
    assert text_of(told)["warc:WARC-Payload-Digest"] == digest_of(text.block)
    assert text_of(told)["nw:detailsDigest"] == digest_of(about.block)
    name, entity = capture_of(told)
    member = (store.root / entity["cdxj:filename"]).read_bytes()
    member = member[entity["cdxj:offset"] :][: entity["cdxj:length"]]
    assert digest_of(member) == entity["cdxj:recordDigest"]
    response = parse_member(member)
    assert (response.id, response.url, response.get("WARC-Date")) == (
        name,
        entity["warc:WARC-Target-URI"],
        entity["warc:WARC-Date"],
    )
    body = response.block[head_length(response.block) :]
    assert body == html
    assert digest_of(body) == entity["warc:WARC-Payload-Digest"]
    activity = told["activity"]["nw:extraction"]
    assert (activity["nw:settingsDigest"], activity["nw:rulesDigest"]) == (SETTINGS, rules.digest)
    assert activity["prov:startTime"] <= activity["prov:endTime"]
