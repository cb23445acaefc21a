"""``scrapy source add`` and ``check`` as a user types them, on the demo's papers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive.catalogue import Catalogue
from archive.storage import Store
from crawler.demo.newspapers import Newspapers
from crawler.scheduling.lookup import last_run
from crawler.source import load_source
from tests.server.crawl import ROOT

COURIER = "http://www.harbour-courier.example"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class Project:
    """A folder for sources and an archive, and the papers to fetch from."""

    def __init__(self, folder: Path, papers: Newspapers) -> None:
        self.folder, self.papers = folder, papers
        self.sources, self.store = folder / "sources", folder / "store"

    def scrapy(self, *arguments: str) -> Ended:
        settings = {"SOURCES": self.sources, "ARCHIVE_STORE": self.store, "DOWNLOAD_DELAY": 0}
        settings |= {"CONNECT_TO": ",".join(self.papers.connect_to), "PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8"}
        settings |= {"AUTOTHROTTLE_ENABLED": 0, "RETRY_ENABLED": 0}
        command = [sys.executable, "-m", "scrapy", *arguments]
        for name, value in settings.items():
            command += ["-s", f"{name}={value}"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Newspapers() as papers:
        yield Project(tmp_path_factory.mktemp("project"), papers)


@pytest.fixture(scope="module")
def added(project: Project) -> Ended:
    return project.scrapy("source", "add", COURIER)


def test_a_source_is_added_by_its_address(project: Project, added: Ended) -> None:
    assert (added.code, added.err) == (0, "")
    source = load_source(project.sources / "harbour_courier.toml")
    assert (source.title, source.home, source.language) == ("The Harbour Courier", COURIER, "en")
    assert source.article_urls == (r"/\d{4}/\d{2}/\d{2}/[^/]+-a\d+",)
    assert all(source.is_article(article.url) for article in project.papers.articles("harbour_courier"))
    for said in (
        "The Harbour Courier",
        "/rss/news (7 articles)",
        "7 of 7 leads",
        "scrapy source check harbour_courier",
    ):
        assert said in added.out
    text = (project.sources / "harbour_courier.toml").read_text("utf-8")
    assert f"    # {project.papers.articles('harbour_courier')[0].url}\n" in text


def test_what_was_looked_at_is_archived_with_its_leads(project: Project, added: Ended) -> None:
    with Catalogue(project.store.joinpath("catalogue.sqlite")) as catalogue:
        assert catalogue.captures(f"{COURIER}/rss/news")
        left = {row["url"] for row in catalogue.unanswered("harbour_courier")}
    assert left <= {article.url for article in project.papers.articles("harbour_courier")} != set()
    assert len(left) == 7


def test_an_existing_file_is_never_changed(project: Project, added: Ended) -> None:
    path = project.sources / "harbour_courier.toml"
    before, asked = path.read_bytes(), len(project.papers.requests)
    ended = project.scrapy("source", "add", COURIER)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"newswarc: {path} is there already and stays as it is; give another --name, or delete it.\n"
    assert path.read_bytes() == before
    assert len(project.papers.requests) == asked


def test_check_reads_a_few_articles(project: Project, added: Ended) -> None:
    ended = project.scrapy("source", "check", "harbour_courier", "--limit", "2")
    assert (ended.code, ended.err) == (0, "")
    newest = project.papers.articles("harbour_courier")[0]
    assert f"{COURIER}/rss/news: 7 leads, 7 of them articles, the newest of {newest.published}" in ended.out
    assert f"article  {newest.url}\n         {newest.headline}\n" in ended.out
    assert ended.out.count("article  ") == 2
    assert "\n7 articles are announced; 2 of 2 were read with all that an article needs.\n" in ended.out


def test_what_was_only_checked_is_still_to_be_read_and_to_be_scheduled(project: Project, added: Ended) -> None:
    assert project.scrapy("source", "check", "harbour_courier", "--limit", "2").code == 0
    assert last_run(Store(project.store), "harbour_courier") is None
    with Catalogue(project.store.joinpath("catalogue.sqlite")) as catalogue:
        waiting = catalogue.unanswered("harbour_courier")
    cleaned = project.scrapy("clean", waiting[0]["url"])
    assert cleaned.code == 0
    assert project.scrapy("crawl", "harbour_courier", "-s", "LOG_LEVEL=ERROR").code == 0
    assert last_run(Store(project.store), "harbour_courier") is not None
    with Catalogue(project.store.joinpath("catalogue.sqlite")) as catalogue:
        rows = catalogue.dump()
    announced = {row["url"] for row in rows["leads"] if row["is_article"]}
    assert {row["article"] for row in rows["versions"]} == announced != set()


BROKEN = """
title = "The Courier"
home = "http://www.harbour-courier.example"
feeds = ["/rss/none"]
sitemaps = ["/rss/news"]
article_urls = ['/never/.+']
"""


def test_a_source_that_would_bring_nothing_is_told(project: Project) -> None:
    project.sources.mkdir(exist_ok=True)
    (project.sources / "broken.toml").write_text(BROKEN, "utf-8")
    ended = project.scrapy("source", "check", "broken")
    assert ended.code == 1
    assert f"feed     {COURIER}/rss/none: nothing\n         {COURIER}/rss/none answers 404; " in ended.out
    assert f"         {COURIER}/rss/news is no sitemap.\n" in ended.out
    assert ended.err == "newswarc: broken would bring nothing: no listing announces anything; see above.\n"
    unlike = BROKEN.replace("/rss/none", "/rss/news").replace('sitemaps = ["/rss/news"]\n', "")
    (project.sources / "unlike.toml").write_text(unlike, "utf-8")
    ended = project.scrapy("source", "check", "unlike")
    assert (ended.code, ended.err) == (
        1,
        "newswarc: unlike would bring nothing: none of 7 leads has the form of article_urls.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ((), 2, "say add and the address of a site, or check and the name of a source."),
        (("add", "ftp://paper.example"), 1, "scrapy source add: 'ftp://paper.example' is no http or https URL."),
        (
            ("add", COURIER, "--name", "My Paper"),
            1,
            "--name My Paper: is no name; use lower case letters, digits and _.",
        ),
        (("check", "nobody"), 1, "There is no source nobody; scrapy list names them."),
    ],
)
def test_what_makes_no_sense_gets_one_sentence(
    project: Project, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    ended = project.scrapy("source", *arguments)
    assert (ended.code, ended.err) == (code, f"newswarc: {sentence}\n")
