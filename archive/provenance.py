"""Provenance of clean text as PROV-JSON (W3C PROV-JSON) in RFC 8785 canonical form.

One chain that anybody can follow without us: text -> conversion record -> response record -> bytes -> digest.
"""

from __future__ import annotations

from typing import Any

import rfc8785

from archive.capture import Capture

__all__ = ["capture_of", "provenance", "text_of"]

_PREFIXES = {
    "prov": "http://www.w3.org/ns/prov#",
    "warc": "http://netpreserve.org/warc/1.1/",
    "dct": "http://purl.org/dc/terms/",
    "cdxj": "https://specs.webrecorder.net/cdxj/0.1.0/#",
    "uuid": "urn:uuid:",
    "nw": "urn:newswarc:",
}


def provenance(
    capture: Capture,
    *,
    conversion: str,
    text_digest: str,
    details_digest: str,
    language: str | None,
    started: str,
    ended: str,
    settings_digest: str,
    rules_digest: str | None,
    furniture_digest: str | None,
    software: str,
) -> bytes:
    """The provenance record of one conversion, about 1 KB.

    `conversion` and ``capture.id`` are record ids (``urn:uuid:...``), times ISO 8601 UTC, digests
    ``sha256:<hex>``, `software` names and versions parted by spaces (``newswarc/0.1.0 trafilatura/2.3.1``).
    """
    page, text = _name(capture.id), _name(conversion)
    agents = dict(part.split("/", 1) for part in software.split())
    return rfc8785.dumps(
        {
            "prefix": _PREFIXES,
            "entity": {
                page: {
                    "prov:type": "warc:response",
                    "warc:WARC-Target-URI": capture.url,
                    "warc:WARC-Date": capture.date,
                    **_known("warc:WARC-Payload-Digest", capture.payload_digest),
                    "cdxj:filename": capture.file,
                    "cdxj:offset": capture.offset,
                    "cdxj:length": capture.length,
                    "cdxj:recordDigest": capture.record_digest,
                },
                text: {
                    "prov:type": "warc:conversion",
                    "dct:format": "text/plain; charset=utf-8",
                    **_known("dct:language", language),
                    "warc:WARC-Payload-Digest": text_digest,
                    "nw:detailsDigest": details_digest,
                },
            },
            "activity": {
                "nw:extraction": {
                    "prov:startTime": started,
                    "prov:endTime": ended,
                    "nw:settingsDigest": settings_digest,
                    **_known("nw:rulesDigest", rules_digest),
                    **_known("nw:furnitureDigest", furniture_digest),
                }
            },
            "agent": {
                f"nw:{name}": {
                    "prov:type": "prov:SoftwareAgent",
                    "dct:title": name,
                    "dct:hasVersion": version,
                }
                for name, version in agents.items()
            },
            "used": {"_:u": {"prov:activity": "nw:extraction", "prov:entity": page}},
            "wasGeneratedBy": {"_:g": {"prov:entity": text, "prov:activity": "nw:extraction"}},
            "wasDerivedFrom": {
                "_:d": {
                    "prov:generatedEntity": text,
                    "prov:usedEntity": page,
                    "prov:activity": "nw:extraction",
                }
            },
            "wasAssociatedWith": {
                f"_:a{i}": {"prov:activity": "nw:extraction", "prov:agent": f"nw:{name}"}
                for i, name in enumerate(agents)
            },
        }
    )


def capture_of(record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Record id and attributes of the capture that a parsed provenance record names.

    Raises KeyError or StopIteration if it names none.
    """
    name, entity = next((n, e) for n, e in record["entity"].items() if e["prov:type"] == "warc:response")
    return "urn:" + name, entity


def text_of(record: dict[str, Any]) -> dict[str, Any]:
    """Attributes of the text that a parsed provenance record names; raises as `capture_of`."""
    return next(e for e in record["entity"].values() if e["prov:type"] == "warc:conversion")


def _name(record_id: str) -> str:
    return record_id.removeprefix("urn:")


def _known(key: str, value: str | None) -> dict[str, str]:
    return {key: value} if value else {}
