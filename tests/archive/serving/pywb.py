"""pywb's environment, for the tests that need the real thing."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent


@cache
def pywb_python() -> str:
    """The interpreter of the environment that NEWSWARC_PYWB names, or of `.venv-pywb` beside the project."""
    return str(Path(os.environ.get("NEWSWARC_PYWB") or ROOT / ".venv-pywb") / "bin" / "python")


needs_pywb = pytest.mark.skipif(
    not Path(pywb_python()).exists() and not os.environ.get("CI"),
    reason="pywb is not set up here (make replay-setup); CI runs this",
)
