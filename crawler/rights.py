"""What the settings, and the sources' own tables, make of rights: what is fetched, shown, handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from archive.rights.policy import Policy, checked
from archive.rights.statement import MARKS, Statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy import Request
    from scrapy.settings import BaseSettings

    from crawler.source import Source

__all__ = ["DEFAULTS", "Question", "SourceRights", "check_rights", "not_fetched", "note", "policy"]

Question = Literal["not_fetched", "not_shown", "not_exported", "reserved"]

DEFAULTS: dict[Question, tuple[str, ...]] = {
    "not_fetched": ("robots",),
    "not_shown": (),
    "not_exported": (),
    "reserved": ("unread", "robots", "tdm", "noai", "noarchive"),
}
"""Where neither a setting nor a source says otherwise."""

_KNOWN_BEFORE = ("robots", "tdm")
"""What is known of a page before it is fetched."""


class SourceRights(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source's own answers: names of marks, or None where the settings hold."""

    not_fetched: tuple[str, ...] | None = None
    not_shown: tuple[str, ...] | None = None
    not_exported: tuple[str, ...] | None = None
    reserved: tuple[str, ...] | None = None


def check_rights(rights: SourceRights) -> None:
    """Raise msgspec.ValidationError for a name that is no mark, or can't be known in time."""
    for question in DEFAULTS:
        for index, name in enumerate(getattr(rights, question) or ()):
            if name not in (known := _known(question)):
                message = f"{name!r} is no mark of rights; there are {', '.join(known)}"
                raise msgspec.ValidationError(f"{message} - at `$.rights.{question}[{index}]`")


def note(request: Request, statement: Statement) -> None:
    """Keep what is said of a request's URL with it, for the archive; a redirect or a retry is judged anew."""
    others = (known for known in request.meta.get("rights", ()) if known.where != statement.where)
    request.meta["rights"] = (*others, statement)


def policy(settings: BaseSettings, *questions: Question) -> Policy:
    """What a setting such as ``RIGHTS_RESERVED`` says, and the sources that have an answer of their own; of several
    questions what any of them leaves out.

    Raises `SettingError`, and `SourceError` for a file that can't be read: it might leave out more.
    """
    from crawler.source import load_sources, project_folder

    found = Policy()
    sources: dict[str, Source] = {}
    for folder in settings.getlist("SOURCES"):  # later ones win
        loaded, errors = load_sources(project_folder() / folder)
        for error in errors.values():
            raise error
        sources |= loaded
    for question in questions:
        own = {name: getattr(source.rights, question) for name, source in sources.items()}
        told = {name: frozenset(marks) for name, marks in own.items() if marks is not None}
        found |= Policy(_of_settings(settings, question), told)
    return found


def not_fetched(settings: BaseSettings, source: Source | None) -> frozenset[str]:
    """The marks of pages that a crawl does not ask for. Raises `SettingError`."""
    own = source.rights.not_fetched if source is not None else None
    return _of_settings(settings, "not_fetched") if own is None else frozenset(own)


def _of_settings(settings: BaseSettings, question: Question) -> frozenset[str]:
    name = f"RIGHTS_{question.upper()}"
    given: Iterable[str] = settings.getlist(name, list(DEFAULTS[question]))
    return checked(given, name, _known(question))


def _known(question: Question) -> tuple[str, ...]:
    return _KNOWN_BEFORE if question == "not_fetched" else MARKS
