"""`SigningKey`: the key that packages and seals are signed with: whoever gets one can tell it from an altered copy.

A package gets an anonymous signature of the WACZ Signing and Verification specification 0.1.0, as ArchiveWeb.page makes
it: ECDSA over P-384 with SHA-256, over the ASCII text of the digest of datapackage.json.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from archive.errors import SigningError
from archive.version import VERSION

__all__ = ["SigningKey", "default_path"]

_CURVE = ec.SECP384R1
_NUMBER = 48
"""Bytes of each of a signature's two numbers."""
_LARGEST_FILE = 64 << 10


def default_path() -> Path:
    """Where a key is kept if nothing else is said: outside of every archive, which is copied and handed on."""
    configuration = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(configuration).expanduser() / "newswarc" / "key.pem"


class SigningKey:
    """An ECDSA P-384 key in a file: PEM, PKCS #8, not encrypted, readable by its owner alone."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private
        self._public = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @classmethod
    def make(cls, path: Path) -> SigningKey:
        """Make a key and keep it in a new file, which nobody else can read from its first moment.

        Raises `SigningError` if there is a file of that name already, or none can be made.
        """
        private = ec.generate_private_key(_CURVE())
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError as error:
            raise SigningError(f"{path}: exists already, and a key is never overwritten; name another file.") from error
        except OSError as error:
            raise SigningError(f"{path}: can't be made: {error.strerror}.") from error
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            path.unlink(missing_ok=True)
            raise SigningError(f"{path}: can't be written: {error.strerror}; no key was made.") from error
        return cls(private)

    @classmethod
    def read(cls, path: Path) -> SigningKey:
        """The key in a file. Raises `SigningError` if it can't be used, also if others could read it."""
        try:
            with path.open("rb") as file:
                about = os.fstat(file.fileno())
                if not stat.S_ISREG(about.st_mode) or about.st_size > _LARGEST_FILE:
                    raise SigningError(f"{path}: is no key file; scrapy keygen makes one.")
                if about.st_mode & 0o077:
                    raise SigningError(f"{path}: others can read this key; run chmod 600 {path}.")
                pem = file.read()
        except FileNotFoundError as error:
            raise SigningError(f"{path}: there is no key; scrapy keygen makes one.") from error
        except OSError as error:
            raise SigningError(f"{path}: can't be read: {error.strerror}.") from error
        try:
            private = serialization.load_pem_private_key(pem, None)
        except TypeError as error:
            raise SigningError(
                f"{path}: is encrypted; take the passphrase off, or let scrapy keygen make one."
            ) from error
        except (ValueError, UnsupportedAlgorithm) as error:
            raise SigningError(f"{path}: is no private key in PEM; scrapy keygen makes one.") from error
        if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, _CURVE):
            raise SigningError(f"{path}: is no ECDSA key on the curve P-384; scrapy keygen makes one.")
        return cls(private)

    @property
    def public(self) -> str:
        """The public key: SubjectPublicKeyInfo in DER and Base64."""
        return base64.b64encode(self._public).decode()

    @property
    def public_bytes(self) -> bytes:
        """The public key: SubjectPublicKeyInfo in DER."""
        return self._public

    @property
    def fingerprint(self) -> str:
        """``sha256:<hex>`` of the public key, to compare it by."""
        return f"sha256:{hashlib.sha256(self._public).hexdigest()}"

    def sign_bytes(self, data: bytes) -> bytes:
        """The signature of any bytes, in DER as openssl has it. Always the same (RFC 6979)."""
        return self._private.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

    def sign(self, text: str) -> str:
        """The signature of an ASCII text: the two numbers side by side, in Base64."""
        r, s = utils.decode_dss_signature(self.sign_bytes(text.encode("ascii")))
        return base64.b64encode(r.to_bytes(_NUMBER, "big") + s.to_bytes(_NUMBER, "big")).decode()

    def signed_data(self, digest: str, created: str) -> dict[str, Any]:
        """What stands in datapackage-digest.json of a package that was created then."""
        return {
            "hash": digest,
            "created": created,
            "software": f"newswarc {VERSION}",
            "version": "0.1.0",
            "signature": self.sign(digest),
            "publicKey": self.public,
        }
