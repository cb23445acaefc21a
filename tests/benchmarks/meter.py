"""``python meter.py COMMAND...``: runs it, waits for all its descendants, and prints what they cost."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import subprocess
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36


def main(command: list[str]) -> int:
    """Print seconds of CPU (user and system) and of wall clock on the last line of standard output."""
    # Python's fork server is not waited for by the process that starts it: it must become our child.
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    started = time.monotonic()
    code = subprocess.run(command, check=False).returncode
    wall = time.monotonic() - started
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(usage.ru_utime + usage.ru_stime, wall)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
