from __future__ import annotations

import json
from typing import Any

import pytest

from archive.storage import Store
from tests.archive.web.rooms import COPY, FERRY, STORM, Visitor, versions


def get(visitor: Visitor, path: str, **parameters: str | int) -> dict[str, Any]:
    answer = visitor.get(path, **parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    facts: dict[str, Any] = answer.json()
    return facts


def refused(visitor: Visitor, path: str, status: int, **parameters: str | int) -> dict[str, Any]:
    answer = visitor.get(path, **parameters)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    facts: dict[str, Any] = answer.json()
    assert facts["status"] == status
    assert facts["title"]
    assert facts["detail"].endswith((".", "..."))
    return facts


def test_search(visitor: Visitor) -> None:
    found = get(visitor, "/api/search", q="fourteen boats", limit=1)
    assert found["total"] == 2
    assert found["pages"] == 2
    (article,) = found["articles"]
    assert article["url"] in (STORM, COPY)
    assert any(part["match"] for snippet in article["snippets"] for part in snippet)


def test_a_month_and_a_year_are_times(visitor: Visitor) -> None:
    whole = get(visitor, "/api/search")["total"]
    assert get(visitor, "/api/search", since="2026-11", until="2026")["total"] == whole > 0
    assert get(visitor, "/api/search", until="2025")["total"] == 0
    ellery = get(visitor, "/api/sources/ellery", since="2026-11", until="2026-11")
    assert (ellery["since"], ellery["until"]) == ("2026-11-01", "2026-11-30")


def test_search_syntax_is_explained(visitor: Visitor) -> None:
    problem = refused(visitor, "/api/search", 400, q="storm (")
    assert problem["parameter"] == "q"
    assert problem["position"] == 6
    assert refused(visitor, "/api/search", 400, page=0)["parameter"] == "page"
    assert refused(visitor, "/api/search", 400, limit=101)["parameter"] == "limit"
    assert refused(visitor, "/api/search", 400, since="2026-13")["parameter"] == "since"


def test_sources(visitor: Visitor) -> None:
    found = get(visitor, "/api/sources")
    assert [source["name"] for source in found["sources"]] == ["ellery", "evil", "nordlys", "sahil"]
    assert {"language": "ar", "articles": 1} in found["languages"]
    ellery = get(visitor, "/api/sources/ellery", since="2026-11-20", until="2026-11-20")
    (day,) = ellery["coverage"]
    assert day["day"] == "2026-11-20"
    assert day["failed"] == 1
    assert day["seen"] >= day["captured"] >= day["extracted"] > 20
    assert list(ellery["furniture"]) == ["ellery.test"]
    refused(visitor, "/api/sources/nobody", 404)
    refused(visitor, "/api/sources/ellery", 400, since="2026-11-21", until="2026-11-20")
    refused(visitor, "/api/sources/ellery", 400, since="1900-01-01")


def test_articles(visitor: Visitor, store: Store) -> None:
    found = get(visitor, "/api/article", url=STORM)
    assert found["article"]["headline"] == "Storm keeps fourteen boats out"
    assert found["article"]["text"].count("\n") == 6
    assert found["article"]["trace"]["evidence"]["headline"]
    removed = found["article"]["trace"]["removed"]
    assert any("gift" in block["text"] and block["kind"] for block in removed)
    assert found["provenance"]["entity"]
    assert found["alike"][0]["url"] == COPY
    assert len(found["versions"]) == 2
    first = get(visitor, "/api/article", version=versions(store, STORM)[0]["id"])
    assert first["article"]["headline"] == "Storm keeps twelve boats out"
    assert first["version"]["id"] == found["versions"][0]
    refused(visitor, "/api/article", 400)
    refused(visitor, "/api/article", 404, url="https://nowhere.test/")
    refused(visitor, "/api/article", 404, version="urn:uuid:none")
    refused(visitor, "/api/article", 404, url=FERRY, version=first["version"]["id"])
    problem = refused(visitor, "/api/article", 404, url="https://ellery.test/old")
    assert "no article was read" in problem["detail"]


def test_versions(visitor: Visitor) -> None:
    found = get(visitor, "/api/versions", url=STORM)
    assert [version["changed"] for version in found["versions"]] == [[], ["headline", "text", "published"]]
    assert [event["kind"] for event in found["events"]] == ["version", "confirmed", "confirmed", "version", "gone"]
    assert found["is_gone"] is True
    refused(visitor, "/api/versions", 404, url="https://nothing.test/")
    refused(visitor, "/api/versions", 400)


def test_comparisons(visitor: Visitor, store: Store) -> None:
    a, b = (row["id"] for row in versions(store, STORM))
    found = get(visitor, "/api/compare", a=a, b=b)
    assert found["changed"] == ["headline", "text", "published"]
    kinds = [paragraph["kind"] for paragraph in found["paragraphs"]]
    assert {"equal", "changed", "moved", "left", "added"} <= set(kinds)
    assert get(visitor, "/api/compare", a=a, b=a)["changed"] == []
    refused(visitor, "/api/compare", 400, a=a)
    refused(visitor, "/api/compare", 404, a=a, b="urn:uuid:none")


def test_captures(visitor: Visitor) -> None:
    found = get(visitor, "/api/captures", url=STORM)
    assert (found["total"], [c["kind"] for c in found["captures"]]) == (
        5, ["response", "revisit", "revisit", "response", "response"]
    )  # fmt: skip
    second = get(visitor, "/api/captures", url=STORM, page=2, limit=2)
    assert second["captures"] == found["captures"][2:4]
    assert get(visitor, "/api/captures", url=STORM, page=99)["captures"] == []
    refused(visitor, "/api/captures", 404, url="https://nothing.test/")


def test_checks(visitor: Visitor, store: Store) -> None:
    version = versions(store, FERRY)[0]["id"]
    answer = visitor.ask("POST", "/api/check", json={"version": version})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["ok"] is True
    assert found["version"] == version
    assert "extraction" in [step["name"] for step in found["steps"]]
    assert all(step["ok"] is not False for step in found["steps"])


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"version": 7}', 400),
        (b'{"version": ""}', 400),
        (b'{"version": "<x>"}', 400),
        (b'{"version": "urn:uuid:none", "more": 1}', 400),
        (b'{"version": "urn:uuid:none"}', 404),
        (b'"' + b"x" * 20_000 + b'"', 413),
    ],
)
def test_checks_of_nothing(visitor: Visitor, content: bytes, status: int) -> None:
    answer = visitor.ask("POST", "/api/check", content=content)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_not_there(visitor: Visitor) -> None:
    refused(visitor, "/api/nothing", 404)
    answer = visitor.ask("DELETE", "/api/search")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert json.loads(answer.text)["status"] == 405


def test_health(visitor: Visitor) -> None:
    assert get(visitor, "/api/health")["status"] == "ok"
