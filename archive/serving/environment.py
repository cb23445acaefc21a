"""`PywbEnvironment`: the Python environment that pywb has to itself.

pywb brings a `brotli` module that shadows the one Scrapy needs, so it is never installed beside us.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from archive.errors import ServingError

__all__ = ["LOCK", "PywbEnvironment"]

LOCK = Path(__file__).parents[2] / "requirements-pywb.lock"
_STAMP = "newswarc-lock"
_INSTEAD = "scrapy serve --no-replay serves the reading room alone"


class PywbEnvironment:
    """A virtual environment made of `LOCK`, or one that somebody else takes care of."""

    def __init__(self, path: Path) -> None:
        """`path` is the environment's folder; it need not exist."""
        self.path = path.absolute()

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    def is_current(self) -> bool:
        """Whether it is there and as the lock file has it; one that we did not make counts as current."""
        if not self.python.exists():
            return False
        stamp = self.path / _STAMP
        return stamp.read_text() == _digest() if stamp.exists() else not (self.path / f"{_STAMP}.begun").exists()

    def set_up(self, say: Callable[[str], None]) -> None:
        """Make it unless it is current; `say` is told before that, since it takes a while.

        Raises `ServingError` if it can't be made: no network, no venv module, a wrong hash.
        """
        if self.is_current():
            return
        if not LOCK.exists():
            raise ServingError(f"{LOCK}: is missing, so pywb can't be set up; {_INSTEAD}.")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_name(self.path.name + ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # two that start at once
                if not self.is_current():
                    say(f"Setting up pywb in {self.path} (once, about a minute) ...")
                    self._make()
        except OSError as error:
            raise ServingError(f"{self.path}: pywb can't be set up there: {error.strerror}; {_INSTEAD}.") from error

    def _make(self) -> None:
        self._run([sys.executable, "-m", "venv", "--clear", str(self.path)])
        begun = self.path / f"{_STAMP}.begun"
        begun.touch()
        quietly = ["--quiet", "--disable-pip-version-check", "--no-input"]
        locked = ["--require-hashes", "--requirement", str(LOCK)]
        self._run([str(self.python), "-I", "-m", "pip", "install", *quietly, *locked])
        (self.path / _STAMP).write_text(_digest())
        begun.unlink()

    def _run(self, command: list[str]) -> None:
        environment = {**os.environ, "PYTHONPATH": ""}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
        if done.returncode:
            lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            why = next((line for line in lines if line.startswith("ERROR: ")), ["no reason given", *lines][-1])
            raise ServingError(
                f"{self.path}: pywb can't be set up there: {why.removeprefix('ERROR: ').rstrip('.')}; {_INSTEAD}."
            )


def _digest() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()
