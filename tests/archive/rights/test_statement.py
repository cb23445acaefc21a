"""What statements come to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import SettingError
from archive.rights.policy import Policy, checked
from archive.rights.statement import MARKS, NOT_RESERVED, RESERVED, UNSET, Statement, bits, marks, named


def tdm(value: str, where: str) -> Statement:
    return Statement("tdm", value, where)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], set()),
        ([tdm(RESERVED, "tdmrep.json")], {"tdm"}),
        ([tdm(RESERVED, "tdmrep.json"), tdm(NOT_RESERVED, "header")], set()),
        ([tdm(NOT_RESERVED, "header"), tdm(RESERVED, "page"), tdm(NOT_RESERVED, "tdmrep.json")], {"tdm"}),
        ([tdm(RESERVED, "header"), tdm(NOT_RESERVED, "page")], set()),
        ([tdm(UNSET, "tdmrep.json"), tdm(RESERVED, "header")], {"tdm"}),
        ([Statement("noai", "", "page"), Statement("noarchive", "", "header")], {"noai", "noarchive"}),
        ([Statement("noai", "", "header", agent="googlebot")], set()),
        ([Statement("noai", "", "header", agent="newswarc")], {"noai"}),
        ([Statement("robots", "allowed", "robots.txt")], set()),
        ([Statement("robots", "forbidden", "robots.txt")], {"robots"}),
        ([Statement("robots", "unknown", "robots.txt")], set()),
        ([Statement("licence", "https://creativecommons.org/licenses/by/4.0/", "page")], {"licence"}),
    ],
)
def test_marks(statements: list[Statement], expected: set[str]) -> None:
    assert marks(statements) == expected


@given(st.sets(st.sampled_from(MARKS)))
def test_marks_as_a_number(names: set[str]) -> None:
    assert set(named(bits(names))) == names


def test_a_policy_for_each_source() -> None:
    one = Policy(frozenset({"tdm"}), {"free": frozenset()})
    other = Policy(frozenset({"noai"}), {"strict": frozenset({"noindex"})})
    both = one | other
    assert both.of("any") == {"tdm", "noai"}
    assert both.of("free") == {"noai"}
    assert both.of("strict") == {"tdm", "noindex"}
    assert one
    assert not Policy(by_source={"free": frozenset()})


def test_a_mark_that_is_none() -> None:
    assert checked(["tdm", "noai"], "RIGHTS_RESERVED") == {"tdm", "noai"}
    with pytest.raises(SettingError, match=r"^RIGHTS_RESERVED: 'no-ai' is no mark of rights; there are .*noai.*\.$"):
        checked(["no-ai"], "RIGHTS_RESERVED")
