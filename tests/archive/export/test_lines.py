from __future__ import annotations

import json

import yaml
from hypothesis import given
from hypothesis import strategies as st

from archive.export.lines import dump, line

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.recursive(st.none() | st.booleans() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)))
def test_a_line_is_one_line_for_every_reader(value: object) -> None:
    text = line(value).decode()
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1
    assert json.loads(text) == value


@given(TEXT)
def test_json_is_yaml(text: str) -> None:
    assert yaml.safe_load(f"headline: {dump(text)}\n") == {"headline": text}


def test_letters_stay_letters() -> None:
    assert line({"headline": "Isen går i havnen 🚢"}) == '{"headline": "Isen går i havnen 🚢"}\n'.encode()
