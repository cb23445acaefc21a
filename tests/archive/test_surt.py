"""Keys of addresses; pywb's own library must agree with them."""

from __future__ import annotations

import json
import random
import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.surt import surt
from tests.archive.serving.pywb import needs_pywb, pywb_python

EQUAL = [
    ("https://www.Ellery.test/2026/11/Storm/", "test,ellery)/2026/11/storm"),
    ("http://www2.ellery.test:80/2026/11/./x/../storm#top", "test,ellery)/2026/11/storm"),
    ("https://ellery.test:443/2026//11/st%6Frm?", "test,ellery)/2026/11/storm"),
    ("https://ellery.test/?b=2&A=1", "test,ellery)/?a=1&b=2"),
    ("https://ellery.test/?jsessionid=0123456789abcdef0123456789abcdef&x=1", "test,ellery)/?x=1"),
    ("https://ellery.test:8080", "test,ellery:8080)/"),
    ("ellery.test/a", "test,ellery)/a"),
    ("https://ålesund.test/å?ø", "test,xn--lesund-hua)/%c3%a5?%c3%b8"),
    ("http://reader:secret@ellery.test/", "test,ellery)/"),
    ("http://2130706433/", "1,0,0,127)/"),
    ("http://0177.1/", "1,0,0,127)/"),
    ("http://[::1]:8080/a", "::1:8080)/a"),
    ("mailto:desk@ellery.test", "mailto:desk@ellery.test"),
    ("", "-"),
]


@pytest.mark.parametrize(("url", "key"), EQUAL)
def test_a_key_is_the_same_however_the_address_was_written(url: str, key: str) -> None:
    assert surt(url) == key


def test_no_name_server_is_asked_for_an_impossible_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object) -> None:
        raise AssertionError("asked")

    for name in ("gethostbyname_ex", "gethostbyname", "getaddrinfo"):
        monkeypatch.setattr(f"socket.{name}", ask)
    assert surt("http://999.1234.5678/") == "5678,1234,999)/"


@given(st.text() | st.builds("http://{}/{}?{}".format, st.text(), st.text(), st.text()))
def test_every_string_has_a_key(url: str) -> None:
    assert surt(url).isascii()


@given(st.text("abAB%2e20/.?&=é", max_size=30))
def test_a_key_is_the_key_of_itself(rest: str) -> None:
    key = surt("https://ellery.test/" + rest)
    assert surt("https://ellery.test" + key.removeprefix("test,ellery)")) == key


PIECES = """
    http:// https:// www. WWW. www2. Ellery.test ex%61mple.test bücher.test :80 :443 :8080 / // /a/../b /./ /A/B/
    ? ?b=2&a=1 & = % %20 %2 %25 %2520 %e9 é ж #frag # user:pw@ .. . ~ | { } " ' < > \\ ^ ` ! * ( ) + ; - _ &a= &a &&
    ;p=1 ?jsessionid=0123456789abcdef0123456789abcdef &phpsessid=0123456789ABCDEF0123456789abcdef&x=1
    /(s(abcdefghijklmnopqrstuvwx))/page.aspx /(abcdefghijklmnopqrstuvwx)/p.aspx ?cfid=1&cftoken=2
    ?sid=0123456789abcdef0123456789abcdef
""".split()
STARTS = ["https://www.Ellery.test/", "http://ellery.test:8080/", "https://bücher.co.uk?", "http://", "HTTPS://a.test"]
WEB = re.compile(r"https?://[\w.-]*[a-z](:\d+)?[/?#]", re.IGNORECASE)


@needs_pywb
def test_pywb_computes_the_same_keys() -> None:
    draw = random.Random(11).choice
    made = ("".join([draw(STARTS), *(draw(PIECES) for _ in range(draw(range(7))))]) for _ in range(40_000))
    urls = [url for url in made if WEB.match(url)]
    code = "import json, sys, surt; print(json.dumps([surt.surt(url) for url in json.load(sys.stdin)]))"
    done = subprocess.run(
        [pywb_python(), "-W", "ignore", "-c", code], input=json.dumps(urls), capture_output=True, text=True, check=True
    )
    theirs = json.loads(done.stdout)
    assert len(urls) > 20_000
    assert [surt(url) for url in urls] == theirs
