"""Digests in all the forms that writers give them."""

from __future__ import annotations

import base64
import hashlib

import pytest

from archive.inspection.digests import Digest, Sums, parse_digest

NAMES = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2s", "blake2b"]


@pytest.mark.parametrize("name", NAMES)
def test_every_encoding_is_understood(name: str) -> None:
    value = hashlib.new(name, b"herring").digest()
    b32, b64 = base64.b32encode(value).decode(), base64.b64encode(value).decode()
    url64 = base64.urlsafe_b64encode(value).decode()
    for text in (value.hex(), value.hex().upper(), b32, b32.rstrip("="), b32.lower(), b64, b64.rstrip("="), url64):
        assert parse_digest(f"{name}:{text}") == Digest(name, value), text


@pytest.mark.parametrize("label", ["sha256", "SHA256", "sha-256", "SHA-256"])
def test_labels_are_understood(label: str) -> None:
    assert parse_digest(f" {label}:{'0' * 64} ") == Digest("sha256", bytes(32))


@pytest.mark.parametrize(
    "text",
    ["", ":", "sha256", "sha256:", ":00", "sha256:00", f"sha256:{'g' * 64}", f"sha1:{'1' * 32}", "sha1:" + "é" * 32],
)
def test_what_is_no_digest(text: str) -> None:
    assert parse_digest(text) is None


def test_an_unknown_algorithm_is_given_back() -> None:
    assert parse_digest("xxh3:00") == "xxh3"


def test_md5_in_hex_is_not_taken_for_base32() -> None:
    assert parse_digest("md5:" + "a" * 32) == Digest("md5", bytes([0xAA] * 16))


def test_sums_go_over_pieces() -> None:
    sums = Sums(["sha1", "sha256"])
    for piece in (b"her", b"", memoryview(b"ring")):
        sums.update(piece)
    assert sums.matches(Digest("sha1", hashlib.sha1(b"herring").digest()))
    assert not sums.matches(Digest("sha256", hashlib.sha256(b"cod").digest()))


def test_a_digest_is_written_in_hex() -> None:
    assert str(Digest("sha1", bytes(2))) == "sha1:0000"
