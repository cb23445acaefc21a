"""What the records of a run say beside the exchanged bytes, and how it is written down."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import IO, Any

import msgspec

from archive.capture import Exchange, Failure
from archive.catalogue.rows import Row
from archive.errors import RecordError
from archive.http import Message, head_length
from archive.reader import FACTS
from archive.rights.reading import head_statements
from archive.warc import PROFILE_IDENTICAL, PROFILE_NOT_MODIFIED, WARC_FIELDS, Record, new_id, sha256, warc_fields

__all__ = [
    "beginning",
    "dump",
    "exchange_facts",
    "exchange_records",
    "facts_record",
    "failure_facts",
    "iso",
    "json_record",
    "revisit_headers",
]

HTTP_RESPONSE = "application/http; msgtype=response"
HTTP_REQUEST = "application/http; msgtype=request"
JSON = "application/json"


def iso(moment: dt.datetime, *, exact: bool = False) -> str:
    """UTC as WARC-Date wants it: whole seconds, or with microseconds if `exact`."""
    timespec = "microseconds" if exact else "seconds"
    return moment.astimezone(dt.UTC).isoformat(timespec=timespec).removesuffix("+00:00") + "Z"


def dump(facts: dict[str, Any]) -> bytes:
    """Facts as one line of JSON in UTF-8, keys sorted. Raises `RecordError` for half characters."""
    try:
        return json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()
    except UnicodeEncodeError as error:
        raise RecordError(f"Text that is no Unicode can't be kept: {error}.") from error


def facts_record(facts: dict[str, Any], kind: str, date: str, headers: Sequence[tuple[str, str]] = ()) -> Record:
    """A metadata record among the originals, as application/warc-fields: indexers pass over these."""
    lead = facts.get("lead") or {}
    told = dump(facts).decode().replace("\x7f", "\\u007f")  # JSON may hold DEL as it is, a field may not
    fields = {"via": lead.get("via") or "", FACTS: told}
    return _metadata(warc_fields(fields), WARC_FIELDS, kind, date, headers)


def json_record(block: bytes, kind: str, date: str, headers: Sequence[tuple[str, str]]) -> Record:
    """A metadata record among the derived ones; `block` is JSON in UTF-8."""
    return _metadata(block, JSON, kind, date, headers)


def _metadata(block: bytes, content_type: str, kind: str, date: str, headers: Sequence[tuple[str, str]]) -> Record:
    """Its URI is a URN: replay tools would take a metadata record with the page's for a capture of it."""
    record_id = new_id()
    return Record(
        type="metadata",
        id=record_id,
        date=date,
        target_uri=f"urn:newswarc:{kind}:{record_id.removeprefix('urn:uuid:')}",
        block=block,
        content_type=content_type,
        headers=headers,
    )


def beginning(file: IO[bytes]) -> bytes:
    """The head of a large response, and some of its body."""
    file.seek(0)
    data = b""
    while block := file.read(1 << 20):
        data += block
        if head_length(data) < len(data):
            break
    return data


def revisit_headers(original: Row | None, not_modified: Row | None) -> list[tuple[str, str]]:
    """Of a revisit (WARC 1.1, 6.7) of an `original`, or of the page that a 304 says is `not_modified`."""
    referred = original or not_modified
    if not referred:
        return []
    cut = [("WARC-Truncated", "length")] if original else []  # 6.7.2: shall be there where the payload is left out
    return [
        *cut,
        ("WARC-Profile", PROFILE_IDENTICAL if original else PROFILE_NOT_MODIFIED),
        ("WARC-Refers-To", f"<{referred['id']}>"),
        ("WARC-Refers-To-Target-URI", referred["url"]),
        ("WARC-Refers-To-Date", referred["date"]),
    ]


def exchange_records(
    exchange: Exchange, message: Message, digest: str, original: Row | None, not_modified: Row | None
) -> tuple[Record, Record, dict[str, Any]]:
    """An exchange as response or revisit, its request, and what is known beside them.

    `digest` is that of the payload; a revisit has the `original` of the same payload, or the page that a 304 says is
    `not_modified`.
    """
    referred = original or not_modified
    date = iso(exchange.started)
    address = [("WARC-IP-Address", exchange.ip)] if exchange.ip and not exchange.proxy else []
    truncated = [("WARC-Truncated", exchange.truncated)] if exchange.truncated else []
    response = Record(
        type="revisit" if referred else "response",
        date=date,
        target_uri=exchange.url,
        block=b"" if not_modified else message.head if original else exchange.response,
        content_type=None if not_modified else HTTP_RESPONSE,
        payload_digest=referred["payload_digest"] if referred else digest,
        headers=[*address, *truncated, *revisit_headers(original, not_modified)],
    )
    facts = exchange_facts(exchange, message)
    if not_modified:
        facts["head"] = message.head.decode("latin-1")
    request = Record(
        type="request",
        date=date,
        target_uri=exchange.url,
        block=exchange.request,
        content_type=HTTP_REQUEST,
        payload_digest=sha256(exchange.request, head_length(exchange.request)),
        headers=[("WARC-Concurrent-To", f"<{response.id}>"), *address],
    )
    return response, request, facts


def exchange_facts(exchange: Exchange, message: Message) -> dict[str, Any]:
    """What is known of an exchange beyond its bytes; the exact times are here, WARC-Date has whole seconds."""
    size = len(exchange.response) if isinstance(exchange.response, bytes) else exchange.response.seek(0, 2)
    facts: dict[str, Any] = {
        "url": exchange.url,
        "method": exchange.method,
        "status": message.status,
        "mime": message.mime,
        "size": size,
        "outcome": "truncated" if exchange.truncated else "complete",
        "started": iso(exchange.started, exact=True),
        "first_byte": iso(exchange.first_byte, exact=True) if exchange.first_byte else None,
        "ended": iso(exchange.ended, exact=True),
        "protocol": f"http/{message.version}",
        "interim": [reply.decode("latin-1") for reply in exchange.interim],
        "lead": msgspec.to_builtins(exchange.lead),
    }
    if rights := [*exchange.rights, *head_statements(message.headers, exchange.url)]:
        facts["rights"] = msgspec.to_builtins(rights)
    for name in ("ip", "port", "proxy", "tls", "cipher", "truncated", "error", "surplus", "attempts"):
        facts[name] = getattr(exchange, name)
    return facts


def failure_facts(failure: Failure) -> dict[str, Any]:
    """What is known of a fetch that ended before any response."""
    facts: dict[str, Any] = {
        "url": failure.url,
        "method": failure.method,
        "outcome": failure.kind,
        "error": failure.error,
        "size": len(failure.received),
        "started": iso(failure.started, exact=True),
        "ended": iso(failure.ended, exact=True),
        "lead": msgspec.to_builtins(failure.lead),
        "received": failure.received.decode("latin-1"),
    }
    if failure.rights:
        facts["rights"] = msgspec.to_builtins(failure.rights)
    return facts
