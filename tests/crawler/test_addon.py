"""The add-on: whatever a spider of any project fetches is archived, and the user's own settings hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scrapy.downloadermiddlewares import cookies
from scrapy.settings import Settings

from archive.catalogue import Catalogue
from archive.storage import Store
from archive.verification.verify import verify
from archive.version import VERSION
from crawler.addon import Newswarc
from tests.server.crawl import ROOT, crawl
from tests.server.raw import RawServer, Reply
from tests.server.store import read_store

HANDLER = "crawler.handlers.ArchivingDownloadHandler"


@pytest.fixture(autouse=True)
def cookies_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The add-on changes Scrapy for the whole process."""
    monkeypatch.setattr(cookies, "_split_domain", cookies._split_domain)


def added(**settings: Any) -> Settings:
    """Settings of a project, with the add-on's on top."""
    made = Settings()
    for name, value in settings.items():
        made.set(name, value, priority="project")
    Newswarc.update_pre_crawler_settings(made)
    Newswarc().update_settings(made)
    return made


# Settings


def test_what_the_add_on_sets() -> None:
    settings = added()
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    assert {scheme: handlers[scheme] for scheme in ("http", "https")} == {"http": HANDLER, "https": HANDLER}
    assert all(handlers[scheme] is None for scheme in handlers if scheme not in ("http", "https"))
    assert settings["EXTENSIONS"]["crawler.archiving.Archiving"] == 0
    assert settings["EXTENSIONS"]["crawler.summary.Summary"] == 1
    assert dict(settings["ITEM_PIPELINES"]) == {"crawler.pipelines.ArticlePipeline": 100}
    assert settings["TWISTED_DNS_RESOLVER"] == "crawler.resolver.PublicResolver"
    assert settings["ARCHIVE_STORE"] == "data"


def test_what_a_replay_sets_whatever_the_user_set() -> None:
    theirs = {"DOWNLOAD_HANDLERS": {"https": "gazette.Https"}, "EXTENSIONS": {"gazette.Own": 5}}
    settings = Settings()
    for name, value in {**theirs, "DOWNLOAD_DELAY": 9, "AUTOTHROTTLE_ENABLED": True, "RETRY_ENABLED": True}.items():
        settings.set(name, value, priority="cmdline")
    settings.set("REPLAY", "data", priority="cmdline")
    Newswarc().update_settings(settings)
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    replayed = {"crawler.replaying.ReplayHandler"}
    assert {handlers[scheme] for scheme in ("http", "https")} == replayed
    assert {handlers[scheme] for scheme in handlers} == {None, *replayed}
    assert "crawler.archiving.Archiving" not in settings["EXTENSIONS"]
    assert settings["EXTENSIONS"]["gazette.Own"] == 5
    assert dict(settings["ITEM_PIPELINES"]) == {"crawler.replaying.ReplayPipeline": 100}
    assert settings.getfloat("DOWNLOAD_DELAY") == 0
    for name in ("AUTOTHROTTLE_ENABLED", "HTTPCACHE_ENABLED", "RETRY_ENABLED", "TELNETCONSOLE_ENABLED"):
        assert settings.getbool(name) is False


@pytest.mark.parametrize(
    ("contact", "agent"),
    [
        ("", f"newswarc/{VERSION}"),
        ("https://archive.example/about", f"newswarc/{VERSION} (+https://archive.example/about)"),
    ],
)
def test_the_user_agent_says_who_crawls(contact: str, agent: str) -> None:
    assert added(CONTACT=contact)["USER_AGENT"] == agent


def test_what_the_user_set_wins() -> None:
    settings = added(
        ARCHIVE_STORE="/elsewhere",
        DOWNLOAD_HANDLERS={"ftp": "gazette.Ftp"},
        EXTENSIONS={"crawler.summary.Summary": None, "gazette.Own": 5},
        ITEM_PIPELINES={"gazette.Mark": 300},
        TWISTED_DNS_RESOLVER="gazette.Resolver",
        USER_AGENT="gazette/1",
    )
    assert settings["ARCHIVE_STORE"] == "/elsewhere"
    assert settings["DOWNLOAD_HANDLERS"]["ftp"] == "gazette.Ftp"
    assert settings["DOWNLOAD_HANDLERS"]["https"] == HANDLER
    assert settings["EXTENSIONS"]["crawler.summary.Summary"] is None
    assert settings["EXTENSIONS"]["gazette.Own"] == 5
    assert settings["EXTENSIONS"]["crawler.archiving.Archiving"] == 0
    assert settings["ITEM_PIPELINES"]["gazette.Mark"] == 300
    assert settings["ITEM_PIPELINES"]["crawler.pipelines.ArticlePipeline"] == 100
    assert settings["TWISTED_DNS_RESOLVER"] == "gazette.Resolver"
    assert settings["USER_AGENT"] == "gazette/1"


def test_the_public_suffixes_come_from_no_network() -> None:
    added()
    extract = cookies._split_domain
    assert extract.suffix_list_urls == ()
    assert extract("http://www.gazette.co.uk/").suffix == "co.uk"


def test_the_project_is_polite_and_careful_by_default() -> None:
    settings = Settings()
    settings.setmodule("settings.base", "project")
    assert settings.getbool("ROBOTSTXT_OBEY")
    assert settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN") == 1
    assert settings.getfloat("DOWNLOAD_DELAY") >= 1
    assert settings.getbool("AUTOTHROTTLE_ENABLED")
    assert settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES")
    assert not settings.getbool("DOWNLOAD_FAIL_ON_DATALOSS")
    assert not settings.getbool("COOKIES_ENABLED")
    assert not settings.getbool("TELNETCONSOLE_ENABLED")
    assert not settings.getbool("HTTPCACHE_ENABLED")
    assert settings.getlist("PRIVATE_NETWORKS_ALLOWED") == []
    assert settings.getlist("CONNECT_TO") == []
    assert settings.getdict("ADDONS") == {"crawler.addon.Newswarc": 100}
    assert not any("TWISTED" in name or "HANDLERS" in name for name in vars(__import__("settings.base").base))


@pytest.mark.parametrize("module", ["settings.local", "settings.production"])
def test_other_settings_begin_with_the_base(module: str) -> None:
    base, other = Settings(), Settings()
    base.setmodule("settings.base", "project")
    other.setmodule(module, "project")
    differing = {name for name in base if base[name] != other[name]}
    assert differing <= {"LOG_LEVEL"}


# A bare spider of this project

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok"
OBEDIENT = {"PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8", "ROBOTSTXT_OBEY": True}
ROBOTS = b"User-agent: *\nDisallow: /closed\n"


def plain(body: bytes, status: str = "200 OK", *headers: str) -> Reply:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return Reply(("\r\n".join(lines).encode() + body,))


def test_everything_a_bare_spider_fetches_is_archived_and_nothing_passes_by(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    with RawServer() as server:
        server.add("/robots.txt", plain(ROBOTS))
        server.add("/old", plain(b"", "301 Moved", "Location: /new"))
        for path in ("/new", "/gone", "/broken"):
            server.add(path, Reply((OK,)))
        server.add("/gone", plain(b"gone", "410 Gone"))
        server.add("/broken", plain(b"out of order", "500 Oops"), Reply((OK,)))
        urls = [server.url(path) for path in ("/old", "/gone", "/broken", "/closed", "/404")]
        urls += [secret.as_uri(), "data:text/html,hello", "ftp://127.0.0.1/x", "s3://bucket/key"]
        settings = {**OBEDIENT, "ARCHIVE_STORE": tmp_path / "store", "LOG_LEVEL": "INFO", "RETRY_ENABLED": True}
        closed = [[{"url": server.url(f"/closed/{number}")}] for number in range(4)]  # all wait for robots.txt
        seen, log = crawl([[{"url": url} for url in urls], *closed], tmp_path, settings)
    stored, failures = read_store(tmp_path / "store")
    assert sorted(s.path for s in stored) == sorted(logged.path for logged in server.log)
    assert sorted(s.path for s in stored) == ["/404", "/broken", "/broken", "/gone", "/new", "/old", "/robots.txt"]
    assert {s.path: s.response.block for s in stored}["/robots.txt"].endswith(ROBOTS)
    assert failures == []
    outcome = {entry["url"].rpartition("/")[2]: entry.get("status", entry.get("error")) for entry in seen}
    assert [outcome[name] for name in ("closed", *"0123")] == ["Disallowed"] * 5
    assert [outcome[name] for name in ("old", "gone", "broken", "404")] == [200, 410, 200, 404]
    assert [outcome[name] for name in ("secret.txt", "x", "key", "html,hello")] == ["NotSupported"] * 4
    assert all(f"User-Agent: newswarc/{VERSION}\r\n".encode() in s.request.block for s in stored)
    assert "listed is done:\n" in log
    assert "      7 responses archived" in log
    assert verify(Store(tmp_path / "store")).ok


# Another Scrapy project

PROJECT = {
    "scrapy.cfg": "[settings]\ndefault = gazette.settings\n",
    "gazette/__init__.py": "",
    "gazette/settings.py": """
SPIDER_MODULES = ["gazette.spiders"]
ITEM_PIPELINES = {"gazette.pipelines.Mark": 300}
EXTENSIONS = {"gazette.pipelines.Early": 500}
ADDONS = {"crawler.addon.Newswarc": 100}
""",
    "gazette/pipelines.py": """
from crawler.archiving import Archiving

class Mark:
    def process_item(self, item):
        return {**item, "marked": True}

class Early:
    @classmethod
    def from_crawler(cls, crawler):
        return cls()
""",
    "gazette/spiders/__init__.py": "",
    "gazette/spiders/news.py": """
import scrapy
from crawler.page import Page

class News(scrapy.Spider):
    name = "Gazette News"

    def __init__(self, url, **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [url]

    def parse(self, response):
        yield {"title": response.css("h1::text").get()}
        yield Page(response.meta["capture"])
""",
}
TEXT = [f"On day {day} the ferry brought {day * 3} crates of pears and a tired crew to the quay." for day in range(6)]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[dict[str, Any]], str]]:
    """Another project that adopted the add-on: its folder, the items of a crawl, and the log."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    paragraphs = "".join(f"<p>{line}</p>" for line in TEXT)
    page = f"<html><body><article><h1>Pears</h1>{paragraphs}</article></body></html>".encode()
    with RawServer() as server:
        server.add("/robots.txt", plain(b""))
        url = server.add("/pears", plain(page, "200 OK", "Content-Type: text/html; charset=utf-8"))
        command = [sys.executable, "-m", "scrapy", "crawl", "Gazette News", "-a", f"url={url}", "-O", "items.jsonl"]
        for setting in ("EXTRACT_WORKERS=1", "PRIVATE_NETWORKS_ALLOWED=127.0.0.0/8", "ROBOTSTXT_OBEY=True"):
            command += ["-s", setting]
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    yield folder, [json.loads(line) for line in (folder / "items.jsonl").read_text().splitlines()], done.stderr


def test_another_project_archives_with_one_line(elsewhere: tuple[Path, list[dict[str, Any]], str]) -> None:
    folder, _, log = elsewhere
    stored, failures = read_store(folder / "data")
    assert sorted(s.path for s in stored) == ["/pears", "/robots.txt"]
    assert failures == []
    assert verify(Store(folder / "data")).ok
    assert "Traceback" not in log
    assert all(file.split("/")[-1].startswith("gazette_news-") for file in Store(folder / "data").files())


def test_another_project_gets_clean_text_and_keeps_its_own_parts(
    elsewhere: tuple[Path, list[dict[str, Any]], str],
) -> None:
    folder, items, log = elsewhere
    assert {"title": "Pears", "marked": True} in items
    (article,) = (item for item in items if "text" in item)
    assert article["marked"] is True
    assert article["headline"] == "Pears"
    assert article["text"].split("\n") == TEXT
    assert "gazette.pipelines.Early" in log
    catalogue = Catalogue(Store(folder / "data").catalogue_path)
    counts = catalogue.counts()
    catalogue.close()
    assert (counts["captures"], counts["articles"]) == (2, 1)
