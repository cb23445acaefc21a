from __future__ import annotations

import msgspec

from archive.article import Article
from archive.extraction.kinds import KINDS
from archive.web import glossary


def test_every_kind_is_explained() -> None:
    for kind in (*KINDS, "site-rule", "list-page"):
        assert glossary.kind_name(kind)
        assert len(glossary.kind_about(kind)) > 10


def test_rules_are_said_in_words() -> None:
    assert glossary.rule("appeal") == "appeal"
    assert glossary.rule("duplicate:headline") == "duplicate (it repeats the headline)"
    assert glossary.rule("related:words") == "related (told by its words)"
    assert glossary.rule("author-biography") == "author biography"
    assert glossary.rule("site-rule:2024-07-01:.modal") == "rule of the site (2024-07-01:.modal)"
    assert glossary.rule("related:something-new") == "related (something-new)"


def test_evidence_is_said_in_words() -> None:
    assert glossary.evidence("json-ld:NewsArticle.author") == "the page's JSON-LD: NewsArticle.author"
    assert glossary.evidence("html:h1") == "shown on the page: h1"
    assert glossary.evidence("meta:og:title") == "a meta element of the page: og:title"
    assert glossary.evidence("text") == "the words of the text itself"
    assert glossary.evidence("oracle:1") == "oracle:1"


def test_languages() -> None:
    assert glossary.language("en") == "English"
    assert glossary.language("zh-Hant") == "Chinese (Hant)"
    assert glossary.language("xx-YY") == "xx-YY"
    assert glossary.language(None) == ""


def test_every_field_of_an_article_has_a_name() -> None:
    shown_apart = {"url", "trace", "rights"}
    assert set(glossary.FIELDS) == {f.name for f in msgspec.structs.fields(Article)} - shown_apart
