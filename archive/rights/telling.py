"""All that is told of the rights of one text, each statement with the capture where it stands."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from archive.rights.statement import Statement

__all__ = ["told"]


def told(page: Iterable[Statement] | None, exchange: str | None, record: str, date: str) -> list[Statement]:
    """What a page says, and what is known of its exchange (the catalogue's column ``captures.rights``).

    `record` and `date` are those of the capture that was read.
    """
    known = msgspec.json.decode(exchange, type=list[Statement]) if exchange else []
    return [
        statement if statement.record else msgspec.structs.replace(statement, record=record, date=date)
        for statement in (*known, *(page or ()))
    ]
