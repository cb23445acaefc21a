"""``python -m tests.quality``: how good and how quick extraction is, beside plain trafilatura.

The pages are the fixtures of ``tests/pages`` and, where it is there, the development set in ``../shared``: the part
whose pages may be read, and the part that nobody looks into, of which only the totals are shown.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from tests.quality.comparison import Comparison, compare, peak_memory
from tests.quality.pages import DEVELOPMENT, Page, development_pages, fixture_pages
from tests.quality.scoring import Development, Scorer
from tests.quality.table import show, show_worst


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.quality", description=__doc__)
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="list the N worst pages that may be read")
    parser.add_argument("--rounds", type=int, default=1, help="read each page so often; the least CPU counts")
    parser.add_argument("--fixtures", action="store_true", help="only the fixtures")
    parser.add_argument("--pages", default="", metavar="WORD", help="only pages that have this in their names")
    chosen = parser.parse_args(arguments)
    comparisons: list[Comparison] = []
    everything = []
    for title, pages, scorer, named in _sets(fixtures_only=chosen.fixtures):
        if chosen.pages and not named:
            continue  # totals of a few would tell of each
        picked = [page for page in pages if chosen.pages in page.name]
        if picked:
            comparisons.append(compare(title, picked, scorer, rounds=chosen.rounds, named=named))
            everything += picked
    if not everything:
        parser.error(f"No page has {chosen.pages!r} in its name.")
    show(comparisons, peak_memory(everything))
    if chosen.worst:
        show_worst(comparisons, chosen.worst)


def _sets(*, fixtures_only: bool) -> Iterator[tuple[str, list[Page], Scorer, bool]]:
    """Title, pages, measures, and whether single pages may be looked at."""
    yield "fixtures", fixture_pages(), Scorer(), True
    if not fixtures_only and DEVELOPMENT.is_dir():
        scorer = Development(DEVELOPMENT)
        yield "read part", development_pages(unread=False), scorer, True
        yield "unread part", development_pages(unread=True), scorer, False


if __name__ == "__main__":
    main()
