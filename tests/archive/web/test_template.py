from __future__ import annotations

import pytest
from markupsafe import Markup

from archive.web.template import STATIC, harmless, link, moment, stamp, web_address
from tests.archive.web.rooms import Visitor


@pytest.mark.parametrize(
    ("date", "read"),
    [
        ("2013-02-19", "19 February 2013"),
        ("2014-03-11T00:18:00+02:00", "11 March 2014, 00:18 +02:00"),
        ("2026-11-20T09:00:07Z", "20 November 2026, 09:00:07 UTC"),
        ("2026-11-20T09:00:00+00:00", "20 November 2026, 09:00 UTC"),
        ("2026-11-20T09:00", "20 November 2026, 09:00"),
        ("2026-11-20T09:00:00-03:30", "20 November 2026, 09:00 -03:30"),
        ("2026-11", "2026-11"),
        ("soon", "soon"),
        ("", ""),
        (None, ""),
    ],
)
def test_dates_are_as_precise_as_they_are(date: str | None, read: str) -> None:
    assert moment(date) == read


def test_what_is_not_seen_but_does_something_is_shown() -> None:
    assert harmless("a\x1b[31mb\x00\u202ec\u202dd\x9b") == "a\ufffd[31mb\ufffd\ufffdc\ufffdd\ufffd"
    assert harmless("ab\tc\nd \u200fe \u0645\u200c\u0645") == "ab\tc\nd \u200fe \u0645\u200c\u0645"
    assert harmless(None) == ""
    assert harmless(7) == 7
    assert isinstance(harmless(Markup("<b>\x1b</b>")), Markup)


def test_links_hold_any_value() -> None:
    assert link("/a", url="http://x/?a=b&c=\"'<>å #", page=None, q="") == (
        "/a?url=http%3A%2F%2Fx%2F%3Fa%3Db%26c%3D%22%27%3C%3E%C3%A5%20%23"
    )
    assert link("/a", page=2) == "/a?page=2"
    assert link("/a") == "/a"


def test_only_web_addresses_become_links() -> None:
    assert web_address("HTTPS://x") == "HTTPS://x"
    for url in ("javascript:alert(1)", " http://x", "data:text/html,x", "//x", "ftp://x", "\x01javascript:1", "", None):
        assert web_address(url) is None


def test_stamps() -> None:
    assert stamp("2026-11-20T09:00:00Z") == "20261120090000"
    assert stamp("2026-11-20T09:00:00.123456Z") == "20261120090000"


def test_own_files_are_kept_by_browsers_until_they_change(visitor: Visitor) -> None:
    import re

    page = visitor.get("/").text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(addresses) == len(list(STATIC.iterdir()))
    for address in addresses:
        answer = visitor.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in visitor.get("/static/room.css").headers["cache-control"]
    assert visitor.get("/static/../app.py").status_code == 404
    assert visitor.get("/static/%2e%2e/app.py").status_code == 404
