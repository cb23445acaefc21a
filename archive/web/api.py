"""The JSON API; `archive.web.openapi` describes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive import clock
from archive.article import Article
from archive.catalogue.filters import DateError
from archive.catalogue.quiet import quiet
from archive.catalogue.rows import Row
from archive.catalogue.search import QueryError
from archive.extraction.kinds import kind_of
from archive.history.difference import difference
from archive.history.history import History, read_article
from archive.reader import parse_member
from archive.rights.statement import named
from archive.storage import Store
from archive.version import VERSION
from archive.web.changing import ChangeWish
from archive.web.finding import Finding, Found, Wish
from archive.web.forms import read_body
from archive.web.openapi import CLOSED, DOCUMENT
from archive.web.pages.article import chosen_version, statements_of
from archive.web.pages.check import checked_now
from archive.web.pages.compare import known_version
from archive.web.pages.sources import learned, period_of, source_named
from archive.web.parameters import Parameters
from archive.web.refusals import Unfit, Unknown
from archive.web.room import Room, room_of

__all__ = ["ROUTES"]

_ARTICLE = (
    "url", "source", "headline", "published", "modified", "language", "section", "first_seen", "last_seen", "texts",
    "version",
)  # fmt: skip
_VERSION = (
    "id", "article", "capture", "source", "date", "extracted", "headline", "published", "modified", "language",
    "section", "text_digest", "removed",
)  # fmt: skip
_CHANGE = (
    "id", "what", "source", "article", "url", "headline", "language", "date", "since", "last_seen", "is_confirmed",
    "why", "target", "before", "after", "kinds", "is_silent", "is_minor", "told", "note", "modified", "same_reader",
    "words_added", "words_removed", "edits", "left_out",
)  # fmt: skip
_LEAD = ("url", "kind", "via", "capture", "seen", "announced", "title", "summary")
_CAPTURE = (
    "id", "url", "date", "kind", "method", "status", "mime", "payload_digest", "refers_to", "truncated", "source",
    "file", "offset", "length", "record_digest",
)  # fmt: skip


def _answer(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def search(request: Request) -> Response:
    """Articles by words and filters; the latest ones without words."""
    room = room_of(request)
    wish = Wish.of(Parameters(request.query_params), longest_page=100)
    with room.catalogue() as catalogue:
        try:
            finding = Finding.of(wish, catalogue, room.store, not_shown=room.not_shown, reserved=room.reserved)
        except QueryError as error:
            raise Unfit("q", str(error), position=error.position) from error
        except DateError as error:
            raise Unfit("since", str(error)) from error
    return _answer(
        {
            "total": finding.total,
            "page": wish.page,
            "pages": finding.pages,
            "articles": [_found(found) for found in finding.found],
        }
    )


def _found(found: Found) -> dict[str, Any]:
    parts = [[{"text": text, "match": match} for text, match in snippet] for snippet in found.snippets]
    return {**_chosen(found.article, _ARTICLE), "standfirst": found.standfirst, "snippets": parts}


def sources(request: Request) -> Response:
    """All sources."""
    room = room_of(request)
    with room.catalogue() as catalogue:
        rows, languages = room.census(catalogue)
    known = [row for row in languages if row["language"]]
    return _answer({"sources": [_source(room, row) for row in rows], "languages": known})


def source(request: Request) -> Response:
    """One source: its coverage by day and what its sites repeat."""
    room = room_of(request)
    with room.catalogue() as catalogue:
        row = source_named(request.path_params["name"], room, catalogue)
        period = period_of(Parameters(request.query_params), row)
        coverage = catalogue.coverage(row["source"], str(period.first), period.end)
        furniture = learned(row["source"], catalogue)
        troubles = quiet(catalogue, row["source"], clock.now().date())
    said = {"since": str(period.first), "until": str(period.last), "coverage": coverage, "furniture": furniture}
    return _answer({**_source(room, row), **said, "troubles": troubles})


def _source(room: Room, row: Row) -> dict[str, Any]:
    facts = {name: value for name, value in row.items() if name != "source"}
    return {"name": row["source"], "title": room.title(row["source"]), **facts}


def article(request: Request) -> Response:
    """An article as one version has it, with everything that was removed and where it comes from."""
    room = room_of(request)
    with room.catalogue() as catalogue:
        row, versions = chosen_version(catalogue, Parameters(request.query_params))
        room.check_shown(row)
        capture = catalogue.capture(row["capture"])
        alike = catalogue.alike(row["id"], limit=10)
        found = read_article(room.store, row)
        leads = catalogue.announcements(row["article"])
    return _answer(
        {
            "version": _chosen(row, _VERSION),
            "versions": [version["id"] for version in versions],
            "article": _article(found),
            "rights": msgspec.to_builtins(statements_of(found, capture)),
            "rights_marks": list(named(row["rights"])),
            "capture": capture and _chosen(capture, _CAPTURE),
            "leads": [_chosen(lead, _LEAD) for lead in leads],
            "provenance": _provenance(room.store, row),
            "alike": [
                {**_chosen(other, _ARTICLE), **{n: other[n] for n in ("of_this", "of_other")}} for other in alike
            ],
        }
    )


def _article(article: Article) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(article)
    trace = facts["trace"]
    trace["removed"] = [{**removed, "kind": kind_of(removed["rule"])} for removed in trace["removed"]]
    return facts


def _provenance(store: Store, row: Row) -> dict[str, Any]:
    offset = row["provenance_offset"]
    return parse_member(store.read(row["file"], offset, row["provenance_length"]), offset).json()


def versions(request: Request) -> Response:
    """The history of an article over all its addresses."""
    room = room_of(request)
    url = Parameters(request.query_params).url()
    with room.catalogue() as catalogue:
        room.check_page(catalogue, url)
        history = History.of(room.store, catalogue, url)
    if not history.versions and not history.events:
        raise Unknown(f"The archive has nothing of {url}.")
    return _answer({**msgspec.structs.asdict(history), "last_seen": history.last_seen, "is_gone": history.is_gone})


def compare(request: Request) -> Response:
    """What differs between two versions."""
    room = room_of(request)
    asked = Parameters(request.query_params)
    a, b = asked.needed_id("a"), asked.needed_id("b")
    with room.catalogue() as catalogue:
        rows = [room.check_shown(known_version(catalogue, version)) for version in (a, b)]
        before, after = (read_article(room.store, row) for row in rows)
    found = difference(before, after)
    return _answer(
        {
            "a": _chosen(rows[0], _VERSION),
            "b": _chosen(rows[1], _VERSION),
            "changed": found.changed,
            "summary": found.summary,
            **msgspec.structs.asdict(found),
        }
    )


def changes(request: Request) -> Response:
    """What became of articles, newest first."""
    wish = ChangeWish.of(Parameters(request.query_params))
    with room_of(request).catalogue() as catalogue:
        rows, has_more = wish.found(catalogue)
    return _answer({"page": wish.page, "more": has_more, "changes": [_chosen(row, _CHANGE) for row in rows]})


def captures(request: Request) -> Response:
    """Captures of an address, oldest first."""
    room = room_of(request)
    asked = Parameters(request.query_params)
    url = asked.url()
    page, limit = asked.number("page", 1, 1, 10_000), asked.number("limit", 100, 1, 1000)
    with room.catalogue() as catalogue:
        rows = catalogue.captures(url)
    if not rows:
        raise Unknown(f"The archive has no capture of {url}.")
    shown = rows[(page - 1) * limit : page * limit]
    return _answer({"total": len(rows), "page": page, "captures": [_chosen(row, _CAPTURE) for row in shown]})


async def check(request: Request) -> Response:
    """Read the records of a version and its page again."""
    try:
        given = msgspec.json.decode(await read_body(request), type=_Checked)
    except msgspec.DecodeError as error:
        raise Unfit("version", f'Send JSON such as {{"version": "urn:uuid:..."}}: {error}.') from error
    version = Parameters([("version", given.version)]).needed_id("version")
    checked = await run_in_threadpool(checked_now, room_of(request), version)
    return _answer({**msgspec.structs.asdict(checked), "ok": checked.ok})


class _Checked(msgspec.Struct, forbid_unknown_fields=True):
    version: str


def health(request: Request) -> Response:
    """Whether the archive can be read."""
    with room_of(request).catalogue() as catalogue:
        catalogue.articles(limit=1)
    return _answer({"status": "ok", "software": f"newswarc/{VERSION}"})


def replay(request: Request) -> Response:
    """Whether replay is running."""
    return _answer(room_of(request).replay_state())


def openapi(request: Request) -> Response:
    """What this API is."""
    return _answer(DOCUMENT if request.app.state.keys is None else CLOSED)


def _chosen(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {name: row[name] for name in names}


_ENDPOINTS: dict[str, Callable[[Request], Response]] = {
    "/api/search": search,
    "/api/sources": sources,
    "/api/sources/{name}": source,
    "/api/article": article,
    "/api/versions": versions,
    "/api/compare": compare,
    "/api/changes": changes,
    "/api/captures": captures,
    "/api/health": health,
    "/api/replay": replay,
    "/api/openapi.json": openapi,
}

ROUTES = [
    *(Route(path, endpoint) for path, endpoint in _ENDPOINTS.items()),
    Route("/api/check", check, methods=["POST"]),
]
