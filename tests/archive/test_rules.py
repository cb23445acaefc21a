"""`rules_at`: the day of capture picks the rules of a site."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.rules import UNKNOWN_SITE, Reading, SiteRules, rules_at

DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2030, 12, 31))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


OLD = SiteRules(until=day("2014-12-31"), body="div.old")
NEW = SiteRules(from_=day("2015-01-01"), until=day("2024-06-30"), body="div.new")
NOW = SiteRules(from_=day("2024-07-01"), body="main")
SPELL = SiteRules(from_=day("2020-03-01"), until=day("2020-03-07"), body="div.special")


@pytest.mark.parametrize(
    ("when", "want"),
    [
        ("1999-01-01", OLD),
        ("2014-12-31", OLD),
        ("2015-01-01", NEW),
        ("2020-02-29", NEW),
        ("2020-03-01", SPELL),
        ("2020-03-07", SPELL),
        ("2020-03-08", NEW),
        ("2024-06-30", NEW),
        ("2024-07-01", NOW),
        ("2099-01-01", NOW),
    ],
)
def test_the_day_picks_the_latest_rules_that_cover_it(when: str, want: SiteRules) -> None:
    for rules in ([OLD, NEW, NOW, SPELL], [SPELL, NOW, NEW, OLD]):
        assert rules_at(rules, day(when)) is want


def test_no_rules_for_a_day_that_none_covers() -> None:
    assert rules_at([], day("2020-01-01")) is None
    assert rules_at([NOW, SPELL], day("2019-01-01")) is None


@given(st.lists(st.tuples(st.none() | DAYS, st.none() | DAYS), max_size=5), DAYS)
def test_whatever_is_picked_covers_the_day(spans: list[tuple[dt.date | None, dt.date | None]], when: dt.date) -> None:
    rules = [SiteRules(from_=begin, until=end) for begin, end in spans]
    picked = rules_at(rules, when)
    covering = [r for r in rules if (r.from_ is None or r.from_ <= when) and (r.until is None or when <= r.until)]
    if picked is None:
        assert covering == []
    else:
        assert picked in covering
        assert all((r.from_ or dt.date.min) <= (picked.from_ or dt.date.min) for r in covering)


def test_names_and_digests_tell_rules_apart() -> None:
    assert (OLD.name, NEW.name) == ("site-rule:always", "site-rule:2015-01-01")
    digests = {rules.digest for rules in (OLD, NEW, NOW, SPELL)}
    assert len(digests) == 4
    assert all(digest.startswith("sha256:") and len(digest) == 71 for digest in digests)
    assert SiteRules(from_=day("2024-07-01"), body="main").digest == NOW.digest


def test_rules_survive_json_and_back() -> None:
    reading = Reading(
        timezone="Europe/Oslo", language="no", rules=SiteRules(from_=day("2020-01-01"), remove=("a", "b"))
    )
    again = msgspec.convert(msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(reading))), Reading)
    assert again == reading
    assert again.rules is not None
    assert again.rules.digest == reading.rules.digest  # type: ignore[union-attr]
    assert msgspec.convert(msgspec.to_builtins(UNKNOWN_SITE), Reading) == UNKNOWN_SITE == Reading()


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="selector"):
        msgspec.convert({"selector": "p"}, SiteRules)
