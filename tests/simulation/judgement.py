"""`Judgement`: what an archive has of a newspaper's life, held against what was true."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec

from archive.catalogue import Catalogue
from archive.history.history import article_at
from archive.storage import Store
from tests.simulation.newspaper import HOME, Newspaper, State, Story
from tests.simulation.site import Asked, read_journal

__all__ = ["Judgement", "Needed"]


class Needed(msgspec.Struct, frozen=True):
    """Requests that a crawler needs that knows when something happens on the site: each listing once for each time
    that it says something new, each state of a page once, each end twice, robots.txt once a day."""

    robots: int
    listings: int
    states: int
    ends: int

    @property
    def all(self) -> int:
        """Together."""
        return self.robots + self.listings + self.states + self.ends


class Judgement(msgspec.Struct, kw_only=True):
    """What came out."""

    missing: list[str]
    """Stories of which no article was read."""
    states: int
    """All of them, ..."""
    kept: int
    """and those of which there is a version."""
    lost: list[tuple[dt.timedelta, dt.timedelta, str]]
    """Of the others: the story's age when it came, how long it was there, and where."""
    overlooked: list[str]
    """Where one of these was there when the page was asked for, and answered: there should be a version."""
    requests: Counter[str]
    """By kind: robots, listing, article; and how they were answered."""
    needed: Needed
    overlaps: int
    """Runs that began before another one had ended."""
    forbidden: list[str]
    """Paths that robots.txt forbids and that were asked for."""
    shortest_gap: float
    """Seconds between the turns of two requests."""
    runs: int
    hourly: int
    """Requests of a crawler that asks for both listings and each article of the last 30 days every hour."""

    @property
    def ratio(self) -> float:
        """Requests beside those of a crawler that knows all."""
        return self.requests.total() / self.needed.all


def judge(folder: Path, paper: Newspaper, until: dt.datetime) -> Judgement:
    """Look at what a life has left in `folder`; stories of the last two days before `until` are not judged."""
    asked = read_journal(folder / "journal.jsonl")
    last = until - dt.timedelta(days=2)
    missing, lost, overlooked, states, kept = [], [], [], 0, 0
    looks: dict[str, list[dt.datetime]] = {}
    for one in asked:
        if one.status in (200, 304):
            looks.setdefault(one.path, []).append(one.at)
    store = Store(folder / "store")
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        for story in paper.stories:
            if story.published > last:
                continue
            versions = catalogue.versions(HOME + story.path)
            texts = {_words(article_at(store, catalogue, row["id"])) for row in versions}
            if not versions:
                missing.append(story.path)
            for state, end in _lives(story, until):
                if paper.is_paid(story) and state.since >= paper.paywall:
                    continue
                states += 1
                if (state.text.headline, state.text.paragraphs) in texts:
                    kept += 1
                else:
                    lost.append((state.since - story.published, end - state.since, story.path))
                    readable = min(end, paper.paywall) if paper.is_paid(story) else end
                    if any(state.since < at < readable for at in looks.get(story.path, ())):
                        overlooked.append(story.path)
        runs = catalogue.rows(_runs())
    spans = sorted((row["started"], row["ended"] or "") for row in runs)
    return Judgement(
        missing=missing,
        states=states,
        kept=kept,
        lost=sorted(lost, key=lambda one: -one[1]),
        overlooked=overlooked,
        requests=Counter(_kind(one) for one in asked),
        needed=_needed(paper, until),
        overlaps=sum(after[0] < before[1] for before, after in pairwise(spans)),
        forbidden=[one.path for one in asked if one.path.startswith("/private/")],
        shortest_gap=min(b - a for a, b in pairwise(map(float, (folder / "sent").read_text().split()))),
        runs=len(runs),
        hourly=_hourly(paper, until),
    )


def _runs() -> object:
    from sqlalchemy import select

    from archive.catalogue.schema import runs

    return select(runs)


def _words(article: object) -> tuple[str, tuple[str, ...]]:
    note = "Correction: an earlier version"
    lines = tuple(line for line in article.text.split("\n") if not line.startswith(note))  # type: ignore[attr-defined]
    return article.headline or "", lines  # type: ignore[attr-defined]


def _lives(story: Story, until: dt.datetime) -> Iterator[tuple[State, dt.datetime]]:
    """Each state and when it was over."""
    over = min(story.end[0] if story.end else until, until)
    for state, after in pairwise([*story.states, None]):
        assert state is not None
        end = min(after.since if after else over, over)
        if end > state.since:
            yield state, end


def _needed(paper: Newspaper, until: dt.datetime) -> Needed:
    stories = [story for story in paper.stories if story.published < until]
    states = sum(1 for story in stories for _ in _lives(story, until))
    news = len({story.published for story in stories})
    signals = len(
        {state.modified for story in stories for state in story.states[1:] if state.modified == state.since < until}
    )
    return Needed(
        robots=(until - paper.begin).days,
        listings=2 * news + signals,
        states=states + sum(story.also is not None for story in stories),
        ends=2 * sum(story.end is not None and story.end[0] < until for story in stories),
    )


def _hourly(paper: Newspaper, until: dt.datetime) -> int:
    hours = (until - paper.begin) // dt.timedelta(hours=1)
    watched = (min(until - s.published, dt.timedelta(days=30)) for s in paper.stories if s.published < until)
    return 2 * hours + sum(span // dt.timedelta(hours=1) for span in watched)


def _kind(asked: Asked) -> str:
    what = {"/robots.txt": "robots", "/feed.xml": "listing", "/news-sitemap.xml": "listing"}.get(asked.path, "article")
    how = {200: "whole", 304: "unchanged"}.get(asked.status, "other")
    return f"{what} {how}"
