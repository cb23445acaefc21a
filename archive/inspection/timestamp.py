"""Time stamps (RFC 3161) of WACZ signatures, verified without the network."""

from __future__ import annotations

import datetime as dt
import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from archive.inspection.der import OCTETS, SEQUENCE, SET, Value, read_der

__all__ = ["check_timestamp"]

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_HASHES: dict[str, tuple[str, hashes.HashAlgorithm]] = {
    "1.3.14.3.2.26": ("sha1", hashes.SHA1()),  # noqa: S303 - old authorities; said to be weak by nobody but us
    "2.16.840.1.101.3.4.2.1": ("sha256", hashes.SHA256()),
    "2.16.840.1.101.3.4.2.2": ("sha384", hashes.SHA384()),
    "2.16.840.1.101.3.4.2.3": ("sha512", hashes.SHA512()),
}


def check_timestamp(reply: bytes, stamped: bytes, certificate: x509.Certificate) -> dt.datetime:
    """When the authority of `certificate` stamped these bytes. `reply` is its TimeStampResp, or the token in it.

    Raises `ValueError` with a sentence without its subject if that is no such stamp.
    """
    try:
        token = _token(read_der(reply))
        info_raw, signer = _signed_data(token)
        info = read_der(info_raw).of(SEQUENCE).children()
        algorithm, imprint = (v for v in info[2].of(SEQUENCE).children())
        name, _ = _HASHES[algorithm.children()[0].oid()]
        time = info[4].time()
        digest, signature, attributes = _signer(signer)
    except (ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
        raise ValueError(f"is no time stamp of RFC 3161 ({error})") from error
    if hashlib.new(name, stamped).digest() != imprint.content:
        raise ValueError("is a time stamp of something else")
    _check_attributes(attributes, digest, info_raw)
    # The signature covers the attributes as the SET that they are, not under the tag that they stand under.
    signed = bytes([SET]) + attributes.raw[1:]
    if not _is_signed(certificate, signature, signed, digest):
        raise ValueError("is not signed by its timestampCert")
    return time


def _token(reply: Value) -> Value:
    parts = reply.of(SEQUENCE).children()
    if parts[0].tag == SEQUENCE:  # a TimeStampResp: status and token
        if parts[0].children()[0].integer() not in (0, 1):
            raise ValueError("the authority refused it")
        parts = parts[1].of(SEQUENCE).children()
    if parts[0].oid() != _SIGNED_DATA:
        raise ValueError("no SignedData")
    return parts[1].children()[0].of(SEQUENCE)


def _signed_data(data: Value) -> tuple[bytes, Value]:
    """The TSTInfo as it was signed, and the one SignerInfo."""
    parts = data.children()
    content = parts[2].of(SEQUENCE).children()
    if content[0].oid() != _TST_INFO:
        raise ValueError("no TSTInfo")
    signers = parts[-1].of(SET).children()
    if len(signers) != 1:
        raise ValueError(f"{len(signers)} signers")
    return content[1].children()[0].of(OCTETS).content, signers[0].of(SEQUENCE)


def _signer(info: Value) -> tuple[str, bytes, Value]:
    """Digest algorithm, signature and signed attributes of a SignerInfo."""
    parts = info.children()
    digest = parts[2].children()[0].oid()
    attributes = parts[3]
    if attributes.tag != 0xA0:
        raise ValueError("no signed attributes")
    return digest, parts[5].of(OCTETS).content, attributes


def _check_attributes(attributes: Value, digest: str, info: bytes) -> None:
    """The attributes must be of this TSTInfo. Raises `ValueError`."""
    try:
        held = {a.children()[0].oid(): a.children()[1].children()[0] for a in attributes.children()}
        right = held[_CONTENT_TYPE].oid() == _TST_INFO
        name, _ = _HASHES[digest]
        right = right and held[_MESSAGE_DIGEST].of(OCTETS).content == hashlib.new(name, info).digest()
    except (ValueError, IndexError, KeyError) as error:
        raise ValueError(f"is no time stamp of RFC 3161 ({error})") from error
    if not right:
        raise ValueError("is a time stamp whose content was changed")


def _is_signed(certificate: x509.Certificate, signature: bytes, data: bytes, digest: str) -> bool:
    key = certificate.public_key()
    _, algorithm = _HASHES[digest]
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True
