"""`Seals`: the seals of a store, and what each one covers."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Literal

import msgspec

from archive.durability import make_folder, replace_file, sync_folder
from archive.errors import SealError, StoreError
from archive.sealing.merkle import SIZE, root_of
from archive.sealing.seal import FileList, Seal, Tree
from archive.storage import Store
from archive.warc import sha256, write_sidecar

__all__ = ["DATINGS", "Dating", "SealedFile", "Seals", "described"]

Dating = Literal["stamp", "commitment"]
"""Of an authority (RFC 3161), or of the Bitcoin block chain (OpenTimestamps)."""

SEAL, FILES, LEAVES = "seal.json", "files.jsonl", "leaves"
DATINGS: dict[Dating, str] = {"stamp": "time-stamp.tsr", "commitment": "time-stamp.ots"}
_NUMBER = re.compile(r"\d{6,}", re.ASCII)
_LARGEST_SEAL = 1 << 20


class SealedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A WARC file that a seal covers."""

    name: str
    """As the catalogue has it."""
    digest: str
    """``sha256:<hex>`` of the whole file when it was sealed."""
    records: int
    """Its leaves: one for each gzip member, in their order."""


class Seals:
    """The folder ``seals/`` of a store, with a folder for each seal, named by its number.

    ``seal.json`` is the seal, ``files.jsonl`` and ``leaves`` are the files and the hashes that it speaks of. Who says
    when it was made stands in ``time-stamp.tsr`` (an authority) and ``time-stamp.ots`` (the Bitcoin block chain).
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.root = store.root / "seals"

    def folder(self, number: int) -> Path:
        """Where the seal of that number is, or would be."""
        return self.root / f"{number:06}"

    def numbers(self) -> list[int]:
        """The numbers of all seals, in order."""
        try:
            names = [path.name for path in self.root.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{self.root}: can't be read: {error.strerror}.") from error
        return sorted(int(name) for name in names if _NUMBER.fullmatch(name) and f"{int(name):06}" == name)

    def strange(self) -> list[Path]:
        """What lies among the seals and is none, but what a killed sealing has left."""
        known = {self.folder(number).name for number in self.numbers()}
        try:
            found = [path for path in self.root.iterdir() if path.name not in known or path.is_symlink()]
        except FileNotFoundError:
            return []
        return sorted(path for path in found if not (path.name.startswith(".") and path.name.endswith(".new")))

    def read(self, number: int) -> Seal:
        """The seal of that number. Raises `SealError` if it is not there or not good."""
        path = self.folder(number) / SEAL
        try:
            return Seal.read(self._read(path))
        except SealError as error:
            raise SealError(f"{self.name(path)}: {error}.") from error

    def last(self) -> Seal | None:
        """The newest seal. Raises `SealError` if it is not good."""
        numbers = self.numbers()
        return self.read(numbers[-1]) if numbers else None

    def files(self, number: int, seal: Seal) -> list[SealedFile]:
        """The files that this seal covers, in the order of its leaves. Raises `SealError` if the list was changed."""
        path = self.folder(number) / FILES
        data = self._read(path)
        if sha256(data) != seal.statement.files.digest:
            raise SealError(f"{self.name(path)}: is not the list of files that was sealed.")
        return decode_files(data)

    def leaves(self, number: int, seal: Seal) -> bytes:
        """The hashes of the records that this seal covers. Raises `SealError` if they were changed."""
        path = self.folder(number) / LEAVES
        data = self._read(path)
        tree = seal.statement.tree
        if len(data) != tree.size * SIZE or root_of(data).hex() != tree.root:
            raise SealError(f"{self.name(path)}: are not the hashes that were sealed.")
        return data

    def dating(self, number: int, kind: Dating) -> bytes | None:
        """What somebody else says of when a seal was made, if it is there. Raises `SealError`."""
        path = self.dating_path(number, kind)
        return self._read(path) if path.exists() else None

    def dating_path(self, number: int, kind: Dating) -> Path:
        """Where that is, or would be; ``.sha256`` is beside it."""
        return self.folder(number) / DATINGS[kind]

    def sealed_names(self) -> set[str]:
        """All files that any seal covers. Raises `SealError` if a seal or list is not good."""
        return {file.name for number in self.numbers() for file in self.files(number, self.read(number))}

    def add(self, seal: Seal, files: bytes, leaves: bytes) -> None:
        """Keep a new seal: all of it, or nothing. Raises `StoreError` if the disk refuses."""
        folder = self.folder(seal.statement.number)
        new = folder.with_name(f".{folder.name}.new")
        try:
            shutil.rmtree(new, ignore_errors=True)  # of a run that was killed
            make_folder(new)
            for name, data in ((FILES, files), (LEAVES, leaves), (SEAL, seal.data)):
                replace_file(new / name, data)
            new.rename(folder)
            sync_folder(self.root)
        except OSError as error:
            shutil.rmtree(new, ignore_errors=True)
            raise StoreError(f"{folder}: can't be written: {error.strerror}; nothing was sealed.") from error

    def add_dating(self, number: int, kind: Dating, data: bytes) -> None:
        """Keep what somebody else says of when a seal was made. Raises `StoreError` if the disk refuses."""
        path = self.dating_path(number, kind)
        try:
            write_sidecar(path, sha256(data))
            replace_file(path, data)
        except OSError as error:
            raise StoreError(f"{path}: can't be written: {error.strerror}.") from error

    def name(self, path: Path) -> str:
        """A file of a seal as messages name it, relative to the store."""
        return path.relative_to(self.store.root).as_posix()

    def _read(self, path: Path) -> bytes:
        try:
            if path.name == SEAL and path.stat().st_size > _LARGEST_SEAL:
                raise SealError(f"{self.name(path)}: is no seal: it is too large.")
            return path.read_bytes()
        except FileNotFoundError as error:
            raise SealError(f"{self.name(path)}: is missing.") from error
        except OSError as error:
            raise SealError(f"{self.name(path)}: can't be read: {error.strerror}.") from error


def encode_files(files: list[SealedFile]) -> bytes:
    """The list of files as it is stored and summed: one JSON object a line."""
    return msgspec.json.Encoder(order="deterministic").encode_lines(files)


def decode_files(data: bytes) -> list[SealedFile]:
    """The list of files back. Raises `SealError` if it is none."""
    try:
        return msgspec.json.Decoder(SealedFile).decode_lines(data)
    except msgspec.DecodeError as error:
        raise SealError(f"No list of sealed files: {error}.") from error


def described(files: list[SealedFile], leaves: bytes) -> tuple[bytes, FileList, Tree]:
    """The list of files in bytes, and what the statement says of it and of the leaves."""
    data = encode_files(files)
    tree = Tree(size=len(leaves) // SIZE, root=root_of(leaves).hex())
    return data, FileList(count=len(files), digest=sha256(data)), tree
