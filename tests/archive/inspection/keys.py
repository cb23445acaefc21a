"""Signatures of every kind, made as their signers make them."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.archive.inspection.files import EVENING, Wacz, sha256_hex

P256, P384 = ec.SECP256R1(), ec.SECP384R1()
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
SIGNED = dt.datetime.fromisoformat(EVENING)


def raw_signature(key: ec.EllipticCurvePrivateKey, data: bytes, *, der: bool = False) -> bytes:
    """As browsers write it, or as OpenSSL does."""
    signature = key.sign(data, ec.ECDSA(hashes.SHA256()))
    if der:
        return signature
    r, s = utils.decode_dss_signature(signature)
    half = key.key_size // 8
    return r.to_bytes(half) + s.to_bytes(half)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def spki(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def anonymous(key: ec.EllipticCurvePrivateKey, digest: str, **changes: Any) -> dict[str, Any]:
    """signedData of a key, for a manifest of that digest."""
    told = {"hash": digest, "created": EVENING, "software": "tests 1", "version": "0.1.0"}
    told |= {"signature": b64(raw_signature(key, digest.encode())), "publicKey": b64(spki(key))}
    return {**told, **changes}


def certificate(
    name: str,
    key: Key,
    issuer: tuple[x509.Certificate, Key] | None = None,
    *,
    ca: bool = False,
    begins: dt.datetime = SIGNED - dt.timedelta(days=1),
    stamping: bool = False,
) -> x509.Certificate:
    """A certificate of a name; of itself without an issuer."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + dt.timedelta(days=90))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    if stamping:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return made.sign(issuer[1] if issuer else key, hashes.SHA256())


def pem(*certificates: x509.Certificate) -> str:
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)


# Time stamps (RFC 3161), in DER by hand


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for number in [40 * first + second, *rest]:
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(number & 0x7F | 0x80)
        content += bytes(reversed(digits))
    return der(6, content)


SHA256 = "2.16.840.1.101.3.4.2.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"


def timestamp(
    data: bytes, key: Key, time: dt.datetime = SIGNED, *, digest: bytes | None = None, status: int = 0
) -> bytes:
    """A TimeStampResp of an authority; `digest` is put for the one of the info that is signed."""
    algorithm = der(0x30, oid(SHA256), der(5))
    info = der(
        0x30,
        der(2, b"\1"),
        oid("1.2.3.4"),
        der(0x30, algorithm, der(4, hashlib.sha256(data).digest())),
        der(2, b"\x07"),
        der(0x18, time.strftime("%Y%m%d%H%M%S.25Z").encode()),
    )
    attributes = [
        der(0x30, oid("1.2.840.113549.1.9.3"), der(0x31, oid(TST_INFO))),
        der(0x30, oid("1.2.840.113549.1.9.4"), der(0x31, der(4, digest or hashlib.sha256(info).digest()))),
    ]
    signed = der(0x31, *attributes)
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        signature = key.sign(signed, ec.ECDSA(hashes.SHA256()))
    signer = der(
        0x30, der(2, b"\1"), der(0x30, der(0x30), der(2, b"\1")), algorithm, der(0xA0, *attributes), algorithm,
        der(4, signature),
    )  # fmt: skip
    signed_data = der(
        0x30, der(2, b"\3"), der(0x31, algorithm), der(0x30, oid(TST_INFO), der(0xA0, der(4, info))), der(0x31, signer)
    )
    token = der(0x30, oid("1.2.840.113549.1.7.2"), der(0xA0, signed_data))
    return der(0x30, der(0x30, der(2, bytes([status]))), token)


class Domain:
    """Somebody who signs as the owner of a domain, with a time stamp."""

    def __init__(self, name: str = "archive.skagen.test") -> None:
        self.name = name
        self.key = ec.generate_private_key(P256)
        self.root_key, self.stamp_key = ec.generate_private_key(P256), rsa.generate_private_key(65537, 2048)
        self.root = certificate("Root of tests", self.root_key, ca=True)
        self.certificate = certificate(name, self.key, (self.root, self.root_key))
        self.stamp_root = certificate("Stamps of tests", self.root_key, ca=True)
        self.stamp_certificate = certificate("Stamper", self.stamp_key, (self.stamp_root, self.root_key), stamping=True)

    def sign(self, digest: str, **changes: Any) -> dict[str, Any]:
        """signedData for a manifest of that digest."""
        signature = b64(raw_signature(self.key, digest.encode(), der=True))
        told = {"hash": digest, "created": EVENING, "software": "tests 1", "signature": signature, "domain": self.name}
        told |= {
            "domainCert": pem(self.certificate, self.root),
            "timeSignature": b64(timestamp(signature.encode(), self.stamp_key)),
            "timestampCert": pem(self.stamp_certificate, self.stamp_root),
        }
        return {**told, **changes}


def sign_package(package: Wacz, sign: Any) -> Wacz:
    """Have a package in the making signed: `sign` gives signedData for the manifest's digest."""

    def after(files: dict[str, bytes]) -> None:
        digest = sha256_hex(files["datapackage.json"])
        said = {"path": "datapackage.json", "hash": digest, "signedData": sign(digest)}
        files["datapackage-digest.json"] = json.dumps(said).encode()

    package.after = after
    return package
