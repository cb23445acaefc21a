"""What a server can make a crawl do: connect nowhere but to public addresses, and take no more than its share.

Each test is a real crawl with the project's settings against a server that means harm.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard

from tests.server.crawl import LOOPBACK, ROOT, crawl
from tests.server.raw import RawServer, Reply
from tests.server.store import read_store
from tests.server.tunnel import Tunnel

ONLY_ONE = {**LOOPBACK, "PRIVATE_NETWORKS_ALLOWED": "127.0.0.1/32"}
HEAD = b"HTTP/1.1 200 OK\r\n"


def reply(body: bytes = b"", *headers: str, status: str = "200 OK") -> Reply:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return Reply(("\r\n".join(lines).encode("latin-1") + body,))


def fetched(urls: list[str], folder: Path, **settings: object) -> tuple[dict[str, dict[str, Any]], str]:
    """What became of each, and the log."""
    mine = {**ONLY_ONE, "ARCHIVE_STORE": folder / "store", "DOWNLOAD_TIMEOUT": 20}
    seen, log = crawl([[{"url": url}] for url in urls], folder, {**mine, **settings})
    assert "Traceback" not in log
    return {entry["url"]: entry for entry in seen}, log


# Elsewhere

LOCATIONS = """
    http://127.0.0.2:{port}/ http://2130706434:{port}/ http://0x7f000002:{port}/ http://0177.0.0.2:{port}/
    http://127.2:{port}/ http://[::ffff:127.0.0.2]:{port}/ http://[::127.0.0.2]:{port}/ //127.0.0.2:{port}/
    http://[2002:7f00:2::1]:{port}/ http://[64:ff9b::7f00:2]:{port}/ http://[::1%25lo]:{port}/ http://0:{port}/
    http://user:secret@127.0.0.2:{port}/ http://127.0.0.2.:{port}/ http://%31%32%37.0.0.2:{port}/
    http://127%2e0%2e0%2e2:{port}/ http:\\\\127.0.0.2:{port}/ http:///127.0.0.2:{port}/
    file:///etc/hostname file://127.0.0.2/etc/hostname ftp://127.0.0.2:{port}/ data:text/html,hello
    s3://bucket/key gopher://127.0.0.2:{port}/_x javascript:alert(1) about:blank blob:x view-source:file:///etc/hostname
    dict://127.0.0.2:{port}/ ldap://127.0.0.2:{port}/ unix:///run/x jar:file:///x!/ ws://127.0.0.2:{port}/
"""


@pytest.mark.parametrize("way", ["Location", "Refresh", "meta"])
def test_no_redirect_leads_inside_or_to_another_scheme(way: str, tmp_path: Path) -> None:
    with RawServer() as server, RawServer(host="127.0.0.2") as inside:
        urls = []
        for number, location in enumerate(LOCATIONS.format(port=inside.port).split()):
            meta = f'<html><head><meta http-equiv="refresh" content="0;url={location}"></head><p>hello'
            answer = {
                "Location": reply(
                    b"", f"Location: {location}", status=f"{(301, 302, 303, 307, 308)[number % 5]} Found"
                ),
                "Refresh": reply(b"<p>hello", f"Refresh: 0; url={location}", "Content-Type: text/html"),
                "meta": reply(meta.encode(), "Content-Type: text/html"),
            }[way]
            urls.append(server.add(f"/{number}", answer))
        seen, log = fetched(urls, tmp_path)
    assert inside.log == []
    assert set(seen) == set(urls), log
    blocks = [entry.response.block for entry in read_store(tmp_path / "store")[0]]
    hostname = Path("/etc/hostname").read_bytes().strip() if Path("/etc/hostname").exists() else b"\0"
    assert len(blocks) >= len(urls)
    assert not any(len(hostname) > 3 and hostname in block.partition(b"\r\n\r\n")[2] for block in blocks)
    assert {entry.get("status", 0) for entry in seen.values()} <= {0, 200, 301, 302, 303, 307, 308, 404}


def test_no_request_has_another_scheme(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    urls = [f"file://{tmp_path}/secret", "data:text/plain,secret", "ftp://127.0.0.1/secret", "s3://bucket/secret"]
    seen, _ = fetched(urls, tmp_path)
    assert {url: seen[url].get("error") for url in urls} == dict.fromkeys(urls, "NotSupported")


@pytest.mark.parametrize("command", ["fetch", "shell", "view", "parse", "clean"])
def test_no_command_fetches_a_local_file(command: str, tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("<p>the secret of this machine</p>")
    url = f"file://{tmp_path}/secret.html"
    arguments = {"shell": [url, "-c", "print(response and response.text)"], "parse": [url, "--spider", "url"]}
    done = subprocess.run(
        [sys.executable, "-m", "scrapy", command, *arguments.get(command, [url]), "-s", f"ARCHIVE_STORE={tmp_path}/s"],
        cwd=ROOT,
        env={**os.environ, "BROWSER": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "the secret of this machine" not in done.stdout + done.stderr


def test_a_redirect_has_an_end(tmp_path: Path) -> None:
    with RawServer() as server:
        for number in range(60):
            server.add(f"/{number}", reply(b"", f"Location: /{number + 1}", status="302 Found"))
        loop = server.add("/loop", reply(b"", "Location: /loop", status="302 Found"))
        urls = [server.url("/0"), loop]
        seen, log = fetched(urls, tmp_path)
    assert len(server.log) < 50
    assert {entry.get("error") for entry in seen.values()} == {"IgnoreRequest"}, log


@pytest.mark.parametrize("host", ["127.0.0.2", "2130706434", "0x7f.2", "localhost", "a.localhost", "[::1]", "10.1"])
def test_a_proxy_is_not_asked_for_an_address_inside(host: str, tmp_path: Path) -> None:
    with RawServer(host="127.0.0.2") as inside, Tunnel(inside.port) as proxy:
        url = f"http://{host}:{inside.port}/"
        meta = {"proxy": f"http://127.0.0.1:{proxy.port}"}
        secret = {"url": url.replace("http:", "https:", 1), "meta": meta}
        settings = {**ONLY_ONE, "ARCHIVE_STORE": tmp_path / "store", "PRIVATE_NETWORKS_ALLOWED": "127.0.0.1/32"}
        if host in ("localhost", "a.localhost"):
            settings["PRIVATE_NETWORKS_ALLOWED"] = "127.0.0.3/32"
        seen, log = crawl([[{"url": url, "meta": meta}], [secret]], tmp_path, settings)
    assert (inside.log, proxy.asked) == ([], [])
    assert [entry.get("error") for entry in seen] == ["ForbiddenAddress"] * 2, log


def test_a_proxy_of_the_environment_is_judged_too(tmp_path: Path) -> None:
    spec, out = tmp_path / "spec.json", tmp_path / "seen.jsonl"
    spec.write_text(json.dumps([[{"url": "http://news.example/"}], [{"url": "http://169.254.169.254/latest"}]]))
    with RawServer(host="127.0.0.2") as proxy:
        address = f"http://127.0.0.2:{proxy.port}"
        settings = {**ONLY_ONE, "ARCHIVE_STORE": tmp_path / "store", "RETRY_ENABLED": False, "ROBOTSTXT_OBEY": False}
        spider = ROOT / "tests/server/spider.py"
        command = [sys.executable, "-m", "scrapy", "runspider", spider, "-a", f"spec={spec}", "-a", f"seen={out}"]
        for name, value in settings.items():
            command += ["-s", f"{name}={value}"]
        environment = {**os.environ, "http_proxy": address, "https_proxy": address, "PYTHONPATH": str(ROOT)}
        environment = {name: value for name, value in environment.items() if name.lower() != "no_proxy"}
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=True)
    assert proxy.log == []
    seen = [json.loads(line) for line in out.read_text().splitlines()]
    assert {entry["error"] for entry in seen} == {"ForbiddenAddress"}


# Too much


def layers(data: bytes, name: str, count: int) -> bytes:
    """Encoded so many times over, hardly smaller each time but the last."""
    for number in range(count):
        level = 9 if number == count - 1 else 0
        data = {
            "gzip": lambda data=data, level=level: gzip.compress(data, level),
            "deflate": lambda data=data, level=level: zlib.compress(data, level),
            "br": lambda data=data, level=level: brotli.compress(data, quality=min(level, 3)),
            "zstd": lambda data=data: zstandard.compress(data, 1),
        }[name]()
    return data


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_bombs_are_kept_and_not_unpacked(coding: str, tmp_path: Path) -> None:
    bomb = layers(bytes(80 << 20), coding, 1)
    nested = layers(bytes(80 << 20), coding, 3)
    with RawServer() as server:
        urls = [
            server.add("/bomb", reply(bomb, f"Content-Encoding: {coding}", "Content-Type: text/html")),
            server.add("/nested", reply(nested, f"Content-Encoding: {', '.join([coding] * 3)}")),
            server.add("/many", reply(b"x", f"Content-Encoding: {', '.join([coding] * 1000)}")),
            server.add("/after", reply(b"<p>hello", "Content-Type: text/html")),
        ]
        seen, log = fetched(urls, tmp_path, DOWNLOAD_MAXSIZE=64 << 20)
    assert [seen[url].get("error") for url in urls] == [*["IgnoreRequest"] * 3, None], log
    kept = {entry.path: entry.response.block for entry in read_store(tmp_path / "store")[0]}
    assert kept["/bomb"].endswith(bomb)
    assert kept["/nested"].endswith(nested)
    assert len(kept) == 4


def test_a_head_without_end_ends(tmp_path: Path) -> None:
    line = b"X-Header: " + b"x" * 1000 + b"\r\n"
    endless = {
        "/head": Reply((HEAD, *[line * 100] * 80), end="close", whole=False),
        "/interim": Reply((*[b"HTTP/1.1 103 Early Hints\r\n" + line * 10 + b"\r\n"] * 500,), end="close", whole=False),
        "/folded": Reply((HEAD + b"A: b\r\n", *[b" folded\r\n" * 1000] * 100), end="close", whole=False),
        "/line": Reply((HEAD + b"A: ", *[b"x" * 10_000] * 100), end="close", whole=False),
        "/status": Reply((b"HTTP/1.1 200 ", *[b"x" * 10_000] * 100), end="close", whole=False),
    }
    with RawServer() as server:
        urls = [server.add(path, answer) for path, answer in endless.items()]
        large = server.add("/large", Reply((HEAD + line * 200 + b"Content-Length: 2\r\n\r\nok",)))
        seen, log = fetched([*urls, large], tmp_path)
    assert seen[large]["status"] == 200, log
    assert all(entry.get("error") for url, entry in seen.items() if url != large), seen
    stored = read_store(tmp_path / "store")[0]
    for entry in stored:
        assert len(entry.response.block) < 1 << 20, entry.path
    (cut,) = (entry for entry in stored if entry.path == "/head")
    assert cut.response.headers["WARC-Truncated"] == "length"
    assert seen[urls[0]]["text"]


def test_a_body_that_drips_ends(tmp_path: Path) -> None:
    drip = Reply((HEAD + b"Content-Length: 100000\r\n\r\n", *[b"x"] * 300), pause=0.1, whole=False, end="close")
    headers = Reply((HEAD, *[b"A: b\r\n"] * 300), pause=0.1, whole=False, end="close")
    with RawServer() as server:
        urls = [server.add("/drip", drip), server.add("/headers", headers)]
        seen, _ = fetched(urls, tmp_path, DOWNLOAD_TIMEOUT=2)
    assert {entry["error"] for entry in seen.values()} == {"DownloadTimeoutError"}
    assert {entry.response.headers["WARC-Truncated"] for entry in read_store(tmp_path / "store")[0]} == {"time"}


# Without end


def spider_crawl(source: str, folder: Path, **settings: object) -> str:
    """A crawl of a source; its log."""
    (folder / "sources").mkdir()
    form = "title = 'Trap'\narticle_urls = ['/story/.*']\n"
    (folder / "sources" / "trap.toml").write_text(form + source)
    given = {**ONLY_ONE, "ROBOTSTXT_OBEY": False, "RETRY_ENABLED": False, "SOURCES": folder / "sources", **settings}
    command = [sys.executable, "-m", "scrapy", "crawl", "trap", "-s", f"ARCHIVE_STORE={folder}/store"]
    for name, value in given.items():
        command += ["-s", f"{name}={value}"]
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_sitemaps_that_name_sitemaps_have_an_end(tmp_path: Path) -> None:
    with RawServer() as server:
        for number in range(40):
            index = f"<sitemapindex><sitemap><loc>/s{number + 1}.xml</loc></sitemap></sitemapindex>"
            server.add(f"/s{number}.xml", reply(index.encode(), "Content-Type: text/xml"))
        url = server.url("/")
        log = spider_crawl(f'home = "{url}"\nsitemaps = ["/s0.xml"]\n', tmp_path)
    assert [entry.path for entry in server.log] == [f"/s{number}.xml" for number in range(5)]
    assert "sitemaps have no end" in log


def test_a_calendar_is_not_wandered_through(tmp_path: Path) -> None:
    links = "".join(f'<a href="/calendar/{day}?next={day + 1}">day</a>' for day in range(12_000))
    page = f'<html><body><a href="/story/1">Story</a>{links}<a href="/story/2">Story</a></body></html>'
    story = '<html><body><article><h1>Ice</h1><p>The mole is closed.</p></article><a href="/story/3">next</a>'
    with RawServer() as server:
        server.add("/", reply(page.encode(), "Content-Type: text/html"))
        server.add("/story/1", reply(story.encode(), "Content-Type: text/html"))
        log = spider_crawl(f'home = "{server.url("/")}"\n', tmp_path)
    assert [entry.path for entry in server.log] == ["/", "/story/1"]
    assert "12,002 links; only the first 10,000 are read" in log


def test_listings_name_no_address_inside_and_no_file(tmp_path: Path) -> None:
    with RawServer() as server, RawServer(host="127.0.0.2") as inside:
        bad = [f"http://127.0.0.2:{inside.port}/story/1", "file:///etc/hostname?/story/", "ftp://127.0.0.2/story/2"]
        bad += ["javascript:alert('/story/')", "data:text/html,/story/", f"//127.0.0.2:{inside.port}/story/3"]
        bad += ["/story/" + "x" * 3000]
        items = "".join(f"<item><title>A</title><link>{url}</link></item>" for url in bad)
        rows = "".join(f"<url><loc>{url}</loc></url>" for url in bad)
        links = "".join(f'<a href="{url}">a</a>' for url in bad)
        server.add("/feed", reply(f"<rss><channel>{items}</channel></rss>".encode(), "Content-Type: text/xml"))
        server.add("/map", reply(f"<urlset>{rows}</urlset>".encode(), "Content-Type: text/xml"))
        server.add("/", reply(f"<html>{links}</html>".encode(), "Content-Type: text/html"))
        listings = 'feeds = ["/feed"]\nsitemaps = ["/map"]\nsections = ["/"]\nhosts = ["127.0.0.1", "127.0.0.2"]\n'
        spider_crawl(f'home = "{server.url("/")}"\n{listings}', tmp_path)
    assert inside.log == []
    assert {entry.path for entry in server.log} == {"/feed", "/map", "/"}


def test_what_a_page_needs_is_not_fetched_from_inside(tmp_path: Path) -> None:
    with RawServer() as server, RawServer(host="127.0.0.2") as inside:
        there = f"http://127.0.0.2:{inside.port}"
        page = (
            f'<html><head><link rel=stylesheet href="/a.css"><link rel=stylesheet href="{there}/b.css">'
            f"<style>@import url({there}/c.css); p{{background:url(file:///etc/hostname)}}</style></head><body>"
            f'<article><h1>Ice</h1><p>The mole is closed.</p><img src="{there}/d.png"><img src="file:///etc/hostname">'
            f'<img srcset="data:image/png,x 1x, {there}/e.png 2x"></article></body></html>'
        )
        style = f"p{{background:url({there}/f.png)}} @import '{there}/g.css'; @import 'ftp://127.0.0.2/h.css';"
        server.add("/", reply(b'<a href="/story/1">Story</a>', "Content-Type: text/html"))
        server.add("/story/1", reply(page.encode(), "Content-Type: text/html"))
        server.add("/a.css", reply(style.encode(), "Content-Type: text/css"))
        source = f'home = "{server.url("/")}"\nrequisites = true\n'
        spider_crawl(source, tmp_path)
    assert inside.log == []
    assert {entry.path for entry in server.log} == {"/", "/story/1", "/a.css"}
