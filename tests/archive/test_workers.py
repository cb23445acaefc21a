"""`ExtractorPool`: a page may take what it is given, and whatever it does, the others are read."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from archive.capture import Capture
from archive.errors import ArchiveError, ExtractionError, NotAPage, RecordError, StoreError
from archive.rules import Reading, SiteRules
from archive.storage import Store
from archive.workers import Extracted, ExtractorPool, Task, extract_capture
from tests.archive import making
from tests.archive.making import exchange, later, page, records, running, wire

URL = "https://ellery.test/storm"
MIB = 1 << 20


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractorPool]:
    pool = ExtractorPool(1, timeout=1.5, memory=1024 * MIB)
    yield pool
    pool.close(abandon=True)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    store = Store(tmp_path)
    with running(store) as run:
        capture = run.keep(exchange(URL, wire(page("Storm keeps twelve boats out"))))
    return Task(store=str(store.root), capture=capture)


def failed(pool: ExtractorPool, function: str, *arguments: object) -> str:
    """The sentence for what the call of a function of `making` fails with; the pool goes on."""
    future = pool.submit_call(getattr(making, function), *arguments)
    with pytest.raises(BaseException) as error:  # a worker can fail in any way
        future.result()
    explained = pool.explain(error.value, URL)
    assert isinstance(explained, ArchiveError)
    assert pool.submit_call(making.double, 21).result() == 42
    return making.refused(explained)


# Reading a capture


def test_a_capture_is_read_out_of_the_archive(task: Task) -> None:
    found = extract_capture(task)
    assert found.article.headline == "Storm keeps twelve boats out"
    assert "harbour" in found.words.text
    assert found.started <= found.ended
    assert (found.article.url, found.reading) == (URL, task.reading)


def test_what_was_told_of_the_site_is_handed_on(task: Task) -> None:
    reading = Reading(language="no", timezone="Europe/Oslo", rules=SiteRules(remove=("p:nth-of-type(1)",)))
    found = extract_capture(msgspec.structs.replace(task, reading=reading))
    assert "harbour of Ellery" not in found.article.text
    assert found.article.trace.rules == reading.rules.digest  # type: ignore[union-attr]
    assert found.reading == reading


def test_a_worker_reads_the_same(pool: ExtractorPool, task: Task) -> None:
    found = pool.submit(task).result()
    assert isinstance(found, Extracted)
    assert found.article == extract_capture(task).article
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"kind": "revisit", "refers_to": "urn:uuid:1"}, RecordError, "its page is in urn:uuid:1"),
        ({"offset": 0, "length": 100_000}, StoreError, "ends before byte"),
        ({"file": "originals/none.warc.gz"}, StoreError, "can't be read"),
        ({"id": "urn:uuid:other"}, RecordError, "not urn:uuid:other"),
        ({"length": 20}, RecordError, "."),
    ],
)
def test_captures_that_cannot_be_read(
    task: Task, change: dict[str, object], error: type[ArchiveError], says: str
) -> None:
    capture: Capture = msgspec.structs.replace(task.capture, **change)
    with pytest.raises(error) as raised:
        extract_capture(msgspec.structs.replace(task, capture=capture))
    assert says in making.refused(raised.value)


def test_pages_that_are_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with running(store) as run:
        for n, body in enumerate((b"", b"\x89PNG\r\n\x1a\n" + bytes(50))):
            capture = run.keep(exchange(URL, wire(body), at=later(n)))
            with pytest.raises((NotAPage, ExtractionError)) as error:
                extract_capture(Task(store=str(store.root), capture=capture))
            making.refused(error.value)
    assert len(records(store, "response")) == 2


# Limits


def test_a_page_that_takes_too_long(pool: ExtractorPool) -> None:
    started = time.monotonic()
    text = failed(pool, "loop_forever")
    assert text == f"{URL}: reading the page took longer than 1.5 s (EXTRACT_TIMEOUT)."
    assert time.monotonic() - started < 30


def test_a_page_that_takes_too_much_memory(pool: ExtractorPool) -> None:
    assert failed(pool, "allocate", 4 << 30) == f"{URL}: reading the page took too much memory (EXTRACT_MEMORY)."
    assert pool.submit_call(making.allocate, 64 * MIB).result() == 64 * MIB


@pytest.mark.parametrize("how", ["exit", "segfault", "kill"])
def test_a_page_that_ends_its_worker(pool: ExtractorPool, how: str) -> None:
    assert failed(pool, "end_process", how).startswith(f"{URL}: reading the page ended its worker (")


def test_a_page_that_raises_something_else(pool: ExtractorPool) -> None:
    assert failed(pool, "raise_error", ValueError("odd")) == f"{URL}: the page can't be read: ValueError: odd."
    assert failed(pool, "raise_error", RecordError("A sentence.")).endswith(": A sentence.")
    failed(pool, "raise_error", RecursionError("maximum recursion depth exceeded"))


@pytest.mark.parametrize("text", ["two\nlines", "It is odd."])
def test_any_error_is_told_in_one_sentence(pool: ExtractorPool, text: str) -> None:
    assert not failed(pool, "raise_error", ValueError(text)).endswith("..")


def test_answers_that_cannot_travel(pool: ExtractorPool) -> None:
    assert failed(pool, "give_a_lambda").startswith(f"{URL}: ")


def test_pages_that_wait_behind_a_slow_one_are_read(pool: ExtractorPool, task: Task) -> None:
    slow = pool.submit_call(making.loop_forever)
    waiting = [pool.submit(task) for _ in range(3)]
    assert [future.result().article.headline for future in waiting] == ["Storm keeps twelve boats out"] * 3
    assert isinstance(pool.explain(slow.exception() or ValueError(), URL), ExtractionError)


def test_a_worker_is_deaf_to_the_crawls_interrupt(pool: ExtractorPool) -> None:
    assert pool.submit_call(making.interrupt_itself).result() == "still here"


def test_closing_waits_and_abandoning_does_not() -> None:
    pool = ExtractorPool(1)
    future = pool.submit_call(making.double, 1)
    pool.close()
    assert future.result(timeout=0) == 2
    pool = ExtractorPool(1, timeout=60)
    pool.submit_call(making.loop_forever)
    started = time.monotonic()
    pool.close(abandon=True)
    assert time.monotonic() - started < 30


LIMITED = """
import resource, sys
from operator import neg

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    try:
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, resource.RLIM_INFINITY))
    except ValueError:
        pass
    else:
        sys.exit("mightier than the administrator")
    from archive.workers import ExtractorPool

    pool = ExtractorPool(1, timeout=20)
    try:
        print(pool.submit_call(neg, 7).result())
    finally:
        pool.close(abandon=True)
"""


def test_limits_that_the_administrator_set_stay(tmp_path: Path) -> None:
    script = tmp_path / "limited.py"  # a file: workers import the main module
    script.write_text(LIMITED)
    done = subprocess.run(
        [sys.executable, script],
        env={**os.environ, "PYTHONPATH": str(making.ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "mightier" in done.stderr:
        pytest.skip("this user may raise hard limits")
    assert done.stdout == "-7\n", done.stderr
