"""``python -m tests.benchmarks.search``: how long answers of a large catalogue take.

The archive is invented: articles of 600 words of a Zipf vocabulary by twenty sources in four languages, one in
fifty an edited copy of another; their texts lie in a derived file, so that snippets are read as they always are.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from archive.article import Article
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row, surt, url_key
from archive.catalogue.search import Search
from archive.catalogue.words import Words, words_of
from archive.records import json_record
from archive.storage import Store
from archive.warc import Record, WarcWriter

__all__ = ["main", "measure"]

_FEW, _MANY = 10_000, 100_000
_WORDS = 600
_VOCABULARY = 60_000
_FETCHES = 10
"""Of one article."""
_BATCH = 500
_COPIES = 50
_LANGUAGES = {"en": 12, "de": 4, "fr": 3, "ru": 1}
_SOURCES = [f"paper_{n:02}" for n in range(20)]
_BEGINNING = dt.datetime(2016, 1, 1)
_LATIN = "ba be bo ca co da de di el en er fa fi ga go ha in ka la le li ma mi mo na no or pa ra re ri sa so ta te to"
_CYRILLIC = "ба бе во га да де жи за ка ко ла ли ма мо на но ор па ра ре са со та те то ун"
_FILE = "derived/2026-11/invented-derived.warc.gz"


class _Vocabulary:
    """Words, the frequent ones first, and their weights."""

    def __init__(self, syllables: str, seed: int) -> None:
        rng = random.Random(seed)
        found: dict[str, None] = {}
        while len(found) < _VOCABULARY:
            found["".join(rng.choices(syllables.split(), k=1 + len(found) // 12_000 + rng.randrange(3)))] = None
        self.words = list(found)
        self.weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(_VOCABULARY)))

    def text(self, rng: random.Random, count: int) -> list[str]:
        return rng.choices(self.words, cum_weights=self.weights, k=count)


class _Writer:
    """Writes articles: rows, words and records."""

    def __init__(self) -> None:
        latin = _Vocabulary(_LATIN, 1)
        self.vocabularies = dict.fromkeys(_LANGUAGES, latin) | {"ru": _Vocabulary(_CYRILLIC, 2)}
        self._kept: list[list[str]] = []

    def article(self, number: int) -> tuple[Article, str]:
        rng = random.Random(number)
        language = rng.choices(list(_LANGUAGES), list(_LANGUAGES.values()))[0]
        words = self.vocabularies[language].text(rng, _WORDS)
        if number % _COPIES == 1 and self._kept:
            words = words[:80] + rng.choice(self._kept)[:400]
        elif number % _COPIES == 0:
            self._kept = [*self._kept[-200:], words]
        source = rng.choices(_SOURCES, range(len(_SOURCES), 0, -1))[0]
        lines = [" ".join(words[n : n + 50]).capitalize() + "." for n in range(0, len(words), 50)]
        when = _BEGINNING + dt.timedelta(minutes=number * 5_000_000 // _MANY)
        article = Article(
            url=f"https://{source}.example/{number}",
            headline=" ".join(self.vocabularies[language].text(rng, 8)).capitalize(),
            text="\n".join(lines),
            language=language,
            published=f"{when:%Y-%m-%dT%H:%M:%S}+01:00",
        )
        return article, source


def build(folder: Path, articles: int) -> Store:
    """Make the archive, or take the one that stands there."""
    store = Store(folder)
    if store.catalogue_path.exists():
        return store
    store.create()
    store.path(_FILE).parent.mkdir(parents=True)
    writer = WarcWriter(store.path(_FILE), {"created": "2026-11-20T09:00:00Z"})
    written = _Writer()
    with Catalogue(store.catalogue_path, create=True) as catalogue:
        for start in range(0, articles, _BATCH):
            batch = [_rows(written, writer, number) for number in range(start, min(articles, start + _BATCH))]
            fetches = [row for _, rows in batch for row in rows]
            captures = [_capture(row) for row in fetches if row["capture"]]
            catalogue.add(fetches=fetches, captures=captures, versions=[version for version, _ in batch])
            print(f"\r{start + len(batch)} articles", end="", file=sys.stderr)
        started = time.perf_counter()
        catalogue.settle()
        print(f"\r{'':20}\rCounting the days took {time.perf_counter() - started:.1f} s.")
    writer.close()
    return store


def _rows(written: _Writer, writer: WarcWriter, number: int) -> tuple[tuple[Row, Words], list[Row]]:
    article, source = written.article(number)
    words = words_of(article)
    date = f"{article.published[:19]}Z" if article.published else ""
    conversion = Record(
        type="conversion",
        date=date,
        target_uri=article.url,
        block=article.text.encode(),
        content_type="text/plain; charset=utf-8",
    )
    about = json_record(b'{"article":{"standfirst":null,"updates":[]}}', "article", date, [])
    text, details = writer.append([conversion, about])
    row: Row = {"id": f"urn:uuid:v{number}", "article": article.url, "capture": f"urn:uuid:c{number}-0", "run": "r"}
    row |= {"source": source, "date": date, "extracted": date, "headline": article.headline, "modified": None}
    row |= {"published": article.published, "language": article.language, "section": None, "site": source}
    row |= {"lines": b"", "signature": words.signature, "text_digest": article.text_digest, "removed": 0, "file": _FILE}
    row["content_digest"] = article.text_digest
    row |= {"offset": text.offset, "length": text.length, "provenance_offset": 0, "provenance_length": 0}
    row |= {"details_offset": details.offset, "details_length": details.length}
    return (row, words), [_fetch(article.url, source, number, again, date) for again in range(_FETCHES)]


def _fetch(url: str, source: str, number: int, again: int, date: str) -> Row:
    failed = (number + again) % 40 == 0
    started = (dt.datetime.fromisoformat(date) + dt.timedelta(hours=again * 5)).isoformat()
    row: Row = {"id": f"urn:uuid:f{number}-{again}", "run": "r", "source": source, "url": url, "method": "GET"}
    row |= {"started": started, "ended": started, "outcome": "timeout" if failed else "complete", "error": None}
    row |= {"status": None if failed else 200, "size": 60_000, "capture": f"urn:uuid:c{number}-{again}"}
    return row | {"lead_kind": "feed", "lead_via": None} | ({"capture": None} if failed else {})


def _capture(fetch: Row) -> Row:
    number, again = fetch["capture"].removeprefix("urn:uuid:c").split("-")
    first = f"urn:uuid:c{number}-0"
    row: Row = {"id": fetch["capture"], "run": "r", "source": fetch["source"], "url": fetch["url"]}
    row |= {"url_key": url_key(fetch["url"]), "surt": surt(fetch["url"]), "date": f"{fetch['started'][:19]}Z"}
    row |= {"kind": "revisit" if again != "0" else "response", "method": "GET", "status": 200, "mime": "text/html"}
    row |= {"payload_digest": f"sha256:{number}", "refers_to": first if again != "0" else None, "truncated": None}
    return row | {"file": "originals/o.warc.gz", "offset": 0, "length": 1, "record_digest": "sha256:"}


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
    yield "half of all, one source", search(half, source=lambda r: r.choice(_SOURCES))
    yield "half of all, one language", search(half, language=lambda r: r.choice(list(_LANGUAGES)))
    yield "half of all, one year", search(half, **year)
    yield "half of all, all filters", search(half, source=lambda r: r.choice(_SOURCES), language="en", **year)
    yield "half of all, newest first", search(half, order="date")
    yield "half of all, page 100", search(half, offset=1980)
    yield "half of all, the last page", search(half, offset=40_000)
    yield "in the headline, frequent", search(lambda r: f"headline:{every(r)}")


def _others(versions: int) -> Iterator[tuple[str, Question]]:
    yield "alike", lambda c, _, rng: c.alike(f"urn:uuid:v{rng.randrange(versions)}")
    yield "alike, of a copy", lambda c, _, rng: c.alike(f"urn:uuid:v{rng.randrange(versions // _COPIES) * _COPIES + 1}")
    yield "coverage, all days of a source", lambda c, _, rng: c.coverage(rng.choice(_SOURCES))
    yield "sources", lambda c, *_: c.sources()
    yield "languages", lambda c, *_: c.languages()
    yield "latest articles of a source", lambda c, _, rng: c.articles(source=rng.choice(_SOURCES), limit=50)
    yield "latest articles in a language", lambda c, *_: c.articles(language="fr", limit=50)


def measure(store: Store, articles: int, rounds: int, only: str = "") -> None:
    """Ask each question so often, each time over a catalogue opened for it, and print how long it takes."""
    every: list[tuple[float, float]] = []
    vocabulary = _Vocabulary(_LATIN, 1).words
    size = store.catalogue_path.stat().st_size / 1e6
    print(f"{articles} articles of {_WORDS} words, {articles * _FETCHES} fetches; a catalogue of {size:.0f} MB")
    print(f"{'milliseconds':<34}{'p50':>8}{'p99':>8}{'max':>8}   of CPU:{'p50':>7}{'p99':>8}")
    for name, ask in [*_searches(vocabulary), *_others(articles)]:
        if only in name:
            rng = random.Random(name)
            times = [_time(store, ask, rng) for _ in range(rounds + 1)][1:]
            every += times
            _print(name, times)
    _print("all of them", every)
    print(f"Load at the end: {os.getloadavg()[0]:.1f}.")


def _time(store: Store, ask: Question, rng: random.Random) -> tuple[float, float]:
    """Seconds, and seconds of CPU."""
    started, cpu = time.perf_counter(), time.process_time()
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        ask(catalogue, store, rng)
    return time.perf_counter() - started, time.process_time() - cpu


def _print(name: str, times: Sequence[tuple[float, float]]) -> None:
    wall, cpu = (sorted(ms * 1000 for ms in column) for column in zip(*times, strict=True))

    def at(column: list[float], share: float) -> float:
        return column[min(len(column) - 1, int(len(column) * share))]

    line = f"{name:<34}{at(wall, 0.5):8.1f}{at(wall, 0.99):8.1f}{wall[-1]:8.1f}"
    print(f"{line}   {at(cpu, 0.5):14.1f}{at(cpu, 0.99):8.1f}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the archive and measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.search", description=__doc__)
    parser.add_argument("--articles", type=int, default=_FEW, help=f"so many (default {_FEW}; {_MANY} take minutes)")
    parser.add_argument("--rounds", type=int, default=100, help="times that each question is asked")
    parser.add_argument("--folder", type=Path, help="build the archive there and leave it, or use the one there")
    parser.add_argument("--only", default="", help="questions whose name has this in it")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        store = build(chosen.folder or Path(folder), chosen.articles)
        measure(store, chosen.articles, chosen.rounds, chosen.only)


if __name__ == "__main__":
    main()
