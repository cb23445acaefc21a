"""The API is as described: schemathesis asks all that the description allows, and much that it doesn't."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from starlette.routing import Route

from archive.access.accounts import Accounts
from archive.storage import Store
from archive.web.app import create_app
from archive.web.gate import Keys
from archive.web.openapi import CLOSED, DOCUMENT
from tests.archive.web.rooms import COPY, FERRY, HOSTILE, STORM, Visitor, captures, versions

_THOROUGH = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_every_address_of_the_api_is_described(visitor: Visitor) -> None:
    served = {route.path for route in visitor.app.routes if isinstance(route, Route) and route.path.startswith("/api/")}
    served.add("/changes.atom")  # for programs, too
    assert served == set(DOCUMENT["paths"])
    assert visitor.get("/api/openapi.json").json() == DOCUMENT


@pytest.fixture
def described(store: Store) -> Any:
    """The description with real addresses and ids among the values that are tried."""
    config = schemathesis.Config.from_dict(
        {
            "checks": {
                # What is allowed to be asked need not be there, and a search may have a mistake in its syntax.
                "positive_data_acceptance": {"expected-statuses": ["200", "400", "404"]},
                "negative_data_rejection": {"expected-statuses": ["400", "401", "404", "405", "413", "414"]},
            }
        }
    )
    return schemathesis.openapi.from_asgi(
        "/api/openapi.json", create_app(store, allowed_hosts=["testserver"]), config=config
    )


@pytest.mark.parametrize("path", sorted(set(DOCUMENT["paths"]) - {"/changes.atom"}))
def test_where_there_are_users_nothing_is_answered_without_a_token(store: Store, tmp_path: Path, path: str) -> None:
    users = tmp_path / "users"
    users.write_text(f"feeds:$sha256${hashlib.sha256(b'right').hexdigest()}\n")
    app = create_app(store, allowed_hosts=["testserver"], keys=Keys(Accounts(users), seconds=60, secure=False))
    closed = schemathesis.openapi.from_dict(CLOSED)
    closed.app = app
    operation = closed[path][_method(path)]

    @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))
    @settings(_THOROUGH, max_examples=4)
    def ask(case: schemathesis.Case) -> None:
        assert case.call(app=app, headers={"Authorization": "Bearer right"}).status_code != 401
        for wrong in ({"Authorization": "Bearer wrong"}, {"Authorization": "Basic cmlnaHQ6"}, {"Authorization": ""}):
            answer = case.call(app=app, headers=wrong)
            assert answer.status_code == 401
            case.validate_response(answer, checks=[response_schema_conformance, status_code_conformance])

    ask()


def test_the_description_says_that_a_token_is_needed(store: Store, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(f"feeds:$sha256${hashlib.sha256(b'right').hexdigest()}\n")
    closed = Visitor(store, keys=Keys(Accounts(users), seconds=60, secure=False))
    assert closed.get("/api/openapi.json", headers={"Authorization": "Bearer right"}).json() == CLOSED
    assert CLOSED["security"] == [{"token": []}, {"named_token": []}]
    assert "security" not in DOCUMENT


def _method(path: str) -> str:
    return "POST" if path == "/api/check" else "GET"


def _questions() -> list[tuple[str, schemathesis.GenerationMode]]:
    """Right and wrong ones; where nothing is asked, nothing is asked wrongly."""
    asks = {path: bool(methods.get("get", {}).get("parameters", True)) for path, methods in DOCUMENT["paths"].items()}
    return [(path, mode) for path in asks for mode in schemathesis.GenerationMode if asks[path] or mode.is_positive]


@pytest.mark.parametrize(("path", "mode"), _questions(), ids=lambda value: getattr(value, "value", value))
def test_whatever_is_asked_is_answered_as_described(
    described: Any, path: str, mode: schemathesis.GenerationMode
) -> None:
    operation = described[path][_method(path)]

    @given(case=operation.as_strategy(generation_mode=mode))
    @_THOROUGH
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate()

    ask()


@pytest.fixture
def known(store: Store) -> dict[str, list[dict[str, Any]]]:
    """For each address of the API, what surely finds something."""
    a, b = (row["id"] for row in versions(store, STORM))
    return {
        "/api/search": [
            {"q": "storm"},
            {"q": '"keeps fourteen" OR ferry', "limit": 3, "page": 2},
            {"source": "evil"},
            {},
        ],
        "/api/sources": [{}],
        "/api/sources/{name}": [{"name": name} for name in ("ellery", "evil", "nordlys", "sahil")],
        "/api/article": [{"url": url} for url in (STORM, FERRY, COPY, HOSTILE)] + [{"version": a}],
        "/api/versions": [{"url": url} for url in (STORM, f"{STORM}/", COPY, HOSTILE)],
        "/api/compare": [{"a": a, "b": b}, {"a": b, "b": versions(store, HOSTILE)[0]["id"]}],
        "/api/changes": [{}, {"url": STORM}, {"kind": "number", "typos": "no"}, {"show": "gone", "source": "ellery"}],
        "/changes.atom": [{}, {"show": "silent"}],
        "/api/captures": [{"url": STORM}, {"url": captures(store, COPY)[0]["url"], "limit": 1}],
        "/api/check": [{"version": a}],
        "/api/health": [{}],
        "/api/replay": [{}],
        "/api/openapi.json": [{}],
    }


def test_what_is_found_is_as_described(described: Any, known: dict[str, list[dict[str, Any]]]) -> None:
    assert set(known) == set(DOCUMENT["paths"])
    for path, questions in known.items():
        method = _method(path)
        for question in questions:
            place = {"name": question["name"]} if "{name}" in path else {}
            asked = {"body": question, "media_type": "application/json"} if method == "POST" else {"query": question}
            case = described[path][method].Case(path_parameters=place, **({} if place else asked))
            response = case.call()
            assert response.status_code == 200, (path, question, response.text)
            case.validate_response(response)
