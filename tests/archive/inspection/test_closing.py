"""What the records of a set of files say of each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archive.inspection.files import (
    EVENING,
    LATER_ID,
    LATER_PAGE,
    MORNING,
    NOT_MODIFIED,
    PAGE,
    PAGE_ID,
    REVISIT_ID,
    URL,
    advice,
    conversion,
    faults,
    good,
    info,
    later,
    metadata,
    only,
    put,
    request,
    response,
    revisit,
    sha1_base32,
)

INFO_2 = "urn:uuid:0000000a-0000-4000-8000-000000000000"
BY_INFO_2 = {"WARC-Warcinfo-ID": f"<{INFO_2}>"}


def test_an_id_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    one = put(tmp_path / "a.warc.gz", info(), response(), later(id=PAGE_ID))
    text = only(faults(one), "has the WARC-Record-ID of another record")
    assert "(a.warc.gz, byte" in text or f"({one}, byte" in text
    other = put(tmp_path / "b.warc.gz", info(id=INFO_2), later(fields=BY_INFO_2, id=PAGE_ID))
    put(one, info(), response())
    only(faults(one, other), "b.warc.gz, byte")


def test_a_file_given_twice_is_one(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", *good())
    link = tmp_path / "b.warc.gz"
    link.symlink_to(path)
    assert faults(path, path, tmp_path / "." / "a.warc.gz", link) == []


# Revisits


def test_a_revisit_whose_original_is_missing_is_a_fault(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", info(), revisit())
    text = only(faults(path), f"is a revisit whose original is not among these files ({URL} at {MORNING})")
    assert text.endswith(f"give the file that holds it too ({REVISIT_ID})")


def test_the_original_may_lie_in_another_file(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", info(), revisit())
    other = put(tmp_path / "b.warc.gz", info(id=INFO_2), response(fields=BY_INFO_2))
    assert faults(path, other) == faults(other, path) == []


def test_a_revisit_of_a_revisit_is_a_fault(tmp_path: Path) -> None:
    again = revisit(id="urn:x:2", date=EVENING, fields={"WARC-Refers-To": f"<{REVISIT_ID}>"})
    only(faults(put(tmp_path / "a.warc.gz", info(), response(), revisit(), again)), "revisit of another revisit")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WARC-Refers-To-Date", EVENING, "has a WARC-Refers-To-Date that its original does not have"),
        ("WARC-Refers-To-Target-URI", URL + "/", "has a WARC-Refers-To-Target-URI that its original does not have"),
        ("WARC-Payload-Digest", sha1_base32(b"x").replace("sha1", "sha1"), None),
        ("WARC-Payload-Digest", "sha256:" + "0" * 64, "has another WARC-Payload-Digest than its original"),
        ("WARC-Payload-Digest", None, "is a revisit for an identical payload without WARC-Payload-Digest"),
    ],
)
def test_a_revisit_must_say_of_its_original_what_that_says(
    tmp_path: Path, name: str, value: str | None, said: str | None
) -> None:
    path = put(tmp_path / "a.warc.gz", info(), response(), revisit(fields={name: value}))
    if said:
        only(faults(path), said)
    else:
        assert faults(path) == []
        assert any("another algorithm" in text for text in advice(path))


def test_a_revisit_may_name_its_original_by_id_alone(tmp_path: Path) -> None:
    """As wget does."""
    short: dict[str, str | None] = {"WARC-Refers-To-Target-URI": None, "WARC-Refers-To-Date": None}
    path = put(tmp_path / "a.warc.gz", info(), response(), revisit(fields=short))
    assert faults(path) == []
    only(advice(path), "by which replay tools look")


def test_a_revisit_may_name_its_original_by_url_and_date_alone(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", info(), response(), revisit(fields={"WARC-Refers-To": None}))
    assert (faults(path), advice(path)) == ([], [])
    put(path, info(), response(), revisit(fields={"WARC-Refers-To": "<urn:x:lost>"}))
    assert faults(path) == []
    only(advice(path), "refers to a record id that is not among these files, though URL and date are")


def test_a_revisit_may_name_its_original_by_digest_alone(tmp_path: Path) -> None:
    none: dict[str, str | None] = dict.fromkeys(
        ["WARC-Refers-To", "WARC-Refers-To-Target-URI", "WARC-Refers-To-Date"], None
    )
    path = put(tmp_path / "a.warc.gz", info(), response(), revisit(fields=none))
    assert faults(path) == []
    assert any("by digest only" in text for text in advice(path))
    put(path, info(), later(), revisit(fields=none))
    only(faults(path), "original is not among these files;")


def test_a_304_needs_no_payload_digest(tmp_path: Path) -> None:
    fields = {"WARC-Profile": NOT_MODIFIED, "WARC-Payload-Digest": None}
    assert faults(put(tmp_path / "a.warc.gz", info(), response(), revisit(block=b"", fields=fields))) == []


def test_an_unknown_profile_is_advised_against(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", info(), response(), revisit(fields={"WARC-Profile": "urn:x:delta"}))
    assert faults(path) == []
    assert any("'urn:x:delta'" in text for text in advice(path))


@pytest.mark.parametrize("exact", [True, False])
def test_fractions_are_a_fault_where_they_lead_to_another_version(tmp_path: Path, exact: bool) -> None:
    """Tried with replayweb.page: it shows the later version in place of the revisit's."""
    date = "2026-11-20T09:00:00.123456Z"
    first = response(date=date)
    again = revisit(fields={"WARC-Refers-To-Date": date if exact else MORNING})
    path = put(tmp_path / "a.warc.gz", info(), first, again, later())
    only(faults(path), "fractions of a second")
    put(path, info(), first, again, later(url=URL + "/other"))
    assert faults(path) == []
    put(path, info(), first, again, response(id=LATER_ID, date=EVENING))
    assert faults(path) == [], "the same payload again is no other version"
    only(advice(path), "which some replay tools trip over")
    put(path, info(), first, later())
    assert faults(path) == [], "without a revisit nothing is looked up by date"


# What was made of others


def test_a_conversion_must_say_what_it_was_made_from(tmp_path: Path) -> None:
    only(faults(put(tmp_path / "a.warc.gz", info(), conversion(fields={}))), "nobody can tell what it was made from")


def test_texts_may_lie_in_a_file_of_their_own(tmp_path: Path) -> None:
    originals = put(tmp_path / "a.warc.gz", *good())
    derived = put(
        tmp_path / "b.warc.gz",
        info(id=INFO_2),
        conversion(fields={"WARC-Refers-To": f"<{PAGE_ID}>", **BY_INFO_2}),
    )
    assert (faults(originals, derived), advice(originals, derived)) == ([], [])
    assert faults(derived) == []
    assert "not among these files; give the file" in only(advice(derived), "is a conversion of a record")


def test_a_text_beside_its_page_is_a_fault(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", info(), response(), conversion())
    only(faults(path), "keep texts in a file of their own")
    put(path, info(), response(url=URL + "/other"), conversion())
    assert faults(path) == []


def test_json_under_the_url_of_its_page_is_a_fault(tmp_path: Path) -> None:
    about = metadata(b"{}", content_type="application/json")
    only(faults(put(tmp_path / "a.warc.gz", info(), response(), about)), "replay tools show it as the page")
    assert faults(put(tmp_path / "b.warc.gz", info(), response(), metadata(b"{}", url="urn:x:1"))) == []
    wat = put(tmp_path / "c.warc.gz", info(), about)
    assert faults(wat) == [], "as in Common Crawl's WAT files, which hold no pages"
    only(advice(wat), "give it a urn:")


def test_records_of_a_capture_that_is_not_here_are_advised_of(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", info(), request())
    assert faults(path) == []
    only(advice(path), "belongs to a record (WARC-Concurrent-To) that is not here")
    put(path, info(), response(), metadata(fields={"WARC-Refers-To": "<urn:x:lost>"}))
    assert faults(path) == []
    only(advice(path), "is a metadata of a record that is not among these files")


def test_a_warcinfo_id_must_lead_to_a_warcinfo(tmp_path: Path) -> None:
    path = put(tmp_path / "a.warc.gz", info(), response(), later(fields={"WARC-Warcinfo-ID": f"<{PAGE_ID}>"}))
    only(faults(path), "leads to a record of another type")
    put(path, info(), response(), later(fields={"WARC-Warcinfo-ID": "<urn:x:lost>"}))
    assert faults(path) == []
    only(advice(path), "leads to no record of these files")


def test_equal_payloads_of_other_urls_are_found_by_id(tmp_path: Path) -> None:
    other = response(url=URL + "/copy")
    again = revisit(fields={"WARC-Refers-To-Target-URI": URL + "/copy"})
    assert faults(put(tmp_path / "a.warc.gz", info(), other, again)) == []
    assert PAGE != LATER_PAGE
