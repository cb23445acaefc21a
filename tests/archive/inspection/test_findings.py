"""Faults and advice: only so many of a kind are listed, and all are counted."""

from __future__ import annotations

from archive.inspection.findings import MOST_OF_A_KIND, Findings
from archive.verification.verification import Verification


def test_many_faults_of_a_kind_are_counted() -> None:
    found = Verification()
    findings = Findings(found)
    for n in range(MOST_OF_A_KIND + 7):
        findings.fault("a.warc", f"has {n} eyes", place=f"byte {n}", record=f"urn:x:{n}", kind="eyes")
    findings.fault("a.warc", "is odd")
    findings.close()
    assert len(found.faults) == MOST_OF_A_KIND + 2
    assert str(found.faults[1]) == "a.warc, byte 1: has 1 eyes (urn:x:1)"
    assert str(found.faults[-1]) == "a.warc: 7 more of the same kind: eyes"
    assert len(found.faults) + found.more == MOST_OF_A_KIND + 8


def test_kinds_are_counted_in_each_file() -> None:
    found = Verification()
    findings = Findings(found)
    for n in range(MOST_OF_A_KIND):
        findings.fault("a.warc", "is odd", place=f"byte {n}")
        findings.fault("b.warc", "is odd", place=f"byte {n}")
    findings.close()
    assert (len(found.faults), found.more) == (2 * MOST_OF_A_KIND, 0)


def test_advice_is_given_once_a_file() -> None:
    found = Verification()
    findings = Findings(found)
    for n in range(3):
        findings.advise("a.warc", f"has no hat of size {n}", place=f"byte {n}", record=f"urn:x:{n}", kind="no hat")
    findings.advise("b.warc", "has no hat", record="urn:x:9")
    findings.close()
    assert [str(told) for told in found.advice] == [
        "a.warc, byte 0: has no hat of size 0 (and 2 more like it)",
        "b.warc: has no hat (urn:x:9)",
    ]
    assert found.ok
