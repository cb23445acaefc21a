"""Numbers as people read them."""

from __future__ import annotations

import pytest

from crawler.watching.words import counted, lasted, sized


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"), (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"), (3600, "1 h 0 min"),
        (86399, "23 h 59 min"), (90000, "1 d 1 h"),
    ],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert lasted(seconds) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9949, "9.9 kB"), (9960, "10 kB"), (999_499, "999 kB"),
        (999_500, "1.0 MB"), (3 * 10**12, "3.0 TB"), (5 * 10**15, "5000 TB"),
    ],
)  # fmt: skip
def test_sizes(number: int, words: str) -> None:
    assert sized(number) == words


def test_counts() -> None:
    assert (counted(0, "page"), counted(1, "page"), counted(1234, "page")) == ("0 pages", "1 page", "1,234 pages")
