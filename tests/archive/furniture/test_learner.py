"""What a site's articles teach: furniture is learned, and no paragraph of an article ever is."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from archive.article import Article, Trace
from archive.furniture.furniture import LEARNED, key_of, paragraphs
from archive.furniture.learner import Learner, Seen

COMMON = (
    "people officials meeting yesterday council agreed during several months report minister morning question another "
    "decision against early result problem family number between company market "
).split()
APPEAL = "Our newsroom lives from its readers: please support our independent journalism with a monthly donation."
PROMOTION = "The Sunday magazine brings recipes, gardening calendars, crossword puzzles and furniture restoration tips."
SYLLABLES = "bar cor den fil gor hal jun kel lom mur nor pel quin ros sil tam ulm vik wes yor zan".split()


class Writer:
    """Writes articles, each about things of its own, or about the same story."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def topic(self) -> list[str]:
        return ["".join(self.rng.choices(SYLLABLES, k=3)) for _ in range(80)]

    def paragraph(self, topic: Sequence[str]) -> str:
        words = self.rng.choices(topic, k=14) + self.rng.choices(COMMON, k=10)
        self.rng.shuffle(words)
        return " ".join(words).capitalize() + "."

    def article(self, topic: Sequence[str] | None = None, size: int = 9) -> list[str]:
        topic = topic or self.topic()
        return [self.paragraph(topic) for _ in range(size)]


class Site:
    """A site that is learned from."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.learner = Learner("gazette.test", [], self.texts.__getitem__)

    def publish(self, lines: Sequence[str], *, name: str = "", places: dict[str, str] | None = None) -> set[str]:
        """Add an article; the keys on the list afterwards."""
        number = len(self.texts)
        version, text = f"v{number}", "\n".join(lines)
        self.texts[version] = text
        trace = Trace(places=tuple((places or {}).get(line, "article > p") for line in lines))
        article = Article(url=name or f"http://gazette.test/{number}", text=text, trace=trace)
        date = f"2026-11-{number // 24 + 1:02}T{number % 24:02}:00:00Z"
        seen = Seen(version=version, article=article.url, date=date, lines=list(paragraphs(article)))
        self.learner.learn(seen, text)
        return set(self.learner.furniture.keys)


def put(lines: list[str], extra: str, at: int) -> list[str]:
    return [*lines[:at], extra, *lines[at:]]


@pytest.mark.parametrize("extra", [APPEAL, PROMOTION])
def test_from_the_third_article_on_it_is_known(extra: str) -> None:
    writer, site = Writer(1), Site()
    assert site.publish(put(writer.article(), extra, 2)) == set()
    assert site.publish(put(writer.article(), extra, 7)) == set()
    assert site.publish(put(writer.article(), extra, 4)) == {key_of(extra)}
    (entry,) = site.learner.entries
    assert (entry.articles, entry.text, entry.verdict) == (3, extra, "learned")
    assert (entry.first_seen, entry.last_seen) == ("2026-11-01T00:00:00Z", "2026-11-01T02:00:00Z")
    site.publish(put(writer.article(), extra, 1))
    (entry,) = site.learner.entries
    assert (entry.articles, entry.last_seen) == (4, "2026-11-01T03:00:00Z")


def test_numbers_in_it_may_differ() -> None:
    writer, site = Writer(2), Site()
    for number in (3, 14, 250):
        found = site.publish(put(writer.article(), f"So far {number} of our readers support us with a donation.", 5))
    assert len(found) == 1


def test_a_letter_of_several_paragraphs_is_learned_whole() -> None:
    writer, site = Writer(3), Site()
    letter = ["Dear readers, we need your help now more than ever before.", APPEAL, PROMOTION]
    for _ in range(3):
        found = site.publish([*writer.article(size=4)[:2], *letter, *writer.article(size=2)])
    assert found == set(map(key_of, letter))


def test_the_background_of_a_running_story_stays() -> None:
    writer, site = Writer(4), Site()
    topic = writer.topic()
    background = writer.paragraph(topic)
    for at in (3, 8, 5, 7, 2, 6, 4, 8):
        assert site.publish(put(writer.article(topic), background, at)) == set()


def test_the_last_paragraph_of_a_running_story_stays_too() -> None:
    writer, site = Writer(5), Site()
    topic = writer.topic()
    background = writer.paragraph(topic)
    for _ in range(8):
        assert site.publish([*writer.article(topic), background]) == set()


@pytest.mark.parametrize("changed", [0, 2, 4])
def test_an_article_published_again_counts_once(changed: int) -> None:
    writer, site = Writer(6), Site()
    topic = writer.topic()
    lines = put(writer.article(topic), APPEAL, 4)
    for _ in range(6):
        assert site.publish([*writer.article(topic, changed), *lines]) == set()


def test_versions_of_one_article_count_once() -> None:
    writer, site = Writer(7), Site()
    for _ in range(5):
        assert site.publish(put(writer.article(), APPEAL, 4), name="http://gazette.test/live") == set()


def test_what_is_said_again_and_again_stays() -> None:
    writer, site = Writer(8), Site()
    quote = "“We will never sell the old lighthouse, whatever the harbour office offers us for its lantern room”"
    for at in (1, 5, 3, 7, 2):
        assert site.publish(put(writer.article(), quote, at)) == set()


@pytest.mark.parametrize("line", ["ELLERY, Nov. 3 (HNA)", "What we know so far", "Read on", "* * *"])
def test_short_lines_stay(line: str) -> None:
    writer, site = Writer(9), Site()
    for at in (1, 5, 3, 7, 2):
        assert site.publish(put(writer.article(), line, at)) == set()


def test_short_lines_in_markup_and_a_position_of_their_own_go() -> None:
    writer, site = Writer(10), Site()
    for _ in range(3):
        found = site.publish([*writer.article(), "More at six"], places={"More at six": "article > div.teaser"})
    assert found == {key_of("More at six")}


def test_a_box_about_the_story_stays_where_markup_alone_tells() -> None:
    writer, site = Writer(11), Site()
    topic = writer.topic()
    box = writer.paragraph(topic)
    for at in (1, 5, 3):
        found = site.publish(put(writer.article(topic), box, at), places={box: "article > div.box > p"})
    assert found == set()


def test_a_person_has_the_last_word() -> None:
    writer, site = Writer(12), Site()
    for _ in range(3):
        site.publish(put(writer.article(), APPEAL, 4))
    site.learner.decide(key_of(APPEAL), "allowed", text=APPEAL, who="ann", date="2026-11-20T00:00:00Z")
    assert site.publish(put(writer.article(), APPEAL, 4)) == set()
    site.learner.decide(key_of("Hm"), "denied", text="Hm", who="ann", date="2026-11-20T00:00:00Z")
    assert site.learner.furniture.keys == {key_of("Hm")}
    assert {(e.text, e.verdict, e.why) for e in site.learner.entries} == {
        (APPEAL, "allowed", "ann"),
        ("Hm", "denied", "ann"),
    }


def test_what_was_removed_as_known_is_a_sight_too() -> None:
    writer, site = Writer(13), Site()
    for _ in range(3):
        site.publish(put(writer.article(), APPEAL, 4))
    site.learner.is_changed = False
    lines = writer.article()
    from archive.article import Removed

    trace = Trace(places=("p",) * len(lines), removed=(Removed(APPEAL, "p", LEARNED),))
    article = Article(url="http://gazette.test/new", text="\n".join(lines), trace=trace)
    seen = Seen(version="new", article=article.url, date="2026-12-01T00:00:00Z", lines=list(paragraphs(article)))
    site.learner.learn(seen, article.text)
    (entry,) = site.learner.entries
    assert (entry.articles, entry.last_seen, site.learner.is_changed) == (4, "2026-12-01T00:00:00Z", True)


@pytest.mark.parametrize("seed", range(25))
def test_whatever_a_site_publishes_only_furniture_is_learned(seed: int) -> None:
    """Running stories, republished and updated articles, short flashes, and furniture anywhere in them."""
    writer, site = Writer(1000 + seed), Site()
    rng = writer.rng
    furniture = [APPEAL, PROMOTION, "Subscribe now and never miss a story from our newsroom in your inbox again."]
    stories = [writer.topic() for _ in range(3)]
    backgrounds = {id(story): [writer.paragraph(story) for _ in range(3)] for story in stories}
    old: list[list[str]] = []
    for _ in range(30):
        kind = rng.random()
        if kind < 0.4:
            story = rng.choice(stories)
            lines = writer.article(story, rng.randrange(2, 9))
            for background in rng.sample(backgrounds[id(story)], rng.randrange(3)):
                lines = put(lines, background, rng.randrange(len(lines) + 1))
        elif kind < 0.6 and old:
            lines = [*writer.article(size=rng.randrange(2)), *rng.choice(old)]
        else:
            lines = writer.article(size=rng.randrange(1, 10))
        old.append(lines)
        for extra in furniture:
            if rng.random() < 0.7:
                lines = put(lines, extra, rng.randrange(len(lines) + 1))
        site.publish(lines)
    assert set(site.learner.furniture.keys) == set(map(key_of, furniture))
