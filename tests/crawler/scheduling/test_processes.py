"""What crawls write, and how they are stopped; crawls of ``scrapy`` itself are in `tests.test_schedule`."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from pathlib import Path

from archive.storage import Store
from crawler.scheduling.processes import Processes
from crawler.scheduling.schedule import Schedule

LONG = 200_000
WRITES = f"""
import sys
out = sys.stdout.buffer
out.write(b"first\\n\\nnewswarc: The archive is full.\\n" + b"x" * {LONG} + b"\\n" + b"caf\\xe9\\nno end")
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("not yet", flush=True))
print("ready", flush=True)
while True:
    time.sleep(1)
"""


def processes(folder: Path, told: list[str], grace: float = 0.1) -> Processes:
    return Processes(
        Store(folder), {}, grace=grace, tell=lambda name, line: told.append(line), ended=lambda name, outcome: None
    )


async def python(code: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=PIPE, stderr=STDOUT, start_new_session=True, limit=1 << 16
    )


def test_every_line_is_passed_on_however_long_or_odd(tmp_path: Path) -> None:
    told: list[str] = []

    async def read() -> str:
        process = await python(WRITES)
        said = await processes(tmp_path, told)._read("gazette", process)
        await process.wait()
        return said

    assert asyncio.run(read()) == "The archive is full."
    assert told[:3] == ["first", "", "newswarc: The archive is full."]
    assert "".join(told[3:-2]) == "x" * LONG
    assert told[-2:] == ["caf\ufffd", "no end"]


def test_what_does_not_end_on_sigterm_is_killed(tmp_path: Path) -> None:
    told: list[str] = []

    async def wait() -> tuple[bool, int]:
        process = await python(STUBBORN)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        runner = processes(tmp_path, told, grace=0.5)
        reading = asyncio.create_task(runner._read("gazette", process))
        stopped = await runner._wait(process, Schedule(when="every hour", time_limit="0 seconds").limit)
        await reading
        return stopped, await process.wait()

    assert asyncio.run(wait()) == (True, -9)
    assert told == ["not yet"]


def test_what_went_wrong_is_found_in_json_too(tmp_path: Path) -> None:
    code = """
import json
for logger, message in (("scrapy", "Starting"), ("newswarc", "There is no such source."), ("scrapy", "Ending")):
    print(json.dumps({"logger": logger, "message": message}))
"""
    told: list[str] = []

    async def read() -> str:
        process = await python(code)
        said = await processes(tmp_path, told)._read("gazette", process)
        await process.wait()
        return said

    assert asyncio.run(read()) == "There is no such source."
    assert len(told) == 3
