"""``python -m tests.torture`` (``make torture``): do to real stores what may happen to them, and look what is left.

Ends with 1 if anything was lost or broken. Then the store is kept, with the command that does the same again.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from math import ceil
from pathlib import Path
from typing import NamedTuple

import msgspec

from tests.server.site import Site
from tests.torture.bench import Bench, Broken
from tests.torture.damage import damaged, locked
from tests.torture.disks import errors, full, read_only
from tests.torture.kills import KILLS, Life
from tests.torture.launcher import Launcher
from tests.torture.skipped import Skipped
from tests.torture.surroundings import clocks, connections, memory

__all__ = ["Row", "main", "torture"]

FAULTS: dict[str, tuple[Life, int]] = {
    "full disk": (full, 4),
    "I/O errors": (errors, 12),
    "read-only store": (read_only, 1),
    "damaged catalogue": (damaged, 5),
    "locked catalogue": (locked, 3),
    "clock jumps": (clocks, 6),
    "memory": (memory, 1),
    "cut connections": (connections, 2),
}
"""Besides kills: a life, and the tries of one."""


class Row(msgspec.Struct):
    """What came of one kind of fault."""

    fault: str
    tries: int = 0
    exchanges: int = 0
    articles: int = 0
    exchanges_lost: int = 0
    articles_lost: int = 0
    seconds: float = 0.0
    findings: list[str] = []
    skipped: str = ""


def torture(
    folder: Path, *, kills: int, seed: int, only: str = "", lives: float = 2, life: int | None = None
) -> list[Row]:
    """Let stores below `folder` live through so many kills and `lives` lives of each other fault.

    `only`: parts of the faults' names, parted by commas; `life`: the number of the only life of each.
    """
    rows = []
    with (
        Launcher(folder / "quick", shared=True) as quick,
        Launcher(folder / "own") as own,
        Site(lambda path: (404, b""), validators=True) as site,
    ):
        plans: list[tuple[str, Life, int, int]] = []
        for name, (function, share, at_once) in KILLS.items():
            plans.append((name, function, round(kills * share / 100), at_once))
        for name, (function, at_once) in FAULTS.items():
            plans.append((name, function, ceil(at_once * lives), at_once))
        for name, function, number, at_once in plans:
            if any(part in name for part in only.split(",")):
                place = _Place(folder, quick if name in KILLS else own, site)
                rows.append(_row(place, name, function, (number, at_once), (seed, life)))
    return rows


class _Place(NamedTuple):
    folder: Path
    launcher: Launcher
    site: Site


def _row(place: _Place, name: str, function: Life, amounts: tuple[int, int], which: tuple[int, int | None]) -> Row:
    (number, at_once), (seed, only_life) = amounts, which
    row, count, began = Row(name, findings=[]), only_life or 0, time.monotonic()
    while row.tries < number:
        folder = place.folder / f"{name.replace(' ', '-').replace('/', '')}-{count}"
        bench = Bench(folder, place.launcher, place.site)
        try:
            row.tries += function(bench, random.Random(f"{seed}/{name}/{count}"), min(at_once, number - row.tries))
        except Skipped as reason:
            row.skipped = str(reason)
            break
        except Broken as broken:
            row.tries += 1
            row.findings.append(f"{broken}\n  kept: {folder}\n  again: make torture ARGS='--seed {seed} "
                                f"--only \"{name}\" --kills {number} --life {count}'")  # fmt: skip
            _say(f"FOUND: {name}, life {count}: {row.findings[-1]}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
        row.exchanges += bench.seen.exchanges
        row.articles += bench.seen.articles
        row.exchanges_lost += bench.seen.exchanges_lost
        row.articles_lost += bench.seen.articles_lost
        row.seconds = time.monotonic() - began
        _say(f"{name}: {row.tries} of {number}, {len(row.findings)} findings, {row.seconds:.0f} s")
        count += 1
        if only_life is not None:
            break
    return row


def _say(sentence: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {sentence}", flush=True)


def print_table(rows: list[Row]) -> None:
    """What came of all."""
    print(
        f"\n{'fault':<18}{'tries':>7}{'survived':>10}{'exchanges':>11}{'lost':>6}{'articles':>10}{'lost':>6}  findings"
    )
    for row in rows:
        if row.skipped:
            print(f"{row.fault:<18}  skipped: {row.skipped}")
            continue
        survived = row.tries - len(row.findings)
        print(
            f"{row.fault:<18}{row.tries:>7}{survived:>10}{row.exchanges:>11}{row.exchanges_lost:>6}"
            f"{row.articles:>10}{row.articles_lost:>6}  {len(row.findings)}"
        )
    for row in rows:
        for finding in row.findings:
            print(f"\n{row.fault}: {finding}")


def main() -> int:
    """Torture, and print the table."""
    parser = argparse.ArgumentParser(prog="make torture ARGS='...'", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="in all")
    parser.add_argument("--lives", type=float, default=2, help="lives of each other fault")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", default="", metavar="PARTS", help="faults whose names have one of these in them, parted by commas"
    )
    parser.add_argument("--life", type=int, metavar="N", help="only the life of that number")
    parser.add_argument("--folder", type=Path, help="where the stores lie; one that failed is kept there")
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="torture-"))
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    rows = torture(folder, kills=chosen.kills, seed=chosen.seed, only=chosen.only, lives=chosen.lives, life=chosen.life)
    print_table(rows)
    print(f"\nseed {chosen.seed}, {time.monotonic() - began:.0f} s")
    if any(row.findings for row in rows):
        return 1
    if chosen.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
