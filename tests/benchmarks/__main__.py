"""``python -m tests.benchmarks``: what archiving costs in CPU, beside bare Scrapy on the same pages."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from statistics import median

from tests.benchmarks import rereading
from tests.benchmarks.crawls import (
    Cost,
    Crawl,
    bare,
    bare_again,
    bare_and_trafilatura,
    capture,
    capture_by_seconds,
    capture_until_closed,
    recrawl,
    serving,
    whole_line,
)

_PACKAGES = "newswarc scrapy twisted trafilatura lxml warcio isal zlib-ng sqlalchemy".split()
_FEW = 16
"""Pages of the crawl that shows what starting costs."""


@dataclass(frozen=True)
class Comparison:
    """One crawl of ours against one without us, or without a part of it."""

    name: str
    coding: str
    ours: Crawl
    other: Crawl
    aim: float
    share: int = 1
    """One of so many pages is taken: reading a page costs ten times what fetching it does."""


COMPARISONS = (
    Comparison("capture, identity", "identity", capture, bare, 1.4),
    Comparison("capture, gzip", "gzip", capture, bare, 1.25),
    Comparison("fsync exchange beside file", "gzip", capture, capture_until_closed, 1.25),
    Comparison("fsync 5 seconds beside file", "gzip", capture_by_seconds, capture_until_closed, 1.05),
    Comparison("whole line, gzip", "gzip", whole_line, bare_and_trafilatura, 1.1, share=4),
    Comparison("unchanged recrawl, 304", "gzip", recrawl, bare_again, 2.0),
    Comparison("unchanged recrawl, equal bodies", "gzip-plain", recrawl, bare, 2.0),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run all comparisons and print their results."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few pages and rounds: is it about right?")
    parser.add_argument("--rounds", type=int, default=0, help="pairs of crawls for each comparison")
    parser.add_argument("--pages", type=int, default=0, help="pages of one crawl")
    parser.add_argument("--only", default="", help="comparisons whose name has this in it")
    chosen = parser.parse_args(arguments)
    rounds = chosen.rounds or (2 if chosen.quick else 5)
    pages = chosen.pages or (300 if chosen.quick else 1500)
    print(_versions())
    print(f"{rounds} rounds, 16 requests at once; CPU of all processes but the server's\n", flush=True)
    for comparison in COMPARISONS:
        if chosen.only in comparison.name:
            _compare(comparison, rounds, pages // comparison.share)
    if chosen.only in "replay":
        _compare_replay(rounds, pages // 4)
    print(
        "\nRatios are medians of the rounds' (lowest to highest); those of the least costs suffer least from others\n"
        f"on the machine. Start-up is what a crawl of {_FEW} pages costs. Load at the end: {os.getloadavg()[0]:.1f}."
    )


def _compare(comparison: Comparison, rounds: int, pages: int) -> None:
    ours: list[tuple[Cost, Cost]] = []
    other: list[tuple[Cost, Cost]] = []
    with serving(pages, comparison.coding) as (base, size):
        for crawl in (comparison.ours, comparison.other):
            crawl(base, _FEW)  # compiles the modules
        for _ in range(rounds):
            for crawl, costs in ((comparison.ours, ours), (comparison.other, other)):
                costs.append((crawl(base, _FEW), crawl(base, pages)))
    whole = [a.cpu / b.cpu for (_, a), (_, b) in zip(ours, other, strict=True)]
    pure = [(a.cpu - a0.cpu) / (b.cpu - b0.cpu) for (a0, a), (b0, b) in zip(ours, other, strict=True)]
    least = _least(ours) / _least(other)
    verdict = "reached" if median(pure) <= comparison.aim else "MISSED"
    print(f"{comparison.name} ({pages} pages, {size // 1000} KB a reply)")
    print(f"  without start-up  {_range(pure)}, least costs {least:.2f} x; aim {comparison.aim:.2f} x: {verdict}")
    print(f"  whole processes   {_range(whole)}")
    print(f"  wall clock        {_range([a.wall / b.wall for (_, a), (_, b) in zip(ours, other, strict=True)])}")
    for name, costs in (("ours", ours), ("other", other)):
        cpu = median((a.cpu - a0.cpu) / (pages - _FEW) * 1000 for a0, a in costs)
        start = median(a0.cpu for a0, _ in costs)
        speed = median(pages / a.wall for _, a in costs)
        print(f"  {name}: {cpu:6.2f} ms of CPU a page, {start:.1f} s to start, {speed:.0f} pages/s", flush=True)


def _compare_replay(rounds: int, pages: int) -> None:
    """Reading stored pages again, and comparing, beside trafilatura alone on the same bodies."""
    ours: list[tuple[Cost, Cost]] = []
    other: list[tuple[Cost, Cost]] = []
    with rereading.shelf(_FEW) as few, rereading.shelf(pages) as many:
        for read in (rereading.replay, rereading.trafilatura):
            read(few)  # compiles the modules
        for _ in range(rounds):
            for read, costs in ((rereading.replay, ours), (rereading.trafilatura, other)):
                costs.append((read(few), read(many)))
    pure = [(b.cpu - b0.cpu) / (a.cpu - a0.cpu) for (a0, a), (b0, b) in zip(ours, other, strict=True)]
    print(f"replay ({pages} pages)")
    print(f"  pages a core beside trafilatura's, without start-up  {_range(pure)}")
    for name, costs in (("ours", ours), ("trafilatura", other)):
        cpu = median((a.cpu - a0.cpu) / (pages - _FEW) * 1000 for a0, a in costs)
        speed = median(pages / a.wall for _, a in costs)
        print(f"  {name}: {cpu:6.2f} ms of CPU a page, {speed:.0f} pages/s", flush=True)


def _least(costs: list[tuple[Cost, Cost]]) -> float:
    return min(cost.cpu for _, cost in costs) - min(start.cpu for start, _ in costs)


def _range(ratios: list[float]) -> str:
    return f"{median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f})"


def _versions() -> str:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    load = os.getloadavg()[0]
    return f"Python {platform.python_version()}, {', '.join(found)}; {os.cpu_count()} cores, load {load:.1f}"


if __name__ == "__main__":
    main()
