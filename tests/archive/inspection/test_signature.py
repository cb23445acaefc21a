"""Signatures of packages: good ones, bad ones, and those whose signer nobody knows."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from archive.inspection import signature as module
from archive.inspection.digests import Sums
from archive.inspection.signature import Signature, SignatureFault, check_signature, fingerprint
from tests.archive.inspection.files import EVENING, Wacz, advice, faults, judged, only, sha256_hex
from tests.archive.inspection.keys import (
    P256,
    P384,
    SIGNED,
    Domain,
    anonymous,
    b64,
    certificate,
    pem,
    raw_signature,
    sign_package,
    spki,
    timestamp,
)

MANIFEST = b'{"resources": []}'
DIGEST = sha256_hex(MANIFEST)


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain()


def checked(facts: dict[str, Any], created: str | None = EVENING) -> Signature:
    sums = Sums(["sha256"])
    sums.update(MANIFEST)
    return check_signature(facts, sums, created=created)


def refused(facts: dict[str, Any]) -> str:
    with pytest.raises(SignatureFault) as fault:
        checked(facts)
    return str(fault.value)


# By a key


@pytest.mark.parametrize("curve", [P256, P384])
@pytest.mark.parametrize("der", [False, True])
def test_a_signature_by_a_key_is_good(curve: ec.EllipticCurve, der: bool) -> None:
    key = ec.generate_private_key(curve)
    found = checked(anonymous(key, DIGEST, signature=b64(raw_signature(key, DIGEST.encode(), der=der))))
    printed = "sha256:" + hashlib.sha256(spki(key)).hexdigest()
    assert fingerprint(key.public_key()) == printed
    assert found.text == f"signed at {EVENING} by tests 1 with the key {printed}"
    assert found.advice == ()


def test_a_signature_that_does_not_fit_is_refused() -> None:
    key, other = ec.generate_private_key(P384), ec.generate_private_key(P384)
    good = anonymous(key, DIGEST)
    for changes, said in (
        ({"publicKey": b64(spki(other))}, "does not match its key"),
        ({"signature": b64(raw_signature(key, b"other"))}, "does not match its key"),
        (
            {"signature": ("B" if good["signature"][0] == "A" else "A") + good["signature"][1:]},
            "does not match its key",
        ),
        ({"signature": "!!"}, "signature that is no base64"),
        ({"signature": b64(bytes(96))}, "does not match its key"),
        ({"signature": ""}, "does not match its key"),
        ({"publicKey": "AAAA"}, "publicKey that can't be read"),
        ({"publicKey": "-"}, "publicKey that is no base64"),
        ({"publicKey": b64(spki(rsa.generate_private_key(65537, 1024)))}, "is not ECDSA"),
        ({"publicKey": None}, "without publicKey, or domain"),
        ({"hash": "sha256:" + "0" * 64}, "of another datapackage.json"),
        ({"hash": "sha1:" + "0" * 40}, "of another datapackage.json"),
        ({"hash": 7}, "can't be read"),
    ):
        assert said in refused({**good, **changes}), changes
    del good["signature"]
    assert "can't be read" in refused(good)


def test_another_time_than_the_packages_is_advised_of() -> None:
    found = checked(anonymous(ec.generate_private_key(P256), DIGEST), created="2026-11-21T00:00:00Z")
    assert "but the package says that it was made at 2026-11-21T00:00:00Z" in found.advice[0]
    assert checked(anonymous(ec.generate_private_key(P256), DIGEST), created="2026-11-20T19:00:00+01:00").advice == ()


def test_a_signed_package_names_its_key(tmp_path: Path) -> None:
    key = ec.generate_private_key(P384)
    path = sign_package(Wacz(), lambda digest: anonymous(key, digest)).build(tmp_path / "a.wacz")
    found = judged(path)
    assert (found.faults, found.advice) == ([], [])
    assert only(found.signatures, fingerprint(key.public_key())).startswith(f"{path}: signed at")


def test_a_package_with_a_bad_signature_is_a_fault(tmp_path: Path) -> None:
    key = ec.generate_private_key(P384)
    path = sign_package(Wacz(), lambda _: anonymous(key, DIGEST)).build(tmp_path / "a.wacz")
    assert only(faults(path), "signature of another").startswith("a.wacz, datapackage-digest.json: ")
    assert judged(path).signatures == []


def test_an_unsigned_package_is_advised_of(tmp_path: Path) -> None:
    path = Wacz().build(tmp_path / "a.wacz")
    assert faults(path) == []
    only(advice(path), "is not signed")


# By the owner of a domain


def test_a_signature_of_a_domain_is_good(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked(domain.sign(DIGEST))
    assert found.text.startswith(f"signed at {EVENING} by archive.skagen.test with the key sha256:")
    assert [text.partition(" that ")[0] for text in found.advice] == ["has a domainCert", "has a timestampCert"]
    assert "whom this machine does not know" in found.advice[0]
    monkeypatch.setattr(module, "_roots", lambda _: (domain.root, domain.stamp_root))
    assert checked(domain.sign(DIGEST)).advice == ()
    assert checked(domain.sign(DIGEST, domainCert=pem(domain.certificate))).advice == (), (
        "the root itself may be left out"
    )


def test_a_root_of_the_same_name_is_not_the_root(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    other = certificate("Root of tests", ec.generate_private_key(P256), ca=True)
    monkeypatch.setattr(module, "_roots", lambda _: (other, domain.stamp_root))
    assert len(checked(domain.sign(DIGEST)).advice) == 1


def test_the_roots_of_this_machine_are_found_by_name(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(module._trusted(), tuple)
    held = (domain.stamp_root.public_bytes(Encoding.DER), b"junk", domain.root.public_bytes(Encoding.DER))
    monkeypatch.setattr(module, "_trusted", lambda: (*held, b"junk with " + domain.root.subject.public_bytes()))
    assert module._roots(domain.root.subject) == [domain.root]
    assert checked(domain.sign(DIGEST)).advice == ()


def test_a_signature_of_a_domain_that_does_not_fit_is_refused(domain: Domain) -> None:
    other = ec.generate_private_key(P256)
    leaf = certificate("impostor.test", other, (domain.certificate, domain.key))
    old = certificate(domain.name, domain.key, (domain.root, domain.root_key), begins=SIGNED - dt.timedelta(days=400))
    for changes, said in (
        ({"domain": "bank.test"}, "domainCert that is not of 'bank.test'"),
        ({"signature": b64(raw_signature(other, DIGEST.encode(), der=True))}, "does not match its key"),
        ({"domainCert": "no certificate"}, "without certificates"),
        ({"domainCert": pem(*[domain.root] * 11)}, "more than 10"),
        ({"domainCert": pem(domain.certificate).replace("M", "N", 3)}, "do not vouch"),
        ({"domainCert": pem(domain.certificate, domain.stamp_root, domain.root)}, "do not vouch"),
        ({"domainCert": pem(old, domain.root)}, "when its domainCert was not valid"),
        ({"created": None}, "without the time"),
        ({"created": "yesterday"}, "without the time"),
        ({"crossSignedCert": pem(leaf)}, "crossSignedCert of another key"),
    ):
        assert said in refused(domain.sign(DIGEST, **changes)), changes
    forged = b64(raw_signature(other, DIGEST.encode()))
    chain = pem(leaf, domain.certificate, domain.root)
    told = domain.sign(DIGEST, domain="impostor.test", signature=forged, domainCert=chain)
    assert "who is no authority" in refused(told)


def test_a_time_stamp_is_verified(domain: Domain) -> None:
    good = domain.sign(DIGEST)
    stamped = good["signature"].encode()
    late = SIGNED + dt.timedelta(minutes=11)
    for changes, said in (
        ({"timeSignature": b64(timestamp(b"other", domain.stamp_key))}, "is a time stamp of something else"),
        (
            {"timeSignature": b64(timestamp(stamped, domain.stamp_key, late))},
            "that was stamped at 2026-11-20T18:11:00Z",
        ),
        ({"timeSignature": b64(timestamp(stamped, domain.key))}, "is not signed by its timestampCert"),
        ({"timeSignature": b64(timestamp(stamped, domain.stamp_key, digest=bytes(32)))}, "whose content was changed"),
        ({"timeSignature": b64(timestamp(stamped, domain.stamp_key, status=2))}, "no time stamp of RFC 3161"),
        ({"timeSignature": b64(b"hello")}, "no time stamp of RFC 3161"),
        ({"timeSignature": "?"}, "no base64"),
        ({"timestampCert": pem(domain.certificate, domain.root)}, "is not of an authority for time stamps"),
    ):
        assert said in refused({**good, **changes}), changes
    found = checked({**good, "timeSignature": None})
    assert any("without a time stamp" in text for text in found.advice)


def test_damaged_time_stamps_end_in_a_sentence(domain: Domain) -> None:
    good = domain.sign(DIGEST)
    reply = timestamp(good["signature"].encode(), domain.stamp_key)
    for at in range(0, len(reply), 3):
        data = bytearray(reply)
        data[at] ^= 0x55
        for changed in (bytes(data), reply[:at]):
            try:
                checked({**good, "timeSignature": b64(changed)})
            except SignatureFault:
                continue
            assert changed != reply[:at]  # parts that nobody signs, such as the version of the answer


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_time_stamp_by_openssl_is_good(domain: Domain, tmp_path: Path) -> None:
    """Of a real authority, with its certificates in the answer."""
    good = domain.sign(DIGEST)
    key = domain.stamp_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "cert.pem").write_text(pem(domain.stamp_certificate))
    (tmp_path / "serial").write_text("01\n")
    (tmp_path / "tsa.cnf").write_text(
        "[t]\nserial = serial\nsigner_cert = cert.pem\nsigner_key = key.pem\nsigner_digest = sha256\n"
        "default_policy = 1.2.3.4\ndigests = sha256\naccuracy = secs:1\nordering = yes\ness_cert_id_chain = no\n"
    )
    (tmp_path / "data").write_text(good["signature"])

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", "ts", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl("-query", "-data", "data", "-sha256", "-cert", "-out", "query")
    openssl("-reply", "-config", "tsa.cnf", "-section", "t", "-queryfile", "query", "-out", "reply")
    reply = (tmp_path / "reply").read_bytes()
    now = dt.datetime.now(dt.UTC)
    certified = certificate(domain.name, domain.key, (domain.root, domain.root_key), begins=now - dt.timedelta(days=1))
    changes = {"created": now.isoformat(), "domainCert": pem(certified, domain.root), "timeSignature": b64(reply)}
    assert checked({**good, **changes}).text.startswith("signed at")
    changes["created"] = (now - dt.timedelta(hours=1)).isoformat()
    assert "that was stamped at" in refused({**good, **changes})
