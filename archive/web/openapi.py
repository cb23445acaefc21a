"""`DOCUMENT`: the JSON API described in OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from archive.catalogue.changes import KINDS
from archive.version import VERSION
from archive.web.changing import SHOWN
from archive.web.finding import LAST_PAGE
from archive.web.parameters import DAY, LANGUAGE, LONGEST_URL, LONGEST_WORDS, RECORD_ID, SOURCE
from archive.web.schemas import SCHEMAS

__all__ = ["CLOSED", "DOCUMENT"]

Json = dict[str, Any]

_PROBLEMS = {
    400: "A parameter is missing or wrong.",
    401: "This archive is for users, and no token of one was sent.",
    404: "It is not in the archive.",
    408: "What was sent took too long to arrive.",
    413: "More was sent than is read.",
    414: "The address is too long.",
    429: "Too many requests; Retry-After says in how many seconds to come again.",
    503: "The archive can't be read, or too many ask at once.",
}
_ALWAYS = (401, 414, 429, 503)


def _parameter(name: str, about: str, schema: Json, *, required: bool = False, where: str = "query") -> Json:
    return {"name": name, "in": where, "description": about, "required": required, "schema": schema}


def _text(longest: int, **more: Any) -> Json:
    return {"type": "string", "maxLength": longest, **more}


def _number(lowest: int, highest: int, default: int) -> Json:
    return {"type": "integer", "minimum": lowest, "maximum": highest, "default": default}


_DAY = {"type": "string", "pattern": f"^({DAY})?$", "examples": ["2026-11-20", "2026-11", "2026"]}
_URL = _parameter(
    "url", "An address of the article, or of any capture of it.", _text(LONGEST_URL, minLength=1), required=True
)
_RECORD = {"type": "string", "pattern": f"^{RECORD_ID}$", "maxLength": 200}
_SOURCE = _text(100, pattern=f"^({SOURCE})?$")
_SINCE = _parameter("since", "The first day; of a month or year its first.", _DAY)
_UNTIL = _parameter("until", "The last day, itself included; of a month or year its last.", _DAY)


def _schema(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _answers(schema: str, *problems: int) -> Json:
    answers: Json = {
        "200": {"description": "As asked for.", "content": {"application/json": {"schema": _schema(schema)}}}
    }
    for status in (*problems, *_ALWAYS):
        content = {"application/problem+json": {"schema": _schema("Problem")}}
        answers[str(status)] = {"description": _PROBLEMS[status], "content": content}
    return answers


def _get(about: str, name: str, schema: str, parameters: list[Json], *problems: int) -> Json:
    return {
        "get": {
            "summary": about,
            "operationId": name,
            "parameters": parameters,
            "responses": _answers(schema, *problems),
        }
    }


_PATHS: Json = {
    "/api/search": _get(
        "Articles by the words of their texts; without words the latest ones",
        "search",
        "SearchResults",
        [
            _parameter(
                "q",
                'Words that must all be there, in any of their forms; "a phrase", OR, -without, parentheses, begin*, '
                "headline:word.",
                _text(LONGEST_WORDS),
            ),
            _parameter("source", "Name of a source.", _SOURCE),
            _parameter("language", "BCP 47; the primary subtag counts.", _text(40, pattern=f"^({LANGUAGE})?$")),
            _SINCE,
            _UNTIL,
            _parameter(
                "permitted",
                "1: nothing whose rights are reserved, as the settings of the archive have it.",
                {"type": "string", "enum": ["0", "1", ""]},
            ),
            _parameter("page", "From 1.", _number(1, LAST_PAGE, 1)),
            _parameter("limit", "Articles on a page.", _number(1, 100, 20)),
        ],
        400,
    ),
    "/api/sources": _get("All sources", "sources", "Sources", []),
    "/api/sources/{name}": _get(
        "One source: its coverage by day, and what its sites repeat",
        "source",
        "Source",
        [
            _parameter("name", "Name of the source.", _text(100, minLength=1), required=True, where="path"),
            _SINCE,
            _UNTIL,
        ],
        400,
        404,
    ),
    "/api/article": _get(
        "An article as one version has it: text, fields, evidence, what was removed, provenance",
        "article",
        "ArticleAnswer",
        [
            _parameter("url", "An address of the article; its latest version is given.", _text(LONGEST_URL)),
            _parameter("version", "Record id of a version; needed if there is no url.", _RECORD),
        ],
        400,
        404,
    ),
    "/api/versions": _get("The history of an article over all its addresses", "versions", "History", [_URL], 400, 404),
    "/api/compare": _get(
        "What differs between two versions, word by word",
        "compare",
        "Comparison",
        [
            _parameter("a", "Record id of the version before.", _RECORD, required=True),
            _parameter("b", "Record id of the version after.", _RECORD, required=True),
        ],
        400,
        404,
    ),
    "/api/changes": _get(
        "What became of articles, newest first: edits, articles that are gone or came back",
        "changes",
        "Changes",
        [
            _parameter("source", "Name of a source.", _SOURCE),
            _parameter("url", "An address of one article.", _text(LONGEST_URL)),
            _SINCE,
            _UNTIL,
            _parameter("show", "Only edits of which the page says nothing, or only takedowns.", {"enum": ["", *SHOWN]}),
            _parameter("kind", "Only edits of this kind.", {"enum": ["", *KINDS]}),
            _parameter("typos", "no: without edits of nothing but spelling.", {"enum": ["", "no"]}),
            _parameter("page", "From 1.", _number(1, LAST_PAGE, 1)),
            _parameter("limit", "Changes on a page.", _number(1, 200, 50)),
        ],
        400,
    ),
    "/changes.atom": _get(
        "The same as an Atom feed (RFC 4287), without articles that were missing once so far",
        "changes_feed",
        "Anything",
        [],
        400,
    ),
    "/api/captures": _get(
        "Captures of an address, oldest first; http and https, with and without www. are one",
        "captures",
        "Captures",
        [
            _URL,
            _parameter("page", "From 1.", _number(1, 10_000, 1)),
            _parameter("limit", "Captures on a page.", _number(1, 1000, 100)),
        ],
        400,
        404,
    ),
    "/api/check": {
        "post": {
            "summary": "Read the records of one version and its page again, and compare",
            "operationId": "check",
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["version"],
                            "properties": {"version": _RECORD},
                            "additionalProperties": False,
                        }
                    }
                },
            },
            "responses": _answers("Check", 400, 404, 408, 413),
        }
    },
    "/api/health": _get("Whether the archive can be read", "health", "Health", []),
    "/api/replay": _get("Whether replay is running", "replay", "Replay", []),
    "/api/openapi.json": _get("This description", "openapi", "Anything", []),
}

_FEED = _PATHS["/changes.atom"]["get"]
_FEED["parameters"] = _PATHS["/api/changes"]["get"]["parameters"]
_FEED["responses"]["200"]["content"] = {"application/atom+xml": {"schema": {"type": "string"}}}
for _status in ("400", "414", "429", "503"):
    _FEED["responses"][_status]["content"] = {"text/html": {"schema": {"type": "string"}}}

DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "newswarc reading room",
        "version": VERSION,
        "description": "What an archive of news pages holds, and how each text came to be. It only reads.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "paths": _PATHS,
    "components": {
        "schemas": SCHEMAS,
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer", "description": "A token from scrapy serve --new-token."},
            "named_token": {"type": "http", "scheme": "basic", "description": "The token as a password, any name."},
        },
    },
}

CLOSED: Json = {**DOCUMENT, "security": [{"token": []}, {"named_token": []}]}
"""The same where there are users."""
