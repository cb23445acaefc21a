"""Whatever pages, headers and file names hold: every command is run in a terminal, and none of it gets there.

Our own commands colour, clear and mark; what strangers wrote can do none of that.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archive.storage import Store
from tests.archive.making import ROOT, exchange, failure, keep_page, later, page, running, wire
from tests.server.crawl import LOOPBACK
from tests.server.raw import RawServer, Reply

TITLE, CLEARED, BLINK = "\x1b]0;owned\x07", "\x1b[2J\x1b[1;1H", "\x1b[5;31m"
LINK, ASKED, SHIFTED = "\x1b]8;;http://evil.test\x1b\\", "\x1b[6n\x1b[c\x1b[>q", "\x1bP+q544e\x1b\\\x0e"
ONE_BYTE = "\x9b2J\x9d0;owned\x9c\x90x\x85\x8d"
TURNED = "\u202edetrevni\u202c\u2066x\u2069\u200e\u200f\u061c\u2028\u2029\ufeff\u00ad\U000e0041\ufff9"
HOSTILE = f"{TITLE}{CLEARED}{BLINK}{LINK}{ASKED}{SHIFTED}{ONE_BYTE}{TURNED}\x08\x08\r\x00\x7f"
MARKED = "[bold]Loud[/bold] [link=file:///etc/passwd]news[/link] [red]"
SENTENCES = (
    f"The harbour of Ellery stays {BLINK} closed until the ice has been broken up {TURNED} by the pilots on Monday.",
    f"Twelve boats {TITLE} were caught in the storm on Friday night and ran for the shelter of the islands {ONE_BYTE}.",
    "The council had put off the repair of the old sea wall for three years running, and nobody was surprised.",
)
OURS = re.compile(rb"\x1b\[[0-9;]*m|\x1b\[\??[0-9;]*[ABCDGHJKhlm]|\r|\n")
"""What our own commands write; the hostile ones are looked for by themselves."""
FORBIDDEN = [
    part.encode()
    for part in (
        *(
            "\x1b]",
            "\x1bP",
            "\x1b[2J",
            "\x1b[1;1H",
            "\x1b[5;31m",
            "\x1b[6n",
            "\x1b[c",
            "\x1b[>q",
            "\x07",
            "\x08",
            "\x00",
        ),
        *("\x7f", "\x0e", *map(chr, range(0x80, 0xA0)), "\u202e", "\u202c", "\u2066", "\u2069", "\u200e", "\u200f"),
        *("\u061c", "\u2028", "\u2029", "\ufeff", "\u00ad", "\U000e0041", "\ufff9"),
    )
]
RUN = """
import json, sys
from scrapy.cmdline import execute
for command in json.loads(sys.argv[1]):
    print("$", command[0], flush=True)
    try:
        execute(["scrapy", *command])
    except SystemExit:
        pass
    sys.stdout.flush()
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """An archive of hostile pages, of which one has changed and one has gone."""
    store = Store(tmp_path_factory.mktemp("terminal") / "store")
    head = (
        f'<meta name="author" content="Ada {HOSTILE} Lund {MARKED}"><meta name="description" content="{HOSTILE}stand">'
        f'<meta property="article:section" content="Sea {HOSTILE}"><meta name="keywords" content="{HOSTILE}, boats">'
    ).replace("\0", "")
    urls = [f"https://ellery.test/{ONE_BYTE}{MARKED.replace(' ', '-')}{TURNED}{n}" for n in range(3)]
    for hour, words in ((0, SENTENCES), (5, SENTENCES[:2])):
        with running(store) as run:
            for number, url in enumerate(urls):
                headline = f"Storm {number} {HOSTILE} {MARKED}".replace("\0", "")
                keep_page(run, url, page(headline, sentences=words, head=head), at=later(hour))
            run.keep_failure(failure("https://ellery.test/away", error=f"No such host {HOSTILE}."))
    reason = f"410 {HOSTILE}".replace("\r", "").replace("\0", "").encode().decode("latin-1")
    with running(store) as run:
        run.keep(exchange(urls[0], wire(HOSTILE.encode(), reason), at=later(9)))
    return store


def in_terminal(commands: list[list[str]], **settings: object) -> bytes:
    """What a terminal is sent by the commands, one after the other."""
    given = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    ours, theirs = pty.openpty()
    told = json.dumps([[*command, *given] for command in commands])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "200"}
    running = subprocess.Popen(
        [sys.executable, "-c", RUN, told], cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown, end = bytearray(), time.monotonic() + 240
    while time.monotonic() < end:
        if select.select([ours], [], [], 1)[0]:
            try:
                if not (data := os.read(ours, 65536)):
                    break
            except OSError:  # Linux's word for the end
                break
            shown += data
        elif running.poll() is not None:
            break
    running.kill()
    running.wait()
    os.close(ours)
    return bytes(shown)


def judge(shown: bytes) -> None:
    assert b"Traceback" not in shown, shown[-3000:]
    for part in FORBIDDEN:
        at = shown.find(part)
        assert at < 0, (part, shown[max(0, at - 200) : at + 60])
    left = OURS.sub(b"", shown)
    assert not re.search(rb"[\x00-\x08\x0b-\x1f]", left), left


def test_no_command_lets_it_through(store: Store, tmp_path: Path) -> None:
    url = f"https://ellery.test/{ONE_BYTE}{MARKED.replace(' ', '-')}{TURNED}2"
    name = f"a{TITLE}{BLINK}{TURNED}{MARKED}".replace("/", "")
    file = tmp_path / f"{name}.warc.gz"
    file.write_bytes(store.path(store.files()[0]).read_bytes())
    (tmp_path / f"{name}.html").write_bytes(b"")
    (torn := tmp_path / f"torn{name}.warc.gz").write_bytes(file.read_bytes()[:700] + b"\xff" * 50)
    commands = [
        *(["search", "storm"], ["search", "harbour", "--newest"], ["search", HOSTILE.replace("\0", "")]),
        *(["show", url], ["show", url, "--diff"], ["show", url + TITLE], ["show", "urn:uuid:" + TITLE]),
        *(["changes", "--limit", "0"], ["changes", "--gone"], ["changes", "--kind", TITLE], ["health"]),
        *(["health", "--quarantined"], ["health", TITLE], ["coverage"], ["coverage", TITLE], ["runs"], ["furniture"]),
        *(["furniture", "ellery.test"], ["furniture", "--deny", TITLE], ["verify"], ["verify", "--url", url]),
        *(["verify", str(file), str(torn)], ["verify", str(tmp_path / name)], ["clean", str(file)]),
        *(["clean", f"{tmp_path}/{name}.html", f"{tmp_path}/{name}"], ["replay"], ["replay", "--diff", str(file)]),
        *(["replay", str(tmp_path / name)], ["export", str(tmp_path / "out" / name), "--format", "jsonl"]),
        *(["export", "--format", TITLE], ["export", str(tmp_path / "all.wacz")], ["list"]),
        *(["search", "x", "--since", TITLE], ["source", "check", TITLE], ["schedule", "--list"], ["rebuild"]),
        ["crawl", "moscow_times", "-a", f"url={TITLE}"],  # last: a process crawls once
    ]
    shown = in_terminal(commands, ARCHIVE_STORE=store.root)
    judge(shown)
    told = shown.decode("utf-8", "replace")
    assert told.count("\n$ ") == len(commands) - 1
    assert "[bold]Loud[/bold]" in told
    assert "Storm 2" in told


def test_a_crawl_lets_nothing_through(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    with RawServer() as server:
        evil = HOSTILE.replace("\r", "").replace("\0", "").encode()
        for path, status, more in (
            ("/a/moved", b"302 Moved " + evil, b"Location: http://elsewhere.test/" + evil + b"\r\n"),
            ("/a/gone", b"404 " + evil, b""),
            ("/a/coded", b"200 OK", b"Content-Encoding: " + evil + b"\r\n"),
            ("/a/typed", b"200 OK", b"Content-Type: text/html; charset=" + evil + b"\r\n"),
            ("/a/odd", b"999 " + evil, b"X" + evil + b": " + evil + b"\r\n"),
        ):
            head = b"HTTP/1.1 " + status + b"\r\n" + more + b"Content-Length: %d\r\n\r\n" % len(evil)
            server.add(path, Reply((head + evil,)))
        server.add("/a/nothing", Reply((evil,), end="close"))
        server.add("/a/failing", Reply((b"HTTP/1.1 " + evil + b"\r\n\r\n",), end="close"))
        server.add("/robots.txt", Reply((b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",)))
        links = b"".join(b'<a href="/a/%b">x</a>' % name for name in (b"moved", b"gone", b"coded", b"typed", b"odd"))
        links += b'<a href="/a/nothing">x</a><a href="/a/failing">x</a><a href="/a/' + evil + b'">x</a>'
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(links)
        server.add("/", Reply((head + links,)))
        feed = b"<rss><channel><item><title>" + evil + b"</title><link>" + evil + b"</link></item>"
        server.add("/feed", Reply((b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(feed) + feed,)))
        source = f'title = "Hostile"\nhome = "{server.url("/")}"\nsections = ["/"]\nfeeds = ["/feed"]\n'
        (tmp_path / "sources" / "hostile.toml").write_text(source + 'article_urls = ["/a/.*"]\n')
        settings = {**LOOPBACK, "ARCHIVE_STORE": tmp_path / "store", "SOURCES": tmp_path / "sources"}
        shown = in_terminal([["crawl", "hostile"]], LOG_LEVEL="DEBUG", RETRY_TIMES=1, **settings)
    judge(shown)
    assert len(server.log) > 8
