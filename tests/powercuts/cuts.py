"""Power cuts in the middle of a run: at every moment, and in every way that the disk allows, the store must mend."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from archive.errors import RecordError
from archive.reader import read_records
from archive.storage import Store
from archive.verification.verify import verify
from tests.archive.making import ROOT, running
from tests.powercuts.disk import Disk
from tests.powercuts.log import Call, traced

WORK = """
import os, sys
sys.path.insert(0, sys.argv[1])
from archive.durability import Durability
from archive.rebuild import rebuild
from archive.run import Run
from archive.storage import Store
from tests.archive.making import *

store = Store(sys.argv[2])

def say(what):
    os.write(1, f"{what}\\n".encode())

def crawl(source, first, last, finish=True):
    run = Run(store, source, settings_digest=SETTINGS, max_file_size=6000, durability=Durability.of(sys.argv[3]))
    for n in range(first, last):
        url = f"https://ellery.test/{n % 7}"
        capture = run.keep(exchange(url, wire(page(f"Storm {n % 5}", head=f"<!-- {os.urandom(300).hex()} -->"))))
        say(f"kept {capture.id}")
        if n % 3 == 0:
            say(f"kept {keep_article(run, capture, Reading())}")
        if n % 4 == 0:
            run.flush()
    if finish:
        run.finish("finished", {})
    return run

crawl("ellery", 0, 8)
crawl("skagen", 8, 14)
rebuild(store)
crawl("ellery", 14, 18)
"""


class Cut(Exception):
    """A power cut that cost more than it may."""


def calls_of(folder: Path, policy: str) -> list[Call]:
    """A store's life with three runs and a rebuild; it lies in `folder`."""
    folder.mkdir()
    return traced([WORK, str(ROOT), str(folder), policy], folder, folder.with_suffix(".strace"))


def states(calls: list[Call], folder: Path, to: Path, number: int, seed: int) -> Iterator[tuple[str, set[str]]]:
    """So many states that a cut may leave in `to`, with the ids of what had been reported as kept by then."""
    chance = random.Random(seed)
    moments = sorted(chance.choices(range(len(calls) + 1), k=number))
    disk, kept, done = Disk(folder), set[str](), 0
    for turn, moment in enumerate(moments):
        for call in calls[done:moment]:
            if call.name == "mark":
                kept.add(call.data.decode().split()[1])
            else:
                disk.play(call)
        done = moment
        much = ("some", "some", "none", "some", "all")[turn % 5]
        disk.cut(to, seed * 1_000_003 + turn, much)
        yield f"call {moment} of {len(calls)}, {much} of what was not synced, seed {seed}, turn {turn}", set(kept)


def check(store: Store, kept: set[str], *, strict: bool) -> int:
    """Mend the store by the next run; returns how many of the `kept` are gone.

    Raises `Cut` if anything but records that were not yet forced onto the disk is lost or wrong. `strict`: not even
    these may be.
    """
    with running(store, "after"):
        pass
    faults = verify(store, extract=False).faults
    if strict and faults:
        raise Cut("; ".join(map(str, faults)))
    gone = kept - ids(store)
    if strict and gone:
        raise Cut(f"{len(gone)} of {len(kept)} records whose writing had returned are gone")
    odd = [fault for fault in faults if "catalogue" in fault.where or "no readable digest" in fault.what]
    if odd:
        raise Cut("; ".join(map(str, odd)))
    return len(gone)


def ids(store: Store) -> set[str]:
    """Of all records that can be read."""
    found: set[str] = set()
    for name in store.files():
        try:
            found.update(record.id for record in read_records(store.path(name)))
        except RecordError:
            continue
    return found
