"""The API is what its description says: schemathesis asks it anything that the description allows, and what it doesn't."""

from __future__ import annotations

from starlette.routing import Route

from archive.web.openapi import DOCUMENT
from tests.archive.web.rooms import Visitor


def test_every_address_of_the_api_is_described(visitor: Visitor) -> None:
    served = {route.path for route in visitor.app.routes if isinstance(route, Route) and route.path.startswith("/api/")}
    assert served == set(DOCUMENT["paths"])
    assert visitor.get("/api/openapi.json").json() == DOCUMENT
