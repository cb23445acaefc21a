import os
import subprocess
import sys


def test_a_page_is_the_same_in_every_process() -> None:
    code = (
        "import hashlib; from tests.benchmarks.pages import make_page; print(hashlib.sha256(make_page(7)).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
