from __future__ import annotations

import pytest

from archive.storage import Store
from tests.archive.web.rooms import REPLAY, STORM, Visitor, versions

POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
    "font-src": "'self'", "connect-src": "'self'", "form-action": "'self'", "base-uri": "'none'",
    "object-src": "'none'", "frame-ancestors": "'none'",
}  # fmt: skip


def policy(text: str) -> dict[str, str]:
    return dict(part.strip().split(" ", 1) for part in text.split(";"))


@pytest.mark.parametrize(
    "path", ["/", "/sources", "/nowhere", "/api/health", "/api/nowhere", "/static/room.css", "/check"]
)
def test_every_answer_is_closed_to_scripts_frames_and_guessing(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path)
    assert policy(answer.headers["content-security-policy"]) == {**POLICY, "frame-src": "'none'"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "set-cookie" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/article", "/replay"])
def test_only_pages_with_a_frame_name_the_replay_origin(visitor: Visitor, store: Store, path: str) -> None:
    assert policy(visitor.get(path, url=STORM).headers["content-security-policy"])["frame-src"] == REPLAY
    off = Visitor(store).get(path, url=STORM)
    assert policy(off.headers["content-security-policy"])["frame-src"] == "'none'"
    assert "Replay is off" in off.text


@pytest.mark.parametrize("host", ["localhost", "localhost:8090", "127.0.0.1:1", "[::1]:8090", "LOCALHOST"])
def test_own_hosts_are_let_in(visitor: Visitor, host: str) -> None:
    assert visitor.get("/api/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.test", "localhost.evil.test", "127.0.0.1.evil.test:80", "", "[::2]", "a@localhost:1x"]
)
def test_other_hosts_are_not(visitor: Visitor, host: str) -> None:
    answer = visitor.get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert "nosniff" in answer.headers["x-content-type-options"]


def test_the_host_of_a_proxy_is_let_in(store: Store) -> None:
    visitor = Visitor(store, host="archive.example", origin="https://archive.example")
    assert visitor.get("/api/health").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    ],
)
@pytest.mark.parametrize("path", ["/check", "/api/check"])
def test_other_sites_start_no_check(visitor: Visitor, headers: dict[str, str], path: str) -> None:
    answer = visitor.ask("POST", path, headers=headers, data={"version": "urn:uuid:x"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://localhost"}, {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}]
)
def test_our_own_pages_do(visitor: Visitor, headers: dict[str, str]) -> None:
    assert visitor.ask("POST", "/check", headers=headers, data={"version": "urn:uuid:x"}).status_code == 404


def test_behind_a_proxy_our_pages_have_its_origin(store: Store) -> None:
    visitor = Visitor(store, host="archive.example", origin="https://archive.example")
    form = {"data": {"version": "urn:uuid:x"}}
    assert visitor.ask("POST", "/check", headers={"Origin": "https://archive.example"}, **form).status_code == 404
    assert visitor.ask("POST", "/check", headers={"Origin": "https://evil.test"}, **form).status_code == 403


def test_frames_are_exactly_as_agreed(visitor: Visitor, store: Store) -> None:
    from lxml import html

    row = versions(store, STORM)[-1]
    for path in ("/article", "/replay"):
        (frame,) = html.document_fromstring(visitor.get(path, url=STORM).text).iter("iframe")
        assert frame.get("sandbox") == "allow-scripts"
        assert frame.get("allow") == ""
        assert frame.get("referrerpolicy") == "no-referrer"
        assert "credentialless" in frame.attrib
        assert set(frame.attrib) <= {
            "sandbox", "allow", "referrerpolicy", "credentialless", "loading", "title", "src"
        }  # fmt: skip
        (still,) = html.document_fromstring(visitor.get(path, url=STORM, scripts="off").text).iter("iframe")
        assert still.get("sandbox") == ""
    moment = "".join(c for c in row["date"] if c.isdigit())
    assert visitor.get("/article", url=STORM).text.count(f"{REPLAY}/web/{moment}mp_/{STORM}") == 1
