import re
from pathlib import Path

from archive.extraction.furniture import telling_word
from archive.extraction.kinds import KINDS, kind_of
from archive.extraction.phrases import phrases_of

HERE = Path(__file__).parent


def test_every_kind_says_what_it_is():
    assert all(re.fullmatch(r"[a-z]+(?:-[a-z]+)*", kind) for kind in KINDS)
    assert all(KINDS.values())


def test_a_rule_is_a_kind_and_perhaps_how_it_was_told():
    assert kind_of("appeal") == "appeal"
    assert kind_of("duplicate:headline") == "duplicate"
    assert kind_of("site-rule:2024-07-01:.modal") == "site-rule"


def test_the_kinds_that_names_and_words_tell_are_listed():
    from archive.extraction.furniture import _KINDS, _TAGS
    from archive.extraction.phrases import _data

    assert {*_KINDS.values(), *_TAGS.values(), *_data()} <= KINDS.keys()
    assert telling_word is not None
    assert phrases_of("en") is phrases_of("en")


def test_the_documentation_lists_every_kind():
    text = (HERE / "../../../docs/text.md").read_text("utf-8")
    for kind, meaning in KINDS.items():
        assert f"| `{kind}` | {meaning} |" in text
