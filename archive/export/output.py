"""Where an export is written: under another name beside its own, which it gets when it is whole."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from archive.errors import ExportError

__all__ = ["new_file", "new_folder"]


@contextmanager
def new_file(target: Path, *, force: bool = False) -> Iterator[IO[bytes]]:
    """A file to be written, seekable and readable; it becomes `target` at the end, or vanishes with an error.

    An existing file is replaced only with `force`. Raises `ExportError`, also for what the disk refuses.
    """
    with _refusals(target):
        if target.is_dir():
            raise ExportError(f"{target}: is a folder; name a file.")
        if target.exists() and not target.is_file():
            raise ExportError(f"{target}: is no ordinary file; name another one.")
        if target.exists() and not force:
            raise ExportError(f"{target}: exists already; name another file, or replace it with --force.")
        temporary = _beside(target)
        try:
            with temporary.open("x+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if force:
                temporary.replace(target)
            else:
                _name(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to be filled; it becomes `target` at the end, or vanishes with an error.

    A folder that has something in it is never replaced. Raises `ExportError`, also for what the disk refuses.
    """
    with _refusals(target):
        if target.exists() and not target.is_dir():
            raise ExportError(f"{target}: is a file; name a folder, or a file that ends in .zip.")
        if target.is_dir() and any(target.iterdir()):
            raise ExportError(f"{target}: has something in it already; name another folder.")
        temporary = _beside(target)
        try:
            temporary.mkdir()
            yield temporary
            temporary.rename(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _beside(target: Path) -> Path:
    """A name in the same folder, short whatever the target's, that says whose it is if it is left over."""
    return target.with_name(f".newswarc-export-{uuid.uuid4().hex[:12]}.part")


def _name(temporary: Path, target: Path) -> None:
    """Give a file its name, unless another one got it in the meantime."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError as error:  # a file system without links
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise
        with suppress(FileNotFoundError):
            if target.stat():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        temporary.rename(target)


@contextmanager
def _refusals(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(f"{target}: can't be written: {error.strerror or error}; nothing was left behind.") from error
