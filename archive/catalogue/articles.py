"""The table of articles and the indexes over them, kept as their versions say."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, select

from archive.catalogue import schema
from archive.catalogue.likeness import marks
from archive.catalogue.rows import Row, article_number, facets, first_number, number_second
from archive.catalogue.words import Words

__all__ = ["refresh_article"]

_FIELDS = ("source", "headline", "published", "modified", "language", "section")
_INDEXES = ("full_text", "likeness")


def refresh_article(connection: Connection, added: Row, words: Words) -> None:
    """Make an article's row anew from its versions, of which one was `added`, and index it if that is the latest."""
    row = _article_row(connection, added)
    a = schema.articles
    known = connection.execute(select(a.c.number).where(a.c.url == row["url"])).scalar()
    if known is None:
        number = _free_number(connection, row)
        connection.execute(a.insert().values(number=number, **row))
    else:
        number = known
        if number_second(number) != number_second(article_number(row["date"], row["url"])):
            number = _free_number(connection, row)
            for table in _INDEXES:
                connection.exec_driver_sql(f"UPDATE {table} SET rowid = ? WHERE rowid = ?", (number, known))  # noqa: S608
        connection.execute(a.update().where(a.c.number == known).values(number=number, **row))
    if row["version"] == added["id"]:
        _index(connection, number, row, words)


def _article_row(connection: Connection, added: Row) -> Row:
    v = schema.versions.c
    every = connection.execute(
        select(v.id, v.date, v.capture, v.text_digest)
        .where(v.article == added["article"])
        .order_by(v.date, v.capture, v.extracted, v.id)
    ).all()
    history = list({one.capture: one for one in every}.values())  # of each capture what was read from it last
    changes = [a.text_digest != b.text_digest for a, b in pairwise(history)]
    latest = history[-1]
    fields: Any = added
    if latest.id != added["id"]:
        fields = connection.execute(select(*(v[f] for f in _FIELDS)).where(v.id == latest.id)).one()._asdict()
    published, first_seen = fields["published"], history[0].date
    return {
        "url": added["article"],
        **{f: fields[f] for f in _FIELDS},
        "date": published if published and first_number(published) is not None else first_seen,
        "first_seen": first_seen,
        "last_seen": latest.date,
        "texts": 1 + sum(changes),
        "version": latest.id,
    }


def _free_number(connection: Connection, row: Row) -> int:
    """The article's own number, or the next one that no other has."""
    number = article_number(row["date"], row["url"])
    while connection.exec_driver_sql("SELECT 1 FROM articles WHERE number = ?", (number,)).first():
        number += 1
    return number


def _index(connection: Connection, number: int, row: Row, words: Words) -> None:
    for table in _INDEXES:
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE rowid = ?", (number,))  # noqa: S608
    connection.exec_driver_sql(
        "INSERT INTO full_text (rowid, headline, text, facets) VALUES (?, ?, ?, ?)",
        (number, words.headline, words.text, " ".join(facets(row["source"], row["language"]))),
    )
    if words.signature:
        connection.exec_driver_sql(
            "INSERT INTO likeness (rowid, marks) VALUES (?, ?)", (number, " ".join(marks(words.signature)))
        )
