"""Clocks that jump, pages that need too much memory, connections that are cut."""

from __future__ import annotations

import random

from archive.reader import read_records
from tests.server.raw import RawServer, Reply
from tests.torture.bench import SOURCES, Bench, Broken
from tests.torture.disks import recover
from tests.torture.kills import template
from tests.torture.launcher import Plan
from tests.torture.skipped import Skipped

__all__ = ["clocks", "connections", "memory"]

_HOUR, _DAY = 3600, 86_400


def clocks(bench: Bench, rng: random.Random, tries: int) -> int:
    """The clock jumps in mid-crawl, by minutes or by years, and is right again in the next one."""
    if bench.launcher.shim is None:
        raise Skipped("there is no C compiler")
    bench.copy_of(template(bench))
    for _ in range(tries):
        bench.paper.edition += 1
        before = bench.bytes_of()
        shift = rng.choice((3 * _DAY, 40 * _DAY, 400 * _DAY, -60, -5 * _HOUR, -31 * _DAY, -400 * _DAY))
        plan = Plan(do="clock", shift=shift, at=rng.randint(1, 300))
        arguments = rng.choice((("-a", "fresh=1"), ("-a", "fresh=1"), ()))
        ended = bench.run("crawl", rng.choice(SOURCES), *arguments, plan=plan)
        if ended.code:
            raise Broken(f"a crawl whose clock jumps by {shift} s ends with {ended.code}: {ended.said}")
        bench.check_kept(before)
        bench.check_sound()
        bench.good("crawl", rng.choice(SOURCES))
    bench.good("replay", "--accept")
    recover(bench)
    return tries


def memory(bench: Bench, rng: random.Random, tries: int) -> int:
    """A page takes more memory than a worker may have: it is kept, and the others are read."""
    for number in range(tries):
        bench.clear()
        large = f"/gazette/{rng.randrange(bench.paper.articles // 11 * 11)}"
        if int(large.rpartition("/")[2]) % 11 == 10:
            large = "/gazette/3"
        bench.paper.extra = {large: (200, b"<html><body>" + b"<p><b>much</b> to read " * (400_000 + number))}
        bench.good("crawl", "gazette", EXTRACT_MEMORY=600_000_000, EXTRACT_TIMEOUT=60)
        texts = {row["url"].removeprefix(bench.site.url) for row in bench.dump()["articles"]}
        others = {f"/gazette/{n}" for n in range(bench.paper.articles) if n % 11 != 10} - {large}
        if large in texts or others - texts:
            raise Broken(f"not as it should be: {large} is {large in texts}, missing {sorted(others - texts)}")
        bench.check_sound()
        bench.paper.extra = {}
        recover(bench)
    return tries


def connections(bench: Bench, rng: random.Random, tries: int) -> int:
    """The server resets, falls silent or closes in mid-body: what came is kept, and said to be cut."""
    for _ in range(tries):
        bench.clear()
        with RawServer() as server:
            bodies: dict[str, bytes] = {}
            for number in range(12):
                body = bench.paper.article("gazette", number)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                whole = head + body
                cut = rng.randrange(1, len(whole)) if number % 2 else len(whole)
                pieces = tuple(whole[at : min(at + 5000, cut)] for at in range(0, cut, 5000))
                end = rng.choice(("close", "reset", "hang", "cut")) if number % 2 else "keep"
                url = server.add(f"/gazette/{number}", Reply(pieces, end=end, whole=cut == len(whole)))  # type: ignore[arg-type]
                bodies[url] = whole
            ended = bench.run("crawl", "gazette", "-a", f"url={' '.join(bodies)}", DOWNLOAD_TIMEOUT=2)
            if ended.code:
                raise Broken(f"the crawl ends with {ended.code}: {ended.said}")
            _check_cut(bench, bodies)
        bench.check_sound()
        recover(bench)
    return tries


def _check_cut(bench: Bench, bodies: dict[str, bytes]) -> None:
    for name in bench.store.files("originals"):
        for record in read_records(bench.store.root / name):
            if record.type != "response" or record.url not in bodies:
                continue
            sent = bodies[str(record.url)]
            if not sent.startswith(record.block):
                raise Broken(f"{record.url}: kept is what was not sent")
            if bool(record.get("WARC-Truncated")) != (record.block != sent):
                raise Broken(f"{record.url}: {len(record.block)} of {len(sent)} bytes, and {record.headers}")
