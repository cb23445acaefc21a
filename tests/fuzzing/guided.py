"""One target under atheris: ``python -m tests.fuzzing.guided TARGET [options of libFuzzer]``."""

from __future__ import annotations

import sys

import atheris

from tests.fuzzing.mutants import corpus

with atheris.instrument_imports(include=["archive", "crawler", "feedparser"]):
    from tests.fuzzing.targets import TARGETS, watched

    for name in TARGETS:  # what a target imports when it is called
        TARGETS[name](corpus(name)[0])


def main() -> None:
    """Runs until a finding, or until the time is over."""
    target = TARGETS[sys.argv[1]]

    def one(data: bytes) -> None:
        with watched():
            target(data)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
