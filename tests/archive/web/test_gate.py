"""A reading room with users: who gets in, with what, and what strangers see."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.access.accounts import Accounts, hash_password
from archive.storage import Store
from archive.web.gate import Keys, own_path
from archive.web.openapi import DOCUMENT
from tests.archive.web.rooms import STORM, Visitor, all_pages

PASSWORD = "a long-winded password"
HASH = hash_password(PASSWORD, cost=(14, 8, 1))
TOKEN = "t0" * 21
TOKEN_LINE = f"$sha256${hashlib.sha256(TOKEN.encode()).hexdigest()}"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OURS = {"Origin": "http://localhost"}
NAVIGATING = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_text(f"ada:{HASH}\nfeeds:{TOKEN_LINE}\n")
    return path


@pytest.fixture
def closed(store: Store, users: Path) -> Visitor:
    return Visitor(store, keys=Keys(Accounts(users), seconds=3600, secure=False))


@pytest.fixture
def secure(store: Store, users: Path) -> Visitor:
    keys = Keys(Accounts(users), seconds=3600, secure=True)
    return Visitor(store, host="archive.example", origin="https://archive.example", keys=keys)


def log_in(visitor: Visitor, name: str = "ada", password: str = PASSWORD, **more: Any) -> httpx.Response:
    form = {"name": name, "password": password, "next": more.pop("next", "/sources")}
    return visitor.ask("POST", "/log-in", data=form, headers={**OURS, **more})


def cookie_of(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def test_strangers_see_nothing_of_the_archive(closed: Visitor, store: Store) -> None:
    words = re.compile("storm|ellery|ferry|tides", re.IGNORECASE)
    for path in [*all_pages(store), *DOCUMENT["paths"], "/record/bytes", "/api/nowhere"]:
        for headers in ({"Accept": "text/html"}, {}, NAVIGATING, {**NAVIGATING, "Sec-Fetch-Site": "cross-site"}):
            answer = closed.get(path, headers=headers)
            assert answer.status_code in (303, 401) or "You come from another site" in answer.text
            if answer.status_code != 200:
                assert not words.search(answer.text), path
    for path in ("/check", "/api/check"):
        assert closed.ask("POST", path, headers=OURS).status_code in (303, 401)
    assert closed.get("/log-in").status_code == 200
    assert closed.get("/static/room.css").status_code == 200


def test_a_browser_is_led_to_the_log_in_page_and_back(closed: Visitor) -> None:
    answer = closed.get("/article?url=" + STORM, headers=NAVIGATING)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/log-in?next=%2Farticle%3Furl%3D" + STORM.replace(":", "%3A").replace(
        "/", "%2F"
    )
    page = closed.get(answer.headers["location"]).text
    assert f'name="next" value="/article?url={STORM}"' in page
    assert log_in(closed, next=f"/article?url={STORM}").headers["location"] == f"/article?url={STORM}"


def test_a_link_from_elsewhere_is_followed_by_a_step_of_our_own(closed: Visitor) -> None:
    """Else nobody who is logged in could follow a link in a mail: such a request brings no strict cookie along."""
    answer = closed.get("/article?url=x", headers={**NAVIGATING, "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0">' in answer.text
    again = closed.get("/article?url=x", headers={**NAVIGATING, "Sec-Fetch-Site": "same-origin"})
    assert again.status_code == 303


def test_programs_are_told_to_send_a_token(closed: Visitor) -> None:
    answer = closed.get("/api/search")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get_list("www-authenticate") == ['Bearer realm="newswarc"', 'Basic realm="newswarc"']
    script = closed.get("/api/search", headers={"Sec-Fetch-Mode": "cors"})  # a browser would show a dialogue
    assert script.headers.get_list("www-authenticate") == ['Bearer realm="newswarc"']


@pytest.mark.parametrize(
    "header",
    [f"Bearer {TOKEN}", f"bearer  {TOKEN}", "Basic " + base64.b64encode(f"anybody:{TOKEN}".encode()).decode()],
)
def test_a_token_opens_everything(closed: Visitor, header: str) -> None:
    for path in ("/api/search", "/changes.atom", "/sources"):
        answer = closed.get(path, headers={"Authorization": header})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer x", f"Token {TOKEN}", TOKEN, "Basic x", "Basic YTpi", f"Bearer {TOKEN_LINE}", "Bearer é",
     "Basic " + base64.b64encode(f"ada:{PASSWORD}".encode()).decode()],
)  # fmt: skip
def test_nothing_else_does(closed: Visitor, header: str) -> None:
    answer = closed.get("/api/search", headers=[("Authorization", header.encode("latin-1"))])  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_session_begins_with_the_password_and_ends_by_logging_out(closed: Visitor) -> None:
    answer = log_in(closed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources")
    cookie = {"Cookie": cookie_of(answer)}
    page = closed.get("/sources", headers=cookie)
    assert page.status_code == 200
    assert "Log out" in page.text
    assert ">ada <" in page.text
    assert page.headers["cache-control"] == "private, no-store"
    assert page.headers["vary"] == "Cookie, Authorization"
    out = closed.ask("POST", "/log-out", headers={**cookie, **OURS})
    assert out.status_code == 303
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert closed.get("/sources", headers=cookie).status_code == 401


def test_a_cookie_says_all_that_keeps_it_at_home(closed: Visitor, secure: Visitor) -> None:
    flags = log_in(closed).headers["set-cookie"].partition("; ")[2].lower().split("; ")
    assert sorted(flags) == ["httponly", "max-age=3600", "path=/", "samesite=strict"]
    answer = log_in(secure, Origin="https://archive.example")
    assert answer.headers["set-cookie"].startswith("__Host-newswarc=")
    flags = answer.headers["set-cookie"].partition("; ")[2].lower().split("; ")
    assert sorted(flags) == ["httponly", "max-age=3600", "path=/", "samesite=strict", "secure"]
    out = secure.ask("POST", "/log-out", headers={"Cookie": cookie_of(answer), "Origin": "https://archive.example"})
    assert out.headers["clear-site-data"] == '"cache", "cookies"'


def test_a_session_is_always_a_new_one_and_the_old_one_is_over(closed: Visitor) -> None:
    planted = "newswarc=chosen-by-somebody-else"
    first = cookie_of(log_in(closed, Cookie=planted))
    assert first != planted
    second = cookie_of(log_in(closed, Cookie=first))
    assert second != first
    assert closed.get("/sources", headers={"Cookie": first}).status_code == 401
    assert closed.get("/sources", headers={"Cookie": planted}).status_code == 401
    assert closed.get("/sources", headers={"Cookie": second}).status_code == 200


def test_who_is_taken_from_the_file_is_out_at_once(closed: Visitor, users: Path) -> None:
    cookie = {"Cookie": cookie_of(log_in(closed))}
    users.write_text(f"feeds:{TOKEN_LINE}\n")
    assert closed.get("/sources", headers=cookie).status_code == 401
    assert closed.get("/sources", headers=BEARER).status_code == 200
    users.write_text("nonsense\n")
    answer = closed.get("/sources", headers=BEARER)
    assert answer.status_code == 503
    assert str(users) not in answer.text


@pytest.mark.parametrize("name", ["ada", "eve", "", "<script>alert(1)</script>"])
def test_a_wrong_password_lets_nobody_in_and_tells_nothing(closed: Visitor, name: str) -> None:
    answer = log_in(closed, name, "wrong password")
    assert answer.status_code == 403
    assert "Name or password is wrong." in answer.text
    assert "set-cookie" not in answer.headers
    assert "<script>alert" not in answer.text
    assert "wrong password" not in answer.text


def test_only_so_many_passwords_may_be_tried(closed: Visitor) -> None:
    closed.app.state.keys.attempts = type(closed.app.state.keys.attempts)(3, 600)
    assert [log_in(closed, password="wrong").status_code for _ in range(4)] == [403, 403, 403, 429]
    answer = log_in(closed)  # the right one, too
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 100


def test_right_ones_do_not_count(closed: Visitor) -> None:
    closed.app.state.keys.attempts = type(closed.app.state.keys.attempts)(2, 600)
    assert [log_in(closed).status_code for _ in range(4)] == [303] * 4


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/log-in", "/log-out", "/check", "/api/check"])
def test_no_other_page_logs_anybody_in_or_out_or_uses_a_cookie(
    closed: Visitor, path: str, headers: dict[str, str]
) -> None:
    cookie = cookie_of(log_in(closed))
    form = {"name": "ada", "password": PASSWORD, "version": "urn:uuid:x"}
    answer = closed.ask("POST", path, headers={**headers, "Cookie": cookie}, data=form)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert closed.get("/sources", headers={"Cookie": cookie}).status_code == 200


def test_a_program_with_a_token_may_ask_for_a_check(closed: Visitor) -> None:
    assert closed.ask("POST", "/api/check", headers=BEARER, json={"version": "urn:uuid:x"}).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_session_ends_by_post_only(closed: Visitor, method: str) -> None:
    cookie = cookie_of(log_in(closed))
    assert closed.ask(method, "/log-out", headers={"Cookie": cookie, **OURS}).status_code == 405
    assert closed.get("/sources", headers={"Cookie": cookie}).status_code == 200


@pytest.mark.parametrize(
    "there",
    [
        "https://evil.test/", "//evil.test", "/\\evil.test", "\\/evil.test", "/\t/evil.test", "javascript:alert(1)", "",
        "x", "/a\\b", "/a\r\nSet-Cookie: a=b", "/é", "/\u2028", "///evil.test", "/ /evil.test",
    ],
)  # fmt: skip
def test_nobody_is_led_away(closed: Visitor, there: str) -> None:
    assert own_path(there) == "/"
    assert log_in(closed, next=there).headers["location"] == "/"


@given(st.text())
@settings(max_examples=300)
def test_an_own_path_has_no_host(text: str) -> None:
    led = httpx.URL("https://archive.example/log-in").join(own_path(text))
    assert (led.scheme, led.host) == ("https", "archive.example")
    assert led.raw_path.startswith(b"/")


def test_over_tls_browsers_never_come_without_again(secure: Visitor, closed: Visitor) -> None:
    assert secure.get("/log-in").headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in closed.get("/log-in").headers


def test_without_users_there_is_no_log_in(visitor: Visitor) -> None:
    assert visitor.get("/log-in").status_code == 404
    assert visitor.ask("POST", "/log-in", headers=OURS, data={"name": "a"}).status_code == 404
    assert visitor.ask("POST", "/log-out", headers=OURS).status_code == 404
    assert "Log out" not in visitor.get("/sources").text


@pytest.fixture
def asking(store: Store, users: Path) -> Callable[[dict[str, str]], httpx.Response]:
    visitor = Visitor(store, keys=Keys(Accounts(users), seconds=3600, secure=False), rate=20)
    return lambda headers: visitor.get("/api/health", headers=headers)


def test_a_user_may_ask_so_much_and_is_told_when_to_come_again(
    asking: Callable[[dict[str, str]], httpx.Response],
) -> None:
    codes = [asking(BEARER).status_code for _ in range(25)]
    assert codes[:20] == [200] * 20
    assert codes[-1] == 429
    answer = asking(BEARER)
    assert answer.headers["retry-after"] == "3"
    assert "nosniff" in answer.headers["x-content-type-options"]
