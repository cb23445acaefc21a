"""Bytes that were damaged on purpose: every target keeps its contract. The long form is ``python -m tests.fuzzing``."""

from __future__ import annotations

import random
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing.mutants import CORPUS, corpus, mutated
from tests.fuzzing.targets import TARGETS, watched

_EXAMPLES = {"html": 15, "jsonld": 25, "warc": 40, "wacz": 40, "package_part": 40, "feed": 60}


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_what_is_kept(name: str) -> None:
    kept = corpus(name)
    assert kept
    for data in kept:
        with watched():
            TARGETS[name](data)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_what_is_damaged(name: str) -> None:
    seeds = corpus(name)

    @settings(
        max_examples=_EXAMPLES.get(name, 150),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 1 << 32).map(lambda seed: mutated(seeds, random.Random(seed))) | st.binary(max_size=200))
    def keeps_its_contract(data: bytes) -> None:
        with warnings.catch_warnings(), watched():
            warnings.simplefilter("ignore")  # parsers warn of what is odd
            TARGETS[name](data)

    keeps_its_contract()


def test_the_corpus_is_small_and_whole() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < 64 << 10
