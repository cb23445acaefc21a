"""`show`: comparisons as a table, or as plain lines when nobody looks at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.quality.comparison import Comparison
from tests.quality.scoring import SCORES, Scorer

__all__ = ["show", "show_worst"]

_COLUMNS = ("pages", "reader", *SCORES, "ms", "p95", "CPU")


def rows(comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    """A row for each set of pages and each extractor."""
    found = []
    for comparison in comparisons:
        for name, result in comparison.results.items():
            means = Scorer.mean(result.scores)
            scores = [f"{means[score]:.3f}" if score in means else "" for score in SCORES]
            ours = name == "newswarc"
            title = f"{comparison.title} ({len(result.scores)})" if ours else ""
            ratio = f"{comparison.ratio:.2f} x" if ours else "1 x"
            found.append((title, name, *scores, f"{result.median:.1f}", f"{result.p95:.1f}", ratio))
    return found


def show(comparisons: Sequence[Comparison], memory: dict[str, float]) -> None:
    """Print the comparisons and what they cost."""
    lines = rows(comparisons)
    if sys.stdout.isatty():
        table = Table(*_COLUMNS)
        for line in lines:
            table.add_row(*line, end_section=line[1] == "trafilatura")
        Console().print(table)
    else:
        widths = [max(map(len, column)) for column in zip(_COLUMNS, *lines, strict=True)]
        for line in (_COLUMNS, *lines):
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print("F1, P, R: words of standfirst and text. copies: headlines copied into the text (less is better).")
    print("ms, p95: CPU of a page, median and 95th of 100. CPU: all pages, in that of trafilatura.")
    print(f"Peak memory: {', '.join(f'{name} {megabytes:.0f} MB' for name, megabytes in memory.items())}.")


def show_worst(comparisons: Sequence[Comparison], most: int) -> None:
    """Print the pages with the least body scores of each set whose pages may be looked at."""
    for comparison in comparisons:
        if comparison.names:
            print(f"\nWorst of {comparison.title}:")
        for name, scores in comparison.worst(most):
            print(f"  F1 {scores['F1']:.3f}  P {scores['P']:.3f}  R {scores['R']:.3f}  {name}")
