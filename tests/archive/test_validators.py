"""Validators of responses as servers really send them."""

from __future__ import annotations

import io

import pytest

from archive.validators import Validators, validators_in, validators_of

DATE = "2026-11-20T09:00:00Z"
MODIFIED = "Fri, 20 Nov 2026 08:00:00 GMT"


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    ("lines", "validators"),
    [
        ((), Validators()),
        (('ETag: "abc"',), Validators('"abc"')),
        (('etag:W/"abc"  ', f"LAST-MODIFIED: {MODIFIED}"), Validators('W/"abc"', MODIFIED)),
        (("ETag: unquoted",), Validators("unquoted")),
        (("ETag: ", "X-ETag: no"), Validators()),
        (('ETag: "\xe9"',), Validators()),
        (('ETag: "' + "x" * 600 + '"',), Validators()),
        (("Last-Modified: yesterday",), Validators()),
        (("Last-Modified: Fri, 20 Nov 2026 09:04:00 GMT",), Validators(None, "Fri, 20 Nov 2026 09:04:00 GMT")),
        (("Last-Modified: Fri, 20 Nov 2026 10:00:00 GMT",), Validators()),
        (("Last-Modified: Fri, 20 Nov 2099 10:00:00 GMT",), Validators()),
        (("Last-Modified: Fri, 99 Nov 2026 10:00:00 GMT",), Validators()),
    ],
)
def test_validators_of_a_head(lines: tuple[str, ...], validators: Validators) -> None:
    assert validators_of(head(*lines), DATE) == validators
    assert validators_of(head(*lines).replace(b"\r\n", b"\n"), DATE) == validators


def test_only_the_head_counts_and_only_of_what_can_be_asked_for_again() -> None:
    block = head("Content-Type: text/html") + b'\r\nETag: "body"\r\n'
    facts = {"status": 200, "method": "GET"}
    assert validators_in(block, DATE, facts) == Validators()
    block = head('ETag: "head"') + b"body"
    assert validators_in(block, DATE, facts) == validators_in(io.BytesIO(block), DATE, facts) == Validators('"head"')
    assert validators_in(block, DATE, facts | {"status": 404}) == Validators()
    assert validators_in(block, DATE, facts | {"method": "POST"}) == Validators()


def test_a_304_tells_of_itself_beside_its_block() -> None:
    facts = {"status": 304, "method": "GET", "head": 'HTTP/1.1 304 Not Modified\r\nETag: "new"\r\n\r\n'}
    assert validators_in(b"", DATE, facts) == Validators('"new"')
    assert validators_in(b"", DATE, {"status": 304, "method": "GET"}) == Validators()
    assert Validators('"old"', MODIFIED).renewed(Validators('"new"')) == Validators('"new"', MODIFIED)


def test_the_fields_of_a_request() -> None:
    assert Validators('"a"', MODIFIED).headers() == {"If-None-Match": '"a"', "If-Modified-Since": MODIFIED}
    assert Validators(None, MODIFIED).headers() == {"If-Modified-Since": MODIFIED}
    assert not Validators()
    assert Validators().headers() == {}
