"""`archive.surt`, which replay shares with the catalogue, loaded by its place: nothing else of `archive` runs here."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

__all__ = ["surt", "url_key"]

_spec = importlib.util.spec_from_file_location("newswarc_surt", Path(__file__).parents[2] / "surt.py")
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

surt: Callable[[str], str] = _module.surt
url_key: Callable[[str], str] = _module.url_key
