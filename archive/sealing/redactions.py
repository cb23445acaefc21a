"""`Redactions`: what was taken out of a store for legal reasons, without saying again what it was."""

from __future__ import annotations

import hashlib

import msgspec

from archive.catalogue.rows import url_key
from archive.durability import replace_file
from archive.errors import StoreError
from archive.storage import Store
from archive.warc import sha256, write_sidecar

__all__ = ["Redaction", "Redactions", "url_digest"]


class Redaction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One removal."""

    made: str
    """UTC in whole seconds."""
    reason: str
    urls: tuple[str, ...]
    """`url_digest` of each address that is not to be fetched again."""
    records: tuple[str, ...]
    """Record ids of what was taken out."""


class Redactions:
    """The file ``redactions.jsonl`` of a store, with its ``.sha256``."""

    def __init__(self, store: Store) -> None:
        self.path = store.root / "redactions.jsonl"

    def read(self) -> list[Redaction]:
        """All of them, oldest first. Raises `StoreError` if the file can't be read."""
        try:
            return msgspec.json.Decoder(Redaction).decode_lines(self.path.read_bytes())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{self.path}: can't be read: {error.strerror}.") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StoreError(f"{self.path}: is damaged: {error}; bring it back from a copy.") from error

    def urls(self) -> frozenset[str]:
        """`url_digest` of every address that is not to be fetched again. Raises `StoreError`."""
        return frozenset(digest for redaction in self.read() for digest in redaction.urls)

    def add(self, redaction: Redaction) -> None:
        """Note a removal, through to the disk. Raises `StoreError`."""
        data = msgspec.json.Encoder().encode_lines([*self.read(), redaction])
        try:
            write_sidecar(self.path, sha256(data))
            replace_file(self.path, data)
        except OSError as error:
            raise StoreError(f"{self.path}: can't be written: {error.strerror}; nothing was removed.") from error


def url_digest(url: str) -> str:
    """``sha256:<hex>`` of a URL: http and https, with and without ``www.``, are one."""
    return "sha256:" + hashlib.sha256(url_key(url).encode("utf-8", "surrogatepass")).hexdigest()
