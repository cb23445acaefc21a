"""The kinds of text that a page carries and its article does not hold: how a Trace names them."""

from __future__ import annotations

__all__ = ["KINDS", "kind_of"]

KINDS = {
    "appeal": "a request for money, help or support for the paper",
    "subscription": "an offer of subscriptions, newsletters, apps or accounts",
    "paywall": "a notice that the rest is for subscribers, and what stands in its place",
    "consent": "a notice on cookies and data, or what stands where consent is missing",
    "related": "links to, teasers of and lines about other articles",
    "other-article": "the text of another article on the same page",
    "comment": "readers' comments and invitations to comment",
    "share": "buttons and invitations to share or follow",
    "author-biography": "who the author is",
    "byline": "the author's name or the date, which have fields of their own",
    "caption": "what belongs to a picture, a film or a sound: its caption, credit or title",
    "box": "a box of facts beside the text",
    "embed": "a post of a social network shown in the text",
    "legal": "copyright, sources of agencies, corrections and disclaimers",
    "advertisement": "advertising and its labels",
    "navigation": "menus, breadcrumbs, tags and other links of the site",
    "dialogue": "windows over the page",
    "form": "fields and buttons",
    "duplicate": "what is already in another field, or stands higher up in the text",
    "learned": "what recurs on the site, learned from its own pages",
    "hidden": "what readers don't see, and markup shown as text",
    "list-page": "what stands on a page that holds no article",
    "no-words": "bullets, arrows and rules",
    "outside-article": "what stands outside the article without saying what it is",
}
"""What each kind is. A `Removed.rule` is a kind, or a kind and how it was told: ``duplicate:headline``,
``related:words``; the rules of a site keep their own name (``site-rule:...``)."""

SITE_RULE = "site-rule"


def kind_of(rule: str) -> str:
    """The kind that a rule of a Trace names; ``site-rule`` for those of a site."""
    kind = rule.partition(":")[0]
    return kind if kind in KINDS else SITE_RULE
