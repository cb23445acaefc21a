"""Bad input of every kind, in real runs of ``scrapy``: one sentence each, nothing lost, nothing harmed."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archive.catalogue import Catalogue
from archive.storage import Store
from archive.verification.verify import verify
from tests.server.crawl import LOOPBACK, ROOT
from tests.server.raw import RawServer, Reply
from tests.server.store import Stored, read_store

SCRAPY = Path(sys.executable).with_name("scrapy")
SETTINGS: dict[str, object] = {
    **LOOPBACK,
    "CONTACT": "https://operator.example/",
    "EXTRACT_WORKERS": 1,
    "LOG_LEVEL": "WARNING",
    "PRIVATE_NETWORKS_ALLOWED": "127.0.0.1/32",
    "RETRY_TIMES": 0,
}
_LOGGED = re.compile(r"[\d-]{10} [\d:]{8} \[[\w.]+\] (?:WARNING|ERROR|CRITICAL): ")


@dataclass(frozen=True)
class Ended:
    """A run of scrapy that has ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> list[str]:
        """The lines on standard error without the log's time and place."""
        lines = (_LOGGED.sub("", line) for line in self.err.splitlines())
        return [line for line in lines if line]

    def of(self, *words: str) -> list[str]:
        """What was said that has all the words in it."""
        return [line for line in self.said if all(word in line for word in words)]


class Project:
    """Source definitions and an archive that holds a crawl already."""

    def __init__(self, folder: Path, earlier: Path | None = None) -> None:
        self.sources, self.store, self.articles = folder / "sources", folder / "store", folder / "articles.jsonl"
        self.sources.mkdir()
        if earlier:
            shutil.copytree(earlier, self.store)
        self._before = self._digests()

    def source(self, name: str, home: str, more: str = "") -> None:
        """Define a source whose articles lie below /a/, with `more` lines of TOML."""
        (self.sources / f"{name}.toml").write_text(
            f'title = "{name.title()}"\nhome = "{home}"\nsections = ["/"]\narticle_urls = ["/a/.*"]\n{more}'
        )

    def start(self, *args: object, **settings: object) -> subprocess.Popen[str]:
        """Begin ``scrapy ARGS`` in a session of its own."""
        command = [str(SCRAPY), *map(str, args)]
        for name, value in {**SETTINGS, "SOURCES": self.sources, "ARCHIVE_STORE": self.store, **settings}.items():
            command += ["-s", f"{name}={value}"]
        pipe, environment = subprocess.PIPE, {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    def run(self, *args: object, largest: int | None = None, **settings: object) -> Ended:
        """Run ``scrapy ARGS`` to its end; it may write no file larger than `largest` bytes."""
        process = self.start(*args, **settings)
        if largest:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (largest, largest))
        return end(process)

    def read(self) -> dict[str, dict[str, Any]]:
        """The articles that ``-O`` wrote, by the last part of their URLs."""
        articles = map(json.loads, self.articles.read_text("utf-8").splitlines())
        return {article["url"].rpartition("/")[2]: article for article in articles}

    def stored(self, start: str) -> dict[str, Stored]:
        """The exchanges whose URL begins so, by URL."""
        return {s.facts["url"]: s for s in read_store(self.store)[0] if s.facts["url"].startswith(start)}

    def failures(self) -> dict[str, dict[str, Any]]:
        """The failed fetches by URL."""
        return {facts["url"]: facts for facts in read_store(self.store)[1]}

    def last_run(self) -> tuple[str | None, dict[str, Any]]:
        """How the run that began last ended, and its counters."""
        catalogue = Catalogue(Store(self.store).catalogue_path)
        runs = sorted(catalogue.dump()["runs"], key=lambda row: str(row["started"]))
        catalogue.close()
        return runs[-1]["reason"], json.loads(runs[-1]["stats"] or "{}")

    def check(self) -> None:
        """The archive is sound, and what it held before the test is what it was."""
        after = self._digests()
        assert {name: after.get(name) for name in self._before} == self._before
        assert [str(fault) for fault in verify(Store(self.store)).faults] == []

    def _digests(self) -> dict[str, str]:
        names = [name for name in Store(self.store).files() if (self.store / name).exists()]
        return {name: hashlib.sha256((self.store / name).read_bytes()).hexdigest() for name in names}


def end(process: subprocess.Popen[str], timeout: float = 60) -> Ended:
    """Wait for a run; whatever happens, it must not show a traceback nor leave a process behind."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert "Traceback" not in out + err, err
    deadline = time.monotonic() + 10
    while _group_lives(process.pid):  # the fork server notices that its parent has gone
        assert time.monotonic() < deadline, "scrapy left a process behind"
        time.sleep(0.05)
    return Ended(process.returncode, out, err)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _members(group: int) -> Iterator[int]:
    """The processes of a process group."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if int(stat.read_text().rpartition(")")[2].split()[2]) == group:
                yield int(stat.parent.name)


def reply(body: str | bytes, kind: str = "text/html; charset=utf-8", *more: str, status: str = "200 OK") -> Reply:
    """A whole reply; `more` are header lines."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(data)}", *more]
    return Reply(("\r\n".join(lines).encode() + b"\r\n\r\n" + data,))


def article(title: str, *, paragraphs: int = 6, head: str = "") -> str:
    """A page with an article on it."""
    text = "".join(
        f"<p>{title}: on day {day} the ferry brought {day * 3} crates of pears and a tired crew.</p>"
        for day in range(paragraphs)
    )
    head += f"<title>{title}</title>"
    return f"<html><head>{head}</head><body><article><h1>{title}</h1>{text}</article></body></html>"


def links(*paths: str) -> Reply:
    """A section page."""
    return reply("".join(f'<a href="{path}">more</a> ' for path in paths))


@contextlib.contextmanager
def blunt_server(answer: bytes) -> Iterator[int]:
    """A port that takes a few bytes, gives `answer` to whoever sent them, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, contextlib.suppress(ConnectionError):
                        connection.recv(4096)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with one crawl in it."""
    project = Project(tmp_path_factory.mktemp("earlier"))
    with RawServer() as server:
        server.add("/", links("/a/one", "/a/two"))
        server.add("/a/one", reply(article("One")))
        server.add("/a/two", reply(article("Two")))
        project.source("earlier", server.url("/"))
        assert project.run("crawl", "earlier").code == 0
    assert verify(Store(project.store)).compared == 2
    return project.store


@pytest.fixture
def project(tmp_path: Path, earlier: Path) -> Project:
    return Project(tmp_path, earlier)


# Definitions and arguments


def test_unknown_source(project: Project) -> None:
    project.source("gazette", "http://gazette.invalid/")
    ended = project.run("crawl", "gazete")
    assert ended.code == 1
    assert ended.said == ["newswarc: There is no source 'gazete'; the sources are: gazette."]
    project.check()


GOOD = 'title = "Good"\nhome = "http://good.invalid/"\narticle_urls = ["/a/.*"]\n'
BROKEN: dict[str, tuple[str | bytes, int, str]] = {
    # name: definition, line, key
    "unfinished": ('title = "Bad"\nhome =\narticle_urls = ["/a/.*"]\n', 2, "home"),
    "not_utf8": (GOOD.replace("Good", "Caf\xe9").encode("latin-1"), 1, "title"),
    "no_patterns": ('title = "Bad"\nhome = "http://bad.invalid/"\n', 1, "article_urls"),
    "misspelt": (GOOD + 'timezome = "UTC"\n', 4, "timezome"),
    "wrong_type": (GOOD + "\nfeeds = 7\n", 5, "feeds"),
    "bad_zone": (GOOD + 'timezone = "Mars/Olympus"\n', 4, "timezone"),
    "bad_pattern": (GOOD.replace('"/a/.*"', '"/a/.*", "/b/("'), 3, "article_urls.1"),
    "bad_home": (GOOD.replace("http:", "gopher:"), 2, "home"),
    "bad_rule": (GOOD + '\n[[rules]]\nbody = "div"\n\n[[rules]]\nnote = "x"\nbody = "div["\n', 10, "rules.1.body"),
    "bad_span": (GOOD + "\n[[rules]]\nfrom = 2020-01-02\nuntil = 2020-01-01\n", 7, "rules.0.until"),
    "Bad-Name": (GOOD, 1, "name"),
}


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Ended]:
    """``scrapy list`` over good and broken definitions."""
    project = Project(tmp_path_factory.mktemp("broken"))
    (project.sources / "good.toml").write_text(GOOD)
    for name, (definition, *_) in BROKEN.items():
        data = definition.encode() if isinstance(definition, str) else definition
        (project.sources / f"{name}.toml").write_bytes(data)
    return project, project.run("list")


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_definition_is_named_with_file_line_and_key(name: str, listed: tuple[Project, Ended]) -> None:
    project, ended = listed
    _, line, key = BROKEN[name]
    assert ended.code == 1
    assert ended.out.split() == ["good"]
    (sentence,) = ended.of(str(project.sources / f"{name}.toml"))
    assert f"line {line}" in sentence
    assert repr(key) in sentence


def test_a_broken_definition_is_named_once(listed: tuple[Project, Ended]) -> None:
    project, ended = listed
    assert len(ended.said) == len(BROKEN)
    assert len(project.run("crawl", "bad_home").of("bad_home.toml")) == 1


def test_other_sources_crawl_beside_broken_definitions(project: Project) -> None:
    (project.sources / "broken.toml").write_text(GOOD.replace("http:", "gopher:"))
    with RawServer() as server:
        project.source("gazette", server.url("/"))
        server.add("/", links("/a/one"))
        server.add("/a/one", reply(article("One")))
        ended = project.run("crawl", "gazette")
        broken = project.run("crawl", "broken")
    assert ended.code == 0
    assert [line for line in ended.said if "broken.toml, line 2, key 'home'" not in line] == []
    assert project.last_run()[1]["newswarc/articles"] == 1
    assert broken.code == 1
    assert broken.of("newswarc: ", "broken.toml, line 2, key 'home'")
    project.check()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-a", "limit=many"], ["limit", "'many'"]),
        (["-a", "since=yesterday"], ["since", "'yesterday'"]),
        (["-a", "since=2026-13-01"], ["since", "month"]),
        (["-a", "url=ftp://gazette.invalid/x"], ["url", "ftp://gazette.invalid/x"]),
        (["-a", "url=http://gazette.invalid/a nonsense"], ["url", "nonsense"]),
        (["-a", "home=nonsense"], ["home", "'nonsense'"]),
        (["-a", "colour=red"], ["colour", "no such argument"]),
        (["-a", "limit"], ["-a NAME=VALUE"]),
        (["gazette"], ["Name one source"]),
    ],
    ids=lambda value: value[-1].replace(" ", "_") if isinstance(value, list) else None,
)
def test_bad_arguments(arguments: list[str], words: list[str], project: Project) -> None:
    project.source("gazette", "http://gazette.invalid/")
    ended = project.run("crawl", "gazette", *arguments)
    assert ended.code in (1, 2)
    usage = ["Usage", "=====", "  scrapy crawl [options] SOURCE"]
    said = [line for line in ended.said if line not in usage]
    assert len(said) == 1
    assert all(word in said[0] for word in words), said
    project.check()


# Servers that can't be reached


@dataclass(frozen=True)
class Unreachable:
    project: Project
    ended: Ended
    urls: dict[str, str]


@pytest.fixture(scope="module")
def unreachable(tmp_path_factory: pytest.TempPathFactory, earlier: Path) -> Iterator[Unreachable]:
    """One crawl of many pages, only one of which can be had."""
    project = Project(tmp_path_factory.mktemp("unreachable"), earlier)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(RawServer())
        untrusted = stack.enter_context(RawServer(tls=ssl.TLSVersion.TLSv1_3))
        plain = stack.enter_context(blunt_server(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
        abort = stack.enter_context(blunt_server(b""))
        garbage = stack.enter_context(blunt_server(b"220 mail.example ESMTP\r\n"))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            closed = listener.getsockname()[1]
        urls = {
            "refused": f"http://127.0.0.1:{closed}/a/refused",
            "dns": "http://nowhere.invalid/a/dns",
            "plain": f"https://127.0.0.1:{plain}/a/plain",
            "untrusted": untrusted.url("/a/untrusted"),
            "abort": f"https://127.0.0.1:{abort}/a/abort",
            "silent": f"http://127.0.0.1:{abort}/a/silent",
            "garbage": f"http://127.0.0.1:{garbage}/a/garbage",
            "private": f"http://127.0.0.2:{server.port}/a/private",
            "good": server.add("/a/good", reply(article("Good"))),
        }
        project.source("gazette", server.url("/"))
        ended = project.run(
            "crawl", "gazette", "-a", f"url={' '.join(urls.values())}", "-O", project.articles, ROBOTSTXT_OBEY=False
        )
    yield Unreachable(project, ended, urls)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("refused", "refused", "refused"),
        ("dns", "dns", "no address for nowhere.invalid"),
        ("plain", "tls", "TLS"),
        ("untrusted", "tls", "certificate"),
        ("abort", "disconnect", "closed the connection"),
        ("silent", "disconnect", "closed the connection"),
        ("garbage", "not-http", "not HTTP"),
        ("private", "forbidden-address", "not a public address"),
    ],
)
def test_unreachable(name: str, kind: str, words: str, unreachable: Unreachable) -> None:
    url = unreachable.urls[name]
    sentences = unreachable.ended.of(f"{url} could not be fetched: ")
    assert len(sentences) == 1
    assert words in sentences[0]
    failure = unreachable.project.failures()[url]
    assert (failure["outcome"], failure["lead"]) == (kind, {"kind": "given"})
    assert failure["error"] in sentences[0]


def test_what_cannot_be_reached_is_counted_and_the_rest_is_read(unreachable: Unreachable) -> None:
    project = unreachable.project
    assert unreachable.ended.code == 0
    assert list(project.read()) == ["good"]
    reason, stats = project.last_run()
    assert (reason, stats["newswarc/pages/unreachable"], stats["newswarc/articles"]) == ("finished", 8, 1)
    assert b"220 mail" in project.failures()[unreachable.urls["garbage"]]["received"].encode("latin-1")
    project.check()


def test_what_cannot_be_reached_is_said_once(unreachable: Unreachable) -> None:
    assert len(unreachable.ended.said) == 9
    assert unreachable.ended.of("127.0.0.1 has failed 5 times in a row and is left alone")
    assert not unreachable.ended.of("<twisted.")


def test_a_home_page_that_is_gone_is_one_line(project: Project) -> None:
    project.source("gazette", "http://nowhere.invalid/")
    ended = project.run("crawl", "gazette")
    assert len(ended.said) == 1
    assert ended.of("http://nowhere.invalid/ is not fetched: robots.txt", "no address for nowhere.invalid")
    assert project.failures()["http://nowhere.invalid/robots.txt"]["outcome"] == "dns"
    assert project.failures()["http://nowhere.invalid/"]["outcome"] == "robots"
    project.check()


# Pages that are not what they should be

CYRILLIC = "Паром вернулся в Нижний Брант с грушами и очень усталой командой моряков после долгой зимы"
DIARY = "Café à la crème brûlée, dit naïvement le garçon"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(400)


def russian(head: str = "") -> bytes:
    return article(CYRILLIC, head=head).encode("cp1251")


STRANGE: dict[str, Reply] = {
    "good": reply(article("Good")),
    "pdf": reply(b"%PDF-1.7\n" + bytes(range(256)) * 4, "application/pdf"),
    "json": reply('{"articles": []}', "application/json"),
    "image": reply(PNG, "image/png"),
    "pdf-as-html": reply(b"%PDF-1.7\n" + bytes(range(256)) * 4, "text/html"),
    "image-as-html": reply(PNG, "text/html"),
    "json-as-html": reply('{"articles": []}', "text/html"),
    "empty": reply(b""),
    "blank": reply("  \r\n \t\n"),
    "bare": reply("<html><head><title>Nothing</title></head></html>"),
    "gone": reply("gone", status="410 Gone"),
    "broken": reply("oh no", status="500 Internal Server Error"),
    "cut": Reply((reply("<html><p>Cut" + "." * 9999).data[:-9999],), end="close", whole=False),
    "gzip-liar": reply(article("Liar"), "text/html", "Content-Encoding: gzip"),
    "unknown-coding": reply(b"\x01\x02\x03", "text/html", "Content-Encoding: rot13"),
    "bomb": reply(gzip.compress(bytes(90 << 20), 9), "text/html", "Content-Encoding: gzip"),
    "utf8-as-latin1": reply(article(DIARY), "text/html; charset=iso-8859-1"),
    "utf8-meta-latin1": reply(article(DIARY, head="<meta charset=iso-8859-1>"), "text/html"),
    "utf16": reply(article(DIARY).encode("utf-16"), "text/html"),
    "klingon": reply(article(DIARY), "text/html; charset=klingon"),
    "nul": reply(article(DIARY).replace("ferry", "fer\0ry")),
    "cp1251": reply(russian(), "text/html"),
    "cp1251-meta": reply(russian("<meta charset=windows-1251>"), "text/html"),
    "cp1251-as-utf8": reply(russian(), "text/html; charset=utf-8"),
    "cp1251-as-utf8-meta": reply(russian("<meta charset=windows-1251>"), "text/html; charset=utf-8"),
    "latin1-as-utf8": reply(article(DIARY).encode("latin-1"), "text/html; charset=utf-8"),
}  # fmt: skip


@dataclass(frozen=True)
class Strange:
    project: Project
    ended: Ended
    server: RawServer


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory, earlier: Path) -> Strange:
    """One crawl of a site with all of `STRANGE`."""
    project = Project(tmp_path_factory.mktemp("strange"), earlier)
    with RawServer() as server:
        server.add("/", links(*(f"/a/{name}" for name in STRANGE)))
        for name, answer in STRANGE.items():
            server.add(f"/a/{name}", answer)
        project.source("gazette", server.url("/"))
        ended = project.run("crawl", "gazette", "-O", project.articles)
    return Strange(project, ended, server)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pdf", "is application/pdf, no HTML page"),
        ("json", "is application/json, no HTML page"),
        ("image", "is image/png, no HTML page"),
        ("bare", "no article found"),
        ("gone", "answers 410"),
        ("broken", "answers 500"),
        ("pdf-as-html", "is no HTML"),
        ("image-as-html", "is no HTML"),
        ("json-as-html", "is no HTML"),
        ("empty", "is empty"),
        ("blank", "is empty"),
        ("gzip-liar", "Not a gzipped file"),
        ("unknown-coding", "'rot13' is unknown"),
        ("bomb", "exceeded DOWNLOAD_MAXSIZE"),
    ],
)
def test_a_strange_page_is_one_line(name: str, words: str, strange: Strange) -> None:
    url = strange.server.url(f"/a/{name}")
    (sentence,) = (line for line in strange.ended.of(url) if url in re.split(r":? ", line))
    assert words in sentence


def test_every_strange_page_is_stored_as_it_came(strange: Strange) -> None:
    assert strange.ended.code == 0
    stored = strange.project.stored(strange.server.url("/"))
    sent = {strange.server.url(entry.path): bytes(entry.response) for entry in strange.server.log}
    assert {url: exchange.response.block for url, exchange in stored.items()} == sent
    assert len(sent) == len(STRANGE) + 2  # the section page and robots.txt
    cut = stored[strange.server.url("/a/cut")]
    assert cut.response.headers["WARC-Truncated"] == "disconnect"
    strange.project.check()


def test_strange_pages_are_counted(strange: Strange) -> None:
    reason, stats = strange.project.last_run()
    counts = {k.removeprefix("newswarc/"): v for k, v in stats.items() if k.startswith("newswarc/")}
    assert reason == "finished"
    assert counts["pages/not_html"] == 3
    assert counts["pages/http_error"] == 2
    assert counts["pages/unreachable"] == 2  # what can't be unpacked
    assert "pages/refused" not in counts  # by robots.txt
    assert counts["captures/truncated"] == 1
    assert counts["articles"] == len(strange.project.read())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("good", "Good"),
        ("utf8-as-latin1", DIARY),
        ("utf8-meta-latin1", DIARY),
        ("utf16", DIARY),
        ("klingon", DIARY),
        ("nul", DIARY),
        ("cp1251", CYRILLIC),
        ("cp1251-meta", CYRILLIC),
        ("cp1251-as-utf8", CYRILLIC),
        ("cp1251-as-utf8-meta", CYRILLIC),
        ("latin1-as-utf8", DIARY),
    ],
    ids=lambda value: value if value.isascii() and " " not in value else "",
)
def test_text_comes_out_right_whatever_the_charset(name: str, text: str, strange: Strange) -> None:
    found = strange.project.read()[name]["text"]
    assert found.startswith(f"{text}: on day 0 the ferry brought 0 crates"), found[:200]
    assert len(found.splitlines()) == 6


# Pages that are too much


def test_a_body_beyond_the_limit_is_cut_and_kept(project: Project) -> None:
    size = 3_000_000
    chunk = b"100000\r\n" + b"y" * (1 << 20) + b"\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunked = head + chunk * 3 + b"0\r\n\r\n"
    with RawServer() as server:
        project.source("gazette", server.url("/"))
        server.add("/", links("/a/announced", "/a/chunked", "/a/good"))
        server.add("/a/announced", reply(b"<html><p>" + b"x" * size))
        server.add("/a/chunked", Reply((chunked,)))
        server.add("/a/good", reply(article("Good")))
        ended = project.run("crawl", "gazette", "-O", project.articles, DOWNLOAD_MAXSIZE=1_000_000)
        stored = project.stored(server.url("/a/"))
        sent = {server.url(entry.path): entry for entry in server.log}
    assert ended.code == 0
    for name in ("announced", "chunked"):
        url = server.url(f"/a/{name}")
        assert ended.of(url, "larger than DOWNLOAD_MAXSIZE"), ended.err
        kept = stored[url].response
        assert kept.headers["WARC-Truncated"] == "length"
        whole = reply(b"<html><p>" + b"x" * size).data if name == "announced" else chunked
        assert whole.startswith(kept.block)
        assert kept.block.startswith(b"HTTP/1.1 200 OK\r\n")
        assert url in sent
    assert list(project.read()) == ["good"]
    project.check()


def test_a_body_beyond_the_limit_is_not_blamed_on_the_server(project: Project) -> None:
    with RawServer() as server:
        url = server.add("/a/large", reply(b"<html><p>" + b"x" * 30_000))
        project.source("gazette", server.url("/"))
        ended = project.run("crawl", "gazette", "-a", f"url={url}", DOWNLOAD_MAXSIZE=10_000)
    sentences = ended.of(url)
    assert len(sentences) == 1
    assert "DOWNLOAD_MAXSIZE" in sentences[0]
    assert "server closed" not in sentences[0]


def test_pages_that_take_too_long_to_read_do_not_stop_the_crawl(project: Project) -> None:
    """30 MB of paragraphs, and 3 MB of line breaks over which the extractor takes minutes."""
    line = "the ferry came back with pears and a tired crew of sailors"
    breaks = "".join(f"<p>{i} {line}.<br>{i} {line} again.<br>And {i} {line}</p>" for i in range(12_000))
    with RawServer() as server:
        project.source("gazette", server.url("/"))
        server.add("/", links("/a/large", "/a/breaks", "/a/good"))
        server.add("/a/large", reply(article("Large", paragraphs=360_000)))
        server.add("/a/breaks", reply(f"<html><body><article><h1>Breaks</h1>{breaks}</article>"))
        server.add("/a/good", reply(article("Good")))
        ended = project.run("crawl", "gazette", "-O", project.articles, EXTRACT_TIMEOUT=1.5, DOWNLOAD_WARNSIZE=0)
        stored = project.stored(server.url("/a/"))
        sent = {server.url(e.path): bytes(e.response) for e in server.log if e.path.startswith("/a/")}
    assert ended.code == 0
    assert [line.partition(server.url("/a/"))[2] for line in sorted(ended.said)] == [
        "breaks: reading the page took longer than 1.5 s (EXTRACT_TIMEOUT).",
        "large: reading the page took longer than 1.5 s (EXTRACT_TIMEOUT).",
    ]
    assert len(sent[server.url("/a/large")]) > 30_000_000
    assert {url: exchange.response.block for url, exchange in stored.items()} == sent
    assert list(project.read()) == ["good"]
    assert project.last_run()[1]["newswarc/pages/failed"] == 2
    project.check()


# Stores that can't be written


def _file(store: Path) -> None:
    store.write_text("not a folder")


def _file_inside(store: Path) -> None:
    store.mkdir()
    (store / "originals").write_text("not a folder")


def _bad_catalogue(store: Path) -> None:
    store.mkdir()
    (store / "catalogue.sqlite").write_bytes(b"not a database" * 999)


def _bad_lock(store: Path) -> None:
    (store / "locks" / "source-gazette.lock").mkdir(parents=True)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_file, "Not a directory"),
        (_file_inside, "File exists"),
        (_bad_catalogue, "catalogue"),
        (_bad_lock, "Is a directory"),
    ],
    ids=["file", "file_inside", "catalogue", "lock"],
)
def test_a_store_that_cannot_be_used(spoil: Callable[[Path], None], words: str, tmp_path: Path) -> None:
    project = Project(tmp_path)
    spoil(project.store)
    with RawServer() as server:
        project.source("gazette", server.url("/"))
        ended = project.run("crawl", "gazette")
        assert server.log == []
    assert ended.code == 1
    assert len(ended.said) == 1
    assert ended.of("newswarc: ", str(project.store), words)


def fill(server: RawServer, project: Project) -> None:
    """A site of 40 pages that come to 2 MB when they are compressed."""
    project.source("gazette", server.url("/"))
    server.add("/", links(*(f"/a/{i}" for i in range(40))))
    for i in range(40):
        noise = random.Random(i).randbytes(50_000).hex()
        server.add(f"/a/{i}", reply(article(f"Page {i}", head=f"<!-- {noise} -->")))


def recovered(project: Project, server: RawServer) -> None:
    """The next crawl makes the archive sound and complete."""
    assert project.run("crawl", "gazette", LOG_LEVEL="CRITICAL").code == 0
    for url, exchange in project.stored(server.url("/a/")).items():
        answer = server._replies[url.removeprefix(server.url(""))][0].data
        if exchange.response.type == "response" and "WARC-Truncated" not in exchange.response.headers:
            assert exchange.response.block == answer
    project.check()
    catalogue = Catalogue(Store(project.store).catalogue_path)
    articles = {row["url"] for row in catalogue.articles(source="gazette", limit=1000)}
    catalogue.close()
    assert articles == {server.url(path) for path in server._replies if path.startswith("/a/")}


def test_a_file_that_may_not_grow_ends_the_crawl(project: Project) -> None:
    with RawServer() as server:
        fill(server, project)
        ended = project.run("crawl", "gazette", largest=1_000_000)  # the originals reach it before the catalogue does
        assert ended.code == 1
        sentences = [line for line in ended.said if not line.startswith("Dropped: ")]
        assert len(sentences) == 1, ended.err
        assert "The crawl ends here" in sentences[0]
        assert "can't write: File too large" in sentences[0]
        assert len(server.log) < 42
        recovered(project, server)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Mounts a file system of so many KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = []

    def mount(size: int) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "newswarc-test", str(folder)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            pytest.skip("may not mount a file system here")
        mounted.append(folder)
        return folder

    yield mount
    for path in mounted:
        subprocess.run(["umount", str(path)], check=True)


def full_disk(project: Project, disk: Path) -> Ended:
    """Crawl onto the disk until it is full, and take the store back from it."""
    kept = project.store
    project.store = disk / "store"
    shutil.copytree(kept, project.store)
    ended = project.run("crawl", "gazette")
    shutil.rmtree(kept)
    shutil.copytree(project.store, kept)
    project.store = kept
    return ended


@pytest.mark.parametrize("size", [1000, 2000])
def test_a_full_disk_loses_nothing(size: int, project: Project, small_disk: Callable[[int], Path]) -> None:
    with RawServer() as server:
        fill(server, project)
        ended = full_disk(project, small_disk(size))
        assert ended.of("full") or ended.of("No space left")
        recovered(project, server)


def test_a_full_disk_ends_the_crawl(project: Project) -> None:
    """The catalogue reaches the limit first."""
    with RawServer() as server:
        project.source("gazette", server.url("/"))
        server.add("/", links(*(f"/a/{i}" for i in range(150))))
        for i in range(150):
            server.add(f"/a/{i}", reply(article(f"Page {i}", paragraphs=40)))
        ended = project.run("crawl", "gazette", largest=250_000)
    assert len(ended.said) == 1
    assert ended.code == 1


# Interruptions


class GatedServer(RawServer):
    """Serves so many articles at once, and the others when the gate is opened."""

    def __init__(self, free: int) -> None:
        super().__init__()
        self.gate, self.held = threading.Event(), threading.Event()
        self._free = free

    def __exit__(self, *error: object) -> None:
        self.gate.set()
        super().__exit__(*error)

    def _answer(self, sock: socket.socket, request: bytes, number: int) -> bool:
        if request.startswith(b"GET /a/"):
            with self._lock:
                self._free -= 1
                shut = self._free < 0
            if shut:
                self.held.set()
                self.gate.wait()
        return super()._answer(sock, request, number)


@contextlib.contextmanager
def crawling(project: Project, *, free: int, **settings: object) -> Iterator[tuple[subprocess.Popen[str], GatedServer]]:
    """A crawl of 40 pages that has fetched `free` of them and waits for the next one."""
    with GatedServer(free) as server:
        project.source("gazette", server.url("/"))
        server.add("/", links(*(f"/a/{i}" for i in range(40))))
        for i in range(40):
            server.add(f"/a/{i}", reply(article(f"Page {i}")))
        process = project.start("crawl", "gazette", CONCURRENT_REQUESTS=2, **settings)
        try:
            while not server.held.wait(0.1):
                assert process.poll() is None, process.communicate()
            yield process, server
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_interruption_ends_the_crawl_cleanly(number: signal.Signals, project: Project) -> None:
    with crawling(project, free=12) as (process, server):
        os.killpg(process.pid, number)  # as a terminal does with Ctrl-C
        server.gate.set()
        ended = end(process)
        assert ended.code == 0
        reason, stats = project.last_run()
        assert reason == "shutdown"
        assert 14 <= stats["newswarc/captures/response"] < 42
        assert not list(project.store.rglob("*.open"))
        project.check()
        recovered(project, server)


def test_an_interruption_while_the_workers_start_is_nothing_to_complain_about(project: Project) -> None:
    with crawling(project, free=1) as (process, server):
        while len(list(_members(process.pid))) < 3:  # Scrapy, Python's resource tracker, the fork server
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        server.gate.set()
        assert end(process).said == []
        assert project.last_run()[1]["newswarc/articles"] > 0


def test_two_interruptions_end_it_at_once_and_lose_nothing(project: Project) -> None:
    with crawling(project, free=12, LOG_LEVEL="INFO") as (process, server):
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr
        while "Received SIGINT" not in process.stderr.readline():  # two at once may arrive as one
            pass
        os.killpg(process.pid, signal.SIGINT)
        end(process)  # although the server still holds its answer back
        server.gate.set()
        recovered(project, server)


def test_a_second_crawl_of_the_same_source_is_refused(project: Project) -> None:
    with crawling(project, free=6) as (first, server):
        second = project.run("crawl", "gazette")
        assert second.code == 1
        assert len(second.said) == 1
        assert second.of("newswarc: ", "in use by a crawl of gazette", f"(process {first.pid})")
        server.gate.set()
        ended = end(first)
        assert (ended.code, ended.said) == (0, [])
        assert [entry.path for entry in server.log].count("/") == 1
    assert project.last_run()[1]["newswarc/articles"] == 40
    project.check()


def test_another_source_crawls_at_the_same_time(project: Project) -> None:
    with crawling(project, free=6) as (first, server), RawServer() as other:
        project.source("herald", other.url("/"))
        other.add("/", links("/a/herald"))
        other.add("/a/herald", reply(article("Herald")))
        second = project.run("crawl", "herald")
        assert (second.code, second.said) == (0, [])
        assert project.last_run()[1]["newswarc/articles"] == 1
        server.gate.set()
        assert end(first).code == 0
    project.check()


# Where a crawl may not go


def test_a_redirect_to_a_private_address_is_refused(project: Project) -> None:
    with RawServer() as server, RawServer(host="127.0.0.2") as private:
        url = private.add("/a/secret", reply(article("Secret")))
        project.source("gazette", server.url("/"), 'hosts = ["127.0.0.1", "127.0.0.2"]\n')
        server.add("/", links("/a/moved", "/a/refresh", "/a/good"))
        moved = reply("", "text/html", f"Location: {url}", status="302 Found")
        server.add("/a/moved", moved)
        refresh = f'<meta http-equiv="refresh" content="0;url={url}?2">'
        server.add("/a/refresh", reply(f"<html><head>{refresh}</head></html>"))
        server.add("/a/good", reply(article("Good")))
        ended = project.run("crawl", "gazette", "-O", project.articles, ROBOTSTXT_OBEY=False)
        assert private.log == []
    assert ended.code == 0
    assert len(ended.said) == 2
    for forbidden in (url, f"{url}?2"):
        assert len(ended.of(f"{forbidden} could not be fetched", "127.0.0.2 is not a public address")) == 1
        assert project.failures()[forbidden]["outcome"] == "forbidden-address"
    assert project.stored(server.url("/a/moved"))[server.url("/a/moved")].response.block == moved.data
    assert list(project.read()) == ["good"]
    project.check()


def test_a_redirect_off_the_site_is_said(project: Project) -> None:
    with RawServer() as server, RawServer(host="127.0.0.2") as other:
        url = other.add("/a/other", reply(article("Other")))
        project.source("gazette", server.url("/"))
        server.add("/", links("/a/moved"))
        server.add("/a/moved", reply("", "text/html", f"Location: {url}", status="302 Found"))
        ended = project.run("crawl", "gazette", PRIVATE_NETWORKS_ALLOWED="127.0.0.0/8")
        assert other.log == []
    assert ended.code == 0
    project.check()
    assert len(ended.of(url)) == 1


@pytest.mark.parametrize(("disallow", "refused"), [("/a/closed", "/a/closed"), ("/", "/")])
def test_robots_txt_that_forbids(disallow: str, refused: str, project: Project) -> None:
    with RawServer() as server:
        project.source("gazette", server.url("/"))
        server.add("/robots.txt", reply(f"User-agent: *\nDisallow: {disallow}\n", "text/plain"))
        server.add("/", links("/a/closed", "/a/good"))
        server.add("/a/good", reply(article("Good")))
        server.add("/a/closed", reply(article("Closed")))
        ended = project.run("crawl", "gazette", "-O", project.articles)
        assert refused not in [entry.path for entry in server.log]
    assert ended.code == 0
    assert ended.said == [f"{server.url(refused)} is not fetched: robots.txt asks crawlers not to fetch it."]
    assert project.failures()[server.url(refused)]["outcome"] == "robots"
    assert project.last_run()[1]["newswarc/pages/refused"] == 1
    assert list(project.read()) == ([] if refused == "/" else ["good"])
    project.check()


def test_robots_txt_holds_for_all_that_wait_for_it(project: Project) -> None:
    with RawServer() as server:
        project.source("gazette", server.url("/"))
        server.add("/robots.txt", reply("User-agent: *\nDisallow: /a/\n", "text/plain"))
        urls = [server.add(f"/a/{number}", reply(article("Closed"))) for number in range(5)]
        project.run("crawl", "gazette", "-a", f"url={' '.join(urls)}")
        assert [entry.path for entry in server.log] == ["/robots.txt"]


ROBOTS = {
    "unavailable": reply("busy", "text/plain", status="503 Service Unavailable"),
    "cut": Reply((b"HTTP/1.1 200 OK\r\nContent-Le",), end="close", whole=False),
    "garbage": Reply((b"220 mail.example ESMTP\r\n\r\n",), end="close"),
    "binary": reply(bytes(range(256)), "text/plain"),
}


@pytest.mark.parametrize("name", ROBOTS)
def test_robots_txt_that_cannot_be_had(name: str, project: Project) -> None:
    with RawServer() as server:
        project.source("gazette", server.url("/"))
        server.add("/robots.txt", ROBOTS[name])
        server.add("/", links("/a/good"))
        server.add("/a/good", reply(article("Good")))
        ended = project.run("crawl", "gazette")
        asked = [entry.path for entry in server.log]
        robots = server.url("/robots.txt")
    assert ended.code == 0
    if name != "binary":  # then nothing may be fetched (RFC 9309, 2.3.1.4)
        assert set(asked) == {"/robots.txt"}
        assert len(ended.said) == 1
        assert ended.of(f"{server.url('/')} is not fetched", "robots.txt")
    else:
        assert asked == ["/robots.txt", "/", "/a/good"]
        assert project.last_run()[1]["newswarc/articles"] == 1
    if name == "garbage":
        assert project.failures()[robots]["received"].encode("latin-1") == ROBOTS[name].data
    else:
        assert project.stored(robots)[robots].response.block == ROBOTS[name].data
    project.check()
