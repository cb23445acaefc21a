"""What may be connected to, judged address by address and in real crawls against loopback servers."""

from __future__ import annotations

import ipaddress
import json
import ssl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy.exceptions import UsageError
from scrapy.settings import Settings
from twisted.internet.error import DNSLookupError

from crawler.resolver import ConnectTo, ForbiddenAddress, PublicResolver
from tests.server.crawl import ROOT, crawl
from tests.server.raw import RawServer, Reply

OK = Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",))
CLOSING = Reply((b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",), end="close")


def run(
    requests: Sequence[str | dict[str, Any]],
    folder: Path,
    *,
    names: dict[str, list[Any]] | None = None,
    code: int = 0,
    **settings: object,
) -> tuple[dict[str, dict[str, Any]], str]:
    """Fetch one after the other, without our project's settings; what was seen by URL, and the log.

    `names` is what the name server says, see `NamedResolver`.
    """
    chain = [request if isinstance(request, dict) else {"url": request} for request in requests]
    mine = {
        "COOKIES_ENABLED": False,
        "TEST_NAMES": json.dumps(names or {}),
        "TWISTED_DNS_RESOLVER": "tests.server.names.NamedResolver",
    }
    seen, log = crawl([chain], folder, {**mine, **settings}, cwd=folder, code=code)
    return {entry["url"]: entry for entry in seen}, log


def resolver(**settings: object) -> PublicResolver:
    crawler: Any = SimpleNamespace(settings=Settings(settings))  # CrawlerProcess gives itself, no Crawler
    return PublicResolver.from_crawler(crawler, reactor=None)


NOT_PUBLIC = """
    127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.5 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1
    100.100.100.200 192.0.2.1 198.51.100.1 203.0.113.1 198.18.0.1 192.0.0.1 192.0.0.9 192.88.99.1
    224.0.0.1 224.0.1.1 239.1.1.1 240.0.0.1 255.255.255.255
    :: ::1 fe80::1 fe80::1%2 fc00::1 fd00:ec2::254 fec0::1 ff02::1 ff0e::1 2001:db8::1 3fff::1 100::1
    2001:2::1 2001:10::1 2001:20::1 4000::1 5f00::1 64:ff9b:1::8.8.8.8 ::8.8.8.8 ::127.0.0.1
    ::ffff:127.0.0.1 ::ffff:10.0.0.5 2002:7f00:1:: 2002:a00:5::1 64:ff9b::127.0.0.1
    64:ff9b::169.254.169.254 2001:0:808:808::80ff:fffe 2001:0:7f00:1::f7f7:f7f7
"""
PUBLIC = """
    8.8.8.8 1.1.1.1 100.63.255.255 172.32.0.1 223.255.255.1 2600::1 2a00:1450::1
    ::ffff:8.8.8.8 2002:808:808::1 64:ff9b::8.8.8.8 2001:0:808:808::f7f7:f7f7
"""


@pytest.mark.parametrize("address", NOT_PUBLIC.split())
def test_these_addresses_are_not_public(address: str) -> None:
    assert not resolver().permits(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC.split())
def test_these_addresses_are_public(address: str) -> None:
    assert resolver().permits(ipaddress.ip_address(address))


def test_allowed_networks_hold_for_carried_addresses_and_no_others() -> None:
    allowing = resolver(PRIVATE_NETWORKS_ALLOWED="127.0.0.0/8, fd00::/8,fe80::/10")
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "fd00::1", "fe80::1%2", "8.8.8.8"):
        assert allowing.permits(ipaddress.ip_address(address)), address
    for address in ("10.0.0.5", "::1", "::ffff:10.0.0.5", "fc00::1"):
        assert not allowing.permits(ipaddress.ip_address(address)), address


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"PRIVATE_NETWORKS_ALLOWED": ["10.0.0.0/99"]}, "PRIVATE_NETWORKS_ALLOWED: '10.0.0.0/99'"),
        ({"PRIVATE_NETWORKS_ALLOWED": ["10.0.0.1/8"]}, "host bits set"),
        ({"PRIVATE_NETWORKS_ALLOWED": ["intranet"]}, "'intranet' is no network"),
        ({"CONNECT_TO": ["news.example:80"]}, "CONNECT_TO: 'news.example:80' is not HOST1:PORT1:HOST2:PORT2"),
        ({"CONNECT_TO": ["a:1:::1:2"]}, "in brackets"),
        ({"CONNECT_TO": ["a:1:b:70000"]}, "1 to 65535"),
        ({"CONNECT_TO": ["a:0:b:1"]}, "1 to 65535"),
    ],
)
def test_a_wrong_setting_is_one_clear_error(settings: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as error:
        resolver(**settings)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_wrong_setting_ends_the_command(tmp_path: Path) -> None:
    _, log = run(["http://127.0.0.1:9/"], tmp_path, PRIVATE_NETWORKS_ALLOWED="10.0.0.0/99", code=2)
    assert "PRIVATE_NETWORKS_ALLOWED: '10.0.0.0/99' is no network" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("entry", "host", "port", "matches"),
    [
        ("News.Example:80:b:1", "news.example", 80, True),
        ("news.example.:80:b:1", "news.example", 80, True),
        ("news.example:80:b:1", "news.example.", 80, True),
        ("news.example:80:b:1", "www.news.example", 80, False),
        ("news.example:80:b:1", "news.example", 443, False),
        ("news.example::b:1", "news.example", 443, True),
        (":443:b:1", "any.example", 443, True),
        (":::", "any.example", 1, True),
        ("[0:0::1]:80:b:1", "::1", 80, True),
        ("bücher.example:80:b:1", "xn--bcher-kva.example", 80, True),
        ("xn--bcher-kva.example:80:b:1", "bücher.example", 80, True),
    ],
)
def test_connect_to_matches_as_in_curl(entry: str, host: str, port: int, matches: bool) -> None:
    assert ConnectTo.parse(entry).matches(host, port) is matches


def test_connect_to_reads_brackets() -> None:
    assert ConnectTo.parse("[::1]:1:[fe80::1%eth0]:2") == ConnectTo("::1", 1, "fe80::1%eth0", 2)
    assert ConnectTo.parse("a:::") == ConnectTo("a", None, "", None)


def test_the_exception_is_none_that_scrapy_retries_or_renames() -> None:
    assert not issubclass(ForbiddenAddress, (OSError, DNSLookupError))


SPELLINGS = """
    127.0.0.1 localhost LOCALHOST 127.1 2130706433 0x7f.1 0177.0.0.1 0.0.0.0 0 127.0.0.2
    [::1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::] [0:0:0:0:0:0:0:1] [64:ff9b::7f00:1]
    １２７.０.０.１ 127。0。0。1
"""
UNKNOWN_TO_SOME = "localhost. 127.0.0.1. 127.1. ⑫7.1"
"""Whether these are names of loopback is up to the system's resolver."""


def test_loopback_is_refused_in_every_spelling(tmp_path: Path) -> None:
    with RawServer(host="::") as server:
        urls = [f"http://{host}:{server.port}/" for host in SPELLINGS.split()]
        unsure = [f"http://{host}:{server.port}/" for host in UNKNOWN_TO_SOME.split()]
        seen, log = run([*urls, *unsure], tmp_path)
    assert server.log == []
    assert {url: seen[url]["error"] for url in urls} == dict.fromkeys(urls, "ForbiddenAddress"), log
    assert {seen[url]["error"] for url in unsure} <= {"ForbiddenAddress", "CannotResolveHostError"}
    text = seen[f"http://127.1:{server.port}/"]["text"]
    assert text == ("refused to connect to 127.1: 127.0.0.1 is not a public address (see PRIVATE_NETWORKS_ALLOWED)")


def test_a_refusal_is_not_retried(tmp_path: Path) -> None:
    urls = ["http://127.0.0.1:9/", "http://nothing.example/"]
    _, log = run(urls, tmp_path, names={"nothing.example": [[]]}, RETRY_ENABLED=True)
    assert f"Gave up retrying <GET {urls[0]}>" not in log
    assert f"Gave up retrying <GET {urls[1]}>" in log


def test_allowed_loopback_is_reached_by_ipv4_and_ipv6(tmp_path: Path) -> None:
    with RawServer(host="::") as server:
        server.add("/", OK)
        urls = [
            f"http://{host}:{server.port}/"
            for host in ("127.0.0.1", "[::1]", "127.1", "[::ffff:127.0.0.1]", "127.0.1.1")
        ]
        seen, log = run(urls, tmp_path, PRIVATE_NETWORKS_ALLOWED="127.0.0.0/24,::1/128")
    assert [seen[url].get("status") for url in urls] == [200, 200, 200, 200, None], log
    assert seen[urls[-1]]["error"] == "ForbiddenAddress"


@pytest.mark.parametrize("location", ["http://inside.example:%d/secret", "http://127.0.0.2:%d/secret"])
def test_a_redirect_into_a_private_network_is_refused(tmp_path: Path, location: str) -> None:
    names = {"news.example": [["127.0.0.1"]], "inside.example": [["127.0.0.2"]]}
    with RawServer() as server, RawServer(host="127.0.0.2") as inside:
        redirect = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % (
            (location % inside.port).encode()
        )
        server.add("/", Reply((redirect,)))
        url = f"http://news.example:{server.port}/"
        seen, log = run([url], tmp_path, names=names, PRIVATE_NETWORKS_ALLOWED="127.0.0.1/32")
    assert len(server.log) == 1
    assert inside.log == []
    assert seen[url]["error"] == "ForbiddenAddress", log
    assert "127.0.0.2 is not a public address" in seen[url]["text"]


def test_of_mixed_answers_only_the_public_addresses_are_used(tmp_path: Path) -> None:
    names = {
        "news.example": [["127.0.0.1", "127.0.0.2", "127.0.0.3"]],
        "inside.example": [["127.0.0.3", "::1"]],
    }
    with RawServer() as private, RawServer(host="127.0.0.2", port=private.port) as server:
        server.add("/", OK)
        urls = [f"http://{host}:{server.port}/" for host in ("news.example", "inside.example")]
        seen, log = run(urls, tmp_path, names=names, PRIVATE_NETWORKS_ALLOWED="127.0.0.2/32")
    assert private.log == []
    assert len(server.log) == 1
    assert seen[urls[0]]["ip"] == "127.0.0.2", log
    assert seen[urls[1]]["text"] == (
        "refused to connect to inside.example: 127.0.0.3, ::1 are not public addresses (see PRIVATE_NETWORKS_ALLOWED)"
    )


def test_an_answer_that_changes_is_judged_anew(tmp_path: Path) -> None:
    names = {"news.example": [["127.0.0.2"], ["127.0.0.1"]]}
    with RawServer() as private, RawServer(host="127.0.0.2", port=private.port) as server:
        server.add("/a", CLOSING)
        urls = [f"http://news.example:{server.port}{path}" for path in ("/a", "/b")]
        seen, log = run(urls, tmp_path, names=names, PRIVATE_NETWORKS_ALLOWED="127.0.0.2/32", DNSCACHE_ENABLED=False)
    assert private.log == []
    assert seen[urls[0]]["status"] == 200
    assert seen[urls[1]]["error"] == "ForbiddenAddress"
    assert log.count("looked up news.example") == 2, "each connection must look up once, and once only"


def test_the_cache_saves_lookups(tmp_path: Path) -> None:
    with RawServer() as server:
        urls = [f"http://news.example:{server.port}/{n}" for n in range(3)]
        for url in urls:
            server.add("/" + url[-1], CLOSING)
        seen, log = run(
            urls,
            tmp_path,
            names={"news.example": [["127.0.0.1"]]},
            PRIVATE_NETWORKS_ALLOWED="127.0.0.1",
        )
    assert [seen[url]["status"] for url in urls] == [200] * 3
    assert log.count("looked up news.example") == 1


def test_failed_lookups_say_why(tmp_path: Path) -> None:
    urls = ["http://slow.example/", "http://nothing.example/", f"http://{'x' * 70}.example/"]
    seen, log = run(list(urls), tmp_path, names={"slow.example": [0.5], "nothing.example": [[]]}, DNS_TIMEOUT=0.1)
    assert {entry["error"] for entry in seen.values()} == {"CannotResolveHostError"}, log
    assert seen[urls[0]]["text"] == "DNS lookup failed: no answer about slow.example within 0.1 seconds."
    assert "nothing.example" in seen[urls[1]]["text"]
    assert "x" * 70 in seen[urls[2]]["text"]


@pytest.mark.parametrize("tls", [None, ssl.TLSVersion.TLSv1_3], ids=["plain", "tls"])
def test_connect_to_changes_the_connection_alone(tmp_path: Path, tls: ssl.TLSVersion | None) -> None:
    with RawServer(tls=tls) as server:
        server.add("/page?x=1", OK)
        scheme, port = ("https", 443) if tls else ("http", 80)
        url = f"{scheme}://www.news.example/page?x=1"
        seen, log = run(
            [url],
            tmp_path,
            PRIVATE_NETWORKS_ALLOWED="127.0.0.1/32",
            CONNECT_TO=f"www.news.example:{port}:127.0.0.1:{server.port}",
        )
    assert seen[url].get("status") == 200, (seen, log)
    assert seen[url]["ip"] == "127.0.0.1"
    assert b"\r\nHost: www.news.example\r\n" in server.log[0].request
    assert server.log[0].sni == ("www.news.example" if tls else None)


def test_connect_to_is_judged_like_any_address(tmp_path: Path) -> None:
    with RawServer() as server:
        url = "http://news.example/"
        seen, _ = run([url], tmp_path, CONNECT_TO=f"news.example:80:127.0.0.1:{server.port}")
    assert server.log == []
    assert seen[url]["error"] == "ForbiddenAddress"
    assert "refused to connect to news.example by way of 127.0.0.1 (see CONNECT_TO)" in seen[url]["text"]


def test_two_ports_of_a_host_go_to_two_targets(tmp_path: Path) -> None:
    with RawServer() as one, RawServer() as two:
        one.add("/", OK)
        two.add("/", OK)
        urls = ["http://news.example/", "http://news.example:8080/"]
        seen, log = run(
            urls,
            tmp_path,
            PRIVATE_NETWORKS_ALLOWED="127.0.0.1",
            CONNECT_TO=f"news.example:80:localhost:{one.port},news.example:8080:localhost:{two.port}",
        )
    assert [seen[url].get("status") for url in urls] == [200, 200], log
    assert (len(one.log), len(two.log)) == (1, 1)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_private_proxy_has_to_be_allowed(tmp_path: Path, scheme: str) -> None:
    url = f"{scheme}://news.example/"
    with RawServer() as proxy:
        request = {"url": url, "meta": {"proxy": f"http://localhost:{proxy.port}"}}
        refused, log = run([request], tmp_path)
        assert refused[url]["error"] == "ForbiddenAddress", log
        assert proxy.log == []
        seen, log = run([request], tmp_path, PRIVATE_NETWORKS_ALLOWED="127.0.0.1,::1")
        assert seen[url].get("error") != "ForbiddenAddress", log
        assert len(proxy.log) == 1


TWO_RESOLVERS = """
import asyncio
from types import SimpleNamespace
from scrapy.settings import Settings
from scrapy.utils.reactor import install_reactor
install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from crawler.resolver import PublicResolver

async def ask():
    for allowed in ("127.0.0.1", "", "127.0.0.1"):
        crawler = SimpleNamespace(settings=Settings({"PRIVATE_NETWORKS_ALLOWED": allowed}))
        PublicResolver.from_crawler(crawler, reactor=reactor).install_on_reactor()
        try:
            print(await reactor.resolve("127.1"))
        except Exception as error:
            print(type(error).__name__)
    reactor.stop()

reactor.callWhenRunning(lambda: Deferred.fromCoroutine(ask()))
reactor.run()
"""


def test_one_crawl_s_permissions_do_not_reach_the_next_in_the_same_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWO_RESOLVERS], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["127.0.0.1", "ForbiddenAddress", "127.0.0.1"], done.stderr
