"""``python -m tests.powercuts``: thousands of power cuts, by what strace saw of a store's life."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from archive.storage import Store
from tests.powercuts.cuts import Cut, calls_of, check, states


def main() -> int:
    """Cut, mend and judge; prints one line for each policy and each cut that cost too much."""
    parser = argparse.ArgumentParser(prog="python -m tests.powercuts", description=__doc__)
    parser.add_argument("--cuts", type=int, default=1000, help="for each policy")
    parser.add_argument("--policy", action="append", help="exchange, file or seconds; all of them by default")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    bad = 0
    for policy in chosen.policy or ["exchange", "4", "file"]:
        with tempfile.TemporaryDirectory() as scratch:
            folder, left = Path(scratch) / "store", Path(scratch) / "left"
            calls = calls_of(folder, policy)
            most = 0
            for where, kept in states(calls, folder, left, chosen.cuts, chosen.seed):
                try:
                    most = max(most, check(Store(left), kept, strict=policy == "exchange"))
                except Exception as error:  # noqa: BLE001 - whatever it is, the other cuts are to be tried
                    bad += 1
                    print(f"{policy}: {where}: {error if isinstance(error, Cut) else repr(error)}", flush=True)
            print(f"{policy}: {chosen.cuts} cuts of {len(calls)} calls; at most {most} kept records gone", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
