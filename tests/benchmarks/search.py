"""``python -m tests.benchmarks.search``: how long answers of a large catalogue take.

The archive is invented (`tests.benchmarks.library`); texts are read for snippets as they always are.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from archive.catalogue import Catalogue
from archive.catalogue.search import Search
from archive.storage import Store
from tests.benchmarks.library import COPIES, FETCHES, LANGUAGES, MANY, SOURCES, VOCABULARY, WORDS, build, version_id

__all__ = ["main", "measure", "print_times"]

_FEW = 10_000

# Questions

Question = Callable[[Catalogue, Store, random.Random], Any]


def _searches(vocabulary: Sequence[str]) -> Iterator[tuple[str, Question]]:
    """What is searched for, by how many articles hold it."""

    def search(words: Callable[[random.Random], str], **options: Any) -> Question:
        def ask(catalogue: Catalogue, store: Store, rng: random.Random) -> Any:
            chosen = {name: value(rng) if callable(value) else value for name, value in options.items()}
            return Search(catalogue, store).find(words(rng), **chosen)

        return ask

    def word(first: int, end: int) -> Callable[[random.Random], str]:
        return lambda rng: vocabulary[rng.randrange(first, end)]

    rare, usual, half, every = word(5_000, 50_000), word(300, 3_000), word(60, 120), word(0, 10)
    year: dict[str, Any] = {"since": "2020-03", "until": "2021-03"}
    yield "a rare word", search(rare)
    yield "a usual word", search(usual)
    yield "a word of half of all articles", search(half)
    yield "a word of all articles", search(every)
    yield "two usual words", search(lambda r: f"{usual(r)} {usual(r)}")
    yield "four words of half of all", search(lambda r: " ".join(half(r) for _ in range(4)))
    yield "half of all, or others", search(lambda r: f"{half(r)} OR {half(r)} OR {usual(r)}")
    yield "half of all, not others", search(lambda r: f"{half(r)} -{usual(r)} -{half(r)}")
    yield "a phrase of frequent words", search(lambda r: f'"{every(r)} {every(r)}"')
    yield "a beginning of three letters", search(lambda r: f"{rare(r)[:3]}*")
    yield "a beginning of five letters", search(lambda r: f"{rare(r)[:5]}*")
    yield "half of all, one source", search(half, source=lambda r: r.choice(SOURCES))
    yield "half of all, one language", search(half, language=lambda r: r.choice(list(LANGUAGES)))
    yield "half of all, one year", search(half, **year)
    yield "half of all, all filters", search(half, source=lambda r: r.choice(SOURCES), language="en", **year)
    yield "half of all, newest first", search(half, order="date")
    yield "half of all, page 100", search(half, offset=1980)
    yield "half of all, the last page", search(half, offset=40_000)
    yield "in the headline, frequent", search(lambda r: f"headline:{every(r)}")


def _others(versions: int) -> Iterator[tuple[str, Question]]:
    yield "alike", lambda c, _, rng: c.alike(version_id(rng.randrange(versions)))
    yield "alike, of a copy", lambda c, _, rng: c.alike(version_id(rng.randrange(versions // COPIES) * COPIES + 1))
    yield "coverage, all days of a source", lambda c, _, rng: c.coverage(rng.choice(SOURCES))
    yield "sources", lambda c, *_: c.sources()
    yield "languages", lambda c, *_: c.languages()
    yield "latest articles of a source", lambda c, _, rng: c.articles(source=rng.choice(SOURCES), limit=50)
    yield "latest articles in a language", lambda c, *_: c.articles(language="fr", limit=50)


def measure(store: Store, articles: int, rounds: int, only: str = "") -> None:
    """Ask each question so often, each time over a catalogue opened for it, and print how long it takes."""
    every: list[tuple[float, float]] = []
    vocabulary = VOCABULARY.words
    size = store.catalogue_path.stat().st_size / 1e6
    print(f"{articles} articles of {WORDS} words, {articles * FETCHES} fetches; a catalogue of {size:.0f} MB")
    print(f"{'milliseconds':<34}{'p50':>8}{'p99':>8}{'max':>8}   of CPU:{'p50':>7}{'p99':>8}{'max':>8}")
    for name, ask in [*_searches(vocabulary), *_others(articles)]:
        if only in name:
            rng = random.Random(name)
            times = [_time(store, ask, rng) for _ in range(rounds + 1)][1:]
            every += times
            print_times(name, times)
    print_times("all of them", every)
    print(f"Load at the end: {os.getloadavg()[0]:.1f}.")


def _time(store: Store, ask: Question, rng: random.Random) -> tuple[float, float]:
    """Seconds, and seconds of CPU."""
    started, cpu = time.perf_counter(), time.process_time()
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        ask(catalogue, store, rng)
    return time.perf_counter() - started, time.process_time() - cpu


def print_times(name: str, times: Sequence[tuple[float, float]]) -> None:
    """A line of seconds, and seconds of CPU, in milliseconds."""
    wall, cpu = (sorted(ms * 1000 for ms in column) for column in zip(*times, strict=True))

    def at(column: list[float], share: float) -> float:
        return column[min(len(column) - 1, int(len(column) * share))]

    line = f"{name:<34}{at(wall, 0.5):8.1f}{at(wall, 0.99):8.1f}{wall[-1]:8.1f}"
    print(f"{line}   {at(cpu, 0.5):14.1f}{at(cpu, 0.99):8.1f}{cpu[-1]:8.1f}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the archive and measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.search", description=__doc__)
    parser.add_argument("--articles", type=int, default=_FEW, help=f"so many (default {_FEW}; {MANY} take minutes)")
    parser.add_argument("--rounds", type=int, default=100, help="times that each question is asked")
    parser.add_argument("--folder", type=Path, help="build the archive there and leave it, or use the one there")
    parser.add_argument("--only", default="", help="questions whose name has this in it")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        store = build(chosen.folder or Path(folder), chosen.articles)
        measure(store, chosen.articles, chosen.rounds, chosen.only)


if __name__ == "__main__":
    main()
