"""Two versions of an article, or of the same story in two papers, word by word."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from archive.article import Article
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.history.difference import Change, Difference, difference
from archive.history.history import read_article
from archive.web import glossary
from archive.web.parameters import Parameters
from archive.web.refusals import Unknown
from archive.web.room import room_of
from archive.web.template import moment

__all__ = ["Run", "compare_page", "known_version", "runs_of"]

_UNCHANGED_SHOWN = 2
"""Equal paragraphs that stay visible beside a change."""

Run = tuple[bool, list[Change]]
"""Changes one after another; whether they are equal paragraphs that nobody needs to see."""


class Side(msgspec.Struct, frozen=True):
    """One of the two versions."""

    row: Row
    article: Article


def compare_page(request: Request) -> Response:
    """What changed between two versions."""
    room = room_of(request)
    asked = Parameters(request.query_params)
    a, b = asked.needed_id("a"), asked.needed_id("b")
    with room.catalogue() as catalogue:
        rows = [room.check_shown(known_version(catalogue, version)) for version in (a, b)]
        before, after = (Side(row, read_article(room.store, row)) for row in rows)
    found = difference(before.article, after.article)
    return room.templates.page(
        "compare.html",
        before=before,
        after=after,
        found=found,
        runs=runs_of(found),
        fields=[(glossary.FIELDS[f.name], _words(f.name, f.before), _words(f.name, f.after)) for f in found.fields],
        same_article=before.row["article"] == after.row["article"],
        names=_names(found),
        urls=(before.row["article"], after.row["article"]),
        fields_known=glossary.FIELDS,
        is_plain=_is_plain,
    )


def known_version(catalogue: Catalogue, record_id: str) -> Row:
    """The version with that record id. Raises `Unknown`."""
    row = catalogue.version(record_id)
    if row is None:
        raise Unknown(f"The archive has no version {record_id} of an article.")
    return row


def runs_of(found: Difference) -> list[Run]:
    """The paragraphs in their order; long stretches of equal ones apart."""
    runs: list[Run] = []
    equal: list[Change] = []

    def end_of_equal(*, is_last: bool) -> None:
        head = 0 if not runs else _UNCHANGED_SHOWN
        tail = 0 if is_last else _UNCHANGED_SHOWN
        if len(equal) <= head + tail + 1:
            runs.append((False, list(equal)))
        else:
            runs.extend(
                [(False, equal[:head]), (True, equal[head : len(equal) - tail]), (False, equal[len(equal) - tail :])]
            )
        equal.clear()

    for change in found.paragraphs:
        if change.kind == "equal":
            equal.append(change)
        else:
            end_of_equal(is_last=False)
            runs.append((False, [change]))
    end_of_equal(is_last=True)
    return [run for run in runs if run[1]]


def _names(found: Difference) -> list[str]:
    """What differs, for the summary."""
    return [glossary.FIELDS[name].lower() for name in found.changed]


def _words(name: str, value: Any) -> str:
    if value is None or value == ():
        return ""
    if name in ("published", "modified"):
        return moment(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _is_plain(change: Change) -> bool:
    """Whether its words are the same before and after."""
    return all(piece.kind == "equal" for piece in change.pieces)
