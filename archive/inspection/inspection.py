"""`inspect`: WARC and WACZ files of anyone, judged."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path

from archive.errors import StoreError
from archive.inspection.closing import judge_set
from archive.inspection.findings import Findings
from archive.inspection.ledger import Ledger
from archive.inspection.wacz import inspect_package
from archive.inspection.warc import WarcInspector
from archive.progress import Progress
from archive.storage import is_locked, read_sidecar
from archive.verification.verification import Verification
from archive.warc import OPEN_SUFFIX, sha256, sidecar_of

__all__ = ["inspect"]

_SUFFIXES = (".warc", ".warc.gz", ".wacz", ".warc.gz.open")
_MIB = 1 << 20


def inspect(paths: Iterable[Path], *, progress: Progress | None = None) -> Verification:
    """Judge files, and those in folders: each WACZ by itself, all WARC files together as one set.

    `progress` is told how many MiB of all there are have been read. Whatever is wrong, and be it that a file is
    missing, is a fault of the result. Raises `StoreError` if there is no room for temporary notes.
    """
    try:
        return _Inspection(progress or (lambda *_: None)).run(paths)
    except sqlite3.OperationalError as error:
        folder = tempfile.gettempdir()
        raise StoreError(f"{folder}: can't hold the notes of a check: {error}; make room or set TMPDIR.") from error


class _Inspection:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._found = Verification(open_files=[], faults=[], advice=[], signatures=[])
        self._findings = Findings(self._found)
        self._done = self._total = 0
        self._name = ""

    def run(self, paths: Iterable[Path]) -> Verification:
        files = [path for given in paths for path in self._files(given)]
        files = list({os.path.realpath(path): path for path in files}.values())
        self._total = sum(_size(path) for path in files)
        with Ledger() as ledger:
            inspector = WarcInspector(self._findings, ledger, advance=self._advance)
            for path in files:
                self._inspect(path, inspector)
            ledger.close_intake()
            judge_set(ledger, self._findings, whole=False)
        self._findings.close()
        return self._found

    def _files(self, given: Path) -> list[Path]:
        """The file, or the WARC and WACZ files in the folder."""
        if not given.is_dir():
            return [given]
        found = sorted(path for path in given.rglob("*") if path.name.endswith(_SUFFIXES) and path.is_file())
        if not found:
            self._findings.fault(_label(given), "is a folder without WARC or WACZ files")
        return found

    def _inspect(self, path: Path, inspector: WarcInspector) -> None:
        """Judge one file. A WACZ is a set by itself."""
        label, size = _label(path), _size(path)
        self._name = path.name
        self._advance(0)
        try:
            if path.exists() and not path.is_file():
                self._findings.fault(label, "is no file")
                return
            if path.name.endswith(OPEN_SUFFIX) and path.exists() and is_locked(path):
                self._found.open_files.append(label)
                return
            with path.open("rb") as file:
                self._found.files += 1
                if path.suffix == ".wacz" or file.peek(2).startswith(b"PK"):
                    inspect_package(path, label, self._findings, self._advance)
                else:
                    inspector.inspect(file, label, label.rpartition("/")[2])
            self._check_sidecar(path, label)
        except OSError as error:
            self._findings.fault(label, f"can't be read: {error.strerror or error}")
        finally:
            self._done += size

    def _check_sidecar(self, path: Path, label: str) -> None:
        """Hold the file against ``NAME.sha256``, if there is one."""
        sidecar = sidecar_of(path)
        if not sidecar.exists():
            return
        kept = read_sidecar(path)
        if kept is None:
            self._findings.fault(label, f"has a {sidecar.name} beside it that is not as sha256sum writes it")
            return
        with path.open("rb") as file:
            if sha256(file) != kept:
                what = f"is not what it was: it does not match {sidecar.name}; get the file again"
                self._findings.fault(label, what)

    def _advance(self, passed: int) -> None:
        """So many bytes of the present file have been passed."""
        done = (self._done + passed) // _MIB + 1
        total = self._total // _MIB + 1
        self._progress(f"MiB, {self._name}", min(done, total), total)


def _label(path: Path) -> str:
    """The path as text, whatever bytes it has."""
    return os.fsencode(path).decode("utf-8", "replace")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
