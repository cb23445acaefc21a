"""A catalogue that is damaged, gone, another one, or locked: the WARC files give it back."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.torture.bench import Bench, Broken
from tests.torture.disks import recover
from tests.torture.kills import template

__all__ = ["damaged", "locked"]


def _overwrite(path: Path, rng: random.Random) -> None:
    with path.open("r+b") as file:
        for _ in range(rng.choice((1, 3, 40))):
            file.seek(rng.randrange(path.stat().st_size))
            file.write(rng.randbytes(rng.choice((1, 16, 4096))))


def _truncate(path: Path, rng: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(rng.choice((0, 1, 100, 4096, rng.randrange(path.stat().st_size))))


def _zero(path: Path, rng: random.Random) -> None:
    with path.open("r+b") as file:
        file.seek(rng.choice((0, rng.randrange(path.stat().st_size))))
        file.write(bytes(rng.choice((100, 4096, 40_000))))


def _delete(path: Path, rng: random.Random) -> None:
    path.unlink()


def _another(path: Path, rng: random.Random) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE captures (id TEXT)")
        database.execute(f"PRAGMA user_version = {rng.choice((0, 1, 99))}")


def _text(path: Path, rng: random.Random) -> None:
    path.write_text("This is no database.\n" * 500)


def _folder(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.mkdir()


def _journal(path: Path, rng: random.Random) -> None:
    path.with_name(path.name + "-wal").write_bytes(rng.randbytes(rng.choice((31, 8192))))


_DAMAGES: tuple[Callable[[Path, random.Random], None], ...] = (
    _overwrite, _overwrite, _truncate, _zero, _delete, _another, _text, _folder, _journal,
)  # fmt: skip


def damaged(bench: Bench, rng: random.Random, tries: int) -> int:
    """`verify` names it, no command shows more than a sentence, and `rebuild` makes it again."""
    for _ in range(tries):
        bench.copy_of(template(bench))
        before, damage = bench.bytes_of(), rng.choice(_DAMAGES)
        damage(bench.store.catalogue_path, rng)
        ended = bench.run("verify")
        if damage is not _journal and (not ended.code or "catalogue.sqlite" not in ended.said):
            raise Broken(f"verify says nothing of {damage.__name__}: {ended.code}, {ended.said}")
        for arguments in rng.sample(
            (
                ("crawl", "gazette"), ("search", "bakers"), ("runs",), ("coverage",), ("health",), ("replay",),
                ("replay", "--accept"), ("export", "-o", bench.folder / "out.jsonl", "--force"), ("schedule", "--once"),
            ), 3,
        ):  # fmt: skip
            ended = bench.run(*arguments)
            if ended.code not in (0, 1) or (ended.code and not ended.said.strip()):
                raise Broken(f"scrapy {arguments[0]} after {damage.__name__}: {ended.code}, {ended.said}")
        bench.check_kept(before)
        if damage is _folder:
            bench.store.catalogue_path.rmdir() if bench.store.catalogue_path.is_dir() else None
        bench.good("rebuild")
        recover(bench)
    return tries


def locked(bench: Bench, rng: random.Random, tries: int) -> int:
    """Another process writes the catalogue for some seconds: commands wait for it."""
    bench.copy_of(template(bench))
    for _ in range(tries):
        bench.paper.edition += 1
        stop = threading.Event()

        def hold(stop: threading.Event = stop) -> None:
            while not stop.is_set():
                with closing(sqlite3.connect(bench.store.catalogue_path, isolation_level=None)) as database:
                    database.execute("PRAGMA busy_timeout = 5000")
                    database.execute("BEGIN IMMEDIATE")
                    time.sleep(rng.uniform(0.2, 1.5))
                    database.execute("ROLLBACK")
                time.sleep(rng.uniform(0.05, 0.3))

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            bench.good("crawl", "gazette", "-a", "fresh=1")
        finally:
            stop.set()
            holder.join()
        bench.check_sound()
    bench.check_rebuilt()
    return tries
