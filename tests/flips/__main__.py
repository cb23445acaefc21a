"""``python -m tests.flips``: thousands of flipped bits and truncations, in every file of a store."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from archive.verification.verify import verify
from tests.flips.flips import try_flips, watched
from tests.flips.store import full_store


def main() -> int:
    """Flip, and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.flips", description=__doc__)
    parser.add_argument("--flips", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store = full_store(Path(scratch) / "archive")
        assert verify(store).faults == []
        kinds = Counter(path.relative_to(store.root).parts[0] for path in watched(store))
        tally = try_flips(store, chosen.flips, chosen.seed)
        assert verify(store, extract=False).faults == []
    print(", ".join(f"{n} of {kind}" for kind, n in sorted(kinds.items())) + " files")
    print(f"{tally.flips} flips and {tally.truncations} truncations, {len(tally.silent)} not found")
    print(
        f"{tally.in_records} flips in records: {tally.in_records - len(tally.misplaced)} named by place, "
        f"{tally.by_id} by record id"
    )
    for line in (*tally.silent, *tally.misplaced):
        print(f"  {line}")
    return 1 if tally.silent else 0


if __name__ == "__main__":
    sys.exit(main())
