"""What a worker says that starts when its master has gone: nothing, but all else is said."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.archive.making import ROOT


@pytest.mark.parametrize(
    ("error", "is_said"),
    [("FileNotFoundError()", False), ("EOFError()", False), ("BrokenPipeError()", False), ("ValueError()", True)],
)
def test_only_what_went_with_the_master_goes_unsaid(error: str, is_said: bool) -> None:
    code = f"import archive.orphans\nraise {error}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert ("Traceback" in done.stderr) is is_said
