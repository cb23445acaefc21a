"""HTTP messages out of their wire bytes: nothing raises but `RecordError`, and no body is lost that can be had."""

from __future__ import annotations

import gzip
import random
import time
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import RecordError
from archive.http import Message, head_length, is_http, parse_response, parse_stored, repaired, split_interim

PROSE = b" ".join(b"word%d" % n for n in range(3000))
MIB = 1 << 20


def raw_deflate(data: bytes) -> bytes:
    z = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return z.compress(data) + z.flush()


CODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("GZip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("br", lambda data: bytes(brotli.compress(data, quality=5))),
    ("zstd", zstandard.ZstdCompressor().compress),
]
EACH_CODING = pytest.mark.parametrize(
    ("coding", "encode"), CODINGS, ids=["gzip", "x-gzip", "GZip", "zlib", "raw-deflate", "br", "zstd"]
)


def message(body: bytes, *headers: str) -> Message:
    head = "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 OK", *headers, ""))
    return parse_response(head.encode("latin-1") + body)


def decoded(body: bytes, coding: str, max_size: int = 64 * MIB) -> bytes:
    return message(body, f"Content-Encoding: {coding}").content(max_size)


def cpu_seconds(function: Callable[[], object]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started


# Heads


def test_a_response_is_parted_into_head_and_body_verbatim() -> None:
    head = (
        b"HTTP/1.1 200 Fine by me\r\nContent-Type: Text/HTML; charset=x\r\nset-cookie: a=1\r\nSET-COOKIE: b=2\r\n\r\n"
    )
    found = parse_response(head + b"body\r\n\r\nof it")
    assert (found.version, found.status, found.reason) == ("1.1", 200, "Fine by me")
    assert found.headers == (
        ("Content-Type", "Text/HTML; charset=x"),
        ("set-cookie", "a=1"),
        ("SET-COOKIE", "b=2"),
    )
    assert (found.head, found.body) == (head, b"body\r\n\r\nof it")
    assert (found.get("content-TYPE"), found.mime) == ("Text/HTML; charset=x", "text/html")
    assert found.get("Set-Cookie") == "a=1"
    assert found.get("nothing") is None


@pytest.mark.parametrize(
    ("raw", "status", "reason", "body"),
    [
        (b"HTTP/1.1 204\r\n\r\n", 204, "", b""),
        (b"HTTP/1.0 200 \r\n\r\nx", 200, "", b"x"),
        (b"HTTP/1.1 404 Nicht gefunden: \xfc\r\n\r\n", 404, "Nicht gefunden: ü", b""),
        (b"HTTP/1.1 200 OK\n\nbody", 200, "OK", b"body"),
        (b"HTTP/1.1 200 OK\r\nA: b\n\r\nbody", 200, "OK", b"body"),
        (b"HTTP/1.1 200 OK\nA: b\r\n\nbody", 200, "OK", b"body"),
        (b"HTTP/1.1  200\tOK\r\n\r\n\r\nbody", 200, "OK", b"\r\nbody"),
        (b"HTTP/1.1 200", 200, "", b""),
        (b"HTTP/1.1 200 OK\r\nA: b", 200, "OK", b""),
    ],
)
def test_lenient_heads(raw: bytes, status: int, reason: str, body: bytes) -> None:
    found = parse_response(raw)
    assert (found.status, found.reason, found.body) == (status, reason, body)
    assert found.head + found.body == raw
    assert head_length(raw) == len(found.head)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"<html>",
        b"http/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200OK\r\n\r\n",
        b"\x1f\x8b\x08",
    ],
)
def test_what_begins_with_no_status_line_is_refused_in_one_sentence(raw: bytes) -> None:
    assert not is_http(raw)
    with pytest.raises(RecordError, match=r"^No HTTP status line, but b.*\.$"):
        parse_response(raw)


def test_folded_lines_belong_to_the_header_above() -> None:
    found = parse_response(b"HTTP/1.1 200 OK\r\nA: one\r\n two\r\n\tthree\r\nB:\r\n  four\r\nC: d\r\n\r\n")
    assert found.headers == (("A", "one two three"), ("B", "four"), ("C", "d"))


def test_header_lines_without_a_colon_are_passed_over() -> None:
    found = parse_response(b"HTTP/1.1 200 OK\r\nnonsense\r\nA : b:c\r\n: nameless\r\n\r\n")
    assert ("A", "b:c") in found.headers
    assert all(name != "nonsense" for name, _ in found.headers)


def test_only_blanks_are_trimmed_off_header_values() -> None:
    found = parse_response("HTTP/1.1 200 OK\r\nLocation: \t/voilà \r\n\r\n".encode())
    assert (found.get("Location") or "").encode("latin-1") == "/voilà".encode()


def test_repeated_list_headers_are_one_list() -> None:
    found = message(b"", "Content-Encoding: GZIP , ,br", "content-encoding:zstd")
    assert found.codings("Content-Encoding") == ["gzip", "br", "zstd"]


def test_interim_replies_are_parted_from_the_final_one() -> None:
    hints, go_on = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    assert split_interim(hints + go_on + final) == ((hints, go_on), final)
    assert split_interim(final) == ((), final)
    switching = b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x00"
    assert split_interim(switching) == ((), switching)
    torn = b"HTTP/1.1 100 Continue\r\nA: b"
    assert split_interim(torn) == ((), torn)


# Chunks


def chunked(body: bytes) -> bytes:
    return message(body, "Transfer-Encoding: Chunked").content()


@pytest.mark.parametrize(
    ("body", "want"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"5;name=value\r\nhello\r\n6 ; x\r\n world\r\n0;last\r\nTrailer: yes\r\n\r\n", b"hello world"),
        (b"0000A\r\n0123456789\r\n0\r\n\r\n", b"0123456789"),
        (b"a\r\n\r\n1\r\nhello\r\n0\r\n\r\n", b"\r\n1\r\nhello"),
        (b"5\nhello\n0\n\n", b"hello"),
        (b"0\r\n\r\n", b""),
        (b"", b""),
        (b"5", b""),
        (b"5\r\nhel", b"hel"),
        (b"5\r\nhello", b"hello"),
        (b"5\r\nhello\r\n", b"hello"),
        (b"5\r\nhello\r\n5\r\nwo", b"hellowo"),
        (b"5\r\nhello\r\nrubbish\r\nmore", b"hello"),
        (b"FFFFFFFFFFFFFFFFFFFFFFFF\r\nhello", b"hello"),
    ],
)
def test_chunks(body: bytes, want: bytes) -> None:
    assert chunked(body) == want


@pytest.mark.parametrize("size", [b"+5", b"0x5", b"0_5"])
def test_a_chunk_size_is_hexadecimal_digits_and_nothing_else(size: bytes) -> None:
    assert chunked(b"2\r\nab\r\n" + size + b"\r\nhello\r\n0\r\n\r\n") == b"ab"


def test_chunks_and_coding_together() -> None:
    packed = gzip.compress(PROSE)
    body = b"".join(
        b"%x\r\n%s\r\n" % (len(packed[i : i + 100]), packed[i : i + 100]) for i in range(0, len(packed), 100)
    )
    found = message(body + b"0\r\n\r\n", "Transfer-Encoding: chunked", "Content-Encoding: gzip")
    assert found.content() == PROSE


def test_transfer_codings_are_undone_too() -> None:
    packed = gzip.compress(b"hello")
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    assert message(body, "Transfer-Encoding: gzip, chunked").content() == b"hello"


# Content codings


@EACH_CODING
@pytest.mark.parametrize("size", [0, 1, 100, 65535, 65536, 65537, 200_000, 3 * MIB])
def test_codings_are_undone(coding: str, encode: Callable[[bytes], bytes], size: int) -> None:
    data = (PROSE * (size // len(PROSE) + 1))[:size]
    assert decoded(encode(data), coding) == data


@EACH_CODING
def test_incompressible_bodies(coding: str, encode: Callable[[bytes], bytes]) -> None:
    data = random.Random(1).randbytes(300_000)
    assert decoded(encode(data), coding) == data


@pytest.mark.parametrize("coding", ["identity", "none", "UTF-8", "identity, identity"])
def test_codings_that_are_none(coding: str) -> None:
    assert decoded(PROSE, coding) == PROSE


@pytest.mark.parametrize(("coding", "encode"), [("gzip", gzip.compress), ("zlib", zlib.compress)])
def test_very_compressible_bodies(coding: str, encode: Callable[[bytes], bytes]) -> None:
    for size in range(131_070, 131_080):
        assert len(decoded(encode(bytes(size)), coding.replace("zlib", "deflate"))) == size


def test_very_compressible_raw_deflate() -> None:
    for size in range(131_070, 131_080):
        assert len(decoded(raw_deflate(bytes(size)), "deflate")) == size


def test_stacked_codings_are_undone_last_first() -> None:
    body = brotli.compress(gzip.compress(zstandard.compress(PROSE)))
    assert decoded(body, "zstd, gzip, br") == PROSE
    assert message(body, "Content-Encoding: zstd", "Content-Encoding: gzip, br").content() == PROSE
    with pytest.raises(RecordError):
        decoded(body, "br, gzip, zstd")


@pytest.mark.parametrize("coding", ["compress", "x-newest", "aes128gcm", "gzip;q=1"])
def test_an_unknown_coding_is_named(coding: str) -> None:
    with pytest.raises(RecordError, match=f"^The content coding '{coding}' is unknown.*\\.$"):
        decoded(b"body", coding)


def test_gzip_members_follow_each_other_and_what_follows_them_is_passed_over() -> None:
    members = b"".join(gzip.compress(part) for part in (b"one ", b"", b"two ", b"three"))
    assert decoded(members, "gzip") == b"one two three"
    assert decoded(members + bytes(512), "gzip") == b"one two three"
    assert decoded(members + b"<!-- cached -->", "gzip") == b"one two three"


def test_rubbish_after_an_empty_gzip_body() -> None:
    assert decoded(gzip.compress(b"") + bytes(8), "gzip") == b""


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("deflate", zlib.compress(PROSE)),
        ("br", brotli.compress(PROSE)),
        ("zstd", zstandard.compress(PROSE)),
    ],
)
def test_rubbish_behind_a_whole_body_does_not_cost_the_body(coding: str, packed: bytes) -> None:
    assert decoded(packed + b"<!-- cached -->", coding) == PROSE


def test_zstd_frames_follow_each_other() -> None:
    frames = b"".join(zstandard.compress(part) for part in (b"", b"one ", b"two"))
    assert decoded(frames, "zstd") == b"one two"


@EACH_CODING
@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.7, 0.95])
def test_truncated_bodies_give_what_there_is(coding: str, encode: Callable[[bytes], bytes], part: float) -> None:
    data = random.Random(2).randbytes(300_000).hex().encode()
    packed = encode(data)
    got = decoded(packed[: int(len(packed) * part)], coding)
    assert data.startswith(got)
    block = 1 << 17  # zstd gives whole blocks
    assert len(got) >= len(data) * part - block


@EACH_CODING
def test_a_body_that_is_broken_from_the_start_is_refused(coding: str, encode: Callable[[bytes], bytes]) -> None:
    with pytest.raises(RecordError, match=r"^The compressed body is broken: .*\.$"):
        decoded(b"<html>not compressed at all, whatever the head says</html>", coding)


@pytest.mark.parametrize("encode", [gzip.compress, zlib.compress], ids=["gzip", "zlib"])
def test_a_body_that_breaks_in_the_middle_gives_what_came_before(encode: Callable[[bytes], bytes]) -> None:
    packed = bytearray(encode(PROSE))
    packed[len(packed) // 2 : len(packed) // 2 + 64] = b"\xff" * 64
    got = decoded(bytes(packed), "gzip" if encode is gzip.compress else "deflate")
    assert len(got) > len(PROSE) // 4
    assert got[: len(PROSE) // 4] == PROSE[: len(PROSE) // 4]


# Bombs


@EACH_CODING
def test_bombs_are_refused_with_little_memory(coding: str, encode: Callable[[bytes], bytes]) -> None:
    bomb = encode(bytes(48 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(RecordError):
            decoded(bomb, coding, 2 * MIB)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * MIB


def test_stacked_bombs_are_refused() -> None:
    bomb = gzip.compress(gzip.compress(bytes(64 * MIB)))
    assert len(bomb) < 2000
    with pytest.raises(RecordError, match="passes 1048576 bytes"):
        decoded(bomb, "gzip, gzip", MIB)


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("zstd", zstandard.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("br", brotli.compress),
        ("identity", bytes),
    ],
)
def test_the_limit_is_kept_to_the_byte(coding: str, encode: Callable[[bytes], bytes]) -> None:
    packed = encode(PROSE)
    assert decoded(packed, coding, len(PROSE)) == PROSE
    with pytest.raises(RecordError, match=f"passes {len(PROSE) - 1} bytes"):
        decoded(packed, coding, len(PROSE) - 1)


def test_the_time_for_a_gzip_body_grows_with_its_size_only() -> None:
    packed = gzip.compress(random.Random(3).randbytes(24 * MIB), 1)
    small = gzip.compress(random.Random(3).randbytes(3 * MIB), 1)
    assert cpu_seconds(lambda: decoded(packed, "gzip")) < 24 * cpu_seconds(lambda: decoded(small, "gzip"))


def test_the_time_for_many_gzip_members_grows_with_their_number_only() -> None:
    one = gzip.compress(b"")
    many, few = cpu_seconds(lambda: decoded(one * 40_000, "gzip")), cpu_seconds(lambda: decoded(one * 5000, "gzip"))
    assert many < 24 * few


# Anything


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["gzip", "deflate", "br", "zstd", "identity", "gzip, br", "x"]))
def test_random_bodies_raise_nothing_but_our_error(body: bytes, coding: str) -> None:
    for headers in ((f"Content-Encoding: {coding}",), (f"Content-Encoding: {coding}", "Transfer-Encoding: chunked")):
        try:
            assert isinstance(message(body, *headers).content(10_000), bytes)
        except RecordError as error:
            assert str(error).endswith(".")


@settings(deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_random_heads_raise_nothing_but_our_error(raw: bytes, with_status: bool) -> None:
    raw = b"HTTP/1.1 200 OK\r\n" + raw if with_status else raw
    interim, final = split_interim(raw)
    assert b"".join(interim) + final == raw
    try:
        found = parse_response(raw)
    except RecordError:
        assert not is_http(raw)
        return
    assert is_http(raw)
    assert found.head + found.body == raw
    assert found.mime is None or found.mime == found.mime.lower()


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(CODINGS), st.integers(0, 3))
def test_damaged_bodies_raise_nothing_but_our_error(
    data: st.DataObject, coding: tuple[str, Callable[[bytes], bytes]], flips: int
) -> None:
    name, encode = coding
    packed = bytearray(encode(PROSE[:2000]))
    for _ in range(flips):
        packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, len(packed)))
    try:
        assert len(decoded(bytes(packed[:cut]), name, 100_000)) <= 100_000
    except RecordError as error:
        assert str(error).endswith(".")


# As other software stores them


@pytest.mark.parametrize(
    ("start", "version", "status", "reason"),
    [
        (b"HTTP/2 200\r\n", "2", 200, ""),
        (b"HTTP/2 404 Not Found\r\n", "2", 404, "Not Found"),
        (b"HTTP/3 204\n", "3", 204, ""),
        (b"HTTP/2.0 200 OK\r\n", "2.0", 200, "OK"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\n", "1.1", 201, "Made"),
    ],
)
def test_heads_that_only_other_software_stores(start: bytes, version: str, status: int, reason: str) -> None:
    raw = start + b"A: b\r\n\r\nbody"
    found = parse_stored(raw)
    assert (found.version, found.status, found.reason) == (version, status, reason)
    assert (found.get("a"), found.body) == ("b", b"body")
    assert raw.endswith(found.head + found.body)
    assert not start.startswith(b"HTTP/2 ") or not is_http(raw)


@pytest.mark.parametrize("raw", [b"", b"<html>", b"HTTP/9", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/2 abc"])
def test_what_other_software_should_not_store(raw: bytes) -> None:
    with pytest.raises(RecordError):
        parse_stored(raw)


HTML = b"<!DOCTYPE html><p>Caf\xc3\xa9</p>" + PROSE


@EACH_CODING
def test_codings_that_are_undone_are_dropped(coding: str, encode: Callable[[bytes], bytes]) -> None:
    for body in (HTML, HTML[:40], PROSE):
        found = repaired(message(body, f"Content-Encoding: {coding}", "X: y", "Transfer-Encoding: chunked"))
        assert found.content() == body
        assert found.headers == (("X", "y"),)
        assert b"Content-Encoding" in found.head


@EACH_CODING
@pytest.mark.parametrize("data", [b"", b"a", HTML, PROSE * 20, bytes(range(256)) * 20], ids=range(5))
def test_codings_that_are_there_stay(coding: str, encode: Callable[[bytes], bytes], data: bytes) -> None:
    packed = encode(data)
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed) if packed else b"0\r\n\r\n"
    for body, *headers in ((packed,), (framed, "Transfer-Encoding: chunked")):
        found = message(body, f"Content-Encoding: {coding}", *headers)
        assert repaired(found) == found
        assert repaired(found).content() == data


def test_bytes_that_are_neither_packed_nor_text_are_left_to_fail() -> None:
    found = message(bytes(range(256)), "Content-Encoding: gzip")
    assert repaired(found) == found
    with pytest.raises(RecordError):
        found.content()


@pytest.mark.parametrize(
    ("body", "is_in_chunks"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", True),
        (b"5\nhello\n0\n\n", True),
        (b"5;name=value\r\nhello\r\n", True),
        (b"5\r\nhello", True),
        (b"5\r\nhel", True),
        (b"1F", True),
        (b"0\r\n\r\n", True),
        (b"<html>", False),
        (b"5\r\nhello world", False),
        (b"dead\nbeef", False),
        (b"cafe is no size", False),
        (b"\r\n", False),
    ],
)
def test_bodies_in_chunks_are_told_from_others(body: bytes, is_in_chunks: bool) -> None:
    found = repaired(message(body, "Transfer-Encoding: chunked"))
    assert (found.get("Transfer-Encoding") is not None) is is_in_chunks
    assert is_in_chunks or found.content() == body


def test_transfer_codings_alone_can_be_undone() -> None:
    packed = gzip.compress(PROSE)
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed)
    assert message(body, "Transfer-Encoding: chunked", "Content-Encoding: gzip").transferred() == packed
    assert message(packed, "Content-Encoding: gzip").transferred() == packed
    assert message(b"body", "Content-Encoding: no-such").transferred() == b"body"


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, br", "x", ""]), st.booleans())
def test_repairs_harm_nothing(body: bytes, coding: str, chunked: bool) -> None:
    headers = [f"Content-Encoding: {coding}"] if coding else []
    found = message(body, *headers, *(["Transfer-Encoding: chunked"] if chunked else []))
    mended = repaired(found)
    assert (mended.head, mended.body) == (found.head, found.body)
    assert set(mended.headers) <= set(found.headers)
