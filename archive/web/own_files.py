"""`OwnFiles`: style sheet, scripts and icon of the reading room."""

from __future__ import annotations

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from archive.web.template import STATIC

__all__ = ["OwnFiles"]


class OwnFiles(StaticFiles):
    """Served so that browsers keep them: their addresses change when they do."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file."""
        response = await super().get_response(path, scope)
        if scope["query_string"] and response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
