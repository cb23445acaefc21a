"""What source definitions know of stored pages: by the source they were crawled for, else by their host."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from scrapy.settings import Settings

from crawler.readings import Readings

DAY = dt.date(2026, 11, 20)
COURIER = """
title = "Courier"
home = "https://www.courier.example/"
timezone = "Europe/Oslo"
language = "no"
feeds = ["/rss", "https://feeds.example/courier"]
sections = ["/news/"]
article_urls = ["/.*"]
[[rules]]
until = 2026-11-19
body = ".old"
[[rules]]
from = 2026-11-20
body = ".new"
"""


@pytest.fixture
def readings(tmp_path: Path) -> Readings:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    (folders[0] / "courier.toml").write_text('title = "Old"\nhome = "http://courier.example"\narticle_urls = ["/x"]\n')
    (folders[1] / "courier.toml").write_text(COURIER)
    (folders[0] / "blogs.toml").write_text('title = "Blogs"\nhome = ""\nlanguage = "ja"\narticle_urls = ["/.*"]\n')
    (folders[1] / "broken.toml").write_text("title = ")
    return Readings(Settings({"SOURCES": [str(folder) for folder in folders]}))


def language(readings: Readings, source: str, url: str) -> str | None:
    reading = readings.of(source, url, DAY)
    assert reading is not None
    return reading.language


def test_the_day_of_capture_picks_the_rules(readings: Readings) -> None:
    for day, body in ((DAY, ".new"), (DAY - dt.timedelta(days=1), ".old")):
        reading = readings.of("courier", "https://courier.example/1", day)
        assert reading is not None
        assert reading.timezone == "Europe/Oslo"
        assert reading.rules is not None
        assert reading.rules.body == body


def test_the_source_it_was_crawled_for_comes_first(readings: Readings) -> None:
    for url in ("https://gulls.blogspot.example/1", "https://courier.example/1"):
        assert language(readings, "blogs", url) == "ja"


def test_else_its_host_tells(readings: Readings) -> None:
    assert language(readings, "somebody", "https://sport.courier.example/1") == "no"
    assert readings.of("somebody", "https://other.example/1", DAY) is None


@pytest.mark.parametrize(
    ("url", "is_listing"),
    [
        ("https://www.courier.example/", True),
        ("http://courier.example", True),
        ("https://courier.example/rss", True),
        ("https://feeds.example/courier", True),
        ("https://courier.example/news", True),
        ("https://courier.example/news/1", False),
        ("https://other.example/", False),
    ],
)
def test_front_pages_sections_and_feeds_are_listings(url: str, is_listing: bool, readings: Readings) -> None:
    assert readings.is_listing("courier", url) is is_listing
    assert not readings.is_listing("nobody", url)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://www.courier.example/1", "courier"),
        ("https://www.other-paper.example:8080/1", "other_paper_example"),
        ("http://127.0.0.1:8901/", "host_127_0_0_1"),
        ("https://bücher.example/", "xn_bcher_kva_example"),
        ("https://../../etc", "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_every_url_has_a_source(url: str, name: str, readings: Readings) -> None:
    assert readings.name_of(url) == name


def test_broken_definitions_are_named(readings: Readings) -> None:
    assert list(readings.errors) == ["broken"]
