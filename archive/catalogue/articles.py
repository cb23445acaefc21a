"""The table of articles and the indexes over them, kept as their versions say."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, select

from archive.catalogue import schema
from archive.catalogue.likeness import marks
from archive.catalogue.rows import Row, article_number, facets, first_number, number_second
from archive.catalogue.words import Words

__all__ = ["refresh_article", "renew_article"]

_FIELDS = ("source", "headline", "published", "modified", "language", "section", "rights")
_INDEXES = ("full_text", "likeness")


def refresh_article(connection: Connection, added: Row, words: Words) -> None:
    """Make an article's row anew from its versions, of which one was `added`, and index it if that is the latest.

    What is in quarantine is passed over.
    """
    if added["is_quarantined"]:
        return
    history = _history(connection, added["article"])
    latest = added if history[-1].id == added["id"] else _version(connection, history[-1].id)
    number = _put(connection, history, latest)
    if latest["id"] == added["id"]:
        _index(connection, number, added, words)


def renew_article(connection: Connection, url: str, read: Callable[[Row], Words]) -> None:
    """Make an article's row and what it is found by anew: versions went into quarantine, or came out of it.

    `read` gives the words of a version. An article without any other version is taken out.
    """
    if history := _history(connection, url):
        latest = _version(connection, history[-1].id)
        _index(connection, _put(connection, history, latest), latest, read(latest))
        return
    a = schema.articles
    number = connection.execute(select(a.c.number).where(a.c.url == url)).scalar()
    if number is not None:
        _take_out(connection, number)
        connection.execute(a.delete().where(a.c.number == number))


def _history(connection: Connection, url: str) -> list[Any]:
    """Of each capture of an article what was read from it last, oldest first."""
    v = schema.versions.c
    every = connection.execute(
        select(v.id, v.date, v.capture, v.text_digest)
        .where(v.article == url, ~v.is_quarantined)
        .order_by(v.date, v.capture, v.extracted, v.id)
    ).all()
    return list({one.capture: one for one in every}.values())


def _version(connection: Connection, version: str) -> Row:
    return dict(connection.execute(select(schema.versions).where(schema.versions.c.id == version)).mappings().one())


def _put(connection: Connection, history: list[Any], latest: Row) -> int:
    """Write an article's row; returns its number."""
    published, first_seen = latest["published"], history[0].date
    row = {
        "url": latest["article"],
        **{f: latest[f] for f in _FIELDS},
        "date": published if published and first_number(published) is not None else first_seen,
        "first_seen": first_seen,
        "last_seen": history[-1].date,
        "texts": 1 + sum(a.text_digest != b.text_digest for a, b in pairwise(history)),
        "version": latest["id"],
    }
    a = schema.articles
    known = connection.execute(select(a.c.number).where(a.c.url == row["url"])).scalar()
    if known is None:
        number = _free_number(connection, row)
        connection.execute(a.insert().values(number=number, **row))
        return number
    number = known
    if number_second(number) != number_second(article_number(row["date"], row["url"])):
        number = _free_number(connection, row)
        for table in _INDEXES:
            connection.exec_driver_sql(f"UPDATE {table} SET rowid = ? WHERE rowid = ?", (number, known))  # noqa: S608
    connection.execute(a.update().where(a.c.number == known).values(number=number, **row))
    return number


def _free_number(connection: Connection, row: Row) -> int:
    """The article's own number, or the next one that no other has."""
    number = article_number(row["date"], row["url"])
    while connection.exec_driver_sql("SELECT 1 FROM articles WHERE number = ?", (number,)).first():
        number += 1
    return number


def _take_out(connection: Connection, number: int) -> None:
    for table in _INDEXES:
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE rowid = ?", (number,))  # noqa: S608


def _index(connection: Connection, number: int, row: Row, words: Words) -> None:
    _take_out(connection, number)
    connection.exec_driver_sql(
        "INSERT INTO full_text (rowid, headline, text, facets) VALUES (?, ?, ?, ?)",
        (number, words.headline, words.text, " ".join(facets(row["source"], row["language"], row["rights"]))),
    )
    if words.signature:
        connection.exec_driver_sql(
            "INSERT INTO likeness (rowid, marks) VALUES (?, ?)", (number, " ".join(marks(words.signature)))
        )
