"""`Words`: the same from a worker and from a rebuild."""

from __future__ import annotations

from archive.article import Article, Update
from archive.catalogue.likeness import signature
from archive.catalogue.tokens import plain_words, tokens
from archive.catalogue.words import words_of

TEXT = "Twelve boats were caught in the storm on Friday night.\nThe council had put off the repair of the sea wall."


def test_words_of_an_article() -> None:
    words = words_of(Article(url="u", headline="Boats in a storm", standfirst="Short.", text=TEXT, language="en"))
    assert words.headline == tokens("Boats in a storm", "en")
    assert words.text == tokens("Short.\n" + TEXT, "en")
    assert words.signature == signature(plain_words(TEXT)) != b""


def test_posts_of_a_live_blog_belong_to_it() -> None:
    posts = (Update(text=TEXT, headline="First post"), Update(text="A second one."))
    words = words_of(Article(url="u", headline="Live", updates=posts, language="en"))
    assert words.text == tokens(f"First post {TEXT} A second one.", "en")
    assert words.signature == signature(plain_words(f"First post {TEXT} A second one."))


def test_nothing_has_no_words() -> None:
    words = words_of(Article(url="u"))
    assert (words.headline, words.text, words.signature) == ("", "", b"")


def test_the_signature_does_not_depend_on_the_language() -> None:
    signatures = {words_of(Article(url="u", text=TEXT, language=tag)).signature for tag in ("en", "de", None)}
    assert len(signatures) == 1
