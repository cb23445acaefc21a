"""`compare`: both extractors over the same pages, by turns in one process."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from tests.quality.pages import Page
from tests.quality.readers import READERS
from tests.quality.scoring import Scorer

__all__ = ["Comparison", "Result", "compare", "peak_memory"]

_WARM = 60
"""Pages read before the clock runs: rare languages load what they need late."""
_LARGEST = 12
"""Pages that show the peak of memory."""


@dataclass
class Result:
    """What one extractor did on some pages."""

    scores: list[dict[str, float]] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    """CPU of each page."""

    @property
    def median(self) -> float:
        """Milliseconds of CPU a page."""
        return median(self.milliseconds)

    @property
    def p95(self) -> float:
        """So many milliseconds at most for 95 of 100 pages."""
        return quantiles(self.milliseconds, n=20, method="inclusive")[-1] if len(self.milliseconds) > 1 else self.median


@dataclass
class Comparison:
    """What both did on a set of pages."""

    title: str
    names: list[str]
    """Of the pages; empty for those that nobody looks at."""
    results: dict[str, Result]

    @property
    def ratio(self) -> float:
        """Our CPU in trafilatura's."""
        return sum(self.results["newswarc"].milliseconds) / sum(self.results["trafilatura"].milliseconds)

    def worst(self, most: int) -> list[tuple[str, dict[str, float]]]:
        """The pages on which ours scores least."""
        pages = zip(self.names, self.results["newswarc"].scores, strict=False)
        return sorted(pages, key=lambda page: page[1]["F1"])[:most]


def compare(title: str, pages: Sequence[Page], scorer: Scorer, *, rounds: int = 1, named: bool = True) -> Comparison:
    """Read the pages with both extractors, first with the one, then with the other, `rounds` times."""
    results = {name: Result() for name in READERS}
    for page in pages[:_WARM]:
        for reader in READERS.values():
            reader(page)  # loads and compiles what it needs
    gc.collect()
    for number, page in enumerate(pages):
        spent: dict[str, list[float]] = {name: [] for name in READERS}
        for turn in range(rounds):
            order = list(READERS) if (number + turn) % 2 else list(reversed(READERS))
            for name in order:
                began = time.process_time()
                read = READERS[name](page)
                spent[name].append((time.process_time() - began) * 1000)
                if not turn:
                    results[name].scores.append(scorer.of_page(page.right, read))
        for name, times in spent.items():
            results[name].milliseconds.append(min(times))
    return Comparison(title, [page.name for page in pages] if named else [], results)


def peak_memory(pages: Iterable[Page]) -> dict[str, float]:
    """MB that a process of its own needs at most for the largest pages, for each extractor."""
    largest = sorted(pages, key=lambda page: len(page.body), reverse=True)[:_LARGEST]
    given = "".join(f"{page.url} {page.body.hex()}\n" for page in reversed(largest))
    found = {}
    for name in READERS:
        done = subprocess.run(
            [sys.executable, "-m", "tests.quality.memory", name],
            input=given,
            capture_output=True,
            text=True,
            check=True,
        )
        found[name] = float(done.stdout)
    return found
