"""The other files of a store: torn ends and damaged files that were kept, plans, what was said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from archive.checked_json import has_digest, unpack
from archive.errors import StoreError
from archive.storage import Store
from archive.verification.chain import sidecar_problem
from archive.verification.verification import Fault, Verification

__all__ = ["check_own_files"]

_OWN = ("schedule.json", "verified.json", "alarms-*.json")
_UNFINISHED = (".new", ".part")


def check_own_files(store: Store, found: Verification) -> None:
    """Check what lies in the store beside WARC files, catalogue and seals."""
    for path in _kept_aside(store):
        if problem := sidecar_problem(path):
            found.faults.append(Fault(f"damaged/{path.name}", problem))
    for sidecar in sorted(store.root.rglob("*.sha256")):
        path = sidecar.with_name(sidecar.name.removesuffix(".sha256"))
        if not path.exists() and path != store.catalogue_path:
            found.faults.append(Fault(store.name(path), "is missing; only its .sha256 is left"))
    for pattern in _OWN:
        for path in sorted(store.root.glob(pattern)):
            try:
                data = path.read_bytes()
                unpack(data)
            except OSError as error:
                found.faults.append(Fault(path.name, f"can't be read: {error.strerror}"))
            except StoreError as error:
                found.faults.append(Fault(path.name, f"{str(error).rstrip('.')}; it may be deleted"))
            else:
                if not has_digest(data):
                    what = "was written by an older version, without a digest; it gets one when it is written next"
                    found.advice.append(Fault(path.name, what))


def _kept_aside(store: Store) -> Iterator[Path]:
    folder = store.root / "damaged"
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.suffix not in (".sha256", *_UNFINISHED):
                yield path
