"""Dated rules of one site, for what general extraction can't know."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

import msgspec

from archive.furniture.furniture import Furniture

__all__ = ["Reading", "SiteRules", "rules_at"]


class SiteRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one site's pages were built between two days. All selectors are CSS.

    The day of capture picks the rules (`rules_at`). Every field is optional: what is left out is found by
    the general means.
    """

    from_: dt.date | None = msgspec.field(name="from", default=None)
    """First day of capture the rules hold for; None: since ever."""
    until: dt.date | None = None
    """Last day of capture the rules hold for (inclusive); None: still."""
    note: str = ""
    """Why the rules exist, for the next reader."""
    body: str | None = None
    """The element that holds the article's text."""
    headline: str | None = None
    standfirst: str | None = None
    authors: str | None = None
    published: str | None = None
    modified: str | None = None
    comments: str | None = None
    """The container of the readers' comments; never part of the text."""
    remove: tuple[str, ...] = ()
    """Elements that are furniture, with all they hold."""
    remove_text: tuple[str, ...] = ()
    """Regular expressions; a block whose whole text matches one is furniture."""

    @property
    def name(self) -> str:
        """How a Trace names these rules: ``site-rule:<from day>``."""
        return f"site-rule:{self.from_ or 'always'}"

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` over the rules in canonical JSON."""
        return "sha256:" + hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the extractor is told of a site beside the page itself; kept with each text, to repeat it."""

    timezone: str = "UTC"
    """IANA zone of times that the page states without one."""
    language: str | None = None
    """BCP 47, for pages that don't say."""
    rules: SiteRules | None = None
    furniture: Furniture | None = None
    """What recurs on the site; not kept with the text, whose Trace names it."""


UNKNOWN_SITE = Reading()
"""Of a site that no source definition tells of."""


def rules_at(rules: Sequence[SiteRules], day: dt.date) -> SiteRules | None:
    """The rules that hold for a page captured on `day`: the latest `from` that covers it, or None."""
    covering = [r for r in rules if (r.from_ or dt.date.min) <= day <= (r.until or dt.date.max)]
    return max(covering, key=lambda r: r.from_ or dt.date.min, default=None)
