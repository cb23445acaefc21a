"""Each seed crawled through its source's real definition, from a server on loopback."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from crawler.source import Source, load_source
from tests.seeds.findings import findings
from tests.seeds.page import MANNERS, Manner, render, render_lead, url_of
from tests.seeds.seed import NAMES, ROOT, SHARED, Seed
from tests.server.raw import RawServer, Reply

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the seeds are in {SHARED}, which isn't there")

_BLOG = "https://lanternquay.blogspot.com"


class _Site:
    """The site of a source: one server for its https addresses, one for its http ones."""

    def __init__(self, secure: RawServer, plain: RawServer) -> None:
        self._servers = {"https": secure, "http": plain}
        self._hosts: set[tuple[str, str]] = set()

    def add(self, url: str, body: bytes, content_type: str) -> None:
        parts = urlsplit(url)
        head = (
            f"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: keep-alive\r\n\r\n"
        )
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self._servers[parts.scheme].add(target, Reply((head.encode() + body,)))
        self._hosts.add((parts.scheme, parts.netloc))

    def add_pages(self, seed: Seed, manners: Sequence[Manner]) -> None:
        for manner in manners:
            self.add(url_of(seed, manner), render(seed, manner), "text/html")

    @property
    def connect_to(self) -> str:
        return ",".join(
            f"{host}:{443 if scheme == 'https' else 80}:127.0.0.1:{self._servers[scheme].port}"
            for scheme, host in sorted(self._hosts)
        )

    @property
    def asked(self) -> set[str]:
        """The addresses that were asked for, by scheme, Host header and target."""
        found = set()
        for scheme, server in self._servers.items():
            for logged in server.log:
                host = next(h[5:].strip() for h in logged.request.split(b"\r\n") if h[:5] == b"Host:")
                found.add(f"{scheme}://{host.decode()}{logged.path}")
        return found


@contextmanager
def _site() -> Iterator[_Site]:
    with RawServer(tls=ssl.TLSVersion.TLSv1_3) as secure, RawServer() as plain:
        yield _Site(secure, plain)


def _scrapy(*arguments: str) -> str:
    """Standard output of a command, run from the project's folder."""
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _crawl(name: str, site: _Site, folder: Path, **arguments: str) -> list[dict[str, object]]:
    """The articles of a crawl. What is no argument of the spider comes from its definition."""
    out = folder / "out.jsonl"
    settings = {
        "ARCHIVE_STORE": folder / "archive",
        "AUTOTHROTTLE_ENABLED": False,
        "TDMREP": False,
        "CONNECT_TO": site.connect_to,
        "DOWNLOAD_DELAY": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": False,
        "EXTRACT_WORKERS": 1,
        "PRIVATE_NETWORKS_ALLOWED": "127.0.0.0/8",
        "RETRY_ENABLED": False,
    }
    options = [part for key, value in settings.items() for part in ("-s", f"{key}={value}")]
    options += [part for key, value in arguments.items() for part in ("-a", f"{key}={value}")]
    _scrapy("crawl", name, *options, "-O", str(out))
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def _source(name: str) -> Source:
    source = load_source(ROOT / "settings" / "sources" / f"{name}.toml")
    return source if source.home else source.at(_BLOG)


def _check(seed: Seed, manner: Manner, article: dict[str, object]) -> None:
    found = findings(seed, manner, render(seed, manner), article)
    assert not found, "\n".join(f"{k}: {v}" for k, v in found.items())


def test_gold_addresses_are_served() -> None:
    for name in NAMES:
        seed = Seed.load(name)
        assert set(seed.urls) <= {url_of(seed, manner) for manner in MANNERS[name]}


@pytest.mark.parametrize("name", NAMES)
def test_given_addresses(name: str, tmp_path: Path) -> None:
    seed, manners = Seed.load(name), MANNERS[name]
    pages = {url_of(seed, manner): manner for manner in manners}
    home = {} if load_source(ROOT / "settings" / "sources" / f"{name}.toml").home else {"home": _BLOG}
    with _site() as site:
        site.add_pages(seed, manners)
        articles = _crawl(name, site, tmp_path, url=" ".join(pages), **home)
    by_url = {article["url"]: article for article in articles}
    assert by_url.keys() == pages.keys()
    assert by_url.keys() <= site.asked
    for url, manner in pages.items():
        _check(seed, manner, by_url[url])


@pytest.mark.parametrize("name", NAMES)
def test_found_by_the_definition(name: str, tmp_path: Path) -> None:
    """By the definition's feed, or its section page where it has no feed."""
    seed, manner, source = Seed.load(name), MANNERS[name][0], _source(name)
    url = url_of(seed, manner)
    assert source.is_article(url)
    with _site() as site:
        site.add_pages(seed, [manner])
        leads = [urljoin(source.home, lead) for lead in source.feeds or source.sections]
        for lead in leads:
            body, content_type = render_lead(seed, manner, source.home, lead)
            site.add(lead, body, content_type)
        arguments = {"home": _BLOG} if name == "blogger" else {}
        articles = _crawl(name, site, tmp_path, **arguments)
    assert site.asked >= {url, *leads}
    assert [article["url"] for article in articles] == [url]
    _check(seed, manner, articles[0])


def test_clean(tmp_path: Path) -> None:
    """`scrapy clean` on the pages as files: the same texts, though it isn't told where they are from."""
    files: dict[str, tuple[Seed, Manner]] = {}
    for name in NAMES:
        seed = Seed.load(name)
        for manner in MANNERS[name]:
            path = tmp_path / f"{name}-{manner.name}.html"
            path.write_bytes(render(seed, manner))
            files[str(path)] = seed, manner
    lines = [json.loads(line) for line in _scrapy("clean", *files).splitlines()]
    assert [line["input"] for line in lines] == list(files)
    for line in lines:
        seed, manner = files[line["input"]]
        assert line["text"].split("\n") == list(seed.gold), line["input"]


def test_clean_with_address(tmp_path: Path) -> None:
    """With its address, the source's time zone holds."""
    seed, manner = Seed.load("world_bulletin"), MANNERS["world_bulletin"][0]
    path = tmp_path / "page.html"
    path.write_bytes(render(seed, manner))
    article = json.loads(_scrapy("clean", "--url", url_of(seed, manner), str(path)))
    assert article["modified"] == f"{seed.fields['modified']}:00+02:00"
