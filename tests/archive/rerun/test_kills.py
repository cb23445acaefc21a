"""kill -9 while a re-run compares or accepts: the next one goes on, and the end is the same."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archive.catalogue import Catalogue
from archive.rules import Reading
from archive.storage import Store
from archive.verification.verify import verify
from tests.archive.furniture.test_learner import PROMOTION, Writer, put
from tests.archive.making import dump, exchange, keep_article, later, page, running, wire
from tests.archive.rerun.rerunning import latest, same_as_rebuilt
from tests.server.crawl import ROOT

SCRAPY = Path(sys.executable).with_name("scrapy")
NUMBER = 90
SITES = {"gazette": "gazette.test", "courier": "courier.test"}
RULED = "This line stands in each page and is taken out by a rule of the site that was written later."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two sources; half of their pages were read when there were no rules, the rest never."""
    folder, writer = tmp_path_factory.mktemp("kills"), Writer(77)
    store, sources = Store(folder / "store"), folder / "sources"
    sources.mkdir()
    for name, host in SITES.items():
        (sources / f"{name}.toml").write_text(
            f'title = "Paper"\nhome = "http://{host}"\narticle_urls = ["/.*"]\n'
            '[[rules]]\nremove_text = ["This line stands in each page.*"]\n'
        )
        with running(store, name) as run:
            for n in range(NUMBER):
                lines = put(put(writer.article(), RULED, n % 7), PROMOTION, n % 5)
                html = page(f"Story {n}", sentences=lines)
                capture = run.keep(exchange(f"http://{host}/{n}", wire(html), at=later(n)))
                if n % 2:
                    keep_article(run, capture, Reading())
    return folder


def command(store: Path, sources: Path, *options: str | Path) -> list[str]:
    settings = {"ARCHIVE_STORE": store, "SOURCES": sources, "EXTRACT_WORKERS": 2}
    return [str(SCRAPY), "replay", *map(str, options), *(f"-s{name}={value}" for name, value in settings.items())]


@contextlib.contextmanager
def started(store: Path, sources: Path, *options: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    """``scrapy replay --accept`` in a process group of its own, which is killed at the end of the block."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command(store, sources, "--accept", *options),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        _, said = process.communicate()
        assert b"Traceback" not in said, said.decode()


def wait_until(happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while not happened() and process.poll() is None:
        time.sleep(0.005)


def entries(store: Store) -> dict[str, set[str]]:
    """What each site's list takes out."""
    import json

    rows = dump(store)["furniture"]
    return {row["site"]: {entry["key"] for entry in json.loads(row["entries"])} for row in rows}


def size_of(folder: Path) -> int:
    """Bytes in WARC files."""
    total = 0
    for path in folder.rglob("*.warc.gz*"):
        with contextlib.suppress(FileNotFoundError):  # it was closed just now
            total += path.stat().st_size
    return total


def foreign(folder: Path, tmp_path: Path) -> Path:
    """What the store has fetched, as a file of somebody else."""
    file = tmp_path / "foreign.warc.gz"
    originals = sorted((folder / "store" / "originals").rglob("*.warc.gz"))
    file.write_bytes(b"".join(path.read_bytes() for path in originals))
    return file


def derived_size(store: Store) -> int:
    return size_of(store.root / "derived")


def written(store: Store, source: str) -> int:
    """Texts of a source that a re-run has noted as written and has not settled."""
    path = store.root / "work" / "replay.sqlite"
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db,
    ):
        rows = db.execute("SELECT count(*) FROM pages WHERE source = ? AND stage = 2", (source,))
        return int(next(rows)[0])
    return 0


def test_a_killed_re_run_goes_on_and_ends_the_same(folder: Path, tmp_path: Path) -> None:
    rng = random.Random(4)
    whole, torn = Store(tmp_path / "whole"), Store(tmp_path / "torn")
    for store in (whole, torn):
        shutil.copytree(folder / "store", store.root)
    with started(whole.root, folder / "sources") as process:
        assert process.wait(120) == 0
    before, writing = derived_size(torn), 0
    for kill in range(8):
        size = derived_size(torn)
        with started(torn.root, folder / "sources") as process:
            if kill % 3:  # while it writes
                wait_until(lambda size=size: derived_size(torn) > size, process)  # type: ignore[misc]
                time.sleep(rng.uniform(0, 0.25))
            else:  # while it starts, reads, or takes care of what the kill before has left
                time.sleep(rng.uniform(0.3, 2.5))
            ended = process.poll()
        writing += derived_size(torn) > size
        if ended is not None:
            break
    with started(torn.root, folder / "sources") as process:
        assert process.wait(120) == 0
    assert derived_size(torn) > before
    assert writing >= 2  # or the test kills nothing that is at work
    assert latest(torn) == latest(whole)
    assert all(PROMOTION not in a.text and RULED not in a.text for a in latest(torn).values())
    assert len(latest(torn)) == 2 * NUMBER
    assert entries(torn) == entries(whole)
    found = verify(torn)
    assert [str(fault) for fault in found.faults] == []
    assert found.compared == found.conversions
    same_as_rebuilt(torn)


def test_no_page_is_stored_twice(folder: Path, tmp_path: Path) -> None:
    """What a killed re-run has stored is not stored again by the next, but as far as it was cleaned since."""
    store = Store(tmp_path / "store")
    shutil.copytree(folder / "store", store.root)
    for _ in range(3):
        size = derived_size(store)
        with started(store.root, folder / "sources") as process:
            wait_until(lambda size=size: derived_size(store) > size, process)  # type: ignore[misc]
            time.sleep(0.1)
    with started(store.root, folder / "sources") as process:
        assert process.wait(120) == 0
    texts: dict[str, list[str]] = {}
    for row in dump(store)["versions"]:
        texts.setdefault(row["capture"], []).append(row["text_digest"])
    assert all(len(digests) == len(set(digests)) for digests in texts.values())


def test_the_catalogue_knows_of_all(folder: Path, tmp_path: Path) -> None:
    """A comparison after a kill, which does not close files, knows what was stored."""
    store = Store(tmp_path / "store")
    shutil.copytree(folder / "store", store.root)
    size = derived_size(store)
    with started(store.root, folder / "sources") as process:
        wait_until(lambda: derived_size(store) > size + 4000, process)
    assert list(store.root.rglob("*.open"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command(store.root, folder / "sources"), cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert list(store.root.rglob("*.open"))  # nothing was touched
    with started(store.root, folder / "sources") as process:
        assert process.wait(120) == 0
    assert verify(store).ok
    catalogue = Catalogue(store.catalogue_path)
    assert len(catalogue.articles(limit=1000)) == 2 * NUMBER
    catalogue.close()


def test_a_killed_adoption_goes_on_and_ends_the_same(folder: Path, tmp_path: Path) -> None:
    rng, file = random.Random(8), foreign(folder, tmp_path)
    whole, torn = Store(tmp_path / "whole"), Store(tmp_path / "torn")
    with started(whole.root, folder / "sources", file) as process:
        assert process.wait(120) == 0
    left_open = 0
    for kill in range(5):
        held = size_of(torn.root)
        with started(torn.root, folder / "sources", file) as process:
            if kill % 3:
                wait_until(lambda held=held: size_of(torn.root) > held, process)  # type: ignore[misc]
                time.sleep(rng.uniform(0, 0.2))
            else:
                time.sleep(rng.uniform(0.5, 3))
        left_open += bool(list(torn.root.rglob("*.open")))
    with started(torn.root, folder / "sources", file) as process:
        assert process.wait(120) == 0
    assert left_open >= 2
    assert latest(torn) == latest(whole)
    assert len(latest(torn)) == 2 * NUMBER
    taken = [[row["id"] for row in dump(store)["captures"]] for store in (torn, whole)]
    assert sorted(taken[0]) == sorted(taken[1])
    assert entries(torn) == entries(whole)
    assert [str(fault) for fault in verify(torn).faults] == []
    same_as_rebuilt(torn)


def test_what_was_written_before_a_kill_is_learned_from_after_it(folder: Path, tmp_path: Path) -> None:
    """All texts of a source are written, its list has learned nothing; the next one finds nothing new to write."""
    file, store = foreign(folder, tmp_path), Store(tmp_path / "torn")
    options = ("--source", "courier")
    with started(store.root, folder / "sources", *options, file) as process:
        wait_until(lambda: written(store, "courier") == NUMBER, process)
    with started(store.root, folder / "sources", *options, file) as process:
        assert process.wait(120) == 0
    assert len(latest(store)) == NUMBER
    assert all(PROMOTION not in article.text for article in latest(store).values())
