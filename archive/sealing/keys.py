"""`key_path`: where the key is that seals are signed with."""

from __future__ import annotations

from pathlib import Path

from archive.errors import SigningError
from archive.signing import default_path
from archive.storage import Store

__all__ = ["key_path"]


def key_path(store: Store, *named: str) -> Path:
    """The first of the names that is given, or the usual place; nothing says that there is a key.

    Raises `SigningError` if it is inside the archive: whoever gets that would have the key.
    """
    name = next(filter(None, named), "")
    path = Path(name).expanduser() if name else default_path()
    if store.root.resolve() in path.resolve().parents:
        raise SigningError(f"{path}: is inside the archive, which is copied and handed on; keep the key elsewhere.")
    return path
