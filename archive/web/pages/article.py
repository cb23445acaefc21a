"""One article: its clean text beside the page it was read from."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from archive.web.documents import read_document
from archive.web.parameters import Parameters
from archive.web.refusals import Unknown
from archive.web.room import room_of

__all__ = ["article_page"]


def article_page(request: Request) -> Response:
    """The article of an address: its latest version, or the one that is asked for."""
    room = room_of(request)
    asked = Parameters(request.query_params)
    url, wanted = asked.url(), asked.record_id("version")
    with room.catalogue() as catalogue:
        versions = catalogue.versions(url)
        if not versions:
            raise Unknown(f"The archive has no article of {url}.")
        row = next((v for v in versions if v["id"] == wanted), None) if wanted else versions[-1]
        if row is None:
            raise Unknown(f"The article {url} has no version {wanted}.")
        capture = catalogue.capture(row["capture"])
    document = read_document(room.store, row)
    replay = room.replay(capture["url"], capture["date"]) if capture else None
    return room.templates.page(
        "article.html", article=document.article, row=row, versions=versions, capture=capture, replay=replay, url=url
    )
