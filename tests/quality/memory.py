"""``python -m tests.quality.memory READER``: reads pages from standard input, prints the peak of its memory in MB."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tests.quality.pages import Page, Reading
from tests.quality.readers import READERS

if __name__ == "__main__":
    for line in sys.stdin:
        url, body = line.split()
        READERS[sys.argv[1]](Page("", url, bytes.fromhex(body), Reading()))
    # Not getrusage: its peak is handed down from the process that started this one.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(int(peak[1]) / 1024 if peak else "nan")
