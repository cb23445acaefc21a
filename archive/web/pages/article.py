"""One article: its clean text beside the page it was read from."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from archive.article import Article
from archive.catalogue import Catalogue
from archive.catalogue.rows import Row
from archive.history.history import Event, History, read_article
from archive.rights.statement import Statement, named
from archive.rights.telling import told
from archive.storage import Store
from archive.web import glossary
from archive.web.parameters import Parameters
from archive.web.refusals import Unfit, Unknown
from archive.web.room import room_of
from archive.web.story import Story

__all__ = ["Field", "article_page", "chosen_version", "fields_of", "statements_of"]


class Field(msgspec.Struct, frozen=True):
    """A field of an article, and why it says so."""

    name: str
    title: str
    values: tuple[str, ...]
    evidence: str
    """In words; empty where the article has no such field."""


def article_page(request: Request) -> Response:
    """The article of an address: its latest version, or the one that is asked for."""
    room = room_of(request)
    asked = Parameters(request.query_params)
    with room.catalogue() as catalogue:
        row, versions = chosen_version(catalogue, asked)
        room.check_shown(row)
        capture = catalogue.capture(row["capture"])
        alike = catalogue.alike(row["id"], limit=10)
        article = read_article(room.store, row)
        gone = _gone(room.store, catalogue, row["article"])
        leads = catalogue.announcements(row["article"])
    frame = room.frame(capture)
    return room.templates.page(
        "article.html",
        frame_origin=room.replay_origin if frame else None,
        article=article,
        story=Story.of(article),
        fields=fields_of(article),
        statements=statements_of(article, capture),
        marks=named(row["rights"]),
        leads=leads,
        row=row,
        versions=versions,
        number=next(n for n, v in enumerate(versions, 1) if v["capture"] == row["capture"]),
        capture=capture,
        frame=frame,
        scripts=asked.choice("scripts", ("on", "off")) != "off",
        why_still=room.why_still(request),
        shown=asked.choice("removed", ("1", "0")) == "1",
        alike=alike,
        gone=gone,
    )


def statements_of(article: Article, capture: Row | None) -> list[Statement]:
    """What the site says of the use of an article, each statement with the capture where it stands."""
    if capture is None:
        return list(article.rights or ())
    return told(article.rights, capture["rights"], capture["id"], capture["date"])


def chosen_version(catalogue: Catalogue, asked: Parameters) -> tuple[Row, list[Row]]:
    """The version that is asked for by ``version``, else the latest of ``url`` that is published or, if none is, of
    those in quarantine; and the last one of each capture.

    Raises `Unfit` and `Unknown`.
    """
    wanted, url = asked.record_id("version"), asked.text("url", 4096)
    if wanted is None and not url:
        raise Unfit("url", "The address of an article is needed: ?url=https://...")
    row = catalogue.version(wanted) if wanted else None
    if wanted and row is None:
        raise Unknown(f"The archive has no version {wanted} of an article.")
    every = catalogue.versions(row["article"] if row else url)
    if not every:
        captured = (
            " It has captures of that address, but no article was read from them." if catalogue.captures(url) else ""
        )
        raise Unknown(f"The archive has no article of {url}.{captured}")
    if row and url and row["id"] not in {v["id"] for v in catalogue.versions(url)}:
        raise Unknown(f"The version {wanted} is none of {url}.")
    last = {v["capture"]: v for v in every}
    published = [v for v in every if not v["is_quarantined"]]
    return row or (published or every)[-1], list(last.values())


def _gone(store: Store, catalogue: Catalogue, url: str) -> Event | None:
    """The first look that found nothing where the article had been; None if it was there at the last one."""
    answers = [row for row in catalogue.captures(url) if row["method"] == "GET" and row["status"] < 500]
    if not answers or answers[-1]["status"] < 400:  # to read a whole history takes time
        return None
    history = History.of(store, catalogue, url, slice(0, 0))
    if not history.is_gone:
        return None
    seen = history.last_seen or ""
    return next((event for event in history.events if event.kind == "gone" and event.date >= seen), None)


def fields_of(article: Article) -> list[Field]:
    """What is known of an article beside its text, with the evidence."""
    found = []
    for name, title in glossary.FIELDS.items():
        value: Any = getattr(article, name)
        if value in (None, (), "") or name == "text":
            continue
        values = value if isinstance(value, tuple) else (value,)
        if name in ("comments", "updates"):
            values = (str(len(values)),)
        if name == "paywalled":
            values = ("yes" if value else "no",)
        why = article.trace.evidence.get(name)
        found.append(Field(name, title, values, glossary.evidence(why) if why else _without_evidence(name)))
    return found


def _without_evidence(name: str) -> str:
    return {
        "kind": "nothing on the page says otherwise",
        "language": "known of the site",
        "captions": "figures of the page",
        "comments": "the page's comments",
    }.get(name, "")
