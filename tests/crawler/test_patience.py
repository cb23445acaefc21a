"""Hosts that ask to be left alone, or to be asked slowly."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from crawler.patience import retry_after
from tests.crawler.test_agenda import DEFINITION, article, feed
from tests.server.days import State, live

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
NAMES = [f"n{number}" for number in range(6)]


@pytest.mark.parametrize(
    ("value", "minutes"),
    [
        ("120", 2),
        (" 0 ", 0),
        ("Fri, 20 Nov 2026 13:00:00 GMT", 60),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0),
        ("99999999999999999999", 24 * 60),
        ("Fri, 20 Nov 2099 11:00:00 GMT", 24 * 60),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("²", None),
    ],
)
def test_retry_after(value: str | None, minutes: float | None) -> None:
    assert retry_after(value, NOW) == (None if minutes is None else NOW + dt.timedelta(minutes=minutes))


def site(**of_n2: object) -> dict[str, list[State]]:
    pages = {f"/a/{name}": [State(body=article(name))] for name in NAMES}
    return {"/feed": [State(body=feed(*NAMES))], **pages, "/a/n2": [State(**of_n2), State(0.1, article("n2"))]}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "headers", "until"),
    [(429, {"Retry-After": "7200"}, 2), (503, {"Retry-After": "Mon, 02 Nov 2026 08:00:00 GMT"}, 2), (429, {}, 0.17)],
)
def test_a_host_that_asks_for_it_is_left_alone_in_this_run_and_the_next(
    status: int, headers: dict[str, str], until: float, tmp_path: Path
) -> None:
    runs = live(
        site(status=status, headers=headers), [0, until - 0.05, until + 0.1], tmp_path, DEFINITION,
        CONCURRENT_REQUESTS_PER_DOMAIN=1, DOWNLOAD_DELAY=0.05, RETRY_ENABLED=True,
    )  # fmt: skip
    first, second, third = runs
    assert first.paths[-1] == "/a/n2"  # and nothing behind it
    assert f"www.gazette.example answers {status} and is left alone until 2026-11-02T" in first.log
    assert first.stats.get("pages/put_off", 0) == 7 - len(first.paths)
    assert second.asked == []
    assert {"/a/n2", *(f"/a/{name}" for name in NAMES)} - set(first.paths[:-1]) <= set(third.paths)


def test_a_host_that_is_down_is_not_asked_for_all_that_is_due(tmp_path: Path) -> None:
    names = [f"n{number}" for number in range(20)]
    pages = {f"/a/{name}": [State(status=500), State(1, article(name))] for name in names}
    first, second = live(
        {"/feed": [State(body=feed(*names))], **pages}, [0, 1], tmp_path, DEFINITION,
        CONCURRENT_REQUESTS_PER_DOMAIN=1, DOWNLOAD_DELAY=0.02,
    )  # fmt: skip
    assert len(first.paths) == 6
    assert "has failed 5 times in a row and is left alone" in first.log
    assert set(second.paths) - {"/feed"} == set(pages)


def robots(rules: str) -> list[State]:
    return [State(body=f"User-agent: *\n{rules}\n", headers={"Content-Type": "text/plain"})]


@pytest.mark.parametrize(("rules", "delay"), [("Crawl-delay: 0.3", 0.3), ("Request-rate: 4/1", 0.25)])
def test_the_pace_that_robots_txt_asks_for_is_kept(rules: str, delay: float, tmp_path: Path) -> None:
    (run,) = live({"/robots.txt": robots(rules), **site(body=article("n2"))}, [0], tmp_path, DEFINITION)
    assert len(run.asked) == 8
    # Together: one that is noted late has the next one come sooner.
    assert run.asked[-1].at - run.asked[0].at >= delay * (len(run.asked) - 1.5)


def test_a_pace_that_makes_no_sense_is_kept_to_a_limit(tmp_path: Path) -> None:
    (run,) = live(
        {"/robots.txt": robots("Crawl-delay: 86400"), **site(body=article("n2"))}, [0], tmp_path, DEFINITION,
        CRAWL_DELAY_MAX=0.1,
    )  # fmt: skip
    assert len(run.asked) == 8
    said = "www.gazette.example asks for 86400 seconds between two requests; 0.1 are kept (CRAWL_DELAY_MAX)."
    assert run.log.count(said) == 1


def test_robots_txt_is_remembered_for_a_day(tmp_path: Path) -> None:
    closed = {"/robots.txt": [*robots("Disallow: /a/n3"), State(12, "User-agent: *\nDisallow: /a/n4\n")]}
    pages = site(body=article("n2")) | {"/feed": [State(body=feed("n3", "n5")), State(20, feed("n0", "n3", "n4"))]}
    runs = live({**closed, **pages}, [0, 22, 25], tmp_path, DEFINITION)
    asked = [[request.path for request in run.asked] for run in runs]
    assert [paths.count("/robots.txt") for paths in asked] == [1, 0, 1]
    assert ["/a/n3" in paths for paths in asked] == [False, False, False]
    assert "/a/n4" in asked[1]
