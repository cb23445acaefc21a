"""`SCHEMAS`: the JSON that the API answers with (JSON Schema 2020-12)."""

from __future__ import annotations

from typing import Any

from archive.catalogue.changes import KINDS
from archive.catalogue.coverage import NUMBERS
from archive.rights.statement import MARKS

__all__ = ["SCHEMAS"]

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "integer", "minimum": 0}
_YES: Json = {"type": "boolean"}
_SHARE: Json = {"type": "number", "minimum": 0, "maximum": 1}
_DIGEST: Json = {"type": "string", "pattern": "^[a-z0-9]+:.+$"}


def _maybe(schema: Json) -> Json:
    """The schema, or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def _list(schema: Json) -> Json:
    return {"type": "array", "items": schema}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(**properties: Json) -> Json:
    """With all these properties and no others."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _one_of(*words: str) -> Json:
    return {"type": "string", "enum": list(words)}


_SUMMARY: dict[str, Json] = {
    "url": _TEXT,
    "source": _TEXT,
    "headline": _maybe(_TEXT),
    "published": _maybe(_TEXT),
    "modified": _maybe(_TEXT),
    "language": _maybe(_TEXT),
    "section": _maybe(_TEXT),
    "first_seen": _TEXT,
    "last_seen": _TEXT,
    "texts": _NUMBER,
    "version": _TEXT,
}
_SOURCE: dict[str, Json] = {
    "name": _TEXT,
    "title": _TEXT,
    "articles": _NUMBER,
    "captures": _NUMBER,
    "first": _maybe(_TEXT),
    "last": _maybe(_TEXT),
}
_TROUBLE: dict[str, Json] = {
    "source": _TEXT,
    "what": _one_of("crawled", "announced", "captured", "extracted"),
    "since": {**_TEXT, "description": "The first day of it."},
    "until": {**_TEXT, "description": "The last day that was judged."},
    "found": {"type": "number", "minimum": 0},
    "expected": {"type": "number", "minimum": 0},
    "text": _TEXT,
}
_FIELDS: dict[str, Json] = {
    "url": _TEXT,
    "kind": _TEXT,
    "headline": _maybe(_TEXT),
    "standfirst": _maybe(_TEXT),
    "text": {**_TEXT, "description": "Paragraphs, one a line."},
    "authors": _list(_TEXT),
    "published": _maybe(_TEXT),
    "modified": _maybe(_TEXT),
    "language": _maybe(_TEXT),
    "section": _maybe(_TEXT),
    "tags": _list(_TEXT),
    "image": _maybe(_TEXT),
    "captions": _list(_TEXT),
    "comments": _list(_object(text=_TEXT, author=_maybe(_TEXT), published=_maybe(_TEXT))),
    "updates": _list(_object(text=_TEXT, published=_maybe(_TEXT), headline=_maybe(_TEXT))),
    "coverage_end": _maybe(_TEXT),
    "canonical_url": _maybe(_TEXT),
    "paywalled": _maybe(_YES),
    "rights": _maybe(_list(_ref("Statement"))),
    "trace": _ref("Trace"),
}
_EVENTS = ("version", "unchanged", "confirmed", "gone", "failed", "redirected", "unread")
_CHANGES = ("equal", "changed", "added", "removed", "moved", "left", "reading")

SCHEMAS: dict[str, Json] = {
    "Anything": {"type": "object"},
    "Problem": {
        "description": "RFC 9457.",
        "type": "object",
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "parameter": {**_TEXT, "description": "The parameter that is wrong."},
            "position": {**_NUMBER, "description": "The character of q that is to blame, from 0."},
        },
        "required": ["type", "title", "status", "detail"],
    },
    "ArticleSummary": _object(**_SUMMARY),
    "SearchResults": _object(
        total=_NUMBER,
        page=_NUMBER,
        pages=_NUMBER,
        articles=_list(_ref("Found")),
    ),
    "Found": _object(
        **_SUMMARY,
        standfirst=_maybe(_TEXT),
        snippets=_list(_list(_object(text=_TEXT, match=_YES))),
    ),
    "Sources": _object(
        sources=_list(_object(**_SOURCE)),
        languages=_list(_object(language=_TEXT, articles=_NUMBER)),
    ),
    "Source": _object(
        **_SOURCE,
        since=_TEXT,
        until=_TEXT,
        coverage=_list(_object(day=_TEXT, **dict.fromkeys(NUMBERS, _NUMBER))),
        troubles=_list(_object(**_TROUBLE)),
        furniture={"type": "object", "additionalProperties": _list(_ref("Furniture"))},
    ),
    "Furniture": _object(
        key=_TEXT,
        text=_TEXT,
        first_seen=_TEXT,
        last_seen=_TEXT,
        articles=_NUMBER,
        verdict=_one_of("learned", "allowed", "denied"),
        why=_TEXT,
    ),
    "Version": _object(
        id=_TEXT,
        article=_TEXT,
        capture=_TEXT,
        source=_TEXT,
        date=_TEXT,
        extracted=_TEXT,
        headline=_maybe(_TEXT),
        published=_maybe(_TEXT),
        modified=_maybe(_TEXT),
        language=_maybe(_TEXT),
        section=_maybe(_TEXT),
        text_digest=_DIGEST,
        removed=_NUMBER,
    ),
    "Article": _object(**_FIELDS),
    "Statement": {
        **_object(
            name={**_TEXT, "description": "robots, tdm, licence, or a rule such as noarchive."},
            value=_TEXT,
            where=_one_of("robots.txt", "tdmrep.json", "header", "page"),
            said={**_TEXT, "description": "In the site's words."},
            record={**_TEXT, "description": "The capture where it stands; without: the one that it is about."},
            date=_TEXT,
            agent={**_TEXT, "description": "The crawler that alone it is for."},
            policy={**_TEXT, "description": "URL of the policy that a reservation names."},
        ),
        "required": ["name", "value", "where"],
    },
    "Trace": _object(
        capture=_maybe(_TEXT),
        extractor=_TEXT,
        rules=_maybe(_DIGEST),
        furniture=_maybe(_DIGEST),
        places=_list(_TEXT),
        evidence={"type": "object", "additionalProperties": _TEXT},
        removed=_list(_ref("Removed")),
    ),
    "Removed": _object(text=_TEXT, place=_TEXT, rule=_TEXT, kind=_TEXT, line=_maybe(_NUMBER)),
    "Capture": _object(
        id=_TEXT,
        url=_TEXT,
        date=_TEXT,
        kind=_one_of("response", "revisit"),
        method=_TEXT,
        status=_NUMBER,
        mime=_maybe(_TEXT),
        payload_digest=_maybe(_DIGEST),
        refers_to=_maybe(_TEXT),
        truncated=_maybe(_TEXT),
        source=_TEXT,
        file=_TEXT,
        offset=_NUMBER,
        length=_NUMBER,
        record_digest=_DIGEST,
    ),
    "Edit": _object(
        kinds=_list(_one_of(*KINDS)),
        place=_one_of("headline", "standfirst", "text", "updates"),
        before=_TEXT,
        after=_TEXT,
        paragraph_before=_maybe(_NUMBER),
        paragraph_after=_maybe(_NUMBER),
    ),
    "Change": _object(
        id={**_TEXT, "description": "The capture that shows it."},
        what=_one_of("edited", "gone", "back"),
        source=_TEXT,
        article=_TEXT,
        url=_TEXT,
        headline=_maybe(_TEXT),
        language=_maybe(_TEXT),
        date={**_TEXT, "description": "Since when it is certain."},
        since={**_TEXT, "description": "When it was seen first."},
        last_seen={**_TEXT, "description": "When the article was last seen as it had been before."},
        is_confirmed={**_YES, "description": "False for an article that was missing once so far."},
        why={"enum": ["404", "410", "451", "redirect", "emptied", None]},
        target=_maybe(_TEXT),
        before={**_TEXT, "description": "The version before."},
        after=_maybe(_TEXT),
        kinds=_list(_one_of(*KINDS)),
        is_silent=_YES,
        is_minor={**_YES, "description": "Spelling, punctuation and spaces only."},
        told={"enum": ["modified", "note", None], "description": "How the page says that it has changed."},
        note=_maybe(_TEXT),
        modified=_maybe({"type": "array", "items": _maybe(_TEXT), "minItems": 2, "maxItems": 2}),
        same_reader=_YES,
        words_added=_NUMBER,
        words_removed=_NUMBER,
        edits=_list(_ref("Edit")),
        left_out=_NUMBER,
    ),
    "Changes": _object(page=_NUMBER, more=_YES, changes=_list(_ref("Change"))),
    "Captures": _object(total=_NUMBER, page=_NUMBER, captures=_list(_ref("Capture"))),
    "ArticleAnswer": _object(
        version=_ref("Version"),
        versions=_list(_TEXT),
        article=_ref("Article"),
        capture=_maybe(_ref("Capture")),
        rights=_list(_ref("Statement")),
        rights_marks=_list(_one_of(*MARKS)),
        leads=_list(_ref("Lead")),
        provenance={"type": "object", "description": "PROV-JSON."},
        alike=_list(_object(**_SUMMARY, of_this=_SHARE, of_other=_SHARE)),
    ),
    "Lead": {
        **_object(
            url=_TEXT,
            kind=_one_of("feed", "sitemap", "section"),
            via=_TEXT,
            capture=_TEXT,
            seen=_TEXT,
            announced=_maybe(_TEXT),
            title=_maybe(_TEXT),
            summary=_maybe(_TEXT),
        ),
        "description": "Where a listing announced the page, or gave it another date or title.",
    },
    "Piece": _object(kind=_one_of("equal", "added", "removed"), text=_TEXT),
    "Counts": _object(
        added=_NUMBER,
        removed=_NUMBER,
        changed=_NUMBER,
        moved=_NUMBER,
        reading=_NUMBER,
        words_added=_NUMBER,
        words_removed=_NUMBER,
    ),
    "Comparison": _object(
        a=_ref("Version"),
        b=_ref("Version"),
        changed=_list(_TEXT),
        summary=_ref("Counts"),
        same_page=_YES,
        headline=_list(_ref("Piece")),
        standfirst=_list(_ref("Piece")),
        paragraphs=_list(
            _object(
                kind=_one_of(*_CHANGES),
                before=_maybe(_NUMBER),
                after=_maybe(_NUMBER),
                pieces=_list(_ref("Piece")),
                rule=_maybe(_TEXT),
            )
        ),
        updates=_list(
            _object(
                kind=_one_of("equal", "changed", "added", "removed"),
                published=_maybe(_TEXT),
                headline=_list(_ref("Piece")),
                pieces=_list(_ref("Piece")),
            )
        ),
        fields=_list(_object(name=_TEXT, before={}, after={})),
    ),
    "History": _object(
        url=_TEXT,
        last_seen=_maybe(_TEXT),
        is_gone=_YES,
        addresses=_list(
            _object(
                url=_TEXT,
                captures=_NUMBER,
                texts=_NUMBER,
                first=_maybe(_TEXT),
                last=_maybe(_TEXT),
                leads_to=_maybe(_TEXT),
            )
        ),
        versions=_list(_ref("Appearance")),
        events=_list(
            _object(
                date=_TEXT,
                kind=_one_of(*_EVENTS),
                url=_TEXT,
                what=_TEXT,
                status=_maybe(_NUMBER),
                capture=_maybe(_TEXT),
                version=_maybe(_TEXT),
            )
        ),
    ),
    "Appearance": _object(
        id=_TEXT,
        date=_TEXT,
        capture=_ref("ShortCapture"),
        page=_TEXT,
        headline=_maybe(_TEXT),
        text_digest=_DIGEST,
        extracted=_TEXT,
        extractor=_TEXT,
        furniture=_maybe(_DIGEST),
        readings=_list(
            _object(id=_TEXT, extracted=_TEXT, extractor=_TEXT, furniture=_maybe(_DIGEST), text_digest=_DIGEST)
        ),
        before=_maybe(_TEXT),
        changed=_list(_TEXT),
        counts=_maybe(_ref("Counts")),
        same_reader=_YES,
        confirmed=_list(_ref("ShortCapture")),
    ),
    "Check": _object(
        version=_TEXT,
        capture=_TEXT,
        ok={**_YES, "description": "Nothing is wrong; what could not be checked is not."},
        steps=_list(
            _object(
                name=_TEXT,
                ok=_maybe(_YES),
                what=_TEXT,
                file=_maybe(_TEXT),
                offset=_maybe(_NUMBER),
                record=_maybe(_TEXT),
            )
        ),
    ),
    "Health": _object(status=_one_of("ok"), software=_TEXT),
    "Replay": _object(up=_YES, origin=_maybe(_TEXT), since=_maybe(_TEXT), restarts=_NUMBER, problem=_maybe(_TEXT)),
}
_CAPTURE = SCHEMAS["Capture"]["properties"]
SCHEMAS["ShortCapture"] = _object(**{n: s for n, s in _CAPTURE.items() if n not in ("source", "method")})
