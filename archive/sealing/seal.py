"""`Seal`: one signed statement over the records that came into a store since the seal before it."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
import rfc8785
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import load_der_public_key

from archive.errors import SealError
from archive.signing import SigningKey
from archive.warc import sha256

__all__ = ["FORMAT", "FileList", "Seal", "Statement", "Tree"]

FORMAT = "newswarc-seal/1"
_Digest = Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]
_ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": int(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16
    ),
}
"""How many points a curve has (FIPS 186-5)."""


class Tree(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Merkle tree (RFC 6962, SHA-256) whose leaves are the records, as they are in their gzip members."""

    size: Annotated[int, msgspec.Meta(ge=0)]
    """Leaves."""
    root: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    """Hexadecimal."""


class FileList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The list of the files that hold the records, in the order of the leaves."""

    count: Annotated[int, msgspec.Meta(ge=0)]
    digest: _Digest
    """``sha256:<hex>`` of the list."""


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a seal says."""

    format: str
    number: int
    """From 1; no number is left out."""
    made: Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    """UTC in whole seconds, by the clock of the archive."""
    previous: _Digest | None = None
    """``sha256:<hex>`` of the seal before it, all of its bytes; None for the first."""
    tree: Tree
    files: FileList
    key: _Digest
    """Fingerprint of the key that signs: ``sha256:<hex>`` of its SubjectPublicKeyInfo."""
    next_key: _Digest | None = None
    """Fingerprint of the key that signs from the next seal on."""
    unannounced: bool = False
    """The key is another one than the seal before announced: that one was lost."""
    software: Annotated[str, msgspec.Meta(pattern=r"^[\w./+ -]{1,100}$")]

    def encode(self) -> bytes:
        """The statement in RFC 8785 canonical form: the bytes that are signed."""
        return rfc8785.dumps(msgspec.to_builtins(self))


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a seal is written down: the statement as a text, so that nobody has to write it anew to check it."""

    publicKey: bytes
    signature: bytes
    statement: str


class Seal(msgspec.Struct, frozen=True):
    """A statement with a signature that is good; whose key it is, only its reader can judge."""

    statement: Statement
    data: bytes
    """All bytes of the seal, one canonical form for each."""

    @classmethod
    def sign(cls, statement: Statement, key: SigningKey) -> Seal:
        """The statement, signed with the key that it names."""
        signed = statement.encode()
        envelope = _Envelope(key.public_bytes, _lower(key.sign_bytes(signed), "secp384r1"), signed.decode())
        return cls(statement, rfc8785.dumps(msgspec.to_builtins(envelope)))

    @classmethod
    def read(cls, data: bytes) -> Seal:
        """A seal from its bytes, its signature verified.

        Raises `SealError` with a sentence without its subject if it is none, or not one byte for byte as it was made.
        """
        try:
            envelope = msgspec.json.decode(data, type=_Envelope)
            statement = msgspec.json.decode(envelope.statement, type=Statement)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SealError(f"is no seal: {error}") from error
        if statement.format != FORMAT:
            raise SealError(f"is a seal of a form that this version does not know: {statement.format!r}")
        try:
            canonical = rfc8785.dumps(msgspec.to_builtins(envelope)), statement.encode()
        except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
            raise SealError(f"is no seal: {error}") from error
        if canonical != (data, envelope.statement.encode()):
            raise SealError("is not written as seals are")
        if "sha256:" + hashlib.sha256(envelope.publicKey).hexdigest() != statement.key:
            raise SealError("is signed by another key than it says")
        _check(envelope)
        return cls(statement, data)

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` of all of its bytes: whoever keeps it elsewhere can tell that this seal, and all before it,
        are still the same."""
        return sha256(self.data)

    @property
    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        return msgspec.json.decode(self.data, type=_Envelope).publicKey

    @property
    def signature(self) -> bytes:
        """ECDSA with SHA-256 over the statement, in DER."""
        return msgspec.json.decode(self.data, type=_Envelope).signature

    def follows(self, before: Seal | None) -> Literal["announced", "unannounced"]:
        """How its key came to sign: it signed the seal `before` or was announced by it, or else nobody vouches for it.

        Raises `SealError` with a sentence without its subject if it does not continue the chain there.
        """
        said = self.statement
        number, digest = (before.statement.number, before.digest) if before else (0, None)
        if said.number != number + 1:
            raise SealError(f"says that it is number {said.number}, where number {number + 1} should be")
        if said.previous != digest:
            raise SealError("does not name the seal that is stored before it: one of the two was changed or replaced")
        expected = (before.statement.next_key or before.statement.key) if before else said.key
        if said.key == expected:
            return "announced"
        if not said.unannounced:
            raise SealError(f"is signed by the key {said.key}, where {expected} should sign")
        return "unannounced"


def _check(envelope: _Envelope) -> None:
    try:
        key = load_der_public_key(envelope.publicKey)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SealError("has a public key that can't be read") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in _ORDERS:
        raise SealError("has a key that is not ECDSA with P-256 or P-384")
    try:
        if _lower(envelope.signature, key.curve.name) != envelope.signature:
            raise SealError("has a signature in another form than seals have")
        key.verify(envelope.signature, envelope.statement.encode(), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        raise SealError("has a signature that does not match: it was changed after it was signed") from None


def _lower(signature: bytes, curve: str) -> bytes:
    """Of each pair of signatures that say the same (r, s and r, n - s) the one with the lower s, in DER.

    So nobody without the key can write the same seal in another way. Raises ValueError if it is none.
    """
    r, s = utils.decode_dss_signature(signature)
    return utils.encode_dss_signature(r, min(s, _ORDERS[curve] - s))
