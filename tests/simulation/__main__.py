"""``python -m tests.simulation FOLDER``: live through the newspaper's time, unless that was done, and judge it.

With ``--kills N`` the process is killed so many times on the way, at random points, and started again.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from pathlib import Path

from tests.simulation.judgement import Judgement, judge
from tests.simulation.life import Terms, live

_REQUESTS_A_DAY = 35
"""Somewhat fewer than there are."""


def main() -> None:
    """Live, judge, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--only-judge", action="store_true", help="the life in the folder is over, or broken off")
    chosen = parser.parse_args()
    terms = Terms(days=chosen.days)
    began = time.monotonic()
    if not chosen.only_judge:
        chosen.folder.mkdir(parents=True, exist_ok=True)
        moments = random.Random(chosen.days)
        about = _REQUESTS_A_DAY * chosen.days
        for kill_at in (*sorted(moments.randrange(1, about) for _ in range(chosen.kills)), None):
            live(chosen.folder, terms, kill_at)
    paper = terms.paper()
    _print(judge(chosen.folder, paper, paper.end), terms)
    print(f"{time.monotonic() - began:.0f} s")


def _print(found: Judgement, terms: Terms) -> None:
    print(f"{terms.days} days, {found.runs} runs, {found.overlaps} overlapping, {len(found.forbidden)} forbidden paths")
    print(f"stories without an article: {len(found.missing)} {found.missing[:5]}")
    print(f"states kept: {found.kept} of {found.states}; overlooked: {len(found.overlooked)} {found.overlooked[:5]}")
    spans = Counter(_span(life.total_seconds() / 3600) for _, life, _ in found.lost)
    print(f"not seen, by how long they lasted: {dict(sorted(spans.items()))}")
    for name, count in sorted(found.requests.items()):
        print(f"  {count:6} {name}")
    needed = found.needed
    print(
        f"requests: {found.requests.total()}; a crawler that knows all: {needed.all} (robots {needed.robots}, listings "
        f"{needed.listings}, states {needed.states}, ends {needed.ends}): {found.ratio:.2f} x"
    )
    whole = sum(count for name, count in found.requests.items() if not name.endswith("unchanged"))
    print(f"answers with a body: {whole}: {whole / needed.all:.2f} x")
    hourly = found.hourly
    print(
        f"hourly polling of listings and of each article for 30 days: {hourly}: {hourly / found.requests.total():.0f} x"
    )


def _span(hours: float) -> str:
    return next(
        name
        for most, name in ((1, "a: 1 h"), (3, "b: 3 h"), (12, "c: 12 h"), (48, "d: 2 days"), (1e9, "e: more"))
        if hours < most
    )


if __name__ == "__main__":
    main()
