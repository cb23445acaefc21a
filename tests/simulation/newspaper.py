"""`Newspaper`: a paper that lives. What it answers, and what is true, follow from the time and a seed alone."""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import html
import json
import random
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from tests.simulation.prose import Edit, Prose, Text

__all__ = ["Answer", "Newspaper", "State", "Story", "Trouble"]

HOME = "http://www.lowgate-mercury.example"
_EDITS: tuple[Edit, ...] = ("typo", "number", "name", "quote", "headline", "added", "removed")
_LAGS = (0.4, 1, 2, 5, 9, 20, 30, 50, 80, 130)
"""Hours from publication, or from the edit before, to an edit."""
_FEED = 20
_SITEMAP_DAYS = 3
_SECTIONS = ("town", "harbour", "sport")

End = Literal["404", "410", "home", "emptied"]


class State(msgspec.Struct, frozen=True):
    """A story from one moment on."""

    since: dt.datetime
    text: Text
    modified: dt.datetime
    """What the page says; an edit that leaves it is a quiet one."""
    kinds: tuple[Edit, ...] = ()
    note: str = ""
    """A correction note under the text."""


class Story(msgspec.Struct, frozen=True):
    """One article, from its publication to its end."""

    number: int
    section: str
    slug: str
    author: str
    states: tuple[State, ...]
    end: tuple[dt.datetime, End] | None = None
    also: str | None = None
    """A second address, at which the same page stands (a syndicated copy of the paper's sister)."""

    @property
    def path(self) -> str:
        """Its address on the site."""
        day = self.published
        return f"/{self.section}/{day:%Y/%m/%d}/{self.slug}-{self.number}.html"

    @property
    def published(self) -> dt.datetime:
        """When it appeared."""
        return self.states[0].since

    def state(self, now: dt.datetime) -> State | None:
        """What it says now; None before it appears."""
        return next((state for state in reversed(self.states) if state.since <= now), None)

    def ended(self, now: dt.datetime) -> End | None:
        """How it is gone, if it is."""
        return self.end[1] if self.end and self.end[0] <= now else None


class Trouble(msgspec.Struct, frozen=True):
    """A time in which the site does not answer as it should."""

    since: dt.datetime
    until: dt.datetime
    kind: Literal["down", "overloaded"]
    """503; 429 with Retry-After."""


class Answer(msgspec.Struct, frozen=True):
    """A response without its framing."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Newspaper:
    """Sixty or so days of the Lowgate Mercury.

    `robots` is what it asks of crawlers. From `redesign` on its pages are built another way, from `paywall` on every
    fourth story of the harbour section ends after its first paragraph.
    """

    def __init__(self, begin: dt.datetime, *, days: int = 60, a_day: int = 6, seed: int = 1, crawl_delay: float = 0):
        self.begin, self.end = begin, begin + dt.timedelta(days=days)
        self.redesign = begin + dt.timedelta(days=days * 0.5)
        self.paywall = begin + dt.timedelta(days=days * 0.75)
        self._rng = random.Random(seed)
        self._prose = Prose(seed)
        self._delay = crawl_delay
        self.stories = tuple(self._story(number) for number in range(days * a_day))
        self.troubles = tuple(self._troubles(days))
        self._paths = {path: story for story in self.stories for path in (story.path, story.also) if path}

    # What happens

    def _story(self, number: int) -> Story:
        rng = self._rng
        count = (self.end - self.begin).days
        day = self.begin + dt.timedelta(days=number % count)
        hour = min(max(rng.gauss(13, 4), 5.5), 22.5)
        published = day + dt.timedelta(hours=hour, seconds=rng.randrange(3600) % 1800)
        published = published.replace(microsecond=0)
        states = [State(published, self._prose.text(), published)]
        for _ in range(rng.choices((0, 1, 2, 3), (55, 28, 12, 5))[0]):
            states.append(self._edit(states[-1]))
        end = None
        if rng.random() < 0.06:
            kind: End = rng.choice(("404", "410", "home", "emptied"))
            end = states[-1].since + dt.timedelta(hours=rng.uniform(20, 300)), kind
        section = rng.choice(_SECTIONS)
        words = states[0].text.headline.lower().replace(",", "").split()
        slug = "-".join(words[:6])
        also = f"/partner/{number}/{slug}.html" if rng.random() < 0.04 else None
        author = f"{rng.choice(('Ann', 'Ben', 'Cara', 'Dov'))} {rng.choice(('Reed', 'Stone', 'Marsh', 'Fell'))}"
        return Story(number, section, slug, author, tuple(states), end, also)

    def _edit(self, before: State) -> State:
        rng = self._rng
        since = before.since + dt.timedelta(hours=rng.choice(_LAGS) * rng.uniform(0.7, 1.3))
        since = since.replace(microsecond=0)
        kind = rng.choice(_EDITS)
        text = before.text
        if kind != "removed" or len(text.paragraphs) > 3:
            text = self._prose.edited(text, kind)
        way = rng.random()
        if way < 0.3:  # quietly
            return State(since, text, before.modified, (kind,), before.note)
        note = f"Correction: an earlier version of this article was wrong about one thing ({since:%d %B %Y})."
        return State(since, text, since, (kind,), note if way < 0.5 else before.note)

    def _troubles(self, days: int) -> Iterator[Trouble]:
        for number in range(max(2, days // 9)):
            since = self.begin + dt.timedelta(days=4 + number * 8.3, hours=7 + number * 2.1)
            hours = (3, 0.6, 9, 1.5)[number % 4]
            yield Trouble(since, since + dt.timedelta(hours=hours), "overloaded" if number % 3 == 2 else "down")

    def trouble(self, now: dt.datetime) -> Trouble | None:
        """What is wrong with the site now."""
        return next((one for one in self.troubles if one.since <= now < one.until), None)

    def public(self, now: dt.datetime) -> list[Story]:
        """Stories that have appeared and are not gone, newest first."""
        shown = [s for s in self.stories if s.published <= now and s.ended(now) in (None, "emptied")]
        return sorted(shown, key=lambda s: (s.published, s.number), reverse=True)

    # What it answers

    def answer(self, path: str, headers: dict[str, str], now: dt.datetime) -> Answer:
        """The response to a GET; `headers` are the request's, in lower case."""
        if (trouble := self.trouble(now)) is not None:
            if trouble.kind == "down":
                return Answer(503, b"The press is being oiled.")
            return Answer(
                429, b"Slower, please.", (("Retry-After", str(int((trouble.until - now).total_seconds()) + 1)),)
            )
        page = self._page(path, now)
        if page is None or page.status != 200:
            return page or Answer(404, b"<!doctype html><title>Not found</title><h1>No such page</h1>")
        tag = '"' + hashlib.sha256(page.body).hexdigest()[:20] + '"'
        told = (*page.headers, ("ETag", tag))
        if headers.get("if-none-match") == tag:
            return Answer(304, b"", (("ETag", tag),))
        return Answer(200, page.body, told)

    def _page(self, path: str, now: dt.datetime) -> Answer | None:
        if path == "/robots.txt":
            delay = f"Crawl-delay: {self._delay}\n" if self._delay else ""
            return Answer(200, f"User-agent: *\nDisallow: /private/\n{delay}".encode(), _type("text/plain"))
        if path == "/feed.xml":
            return Answer(200, self._feed(now), _type("application/rss+xml"))
        if path == "/news-sitemap.xml":
            return Answer(200, self._sitemap(now), _type("application/xml"))
        if path == "/":
            return Answer(200, self._front(now), _type("text/html"))
        story = self._paths.get(path)
        if story is None or story.published > now:
            return None
        ended = story.ended(now)
        if ended in ("404", "410"):
            return Answer(int(ended), b"<!doctype html><title>Gone</title><h1>This page is gone</h1>")
        if ended == "home":
            return Answer(302, b"", (("Location", HOME + "/"),))
        return Answer(200, self._article(story, now), _type("text/html"))

    def _feed(self, now: dt.datetime) -> bytes:
        items = "".join(
            f"<item><title>{html.escape(state.text.headline)}</title><link>{HOME}{story.path}</link>"
            f"<guid>{HOME}{story.path}</guid><description>{html.escape(state.text.standfirst)}</description>"
            f"<pubDate>{email.utils.format_datetime(story.published)}</pubDate></item>"
            for story in self.public(now)[:_FEED]
            if (state := story.state(now))
        )
        head = f"<title>Lowgate Mercury</title><link>{HOME}/</link><description>News of Lowgate</description>"
        return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()

    def _sitemap(self, now: dt.datetime) -> bytes:
        since = now - dt.timedelta(days=_SITEMAP_DAYS)
        rows = "".join(
            f"<url><loc>{HOME}{story.path}</loc><lastmod>{state.modified.isoformat()}</lastmod></url>"
            for story in self.public(now)
            if story.published >= since and (state := story.state(now))
        )
        return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'.encode()

    def _front(self, now: dt.datetime) -> bytes:
        links = "".join(
            f'<li><a href="{story.also or story.path}">{html.escape(story.states[0].text.headline)}</a></li>'
            for story in self.public(now)[:30]
        )
        title = "Lowgate Mercury"
        return f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1><ul>{links}</ul>".encode()

    def _article(self, story: Story, now: dt.datetime) -> bytes:
        state = story.state(now)
        assert state is not None
        text = state.text
        lines: Sequence[str] = text.paragraphs
        if story.ended(now) == "emptied":
            lines = ()
        elif now >= self.paywall and self.is_paid(story):
            lines = lines[:1]
        body = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
        if not lines:
            body = "<p>This article is no longer available.</p>"
        if state.note:
            body += f'<p class="correction">{html.escape(state.note)}</p>'
        data = {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": text.headline,
            "description": text.standfirst,
            "datePublished": story.published.isoformat(),
            "dateModified": state.modified.isoformat(),
            "author": {"@type": "Person", "name": story.author},
            "url": HOME + story.path,
        }
        head = (
            f"<meta charset=utf-8><title>{html.escape(text.headline)} | Lowgate Mercury</title>"
            f'<link rel=canonical href="{HOME}{story.path}">'
            f'<script type="application/ld+json">{json.dumps(data)}</script>'
        )
        frame = _NEW if now >= self.redesign else _OLD
        return frame.format(
            head=head,
            headline=html.escape(text.headline),
            standfirst=html.escape(text.standfirst),
            author=html.escape(story.author),
            day=f"{story.published:%d %B %Y, %H:%M}",
            body=body,
        ).encode()

    @staticmethod
    def is_paid(story: Story) -> bool:
        """Whether it is one of those that are not for everybody once there is a paywall."""
        return story.section == "harbour" and story.number % 4 == 0


def _type(media: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", f"{media}; charset=utf-8"),)


_OLD = (
    '<!doctype html><html lang="en"><head>{head}</head><body><header><a href="/">Lowgate Mercury</a></header>'
    '<main><article><h1>{headline}</h1><p class="standfirst">{standfirst}</p>'
    '<p class="byline">By {author}, {day}</p><div class="story">{body}</div></article>'
    '<aside class="donate"><p>The Mercury lives on its readers. Please support us with a small sum each month.</p>'
    "</aside></main><footer><p>Printed in Lowgate since 1871.</p></footer></body></html>"
)
_NEW = (
    '<!doctype html><html lang="en"><head>{head}</head><body class="v2"><nav><ul><li><a href="/">Home</a></li>'
    '<li><a href="/town/">Town</a></li></ul></nav><div id="page"><section data-kind="story"><header><h1>{headline}</h1>'
    "<h2>{standfirst}</h2><address>{author}</address><time>{day}</time></header>{body}</section>"
    '<div class="newsletter"><p>Sign up for our morning letter. No spam, ever.</p></div></div>'
    "<footer>Lowgate Mercury</footer></body></html>"
)
