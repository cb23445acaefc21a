"""The five real sources: what they take for an article of theirs, in old and new forms, and what not."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.source import Source, load_source, load_sources

FOLDER = Path(__file__).parents[2] / "settings" / "sources"
NAMES = ("blogger", "foreign_policy", "moscow_times", "russia_insider", "world_bulletin")
BLOG = "https://gull-and-anchor.blogspot.com"


def source(name: str) -> Source:
    found = load_source(FOLDER / f"{name}.toml")
    return found if found.home else found.at(BLOG)


ARTICLES = {
    "moscow_times": [
        "https://www.themoscowtimes.com/2026/11/19/pear-harvest-breaks-a-record-a91234",
        "https://www.themoscowtimes.com/2014/03/11/two-ministers-talk-again-by-telephone-a32911",
        "https://themoscowtimes.com/2014/03/11/two-ministers-talk-again-by-telephone-a32911",
        "http://www.themoscowtimes.com:80/2026/11/19/x-a1",
        "https://www.themoscowtimes.com/archive/two-ministers-talk-again-by-telephone",
        "http://themoscowtimes.com/news/article/two-ministers-talk-again-by-telephone/495961.html",
        "http://www.themoscowtimes.com/news/article/pears/495961.html",
    ],
    "foreign_policy": [
        "https://foreignpolicy.com/2026/11/19/the-pear-doctrine/",
        "https://foreignpolicy.com/2026/11/19/the-pear-doctrine",
        "https://www.foreignpolicy.com/2013/02/19/two-ministers-and-a-telephone/",
        "http://thecable.foreignpolicy.com/posts/2013/02/19/two_ministers_and_a_telephone",
        "http://turtlebay.foreignpolicy.com/posts/2012/01/31/a_resolution_with_pears/",
    ],
    "world_bulletin": [
        "https://www.worldbulletin.net/europe/131313/ministers-meet-over-pears",
        "http://www.worldbulletin.net/turkey/131313/ministers-meet-over-pears",
        "https://worldbulletin.net/middle-east/98765/pears-again/",
        "http://www.worldbulletin.net/?aType=haber&ArticleID=131313",
        "http://www.worldbulletin.net/?aType=haber&ArticleID=131313&q=pears",
        "http://www.worldbulletin.net/index.php?aType=haber&ArticleID=98765",
    ],
    "russia_insider": [
        "https://russia-insider.com/en/politics/pears-and-power/ri12345",
        "https://russia-insider.com/en/ri12345",
        "http://www.russia-insider.com/en/2014/11/14/01-00-29pm/a_season_of_pears/ri999",
        "https://russia-insider.com/en/politics/pears-and-power/ri12345/",
    ],
    "blogger": [
        f"{BLOG}/2026/11/what-gulls-say.html",
        f"{BLOG}/2014/03/two-ministers_4711.html",
        "http://gull-and-anchor.blogspot.com/2014/03/%D0%B3%D1%80%D1%83%D1%88%D0%B8.html",
    ],
}
OTHERS = {
    "moscow_times": [
        "https://www.themoscowtimes.com/",
        "https://www.themoscowtimes.com/news",
        "https://www.themoscowtimes.com/2026/11/19",
        "https://www.themoscowtimes.com/2026/11/19/pear-harvest",
        "https://www.themoscowtimes.com/2026/11/19/pear-harvest-a91234/pdf",
        "https://www.themoscowtimes.com/2026/11/19/pear-harvest-a91234?format=amp",
        "https://www.themoscowtimes.com/archive",
        "https://www.themoscowtimes.com/archive/pears/2",
        "https://www.themoscowtimes.com/rss/news",
        "https://www.themoscowtimes.com/news/article/pears/495961.htm",
        "https://evil-themoscowtimes.com/2026/11/19/pear-harvest-a91234",
        "https://www.themoscowtimes.com.evil.example/2026/11/19/pear-harvest-a91234",
        "https://moscowtimes.com/2026/11/19/pear-harvest-a91234",
        "https://www.themoscowtimes.com@evil.example/2026/11/19/pear-harvest-a91234",
        "https://evil.example/?https://www.themoscowtimes.com/2026/11/19/pear-harvest-a91234",
    ],
    "foreign_policy": [
        "https://foreignpolicy.com/",
        "https://foreignpolicy.com/2026/11/19/",
        "https://foreignpolicy.com/2026/11/",
        "https://foreignpolicy.com/category/the-cable/",
        "https://foreignpolicy.com/author/a-nonymous/",
        "https://foreignpolicy.com/2026/11/19/the-pear-doctrine/feed/",
        "https://foreignpolicy.com/2026/11/19/the-pear-doctrine/?share=email",
        "https://evil-foreignpolicy.com/2026/11/19/the-pear-doctrine/",
        "https://foreignpolicy.com.evil.example/2026/11/19/the-pear-doctrine/",
        "http://thecable.foreignpolicy.com/blog",
        "http://thecable.evil-foreignpolicy.com/posts/2013/02/19/two_ministers",
        "https://foreignpolicy.co/2026/11/19/the-pear-doctrine/",
    ],
    "world_bulletin": [
        "https://www.worldbulletin.net/",
        "https://www.worldbulletin.net/europe",
        "https://www.worldbulletin.net/europe/2",
        "https://www.worldbulletin.net/europe/131313/",
        "https://www.worldbulletin.net/europe/131313/pears/print",
        "http://www.worldbulletin.net/?aType=haber",
        "http://www.worldbulletin.net/?aType=haberYorum&ArticleID=131313",
        "http://www.worldbulletin.net/?ArticleID=131313",
        "http://www.worldbulletin.net/?aType=haber&ArticleID=",
        "http://www.worldbulletin.net/x?aType=haber&ArticleID=131313",
        "http://worldbulletin.example/?aType=haber&ArticleID=131313",
        "https://www.theworldbulletin.net/europe/131313/pears",
    ],
    "russia_insider": [
        "https://russia-insider.com/en",
        "https://russia-insider.com/en/all-content/rss",
        "https://russia-insider.com/en/politics",
        "https://russia-insider.com/en/politics/pears-and-power",
        "https://russia-insider.com/de/politik/birnen/ri12345",
        "https://russia-insider.com/ri12345",
        "https://russia-insider.com/en/politics/pears/ri12345?page=2",
        "https://russia-insider.com/en/politics/pears/ri12x",
        "https://not-russia-insider.com/en/ri12345",
    ],
    "blogger": [
        f"{BLOG}/",
        f"{BLOG}/2026/11/",
        f"{BLOG}/2026/",
        f"{BLOG}/p/about.html",
        f"{BLOG}/search/label/gulls",
        f"{BLOG}/feeds/posts/default",
        f"{BLOG}/2026/11/what-gulls-say.html?showComment=1",
        f"{BLOG}/2026/11/what-gulls-say.html?m=1",
        "https://another.blogspot.com/2026/11/what-gulls-say.html",
        "https://blogspot.com/2026/11/what-gulls-say.html",
        "https://not-gull-and-anchor.blogspot.com/2026/11/what-gulls-say.html",
    ],
}


def test_all_five_are_right() -> None:
    sources, errors = load_sources(FOLDER)
    assert tuple(sources) == NAMES
    assert errors == {}


@pytest.mark.parametrize(("name", "url"), [(name, url) for name in NAMES for url in ARTICLES[name]])
def test_articles(name: str, url: str) -> None:
    assert source(name).is_article(url)


@pytest.mark.parametrize(("name", "url"), [(name, url) for name in NAMES for url in OTHERS[name]])
def test_what_is_no_article(name: str, url: str) -> None:
    assert not source(name).is_article(url)


def test_no_article_belongs_to_two_sources() -> None:
    for name in NAMES:
        for url in ARTICLES[name]:
            assert [other for other in NAMES if source(other).owns(url)] == [name]


def test_hosts_in_every_spelling() -> None:
    path = "/2026/11/19/the-pear-doctrine/"
    for host in ("FOREIGNPOLICY.com", "foreignpolicy.com.", "foreignpolicy.com:443", "a.b.foreignpolicy.com"):
        assert source("foreign_policy").is_article(f"https://{host}{path}"), host
    for host in ("foreignpolicy.com..example", "com", "xforeignpolicy.com", "foreignpolicy.com-x.example", ""):
        assert not source("foreign_policy").is_article(f"https://{host}{path}"), host


def test_a_blog_needs_a_home() -> None:
    blogger = load_source(FOLDER / "blogger.toml")
    assert blogger.home == ""
    assert not any(blogger.is_article(url) for url in ARTICLES["blogger"])
    assert all(blogger.at(BLOG).is_article(url) for url in ARTICLES["blogger"])


@pytest.mark.parametrize("name", NAMES)
def test_what_a_source_announces_is_none_of_its_articles(name: str) -> None:
    found = source(name)
    leads = (*found.feeds, *found.sitemaps, *found.sections)
    assert leads
    assert all(lead.startswith("/") for lead in leads)
    assert not any(found.is_article(found.home.rstrip("/") + lead) for lead in leads)
    assert found.owns(found.home)


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("moscow_times", "Europe/Moscow"),
        ("foreign_policy", "America/New_York"),
        ("world_bulletin", "Europe/Istanbul"),
        ("russia_insider", "Europe/Moscow"),
    ],
)
def test_language_and_zone(name: str, zone: str) -> None:
    assert (source(name).timezone, source(name).language) == (zone, "en")
