"""A paper rebuilds its pages: the alarm comes with the day of it, and rules for the new pages bring the all-clear."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.capture import Announcement
from archive.catalogue import Catalogue
from archive.export.query import Query
from archive.export.selection import Selection
from archive.health.alarms import Alarm
from archive.health.channels import Channels
from archive.health.delivery import deliver_apart
from archive.health.troubles import troubles_of
from archive.rules import Reading, SiteRules
from archive.run import Run
from archive.storage import Store
from archive.workers import ExtractorPool
from tests.archive.health.servers import facts, web_server
from tests.archive.making import SENTENCES, exchange, keep_page, later, page, running, wire
from tests.archive.rerun.rerunning import CountingPool, Replay, same_as_rebuilt, searched

PAPER = "https://ellery.test/"
GOOD, BAD = 60, 14
RULES = SiteRules(from_=later(GOOD).date(), body=".x-story")
VOYAGE = (
    "Our readers travel with us to the fjords of the north, where ship {} of our fleet waits for you at the pier.",
    "On deck {} there is dancing every evening, and the kitchen serves what was caught that very morning.",
    "Cabins for {} guests are still to be had, those with a window first, those with a balcony while they last.",
)


def story(number: int) -> list[str]:
    """Paragraphs that no other article has."""
    name = "".join("kelomarusi"[2 * int(digit) % 10 : 2 * int(digit) % 10 + 2] for digit in f"{number:03}") + "n"
    return [f"{sentence[:-1]}, says {name.title()} of boat {number}." for sentence in SENTENCES]


def rebuilt(number: int) -> bytes:
    """The new page: what is longest on it is an advertisement."""
    voyage = "".join(f"<p>{text.format(7 * number + turn)}</p>" for turn in range(4) for text in VOYAGE)
    paragraphs = "".join(f"<p>{text}</p>" for text in story(number))
    title = f"Boat {number} is safe"
    return (
        f'<!DOCTYPE html><html lang="en"><head><title>{title}</title></head><body><h1>{title}</h1>'
        f"<article>{voyage}</article><section><div class='x-story'>{paragraphs}</div></section></body></html>"
    ).encode()


def publish(run: Run, numbers: range) -> None:
    """The feed announces articles, and they are fetched, one an hour."""
    leads = [Announcement(url=f"{PAPER}{n}", summary=" ".join(story(n)[:2])) for n in numbers]
    body = f"<rss>{numbers}</rss>".encode()
    feed = run.keep(exchange(f"{PAPER}feed", wire(body, headers=["Content-Type: text/xml"]), at=later(numbers[0])))
    run.keep_leads(feed, "feed", leads)
    for n in numbers:
        html = page(f"Boat {n} is safe", sentences=story(n)) if n < GOOD else rebuilt(n)
        keep_page(run, f"{PAPER}{n}", html, at=later(n))


def of_rules(source: str, url: str, day: dt.date) -> Reading:
    """What the source's definition says by now."""
    return Reading(rules=RULES if RULES.from_ and day >= RULES.from_ else None)


def exported(store: Store) -> int:
    with Selection(store, Query()) as selection:
        return selection.count


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractorPool]:
    pool = ExtractorPool(1)
    yield pool
    pool.close(abandon=True)


def test_a_redesign(tmp_path: Path, pool: ExtractorPool) -> None:
    store, logged = Store(tmp_path), list[Alarm]()
    with running(store) as run:
        publish(run, range(GOOD))
    with web_server() as (hook, posted):
        channels = Channels(webhook=hook)
        assert not deliver_apart(store, channels, logged.append)
        assert not posted
        with running(store) as run:
            publish(run, range(GOOD, GOOD + BAD))
        assert not deliver_apart(store, channels, logged.append)
        (alarm,) = map(facts, posted)
        (trouble,) = alarm["troubles"]
        assert (alarm["event"], alarm["quarantined"]) == ("alarm", BAD)
        assert (trouble["what"], trouble["since"]) == ("agreement", f"{later(GOOD):%Y-%m-%dT%H:%M:%SZ}")
        assert searched(store, "dancing") == []
        assert exported(store) == GOOD

        replay = Replay(store, CountingPool(pool))
        assert replay.accept(of_rules) == {"ellery": (BAD, 0)}
        assert not deliver_apart(store, channels, logged.append)
        assert [facts(one)["event"] for one in posted] == ["alarm", "all-clear"]
    assert [one.is_over for one in logged] == [False, True]
    assert searched(store, f'"boat {GOOD + 3}"') == [f"{PAPER}{GOOD + 3}"]
    assert searched(store, "dancing") == []
    assert exported(store) == GOOD + BAD
    with Catalogue(store.catalogue_path) as catalogue:
        (ended,) = troubles_of(catalogue)
        assert (ended.holds, bool(ended.ended)) == (False, True)
        assert catalogue.quarantined("ellery") == 0
    same_as_rebuilt(store)
