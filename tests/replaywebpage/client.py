"""replayweb.page as its users have it: the built package from npm, kept outside of the repository (it is AGPL)."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

__all__ = ["CHROMIUM", "client_files", "needs_client"]

VERSION = "2.5.3"
INTEGRITY = "nCj2PSON3BxeSJKE8AsYPyULv0XPZKJWfy4l9PyQre9SqwLZ+WKZVs/sfLqPOQ4GrH+0YkjbwOhr8cSTH08gsQ=="
"""SHA-512 of the package, as npm's registry has it."""
FILES = ("ui.js", "sw.js")
CHROMIUM = "/usr/bin/chromium"
MUST_RUN = bool(os.environ.get("CI"))


def _missing() -> str:
    absent = [name for name in ("npm", "chromium") if shutil.which(name) is None]
    return f"{' and '.join(absent)} not installed: apt install {' '.join(absent)}" if absent else ""


needs_client = pytest.mark.skipif(bool(_missing()) and not MUST_RUN, reason=_missing())


def client_files() -> Path:
    """The folder with ui.js and sw.js; fetched once. Skips if npm can't be reached, but not in CI."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "newswarc"
    folder = cache / f"replaywebpage-{VERSION}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as temporary:
            _unpack(_fetch(Path(temporary)), Path(temporary) / "built")
            try:
                (Path(temporary) / "built").rename(folder)
            except OSError:  # another process was quicker
                assert folder.is_dir()
    return folder


def _fetch(folder: Path) -> bytes:
    command = ["npm", "pack", "--silent", "--ignore-scripts", f"replaywebpage@{VERSION}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=180)
    if done.returncode:
        if not MUST_RUN:
            pytest.skip(f"npm can't be reached: {done.stderr.strip().splitlines()[-1:]}")
        raise AssertionError(done.stderr)
    (path,) = folder.glob("*.tgz")
    return path.read_bytes()


def _unpack(data: bytes, folder: Path) -> None:
    assert base64.b64encode(hashlib.sha512(data).digest()).decode() == INTEGRITY
    folder.mkdir()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for name in FILES:
            member = archive.extractfile(f"package/{name}")
            assert member is not None
            (folder / name).write_bytes(member.read())
