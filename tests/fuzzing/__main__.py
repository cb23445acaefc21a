"""``python -m tests.fuzzing TARGET --minutes 30``: run one target for long; ``all`` runs one after the other.

With atheris (``pip install atheris``) new inputs are chosen by what they reach in our code; without it they are
changed at random. What breaks the contract is written into a folder and named; `corpus` gets what is worth keeping.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzzing.mutants import CORPUS, corpus, mutated

_MEMORY = 4 << 30


def main() -> int:
    """Returns the number of findings."""
    from tests.fuzzing.targets import TARGETS

    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__.split(":")[1])
    parser.add_argument("target", choices=[*TARGETS, "all"])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="without atheris, even if it is installed")
    parser.add_argument("--findings", type=Path, default=Path(tempfile.gettempdir(), "newswarc-fuzzing"))
    options = parser.parse_args()
    options.findings.mkdir(parents=True, exist_ok=True)
    names = list(TARGETS) if options.target == "all" else [options.target]
    with_atheris = not options.plain and importlib.util.find_spec("atheris") is not None
    return sum((_guided if with_atheris else _at_random)(name, options) for name in names)


def _at_random(name: str, options: argparse.Namespace) -> int:
    from tests.fuzzing.targets import TARGETS, watched

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    chance, seeds = random.Random(options.seed), corpus(name)
    end, tried, kinds = time.monotonic() + 60 * options.minutes, 0, set()
    while time.monotonic() < end:
        data, tried = mutated(seeds, chance), tried + 1
        try:
            with watched():
                TARGETS[name](data)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is a finding
            if isinstance(error, KeyboardInterrupt):
                break
            trace = error.__traceback__
            while trace and trace.tb_next:
                trace = trace.tb_next
            place = (
                type(error).__name__,
                trace.tb_frame.f_code.co_filename if trace else "",
                trace and trace.tb_lineno,
            )
            if place not in kinds:
                kinds.add(place)
                path = options.findings / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
                path.write_bytes(data)
                print(f"{name}: {place[0]} in {place[1]}, line {place[2]}: {error!s:.200}\n  {path}", flush=True)
    print(f"{name}: {tried:,} inputs in {options.minutes:g} minutes, {len(kinds)} findings.", flush=True)
    return len(kinds)


def _guided(name: str, options: argparse.Namespace) -> int:
    """In a process of its own, for libFuzzer ends the process that it runs in."""
    grown = options.findings / f"{name}-corpus"
    grown.mkdir(exist_ok=True)
    arguments = [
        *(f"-max_total_time={int(60 * options.minutes)}", f"-seed={options.seed}", "-max_len=65536", "-timeout=20"),
        *("-rss_limit_mb=4096", f"-artifact_prefix={options.findings}/{name}-", str(grown), str(CORPUS / name)),
    ]
    done = subprocess.run([sys.executable, "-m", "tests.fuzzing.guided", name, *arguments], check=False)
    print(f"{name}: {options.minutes:g} minutes with atheris, {'a finding' if done.returncode else 'no finding'}.")
    return int(done.returncode != 0)


if __name__ == "__main__":
    sys.exit(min(main(), 100))
