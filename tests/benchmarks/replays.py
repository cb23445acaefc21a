"""``python -m tests.benchmarks.replays``: how long a reader waits for a replayed page.

Latency over one kept-open connection, as a browser has it, of pages of about 62 KB among so many captures; and
how long after the catalogue knows a page it can be seen.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

from archive.run import Run
from archive.storage import Store
from tests.archive.making import SETTINGS, exchange, later, wire
from tests.archive.serving.replaying import Replayed, replaying
from tests.benchmarks.pages import make_page

_SITE = "https://paper.test"
_HTML = ["Content-Type: text/html; charset=utf-8"]


def main() -> None:
    """Build the store, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.replays", description=__doc__)
    parser.add_argument("--pages", type=int, default=4000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--store", type=Path, help="keep the store here, or use the one that is there")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(chosen.store or Path(folder) / "store")
        if not store.exists():
            _fill(store, chosen.pages)
        with replaying(store) as site:
            print(f"{chosen.pages} pages, {chosen.requests} requests of each kind; milliseconds\n")
            ask = _asker(site)
            draw = random.Random(3)
            pages = [draw.randrange(chosen.pages) for _ in range(chosen.requests)]
            ask(f"{site.frames}/20261120090000mp_/{_SITE}/0")  # rules are read, regular expressions made
            framed = [f"{site.frames}/20261120090000mp_/{_SITE}/{page}" for page in pages]
            process = site.replay._process
            assert process is not None
            before = _cpu(process.pid)
            _print("a page in a frame", [ask(path) for path in framed])
            cpu = (_cpu(process.pid) - before) / len(framed)
            _print("its bytes", [ask(path.replace("mp_", "id_")) for path in framed])
            _print("TimeGate", [ask(f"/web/{_SITE}/{page}") for page in pages])
            _print("TimeMap", [ask(f"/web/timemap/link/{_SITE}/{page}") for page in pages])
            _print("not captured", [ask(f"{site.frames}/2026mp_/{_SITE}/none/{page}") for page in pages])
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
            print(f"\nCPU of a page in a frame: {cpu * 1000:.1f} ms")
            print(f"memory at its highest: {int(peak.split()[1]) // 1024} MB")
            print(f"seen after the catalogue knew it: {_delay(store, site) * 1000:.1f} ms")
            print(f"load: {os.getloadavg()[0]:.1f}")


def _fill(store: Store, pages: int) -> None:
    run = Run(store, "paper", settings_digest=SETTINGS)
    bodies = [make_page(seed) for seed in range(60)]
    for number in range(pages):
        body = bodies[number % len(bodies)].replace(b"</body>", b"<p>Number %d.</p></body>" % number)
        run.keep(exchange(f"{_SITE}/{number}", wire(body, headers=_HTML), at=later(0)))
    run.finish("finished", {})


def _asker(site: Replayed) -> Callable[[str], float]:
    connection = http.client.HTTPConnection("127.0.0.1", site.port)

    def ask(path: str) -> float:
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Host": f"localhost:{site.port}", "Sec-Fetch-Dest": "iframe"}
                           if path.startswith(site.frames) else {"Host": f"localhost:{site.port}"})  # fmt: skip
        response = connection.getresponse()
        response.read()
        return time.perf_counter() - begun

    return ask


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _print(name: str, seconds: list[float]) -> None:
    cuts = quantiles(seconds, n=100)
    print(f"{name:18} p50 {cuts[49] * 1000:6.1f}   p99 {cuts[98] * 1000:6.1f}   worst {max(seconds) * 1000:6.1f}")


def _delay(store: Store, site: Replayed) -> float:
    """Seconds until a new capture, in a file that is still open, can be seen."""
    run = Run(store, "paper", settings_digest=SETTINGS)
    try:
        run.keep(exchange(f"{_SITE}/new/{time.time()}", wire(b"<p>new"), at=later(1)))
        url = f"{_SITE}/new/{time.time()}"
        run.keep(exchange(url, wire(b"<p>new"), at=later(1)))
        run.flush()
        begun = time.perf_counter()
        while site.frame(f"20261120100000mp_/{url}").status != 200:
            pass
        return time.perf_counter() - begun
    finally:
        run.finish("finished", {})


if __name__ == "__main__":
    main()
