"""What settings and sources make of rights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scrapy.settings import Settings

from archive.errors import SettingError, SourceError
from crawler.rights import DEFAULTS, Question, not_fetched, policy
from crawler.source import load_source

SOURCE = 'title = "Ellery Courier"\nhome = "https://ellery.test"\narticle_urls = ["/.*"]\n'


def settings_of(folder: Path, more: str = "", **settings: Any) -> Settings:
    (folder / "ellery.toml").write_text(SOURCE + more, "utf-8")
    return Settings({"SOURCES": [str(folder)], **settings})


@pytest.mark.parametrize("question", list(DEFAULTS))
def test_defaults(question: Question, tmp_path: Path) -> None:
    assert policy(settings_of(tmp_path), question).of("ellery") == set(DEFAULTS[question])


def test_a_source_has_its_own_answer(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, '[rights]\nreserved = ["noai"]\nnot_fetched = []\n', RIGHTS_RESERVED="tdm,noindex")
    found = policy(settings, "reserved")
    assert (found.of("ellery"), found.of("others")) == ({"noai"}, {"tdm", "noindex"})
    source = load_source(tmp_path / "ellery.toml")
    assert (not_fetched(settings, source), not_fetched(settings, None)) == (set(), {"robots"})


def test_several_questions(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, RIGHTS_NOT_EXPORTED=["nosnippet"], RIGHTS_RESERVED=["tdm"])
    assert policy(settings, "not_exported", "reserved").of("ellery") == {"nosnippet", "tdm"}


def test_a_setting_that_names_no_mark(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^RIGHTS_NOT_SHOWN: 'private' is no mark of rights; there are .*\.$"):
        policy(settings_of(tmp_path, RIGHTS_NOT_SHOWN="private"), "not_shown")
    with pytest.raises(SettingError, match=r"^RIGHTS_NOT_FETCHED: 'noai' .* there are robots, tdm\.$"):
        not_fetched(settings_of(tmp_path, RIGHTS_NOT_FETCHED="noai"), None)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('[rights]\nreserved = ["tdmm"]\n', r"line 5, key 'rights\.reserved\.0': 'tdmm' is no mark of rights"),
        ('[rights]\nnot_fetched = ["noai"]\n', r"key 'rights\.not_fetched\.0': 'noai' .* there are robots, tdm\."),
        ('[rights]\nshown = ["noai"]\n', r"key 'rights\.shown': is not a key"),
        ('rights = "all"\n', r"key 'rights': "),
    ],
)
def test_a_table_that_makes_no_sense(table: str, said: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, table)
    with pytest.raises(SourceError, match=said):
        policy(settings, "reserved")
