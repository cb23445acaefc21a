"""`Store`: the archive folder - its layout, names and locks, and what a killed run left in it."""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Literal

import msgspec

from archive import clock
from archive.durability import make_folder, replace_file, sync_folder
from archive.errors import StoreError
from archive.warc import OPEN_SUFFIX, finish_file, sha256, sidecar_of, write_sidecar

__all__ = ["Kind", "Recovered", "Store", "is_locked", "read_sidecar"]

Kind = Literal["originals", "derived"]
"""Originals are what replay tools see; derived files (clean text, provenance) never are."""

_READ = 1 << 20


class Recovered(msgspec.Struct, frozen=True):
    """A file that a killed run had left open, and what was cut off its end."""

    file: str
    cut: int
    """Bytes of the torn last member; they are kept in ``damaged/``."""
    size: int
    """Bytes that are left of it."""


class Store:
    """One archive folder.

    ::

        originals/2026-11/NAME-originals.warc.gz  (+ .sha256)
        derived/2026-11/NAME-derived.warc.gz      (+ .sha256)
        catalogue.sqlite    made again from the WARC files by `scrapy rebuild`
        damaged/            torn ends that were cut off, as they were
        schedule.json       when sources were crawled last, for `scrapy schedule`
        locks/
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)

    @property
    def catalogue_path(self) -> Path:
        """The database; there may be none yet."""
        return self.root / "catalogue.sqlite"

    def create(self) -> None:
        """Make the folder. Raises `StoreError` if that can't be done or it can't be written."""
        try:
            for name in ("originals", "derived", "locks"):
                make_folder(self.root / name)
            probe = self.root / "locks" / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise StoreError(
                f"{self.root}: can't be used as archive: {error.strerror}; "
                "set ARCHIVE_STORE to a folder that you can write."
            ) from error

    def exists(self) -> bool:
        """Whether this folder holds an archive."""
        return (self.root / "originals").is_dir()

    def require(self) -> None:
        """Raise `StoreError` unless the folder holds an archive."""
        if not self.exists():
            raise StoreError(
                f"{self.root}: no archive there; crawl something first, or name its folder: -s ARCHIVE_STORE=FOLDER."
            )

    # Files

    def files(self, kind: Kind | None = None) -> list[str]:
        """Names of all WARC files, open ones under their final names, relative to the root, sorted."""
        kinds = (kind,) if kind else ("originals", "derived")
        names = {
            path.relative_to(self.root).as_posix().removesuffix(OPEN_SUFFIX)
            for k in kinds
            for path in (self.root / k).rglob("*.warc.gz*")
            if path.name.endswith((".warc.gz", ".warc.gz" + OPEN_SUFFIX))
        }
        return sorted(names)

    def path(self, name: str) -> Path:
        """Where the file of that name is now: closed, or still open."""
        path = self.root / name
        if not path.exists() and (open_path := path.with_name(path.name + OPEN_SUFFIX)).exists():
            return open_path
        return path

    def name(self, path: Path) -> str:
        """The name under which the catalogue and provenance know a file of this store."""
        return path.relative_to(self.root).as_posix().removesuffix(OPEN_SUFFIX)

    def read(self, name: str, offset: int, length: int) -> bytes:
        """One gzip member. Raises `StoreError` if the file has gone or is shorter."""
        try:
            with self._open(name) as file:
                file.seek(offset)
                data = file.read(length)
        except OSError as error:
            raise StoreError(f"{self.root / name}: can't be read: {error.strerror}.") from error
        if len(data) < length:
            raise StoreError(f"{self.root / name}: ends before byte {offset + length}; run scrapy verify.")
        return data

    def _open(self, name: str) -> IO[bytes]:
        """A file, closed or still open; perhaps it is just now being renamed."""
        path = self.root / name
        for candidate in (path, path.with_name(path.name + OPEN_SUFFIX)):
            with suppress(FileNotFoundError):
                return candidate.open("rb", buffering=0)
        return path.open("rb", buffering=0)

    def new_path(self, kind: Kind, source: str, run: str, serial: int) -> Path:
        """The name of a new WARC file of one run; `run` is the run's id (a UUID)."""
        now = clock.now()
        name = f"{source}-{now:%Y%m%d%H%M%S}-{run[:8]}-{serial:05}-{kind}.warc.gz"
        return self.root / kind / f"{now:%Y-%m}" / name

    # Locks and recovery

    @contextmanager
    def lock(self, name: str, who: str, *, shared: bool = False) -> Iterator[IO[str]]:
        """Hold the lock of that name: a source's, or ``catalogue``, which every run shares. Gives its file.

        Raises `StoreError` if somebody else holds it in a way that excludes `who`.
        """
        path = self.root / "locks" / f"{name}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            opened = path.open("a+")
        except OSError as error:
            raise StoreError(f"{path}: can't be locked: {error.strerror}.") from error
        with opened as file:
            try:
                fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = file.read().strip() or "another process"
                raise StoreError(f"{self.root}: {name} is in use by {holder}; wait for it or stop it.") from None
            # A full or failing disk: the lock holds all the same.
            with suppress(OSError):
                os.ftruncate(file.fileno(), 0)
                os.write(file.fileno(), f"{who} (process {os.getpid()})\n".encode())
            try:
                yield file
            finally:
                with suppress(OSError):
                    os.ftruncate(file.fileno(), 0)

    def is_held(self, name: str) -> bool:
        """Whether somebody holds the lock of that name in a way that excludes others."""
        path = self.root / "locks" / f"{name}.lock"
        return path.exists() and is_locked(path)

    def forget_catalogue_digest(self) -> None:
        """Forget the digest of the catalogue, which is about to be written; after a power cut, too, it is forgotten.

        Raises `StoreError`.
        """
        sidecar = sidecar_of(self.catalogue_path)
        try:
            if sidecar.exists():
                sidecar.unlink(missing_ok=True)
                sync_folder(self.root)
        except OSError as error:
            raise StoreError(f"{sidecar}: can't be removed: {error.strerror}.") from error

    def note_catalogue_digest(self, lock: IO[str]) -> None:
        """Keep the digest of the closed catalogue, so that `scrapy verify` sees any byte of it change.

        Only the last one who uses it can: `lock` is the file of the lock ``catalogue`` that the caller holds. On a
        full or failing disk it stays without one.
        """
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        path = self.catalogue_path
        journal = path.with_name(path.name + "-wal")
        with suppress(OSError):
            if path.is_file() and not (journal.exists() and journal.stat().st_size):
                with path.open("rb") as file:
                    write_sidecar(path, sha256(file))

    def is_being_written(self, path: Path) -> bool:
        """Whether a living process has this open file."""
        return is_locked(path)

    def recover(self) -> list[Recovered]:
        """Close what killed runs left open: cut a torn last member off, keep it aside, finish the file.

        Files that a living process writes (they are locked) are left alone.
        """
        from archive.rewriting import finish_rewriting

        finish_rewriting(self.root)
        recovered = []
        for path in sorted(self.root.rglob("*.warc.gz" + OPEN_SUFFIX)):
            try:
                with path.open("r+b") as file:
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        continue
                    if not path.exists():  # closed while we looked
                        continue
                    recovered.append(self._recover(path))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StoreError(f"{path}: left open by a killed run and can't be closed: {error.strerror}.") from error
        return recovered

    def _recover(self, path: Path) -> Recovered:
        size, end = path.stat().st_size, whole_members_end(path)
        name = self.name(path)
        if end < size:
            damaged = self.root / "damaged" / f"{Path(name).name}.from-{end}"
            make_folder(damaged.parent)
            with path.open("rb") as file:
                file.seek(end)
                torn = file.read()
            replace_file(damaged, torn)
            write_sidecar(damaged, sha256(torn))
            os.truncate(path, end)
        if end == 0:
            path.unlink()  # not even its warcinfo was written
            sync_folder(path.parent)
        else:
            with path.open("rb") as file:
                digest = sha256(file)
            finish_file(path, digest)
        return Recovered(name, size - end, end)


def is_locked(path: Path) -> bool:
    """Whether a living process writes this file, or has just closed it under its final name."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return True
    return False


def read_sidecar(path: Path) -> str | None:
    """The digest that ``NAME.sha256`` keeps of a file, or None if there is none that can be read."""
    try:
        digest, _, name = sidecar_of(path).read_text("ascii").partition("  ")
    except (OSError, UnicodeDecodeError):
        return None
    return f"sha256:{digest}" if name == f"{path.name}\n" else None


def whole_members_end(path: Path) -> int:
    """Where the last whole gzip member of a file ends.

    Only what a kill, a full disk or a power cut can leave is cut: a member that stops too early, or turns to
    zero bytes, or zero bytes behind the last one. A damaged member in the middle is left for `scrapy verify`.
    """
    end = 0
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        z, data = zlib.decompressobj(31), b""
        while data or (data := file.read(_READ)):
            try:
                z.decompress(data, _READ)
            except zlib.error:
                return end if _is_torn(file, end) else size
            data = z.unconsumed_tail
            if z.eof:
                data = z.unused_data
                end = file.tell() - len(data)
                z = zlib.decompressobj(31)
    return end


def _is_torn(file: IO[bytes], start: int) -> bool:
    """Whether a file from byte `start` is the beginning of a gzip member, or nothing, and then zero bytes."""
    file.seek(start)
    rest = file.read()
    written = rest.rstrip(b"\0")
    if len(written) == len(rest):
        return False
    z = zlib.decompressobj(31)
    try:
        for at in range(0, len(written), _READ):
            z.decompress(written[at : at + _READ])
    except zlib.error:
        return False
    return not z.eof
