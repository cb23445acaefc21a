"""What a look at a home page tells: sites in several manners, and such as can't become a source."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from archive.catalogue import Catalogue
from archive.storage import Store
from archive.verification.verify import verify
from crawler.source import load_source
from tests.crawler.discovery.sites import SITES
from tests.server.crawl import ROOT
from tests.server.raw import RawServer

SETTINGS = {"DOWNLOAD_DELAY": 0, "AUTOTHROTTLE_ENABLED": 0, "RETRY_ENABLED": 0, "LOG_ENABLED": 0}
SETTINGS |= {"PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8", "CONCURRENT_REQUESTS_PER_DOMAIN": 4}


class Looked:
    """What came of looking at all sites."""

    def __init__(self, told: dict[str, Any], store: Store, asked: dict[str, list[str]]) -> None:
        self.told, self.store, self.asked = told, store, asked

    def definition(self, name: str) -> dict[str, Any]:
        return tomllib.loads(self.told[name]["definition"])

    def error(self, name: str) -> str:
        return str(self.told[name]["error"])


def name_of(host: str) -> str:
    return host.removeprefix("www.").removesuffix(".example").replace("-", "_")


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looked]:
    folder = tmp_path_factory.mktemp("looked")
    with ExitStack() as stack:
        servers = {host: stack.enter_context(RawServer()) for host in SITES}
        for host, site in SITES.items():
            for path, answer in site.items():
                servers[host].add(path, answer)
        urls = {name_of(host): f"http://{host}/" for host in SITES} | {"nowhere": "http://nowhere.invalid/"}
        urls["an_article"] = "http://quarry-notes.example/story.php?id=300"
        to = ",".join(f"{host}:80:127.0.0.1:{server.port}" for host, server in servers.items())
        command = [sys.executable, "-m", "tests.crawler.discovery.detecting", json.dumps(urls), str(folder / "store")]
        command += [f"{name}={value}" for name, value in {**SETTINGS, "CONNECT_TO": to}.items()]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
    told = json.loads((folder / "store" / "told.json").read_text("utf-8"))
    asked = {host: [one.path for one in server.log] for host, server in servers.items()}
    yield Looked(told, Store(folder / "store"), asked)


def test_every_definition_loads_and_says_how_it_came_about(looked: Looked, tmp_path: Path) -> None:
    made = {name: told["definition"] for name, told in looked.told.items() if "definition" in told}
    assert len(made) == 8  # two of them of one site, and two of another
    for name, text in made.items():
        path = tmp_path / f"{name}.toml"
        path.write_text(text, "utf-8")
        source = load_source(path)
        examples = [line.strip("# ") for line in text.splitlines() if line.startswith("    # http")]
        assert examples
        assert all(source.is_article(example) for example in examples)
        for aside in (
            "/",
            "/about-us/",
            "/contact/",
            "/terms-of-service/",
            "/privacy/",
            "/assets/app.9f3c1ab2d4e5.css",
        ):
            assert not source.is_article(source.home.rstrip("/") + aside)


def test_a_site_with_slugs_at_its_root(looked: Looked, tmp_path: Path) -> None:
    found = looked.definition("alder_post")
    assert (found["title"], found["home"], found["language"]) == (
        "The Alder Post",
        "http://alder-post.example/",
        "en-GB",
    )
    assert found["feeds"] == ["/feed/"]
    assert "sitemaps" not in found
    assert looked.told["alder_post"]["aside"] == ["http://alder-post.example/wp-sitemap.xml"]
    assert looked.told["alder_post"]["zone"] == ["Europe/London", True]
    path = tmp_path / "alder_post.toml"
    path.write_text(looked.told["alder_post"]["definition"], "utf-8")
    source = load_source(path)
    assert source.is_article("http://alder-post.example/a-new-tram-for-the-old-town/")
    for other in ("/category/local-news-and-views/", "/author/ada-lind-holm/", "/tag/a-long-tag-name/", "/feed/"):
        assert not source.is_article(f"http://alder-post.example{other}")


def test_a_large_daily(looked: Looked) -> None:
    found = looked.definition("daily_meridian")
    assert found["title"] == "Daily Meridian"
    assert found["sitemaps"] == ["/sitemaps/news.xml.gz"]
    assert found["feeds"] == ["/rss/all.xml"]  # the other one announces nothing more
    (pattern,) = found["article_urls"]
    assert pattern.endswith(r"(?:[^/]+/){1,2}\d{4}-\d{2}-\d{2}/[^/]+-\d+\.html")
    assert "video" in pattern
    assert looked.told["daily_meridian"]["aside"] == ["http://www.daily-meridian.example/sitemaps/index.xml"]
    asked = looked.asked["www.daily-meridian.example"]
    assert sum(path.startswith("/sitemaps/20") for path in asked) <= 3


def test_a_paper_without_feeds_in_an_old_encoding(looked: Looked) -> None:
    found = looked.definition("kiyi_gazetesi")
    assert (found["title"], found["language"], found["timezone"]) == ("Kıyı Gazetesi", "tr", "Europe/Istanbul")
    assert found["sections"] == ["/", "/gundem/", "/spor/"]
    assert found["article_urls"] == [r"/[^/]+/\d+/[^/]+"]


def test_dates_in_words_tell_the_zone(looked: Looked) -> None:
    found = looked.definition("berega")
    assert (found["title"], found["language"], found["timezone"]) == ("Берега", "ru", "Europe/Moscow")
    assert (found["feeds"], found["article_urls"]) == (["/export/rss"], [r"/news/\d{4}/\d{2}/\d{2}/\d+/?"])


def test_codes_for_names_and_texts_without_spaces(looked: Looked) -> None:
    found = looked.definition("shiokaze")
    assert (found["title"], found["language"], found["timezone"]) == ("潮風新聞", "ja", "Asia/Tokyo")
    assert found["article_urls"] == [r"/articles/(?=[^/]*\d)[A-Za-z0-9]{8,}\.html(?:\?.*)?"]
    assert looked.told["shiokaze"]["zone"] == ["Asia/Tokyo", False]


def test_a_json_feed_and_articles_by_query(looked: Looked) -> None:
    found = looked.definition("quarry_notes")
    assert found["feeds"] == ["/feed.json"]
    assert found["article_urls"] == [r"/story\.php\?(?:.*&)?id=[^&]+(?:&.*)?"]
    assert looked.told["quarry_notes"]["zone"] == ["America/New_York", False]


def test_a_home_page_that_moved_is_told_and_used(looked: Looked) -> None:
    assert looked.told["old_post"]["notes"] == [
        "http://old-post.example/ leads to http://alder-post.example/; that is used as the home page."
    ]
    assert looked.definition("old_post")["home"] == "http://alder-post.example/"


def test_an_article_s_address_leads_to_the_front_page(looked: Looked) -> None:
    (note,) = looked.told["an_article"]["notes"]
    assert note.startswith("http://quarry-notes.example/story.php?id=300 looks like the address of an article; ")
    assert looked.definition("an_article")["home"] == "http://quarry-notes.example/"


ERRORS = {
    "closed": "http://closed.example/ is not fetched: robots.txt asks crawlers not to fetch it.",
    "gone": "http://gone.example/ answers 404; that is archived. Is the address right?",
    "document": "http://document.example/ is no HTML page (application/pdf): give the address of the site's home ",
    "empty": "http://empty.example/ is no HTML page (text/html): give the address of the site's home page.",
    "scripts": "http://scripts.example/ has no feed, no sitemap and no links that look like articles; if it is made",
    "hostile": "http://hostile.example/",
    "nowhere": "http://nowhere.invalid/ is not fetched: ",
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_can_be_no_source_gets_one_sentence(looked: Looked, name: str) -> None:
    assert looked.error(name).startswith(ERRORS[name])
    assert "\n" not in looked.error(name)
    assert looked.error(name).endswith((".", "?"))


def test_robots_txt_is_obeyed_and_everything_is_archived(looked: Looked) -> None:
    assert looked.asked["closed.example"] == ["/robots.txt"]
    with Catalogue(looked.store.catalogue_path) as catalogue:
        for host in ("berega.example", "hostile.example"):
            for path in {*looked.asked[host]}:
                assert catalogue.captures(f"http://{host}{path}")
        leads = list(catalogue.leads("berega"))
    assert {row["announced"] for row in leads} == {f"2026-11-20T09:0{n}:00+03:00" for n in range(8)}
    assert all(row["is_article"] for row in leads)
    assert verify(looked.store, extract=False).faults == []
