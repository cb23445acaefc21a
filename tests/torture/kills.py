"""SIGKILL at random moments: in time, and before, in and after each call that writes."""

from __future__ import annotations

import random
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

from archive.catalogue import Catalogue
from crawler.agenda import Agenda
from crawler.source import load_sources
from tests.archive.rerun.rerunning import files_of, latest
from tests.torture.bench import LARGE, SOURCES, Bench, Broken
from tests.torture.launcher import Ended, Plan

__all__ = ["KILLS", "Life"]

Life = Callable[[Bench, random.Random, int], int]
"""Lets a bench live through about so many faults; returns how many. Raises `Broken`."""

RULE = '[[rules]]\nremove_text = ["Report [0-9]+ of the [a-z]+, part 3.*"]\n'
FORMATS = ("out.wacz", "out.jsonl", "out.wet.gz", "out.parquet", "out.zip", "out/")
_usual: dict[str, tuple[float, int]] = {}
"""How long each command takes, in seconds and calls."""


def kill(bench: Bench, rng: random.Random, *arguments: object, tries: int = 5) -> bool:
    """Run a command and kill it at a random moment; False if it was always over before."""
    command = str(arguments[0])
    for _ in range(tries):
        seconds, calls = _usual.get(command, (1.5, 300))
        if bench.launcher.shim and rng.random() < 0.6:
            plan = Plan(do=rng.choice(("kill", "after", "torn")), at=rng.randint(1, calls))
            ended = bench.start(*arguments, plan=plan).end()
        else:
            running = bench.start(*arguments, plan=Plan())
            if not running.has_ended(rng.uniform(0.05, seconds)):
                running.signal(signal.SIGKILL, group=rng.random() < 0.5)
            ended = running.end()
        bench.launcher.sweep()
        bench.check_said(ended, command)
        if ended.code == -signal.SIGKILL:
            return True
        if ended.code:
            raise Broken(f"scrapy {command} ends with {ended.code} after a kill: {ended.said}")
        learn(command, ended)
    return False


def learn(command: str, ended: Ended) -> None:
    """What a whole run takes."""
    seconds, calls = _usual.get(command, (ended.seconds, ended.calls))
    _usual[command] = ((seconds + ended.seconds) / 2, max(20, ended.calls or calls))


def look(bench: Bench, rng: random.Random, *, mend: float = 0.15) -> None:
    """Nothing is lost; sometimes a run mends what is left, sometimes that is for the next kill."""
    bench.check_noted()
    if rng.random() < 0.25:
        bench.check_left()
    if rng.random() < mend:
        bench.check_mended()


def crawls(bench: Bench, rng: random.Random, kills: int) -> int:
    """Crawls of two sources; all articles are read in the end."""
    done = 0
    while done < kills:
        bench.paper.edition += rng.random() < 0.5
        source = rng.choice(SOURCES)
        urls = " ".join(f"{bench.site.url}/{source}/{n}" for n in (3, LARGE, 6, 9, LARGE, 10, 12))
        fresh, given = ("-a", "fresh=1"), ("-a", f"url={urls}")
        done += kill(bench, rng, "crawl", source, *rng.choice(((), fresh, fresh, fresh, given)))
        look(bench, rng)
    for source in SOURCES:
        learn("crawl", bench.good("crawl", source, plan=Plan()))
    check_read(bench)
    for source in SOURCES:
        bench.good("crawl", source, "-a", "fresh=1")
    with Catalogue(bench.store.catalogue_path) as catalogue:
        read = {row["url"] for row in catalogue.articles(limit=1000)}
    wanted = {f"{bench.site.url}/{s}/{n}" for s in SOURCES for n in range(bench.paper.articles) if n % 11 != 10}
    if wanted - read:
        raise Broken(f"articles that were never read: {sorted(wanted - read)}")
    bench.check_sound(extract=rng.random() < 0.3)
    bench.check_rebuilt()
    return done


def check_read(bench: Bench) -> None:
    """No page that was captured waits to be read."""
    sources, _ = load_sources(bench.sources)
    with Catalogue(bench.store.catalogue_path) as catalogue:
        for source in sources.values():
            if left := Agenda(catalogue, source).unread():
                raise Broken(f"{source.name}: captured and never read: {[capture.url for capture in left]}")


def template(bench: Bench) -> Path:
    """A store with two crawls of both sources, made once."""
    path = bench.folder.parent / "template" / "store"
    if not path.exists():
        made = Bench(path.parent, bench.launcher, bench.site)
        for _ in range(2):
            for source in SOURCES:
                made.good("crawl", source, "-a", "fresh=1")
            made.paper.edition += 1
        bench.site.pages = bench.paper
    return path


def whole(bench: Bench, name: str, *arguments: object, copy: bool = True) -> Bench:
    """A store in which the command was never killed, made once."""
    path = bench.folder.parent / name
    fresh = not path.exists()
    made = Bench(path, bench.launcher, bench.site)
    bench.site.pages = bench.paper
    if fresh:
        if copy:
            made.copy_of(template(bench))
        for source in SOURCES:
            made.define(source, RULE)
        learn(str(arguments[0]), made.good(*arguments, plan=Plan()))
    return made


def replays(bench: Bench, rng: random.Random, kills: int) -> int:
    """``scrapy replay --accept`` with a new rule; in the end as if it had never been killed."""
    reference, done = whole(bench, "replayed", "replay", "--accept"), 0
    bench.copy_of(template(bench))
    for source in SOURCES:
        bench.define(source, RULE)
    while done < kills:
        if kill(bench, rng, "replay", "--accept", tries=2):
            done += 1
            look(bench, rng, mend=0.1)
        else:  # all is done
            bench.copy_of(template(bench))
    bench.good("replay", "--accept")
    if latest(bench.store) != latest(reference.store):
        raise Broken("a re-run that was killed has not come to what one comes to that was not")
    bench.check_sound(extract=rng.random() < 0.2)
    bench.check_rebuilt()
    return done


def adoptions(bench: Bench, rng: random.Random, kills: int) -> int:
    """``scrapy replay --accept FILE``; in the end all of the file is there."""
    file, done = bench.folder.parent / "foreign.warc.gz", 0
    if not file.exists():
        originals = sorted((template(bench) / "originals").rglob("*.warc.gz"))
        file.write_bytes(b"".join(path.read_bytes() for path in originals))
    reference = whole(bench, "adopted", "replay", "--accept", file, copy=False)
    for source in SOURCES:
        bench.define(source, RULE)
    while done < kills:
        if kill(bench, rng, "replay", "--accept", file, tries=2):
            done += 1
            look(bench, rng, mend=0.1)
        else:
            bench.clear()
    bench.good("replay", "--accept", file)
    ids = [sorted(row["id"] for row in b.dump()["captures"]) for b in (bench, reference)]
    if ids[0] != ids[1] or latest(bench.store) != latest(reference.store):
        raise Broken("an adoption that was killed has not come to what one comes to that was not")
    bench.check_sound(extract=rng.random() < 0.2)
    bench.check_rebuilt()
    return done


def rebuilds(bench: Bench, rng: random.Random, kills: int) -> int:
    """``scrapy rebuild``, also of what a killed crawl has left; the files stay as they are."""
    bench.copy_of(template(bench))
    done = 0
    while done < kills:
        if rng.random() < 0.3:
            done += kill(bench, rng, "crawl", "gazette", "-a", "fresh=1")
        before = bench.bytes_of()
        done += kill(bench, rng, "rebuild")
        bench.check_kept(before)
        look(bench, rng)
    bench.good("rebuild")
    bench.good("crawl", "gazette", "-a", "fresh=1")
    bench.check_sound()
    bench.check_rebuilt()
    return done


def exports(bench: Bench, rng: random.Random, kills: int) -> int:
    """``scrapy export``: a whole file, or none; the store is as it was."""
    bench.copy_of(template(bench))
    before, done = files_of(bench.store), 0
    while done < kills:
        name = rng.choice(FORMATS)
        with tempfile.TemporaryDirectory(dir=bench.folder) as scratch:
            folder, reference = Path(scratch) / "killed", Path(scratch) / "whole"
            folder.mkdir(), reference.mkdir()
            learn("export", bench.good("export", "-o", f"{reference}/{name}", plan=Plan()))
            for _ in range(3):
                done += kill(bench, rng, "export", "--force", "-o", f"{folder}/{name}")
                if (folder / name).exists() and _tree(folder / name) != _tree(reference / name):
                    raise Broken(f"export leaves a part of {name}")
                if files_of(bench.store) != before:
                    raise Broken("an export that was killed has changed the store")
                if (folder / name).is_dir():  # whole; a folder with something in it is never written into
                    shutil.rmtree(folder / name)
            bench.good("export", "--force", "-o", f"{folder}/{name}")
            if _tree(folder / name) != _tree(reference / name):
                raise Broken(f"{name} is another one after kills")
    bench.check_sound()
    return done


def _tree(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


def schedules(bench: Bench, rng: random.Random, kills: int) -> int:
    """``scrapy schedule --once`` and the crawls that it starts."""
    done = 0
    while done < kills:
        if rng.random() < 0.6:
            bench.clear()  # nothing was due so soon after another crawl
        seconds, _ = _usual.get("schedule", (4.0, 0))
        running = bench.start("schedule", "--once", "--at-once", rng.randint(1, 2), plan=Plan())
        if not running.has_ended(rng.uniform(0.3, seconds)):
            running.signal(signal.SIGKILL)
            done += 1
        ended = running.end()
        bench.check_said(ended, "schedule")
        if ended.code != -signal.SIGKILL:
            learn("schedule", ended)
        bench.launcher.sweep()  # the crawls, too
        look(bench, rng)
        if rng.random() < 0.3:
            bench.good("schedule", "--list")
    bench.good("schedule", "--once")
    bench.check_mended()
    bench.clear()
    bench.good("schedule", "--once")
    bench.check_sound()
    bench.check_rebuilt()
    return done


KILLS: dict[str, tuple[Life, int, int]] = {
    "kill crawls": (crawls, 36, 18),
    "kill replays": (replays, 14, 8),
    "kill adoptions": (adoptions, 12, 8),
    "kill rebuilds": (rebuilds, 16, 16),
    "kill exports": (exports, 14, 12),
    "kill schedules": (schedules, 8, 6),
}
"""By name: a life, its share of all kills in percent, and the kills of one store."""
