"""Disks that are full, that fail, that may only be read."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.torture.bench import SOURCES, Bench, Broken
from tests.torture.kills import RULE, template
from tests.torture.launcher import Ended, Plan
from tests.torture.skipped import Skipped

__all__ = ["errors", "full", "read_only"]

_ERRORS = {number: os.strerror(number) for number in (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS)}
_CALLS = ("w", "s", "n", "r", "wsn")


@contextmanager
def mounted(folder: Path, *options: str, what: str = "tmpfs") -> Iterator[None]:
    """Something of `mount` at a folder. Raises `Skipped` if this user may not."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.getuid() or subprocess.run(["mount", *options, what, folder], capture_output=True, check=False).returncode:
        raise Skipped("only root can mount file systems, and not in every container")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def grow(folder: Path, size: int) -> None:
    """Give a tmpfs another size."""
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def used(folder: Path) -> int:
    """Bytes on a file system."""
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def written(bench: Bench, rng: random.Random, *, plan: Plan | None = None) -> Ended:
    """One of the commands that write; it may fail, with a sentence."""
    source = rng.choice(SOURCES)
    commands = (
        ("crawl", source),
        ("crawl", source, "-a", "fresh=1"),
        ("crawl", source, "-a", "fresh=1"),
        ("replay", "--accept"),
        ("rebuild",),
        ("schedule", "--once"),
    )
    ended = bench.run(*rng.choice(commands), plan=plan)
    if ended.code not in (0, 1):
        raise Broken(f"it ends with {ended.code} ({ended.spoilt}): {ended.said}")
    if ended.code and not ended.said.strip():
        raise Broken(f"it fails silently ({ended.spoilt})")
    return ended


def recover(bench: Bench, *, rebuilt: bool = True) -> None:
    """The next runs are good, and all is sound."""
    bench.check_noted()
    for source in SOURCES:
        bench.good("crawl", source)
    bench.check_sound()
    if rebuilt:
        bench.check_rebuilt()


def full(bench: Bench, rng: random.Random, tries: int) -> int:
    """Commands on a small disk, which is then a larger one."""
    failed = 0
    for _ in range(tries):
        bench.clear()
        with mounted(bench.store.root, "-t", "tmpfs", "-o", "size=64m"):
            if rng.random() < 0.6:
                shutil.copytree(template(bench), bench.store.root, dirs_exist_ok=True)
                for source in SOURCES:
                    bench.define(source, RULE)
            grow(bench.store.root, used(bench.store.root) + rng.randrange(4096, 1_500_000))
            for _ in range(2):
                failed += written(bench, rng).code
                bench.paper.edition += 1
            grow(bench.store.root, 64 << 20)
            with kept(bench):
                recover(bench)
    if not failed:
        raise Broken("no command has noticed that the disk was full")
    return tries


@contextmanager
def kept(bench: Bench) -> Iterator[None]:
    """What is found broken on a file system that goes is copied to where it stays."""
    try:
        yield
    except Broken:
        shutil.copytree(bench.store.root, bench.folder / "kept", dirs_exist_ok=True)
        raise


def errors(bench: Bench, rng: random.Random, tries: int) -> int:
    """System calls that fail, once or from there on."""
    if bench.launcher.shim is None:
        raise Skipped("there is no C compiler")
    bench.copy_of(template(bench))
    for number in range(tries):
        bench.paper.edition += 1
        plan = Plan(
            do=rng.choice(("error", "error", "short")),
            error=rng.choice(list(_ERRORS)),
            calls=(calls := rng.choice(_CALLS)),
            at=rng.randint(1, {"s": 8, "n": 60}.get(calls, 400)),
            lasts=rng.choice((1, 1, 3, 0)),
        )
        written(bench, rng, plan=plan)
        bench.check_noted()
        if number % 3 == 2:
            recover(bench, rebuilt=number % 6 == 5)
    recover(bench)
    return tries


def read_only(bench: Bench, rng: random.Random, tries: int) -> int:
    """A store that may only be read: what writes says so, what reads works, nothing changes."""
    bench.copy_of(template(bench))
    before = bench.bytes_of()
    for number in range(tries):
        with mounted(bench.store.root, "--bind", "-o", "ro", what=str(bench.store.root)):
            for arguments in (("crawl", "gazette"), ("rebuild",), ("replay", "--accept"), ("schedule", "--once")):
                ended = bench.run(*arguments)
                if not ended.code or "Read-only" not in ended.said:
                    raise Broken(f"scrapy {arguments[0]} over a read-only store: {ended.code}, {ended.said}")
            bench.good("verify")
            bench.good("search", "bakers")
            bench.good("export", "-o", bench.folder / f"{number}.jsonl")
        bench.check_kept(before)
    recover(bench)
    return tries
