from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.web.parameters import LONGEST_URL, Parameters
from archive.web.refusals import Unfit


def of(**values: str) -> Parameters:
    return Parameters(values.items())


@pytest.mark.parametrize("value", ["2026-11-20", "0001-01-01", "9999-12-31", "2024-02-29"])
def test_days(value: str) -> None:
    assert of(since=value).day("since") == of(since=value).day("since", last=True) == value


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("2026-11", "2026-11-01", "2026-11-30"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2026", "2026-01-01", "2026-12-31"),
        ("9999-12", "9999-12-01", "9999-12-31"),
        ("0001", "0001-01-01", "0001-12-31"),
    ],
)
def test_months_and_years(value: str, first: str, last: str) -> None:
    assert (of(x=value).day("x"), of(x=value).day("x", last=True)) == (first, last)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-31",
        "2026-1-1",
        "20261120",
        "2026-W47-5",
        "yesterday",
        " 2026-11-20",
        "2026-11-20T09:00",
        "٢٠٢٦-١١-٢٠",
        "0000-01-01",
        "0000",
        "202611",
        "2026-13",
        "2026-00",
        "2026-",
        "26-11",
    ],
)
def test_no_days(value: str) -> None:
    with pytest.raises(Unfit, match="since must be a day, a month or a year, such as 2026-11-20, 2026-11 or 2026"):
        of(since=value).day("since")


@pytest.mark.parametrize("value", ["0", "-1", "501", "1.0", "1e2", "٣", "９", "x", "1 000", "9" * 400])
def test_no_page_numbers(value: str) -> None:
    with pytest.raises(Unfit, match="page "):
        of(page=value).number("page", 1, 1, 500)


def test_numbers() -> None:
    assert of(page="500").number("page", 1, 1, 500) == 500
    assert of(page="007").number("page", 1, 1, 500) == 7
    assert of(page="").number("page", 3, 1, 500) == 3
    assert of().number("page", 3, 1, 500) == 3


def test_addresses() -> None:
    assert of(url=" https://ellery.test/å ").url() == "https://ellery.test/å"
    with pytest.raises(Unfit, match="needed"):
        of(url="  ").url()
    with pytest.raises(Unfit, match="4097 characters; 4096 are the most"):
        of(url="x" * (LONGEST_URL + 1)).url()
    with pytest.raises(Unfit, match="NUL"):
        of(url="x\0y").url()


def test_a_parameter_that_is_given_twice_is_unclear() -> None:
    with pytest.raises(Unfit, match="given 2 times"):
        Parameters([("q", "a"), ("q", "b")]).text("q", 10)


def test_record_ids() -> None:
    assert of(id="urn:uuid:3f2a9c1d-0000-4000-8000-000000000000").needed_id("id").startswith("urn:uuid:3f")
    assert of(id="https://foreign.test/record?1").record_id("id") == "https://foreign.test/record?1"
    assert of().record_id("id") is None
    for value in ("<urn:uuid:1>", "a b", "å", "x" * 201):
        with pytest.raises(Unfit):
            of(id=value).record_id("id")
    with pytest.raises(Unfit, match="needed"):
        of().needed_id("id")


def test_sources_languages_and_choices() -> None:
    assert of(source="moscow_times").source() == "moscow_times"
    assert of(language="zh-Hant").language() == "zh-Hant"
    assert of(removed="1").choice("removed", ("1", "0")) == "1"
    for wrong in ("../etc", "a/b", "a b", "%00"):
        with pytest.raises(Unfit):
            of(source=wrong).source()
    for wrong in ("e", "english language", "en_US", "<b>"):
        with pytest.raises(Unfit):
            of(language=wrong).language()
    with pytest.raises(Unfit, match="must be one of: 1, 0"):
        of(removed="2").choice("removed", ("1", "0"))


@given(st.text(max_size=400))
def test_whatever_is_given_is_taken_or_refused_with_a_sentence(value: str) -> None:
    asked = of(x=value)
    for ask in (
        lambda: asked.text("x", 100),
        lambda: asked.url("x"),
        lambda: asked.number("x", 1, 1, 9),
        lambda: asked.day("x"),
        lambda: asked.record_id("x"),
        lambda: asked.source("x"),
        lambda: asked.language("x"),
    ):
        try:
            ask()
        except Unfit as error:
            assert str(error).endswith((".", "..."))
            assert error.parameter == "x"
