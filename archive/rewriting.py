"""`rewrite`: puts members in the place of others of the same length, in a file that is closed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from archive.durability import sync_folder
from archive.errors import StoreError
from archive.storage import read_sidecar
from archive.warc import sha256, write_sidecar

__all__ = ["SUFFIX", "Replacement", "finish_rewriting", "rewrite"]

SUFFIX = ".rewritten"


class Replacement(NamedTuple):
    """What comes where in a file."""

    offset: int
    member: bytes


def rewrite(path: Path, replacements: Sequence[Replacement]) -> None:
    """Replace bytes of a closed file, and its digest beside it: all of it, or nothing.

    The file is written anew beside the old one, which is then gone. Killed in between, `finish_rewriting` decides.
    Raises `StoreError` if the disk refuses.
    """
    new = path.with_name(path.name + SUFFIX)
    try:
        shutil.copyfile(path, new)
        with new.open("r+b") as file:
            for offset, member in replacements:
                file.seek(offset)
                file.write(member)
            file.flush()
            os.fsync(file.fileno())
            digest = sha256(file)
        write_sidecar(path, digest)
        new.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise StoreError(f"{path}: can't be rewritten: {error.strerror}; it is as it was.") from error


def finish_rewriting(root: Path) -> None:
    """After a kill: a new file whose digest stands beside the old one takes its place, any other is removed."""
    for new in sorted(root.glob(f"*/*/*.warc.gz{SUFFIX}")):
        path = new.with_name(new.name.removesuffix(SUFFIX))
        with new.open("rb") as file:
            is_whole = sha256(file) == read_sidecar(path)
        if is_whole:
            new.replace(path)
            sync_folder(path.parent)
        else:
            new.unlink()
