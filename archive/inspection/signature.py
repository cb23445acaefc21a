"""Signatures of WACZ packages (WACZ Signing and Verification 0.1.0): by a key, or by the owner of a domain."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import re
import ssl
import warnings
from contextlib import suppress
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from archive.inspection.digests import Digest, Sums, parse_digest
from archive.inspection.timestamp import check_timestamp

__all__ = ["Signature", "SignatureFault", "check_signature", "fingerprint"]

_CLOSE = dt.timedelta(minutes=10)
"""A time stamp may be so far from the time that the signer gives."""
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.S)
_LONGEST_CHAIN = 10


class SignatureFault(Exception):
    """The signature is not good; a sentence without its subject."""


class Signature(msgspec.Struct, frozen=True):
    """A signature that is good."""

    text: str
    """Who signed and when, as a part of a sentence."""
    advice: tuple[str, ...] = ()


class _Signed(msgspec.Struct, frozen=True):
    hash: str
    signature: str
    created: str | None = None
    software: str | None = None
    publicKey: str | None = None
    domain: str | None = None
    domainCert: str | None = None
    timeSignature: str | None = None
    timestampCert: str | None = None
    crossSignedCert: str | None = None


def fingerprint(key: ec.EllipticCurvePublicKey) -> str:
    """``sha256:<hex>`` of the key as SubjectPublicKeyInfo: what people compare."""
    return "sha256:" + hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def check_signature(facts: dict[str, Any], manifest: Sums, *, created: str | None) -> Signature:
    """Verify ``signedData`` of a package whose manifest has this sum and was `created` at that time.

    Raises `SignatureFault`.
    """
    try:
        signed = msgspec.convert(facts, _Signed)
    except msgspec.ValidationError as error:
        raise SignatureFault(f"has signedData that can't be read: {error}") from error
    digest = parse_digest(signed.hash)
    if not isinstance(digest, Digest) or digest.algorithm != "sha256" or not manifest.matches(digest):
        raise SignatureFault("has a signature of another datapackage.json")
    if signed.publicKey:
        text, advice = _check_anonymous(signed)
    elif signed.domain and signed.domainCert:
        text, advice = _check_domain(signed)
    else:
        raise SignatureFault("has signedData without publicKey, or domain and domainCert")
    if created and signed.created and _time(signed.created) != _time(created):
        advice.append(f"has a signature of {signed.created}, but the package says that it was made at {created}")
    return Signature(text, tuple(advice))


def _check_anonymous(signed: _Signed) -> tuple[str, list[str]]:
    try:
        key = load_der_public_key(_base64(signed.publicKey or "", "publicKey"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureFault("has a publicKey that can't be read") from error
    key = _check_key(key, signed)
    by = f" by {signed.software}" if signed.software else ""
    at = f" at {signed.created}" if signed.created else ""
    return f"signed{at}{by} with the key {fingerprint(key)}", []


def _check_key(key: object, signed: _Signed) -> ec.EllipticCurvePublicKey:
    """The key, if its signature of the hash is good."""
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.key_size not in (256, 384):
        raise SignatureFault("has a key that is not ECDSA with P-256 or P-384")
    raw = _base64(signed.signature, "signature")
    half = key.key_size // 8
    if len(raw) == 2 * half:  # as browsers write it
        raw = utils.encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
    try:
        key.verify(raw, signed.hash.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise SignatureFault(
            "has a signature that does not match its key: the package is not what was signed; do not trust it"
        ) from None
    return key


def _base64(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureFault(f"has a {name} that is no base64") from error


# By the owner of a domain


def _check_domain(signed: _Signed) -> tuple[str, list[str]]:
    chain = _chain(signed.domainCert or "", "domainCert")
    key = _check_key(chain[0].public_key(), signed)
    if (signed.domain or "").lower() not in _names(chain[0]):
        raise SignatureFault(f"has a domainCert that is not of {signed.domain!r}")
    signed_at = _time(signed.created or "")
    if signed_at is None:
        raise SignatureFault("has a signature without the time when it was made")
    if not chain[0].not_valid_before_utc <= signed_at <= chain[0].not_valid_after_utc:
        raise SignatureFault("has a signature made when its domainCert was not valid")
    advice = _advise_trust(chain, "domainCert")
    if signed.crossSignedCert:
        other = _chain(signed.crossSignedCert, "crossSignedCert")[0].public_key()
        if not isinstance(other, ec.EllipticCurvePublicKey) or fingerprint(other) != fingerprint(key):
            raise SignatureFault("has a crossSignedCert of another key")
    if signed.timeSignature is None or signed.timestampCert is None:
        advice.append("has a signature without a time stamp, so that nobody but its maker vouches for its time")
    else:
        advice += _check_time(signed, signed_at)
    return f"signed at {signed.created} by {signed.domain} with the key {fingerprint(key)}", advice


def _check_time(signed: _Signed, signed_at: dt.datetime) -> list[str]:
    chain = _chain(signed.timestampCert or "", "timestampCert")
    if not _may_stamp(chain[0]):
        raise SignatureFault("has a timestampCert that is not of an authority for time stamps")
    reply = _base64(signed.timeSignature or "", "timeSignature")
    try:
        time = check_timestamp(reply, signed.signature.encode(), chain[0])
    except ValueError as error:
        raise SignatureFault(f"has a timeSignature that {error}") from error
    if abs(time - signed_at) > _CLOSE:
        raise SignatureFault(f"has a signature of {signed.created} that was stamped at {time:%Y-%m-%dT%H:%M:%SZ}")
    return _advise_trust(chain, "timestampCert")


def _may_stamp(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return ExtendedKeyUsageOID.TIME_STAMPING in usage


def _chain(pem: str, name: str) -> list[x509.Certificate]:
    """Certificates, each signed by the next."""
    found = _PEM.findall(pem)[: _LONGEST_CHAIN + 1]
    if not 1 <= len(found) <= _LONGEST_CHAIN:
        raise SignatureFault(f"has a {name} without certificates, or with more than {_LONGEST_CHAIN}")
    try:
        chain = [x509.load_pem_x509_certificate(one.encode()) for one in found]
        for one, issuer in pairwise(chain):
            one.verify_directly_issued_by(issuer)
            if not issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
                raise SignatureFault(f"has a {name} that was issued by somebody who is no authority")
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound) as error:
        raise SignatureFault(f"has a {name} whose certificates do not vouch for each other") from error
    return chain


def _names(certificate: x509.Certificate) -> set[str]:
    names = {str(a.value).lower() for a in certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)}
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names |= {name.lower() for name in san.value.get_values_for_type(x509.DNSName)}
    except (x509.ExtensionNotFound, ValueError):
        pass
    return names


def _advise_trust(chain: list[x509.Certificate], name: str) -> list[str]:
    """Nothing, or a sentence if this machine does not know who vouches for the last certificate."""
    last = chain[-1]
    if any(root == last or _issued(last, root) for root in _roots(last.issuer)):
        return []
    issuer = last.issuer.rfc4514_string()[:100]
    return [f"has a {name} that {issuer!r} vouches for, whom this machine does not know; decide whether to trust it"]


def _issued(one: x509.Certificate, root: x509.Certificate) -> bool:
    if one.issuer != root.subject:
        return False
    try:
        one.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _roots(name: x509.Name) -> list[x509.Certificate]:
    """The authorities of that name that this machine trusts."""
    roots = []
    for data in _trusted():
        if name.public_bytes() in data:
            with suppress(ValueError), warnings.catch_warnings(action="ignore"):  # old roots have odd serial numbers
                roots.append(x509.load_der_x509_certificate(data))
    return roots


@cache
def _trusted() -> tuple[bytes, ...]:
    return tuple(ssl.create_default_context().get_ca_certs(binary_form=True))


def _time(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
