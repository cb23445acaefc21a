"""`Words`: what the catalogue's indexes are told of a version."""

from __future__ import annotations

import msgspec

from archive.article import Article
from archive.catalogue.likeness import signature
from archive.catalogue.tokens import plain_words, stems, tokens

__all__ = ["Words", "words_of"]


class Words(msgspec.Struct, frozen=True):
    """Made where a page is read (in a worker), and from the same records again by a rebuild."""

    headline: str
    """Tokens, parted by spaces."""
    text: str
    """Those of standfirst, text and a live blog's posts."""
    signature: bytes
    """What near-duplicates are found by."""


def words_of(article: Article) -> Words:
    """The words of what a page says."""
    posts = [part for update in article.updates for part in (update.headline, update.text) if part]
    told = plain_words("\n".join([article.text, *posts]))
    return Words(
        headline=tokens(article.headline or "", article.language),
        text=" ".join(stems(plain_words(article.standfirst or "") + told, article.language)),
        signature=signature(told),
    )
