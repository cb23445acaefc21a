"""`Metrics`: what a `Board` knows, for Prometheus.

Labels are names of sources, kinds of failures, classes of status and results of runs: never a URL.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import start_http_server
from prometheus_client.registry import Collector, CollectorRegistry

from archive.catalogue import Catalogue
from archive.errors import ArchiveError
from archive.storage import Store
from archive.tally import Tally
from archive.version import VERSION
from crawler.scheduling.plan import Plan, Result
from crawler.watching.board import Board

__all__ = ["Metrics", "serve_metrics"]

_Values = Mapping[Any, float]
"""By the values of the labels, a tuple."""

_SIZE_SECONDS = 60.0
"""An archive of many files is not measured, its catalogue not asked, more often."""
_COUNTERS: tuple[tuple[str, str, Callable[[Tally], float]], ...] = (
    ("requests", "Requests sent, or tried to be sent.", lambda tally: tally.requests),
    ("conditional_requests", "Requests sent with validators.", lambda tally: tally.conditional),
    ("not_modified", "304 answers: whole pages saved.", lambda tally: tally.not_modified),
    ("revisits", "Responses with what the archive has already, 304s included.", lambda tally: tally.revisits),
    ("articles", "Texts stored of pages that were read.", lambda tally: tally.articles),
    ("received_bytes", "Bytes of responses as they crossed the wire.", lambda tally: tally.bytes_received),
    ("stored_bytes", "Compressed bytes written to WARC files.", lambda tally: tally.bytes_stored),
)


class Metrics(Collector):
    """Asked by Prometheus, from threads of its own."""

    def __init__(self, board: Board, store: Store) -> None:
        self._board = board
        self._store = store
        self._size = (0, -_SIZE_SECONDS)
        self._health: tuple[dict[str, tuple[int, int]], float] = ({}, -_SIZE_SECONDS)

    def collect(self) -> Iterator[Metric]:
        """As prometheus_client asks for it."""
        yield _gauge("newswarc_build_info", "The version at work.", {(VERSION,): 1}, "version")
        up = {(): 0 if self._board.stopping else 1}
        yield _gauge("newswarc_scheduler_up", "1 while crawls are begun; 0 while the scheduler stops.", up)
        began = {(): self._board.began.timestamp()}
        yield _gauge("newswarc_scheduler_start_time_seconds", "When the scheduler began.", began)
        yield _gauge("newswarc_archive_bytes", "Size of the WARC files.", {(): self._archive_size()})
        yield _gauge("newswarc_archive_free_bytes", "Room left on the archive's disk.", {(): _free(self._store.root)})
        yield from self._counters()
        yield from self._plans()
        health = self._read_health()
        troubles = {(source,): open for source, (open, _) in health.items()}
        yield _gauge("newswarc_troubles", "Troubles of a source that are open, see scrapy health.", troubles, "source")
        held = {(source,): texts for source, (_, texts) in health.items()}
        yield _gauge("newswarc_quarantined_texts", "Texts of a source in quarantine.", held, "source")

    def _counters(self) -> Iterator[Metric]:
        tallies = self._board.tallies()
        for name, text, value in _COUNTERS:
            yield _counter(name, text, {(source,): value(tally) for source, tally in tallies.items()}, "source")
        responses = {(s, group): n for s, tally in tallies.items() for group, n in tally.responses.items()}
        yield _counter("responses", "Responses by class of status.", responses, "source", "class")
        failures = {(s, kind): n for s, tally in tallies.items() for kind, n in tally.failures.items()}
        yield _counter("failures", "Fetches without a response, by kind.", failures, "source", "kind")
        # Each from the beginning, so that the first failure is an increase.
        results = {(source, result): 0 for source in tallies for result in get_args(Result)} | self._board.results
        yield _counter("runs", "Runs that have ended, by result.", results, "source", "result")

    def _plans(self) -> Iterator[Metric]:
        plans = self._board.plans
        running = {(name,): int(plan.running is not None) for name, plan in plans.items()}
        yield _gauge("newswarc_running", "1 while the source is crawled.", running, "source")
        due = {(name,): time.timestamp() for name in plans if (time := self._board.due(name))}
        yield _gauge(
            "newswarc_next_run_timestamp_seconds",
            "When the next run is due; absent while one is under way.",
            due,
            "source",
        )
        ended = {(name,): plan.ended.timestamp() for name, plan in plans.items() if plan.ended}
        yield _gauge("newswarc_last_run_timestamp_seconds", "When the last run ended.", ended, "source")
        lasted = {(name,): _lasted(plan) for name, plan in plans.items() if plan.ended}
        yield _gauge("newswarc_last_run_duration_seconds", "How long the last run took.", lasted, "source")
        results = {
            (name, result): int(plan.outcome.result == result)
            for name, plan in plans.items()
            if plan.outcome
            for result in get_args(Result)
        }
        yield _gauge("newswarc_last_run_result", "1 at the result of the last run.", results, "source", "result")

    def _read_health(self) -> dict[str, tuple[int, int]]:
        """Open troubles and texts in quarantine of each source; what was known before if the catalogue can't tell."""
        health, read = self._health
        if time.monotonic() - read >= _SIZE_SECONDS and self._store.catalogue_path.exists():
            # It may be rebuilt just now.
            with contextlib.suppress(ArchiveError), Catalogue(self._store.catalogue_path, read_only=True) as catalogue:
                open_ones = Counter(row["source"] for row in catalogue.troubles() if row["ended"] is None)
                health = {name: (open_ones[name], catalogue.quarantined(name)) for name in self._board.plans}
            self._health = (health, time.monotonic())
        return health

    def _archive_size(self) -> int:
        size, measured = self._size
        if time.monotonic() - measured >= _SIZE_SECONDS:
            size = sum(_size(self._store.path(name)) for name in self._store.files())
            self._size = (size, time.monotonic())
        return size


def serve_metrics(metrics: Metrics, host: str, port: int) -> Callable[[], None]:
    """Answer ``GET /metrics`` from a thread of its own; what is returned ends it. Raises `ArchiveError`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    try:
        server, thread = start_http_server(port, host, registry)
    except (OSError, OverflowError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise ArchiveError(f"Metrics can't be served on {host}, port {port}: {said}; set METRICS_PORT.") from error

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end


def _counter(name: str, text: str, values: _Values, *labels: str) -> Metric:
    return _filled(CounterMetricFamily(f"newswarc_{name}", text, labels=labels), values)


def _gauge(name: str, text: str, values: _Values, *labels: str) -> Metric:
    return _filled(GaugeMetricFamily(name, text, labels=labels), values)


def _filled(
    family: CounterMetricFamily | GaugeMetricFamily, values: _Values
) -> CounterMetricFamily | GaugeMetricFamily:
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def _lasted(plan: Plan) -> float:
    return max((plan.ended - plan.began).total_seconds(), 0.0) if plan.ended and plan.began else 0.0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it has just been closed, and has another name
        return 0


def _free(root: Path) -> int:
    try:
        return shutil.disk_usage(root).free
    except OSError:
        return 0
