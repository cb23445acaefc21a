"""Whatever is asked of the pages: an answer that says what is wrong, never a failure, never our insides."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from archive.storage import Store
from tests.archive.web.markup import faults
from tests.archive.web.rooms import HOSTILE, REPLAY, STORM, Visitor, captures, versions

TEMPLATES = Path(__file__).parents[3] / "archive" / "web" / "templates"
INSIDES = re.compile(r"Traceback|File \"|sqlite3|sqlalchemy|jinja2|site-packages|/tmp/|/home/|\bSELECT\b")
NAMES = (
    "q", "url", "version", "source", "language", "since", "until", "page", "limit", "permitted", "a", "b", "id", "file",
    "offset", "at", "scripts", "removed", "show", "kind", "typos", "next", "name", "part", "",
)  # fmt: skip
ODD = (
    "", " ", "0", "-1", "1e9", "9" * 30, "٣", "\x00", "\ud7ff", "%00", "%", "%zz", "'", '"', "\\", "' OR 1=1 --", "1;x",
    "<script>alert(1)</script>", "{{7*7}}", "../../etc/passwd", "/etc/passwd", "originals/../catalogue.sqlite",
    "http://[::1", "http://[", "https://x:99999999/", "//", "javascript:alert(1)", "urn:uuid:x", "2026-02-30", "0000",
    "0000-01-01", "9999-12-31", "9999", "AND", "NEAR(", '"""', "((((((((((", "a" * 4097, "*" * 300, "-" * 300, "\u202e",
    "😀" * 100, "headline:", "a OR OR b", "null", "[]", "on", "1",
)  # fmt: skip


def paths(visitor: Visitor) -> list[str]:
    """Every page and address that is asked for something."""
    return [
        route.path.replace("{name}", "ellery")
        for route in visitor.app.routes
        if isinstance(route, Route) and "GET" in (route.methods or ())
    ]


def check(visitor: Visitor, address: str) -> None:
    answer = visitor.ask("GET", address)
    assert answer.status_code in (200, 303, 400, 404, 413, 414), (address[:300], answer.text[:300])
    if answer.status_code >= 400:
        assert not INSIDES.search(answer.text.replace(address, "")), address[:300]
    if answer.headers["content-type"].startswith("text/html"):
        assert [fault for fault in faults(answer.text, replay=REPLAY) if "control" not in fault] == [], address[:300]
    for value in answer.headers.values():
        assert "\n" not in value


def test_every_page_takes_every_odd_value_of_every_parameter(visitor: Visitor, store: Store) -> None:
    real = {
        "url": STORM,
        "version": versions(store, HOSTILE)[-1]["id"],
        "a": versions(store, STORM)[0]["id"],
        "b": versions(store, STORM)[1]["id"],
        "id": captures(store, STORM)[0]["id"],
        "file": captures(store, STORM)[0]["file"],
    }
    for path in paths(visitor):
        for number, odd in enumerate(ODD):
            for name in (NAMES[number % len(NAMES)], "url", "page"):
                given_ = {**real, name: odd}
                query = "&".join(f"{key}={quote(value, safe='', errors='replace')}" for key, value in given_.items())
                check(visitor, f"{path}?{query}")
                break


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_else_is_asked_too(visitor: Visitor, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(paths(visitor)))
    value = st.one_of(
        st.sampled_from(ODD), st.text(max_size=60), st.binary(max_size=30).map(lambda b: b.decode("latin-1"))
    )
    asked = data.draw(st.lists(st.tuples(st.sampled_from(NAMES), value), max_size=5))
    check(visitor, path + "?" + "&".join(f"{n}={quote(v, safe='', errors='replace')}" for n, v in asked))


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_and_every_path(visitor: Visitor, text: str) -> None:
    check(visitor, "/" + quote(text, safe="/.;%"))
    check(visitor, "/source/" + quote(text, safe=""))


@pytest.mark.parametrize("path", ["/check", "/api/check"])
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"{" * 5000, b"version=" + b"a" * 10_000, b'{"version": 1e999}', b"[]"]
)
def test_every_body(visitor: Visitor, path: str, body: bytes) -> None:
    answer = visitor.ask("POST", path, content=body)
    assert answer.status_code in (400, 404)
    assert not INSIDES.search(answer.text)


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.iterdir()))
def test_no_template_lets_anything_through_unescaped(template: str) -> None:
    text = (TEMPLATES / template).read_text()
    assert not re.search(r"\|\s*safe\b|autoescape|Markup|\|\s*(tojson|xmlattr|urlize|forceescape)\b", text)
    assert not re.search(r"<(script|style)[^>]*>[^<]", text)
    assert not re.search(r"\son\w+\s*=", text)
    tags = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    assert not re.search(r"=\s*\{\{", re.sub(r"\{%.*?%\}", "", tags, flags=re.DOTALL)), "a value without quotes"
    for address in re.findall(r"(?:href|src|action)=\"\{\{\s*(.*?)\s*\}\}", text):
        assert re.match(r"link\(|static\[|next$|frame$|feed$|path$|url$|page$|there$|address", address), address


def test_no_code_of_the_room_makes_markup_of_text() -> None:
    for path in TEMPLATES.parent.rglob("*.py"):
        text = path.read_text()
        assert path.name == "template.py" or not re.search(r"\bMarkup\b|HTMLResponse", text), path.name
