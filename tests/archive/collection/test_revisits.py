"""Which response a revisit means."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.collection.collection import open_collection
from archive.errors import RecordError
from tests.archive.foreign_files import URL, contents, file, problems, record, reply, sha1
from tests.archive.making import refused

IDENTICAL = "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.0/revisit/server-not-modified"
OTHER = "https://paper.test/other"
TWO = "2026-11-21T09:00:00Z"


def response(body: bytes, url: str = URL, **headers: str | None) -> bytes:
    return record("response", reply(body, "Content-Type: text/html"), WARC_Target_URI=url, **headers)


def revisit(url: str = OTHER, block: bytes | None = None, **headers: str | None) -> bytes:
    given = {"WARC_Date": TWO, "WARC_Target_URI": url, "WARC_Profile": IDENTICAL} | headers
    return record("revisit", reply(b"", "X: own", status="200 Fine") if block is None else block, **given)


def content(path: Path, url: str = OTHER) -> bytes | None:
    """What the last capture of a URL holds; None if there is none that can be read."""
    return contents(path).get(url)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    "refers",
    [
        {"WARC_Refers_To": "<urn:uuid:one>"},
        {"WARC_Refers_To": "urn:uuid:one"},
        {"WARC_Refers_To_Target_URI": URL, "WARC_Refers_To_Date": "2026-11-20T09:00:00Z"},
        {"WARC_Refers_To_Target_URI": f"<{URL}>", "WARC_Refers_To_Date": "2026-11-20T09:00:00.5Z"},
        {"WARC_Payload_Digest": sha1(b"one")},
        {"WARC_Payload_Digest": sha1(b"one").replace("sha1", "SHA1")},
        {"WARC_Payload_Digest": sha1(b"one"), "WARC_Refers_To": "<urn:uuid:gone>"},
        {"WARC_Payload_Digest": sha1(b"one"), "WARC_Refers_To_Target_URI": URL, "WARC_Refers_To_Date": TWO},
        {"WARC_Payload_Digest": sha1(b"one"), "WARC_Refers_To_Target_URI": URL, "WARC_Refers_To_Date": "never"},
    ],
)
def test_by_id_by_place_or_by_payload(tmp_path: Path, refers: dict[str, str], turned: bool) -> None:
    one = response(b"one", WARC_Record_ID="<urn:uuid:one>", WARC_Payload_Digest=sha1(b"one"))
    two = response(b"two", URL + "2", WARC_Payload_Digest=sha1(b"two"))
    records = [two, one, revisit(**refers)]
    assert content(file(tmp_path, *(records[::-1] if turned else records))) == b"one"
    assert problems(tmp_path / "other.warc.gz") == []


def test_the_original_lies_in_another_file(tmp_path: Path) -> None:
    file(tmp_path, revisit(WARC_Payload_Digest=sha1(b"one")), name="a.warc")
    file(tmp_path, response(b"one", WARC_Payload_Digest=sha1(b"one")), name="b.warc.gz")
    assert content(tmp_path) == b"one"


def test_of_two_at_one_place_the_one_with_that_payload(tmp_path: Path) -> None:
    both = [response(body, WARC_Payload_Digest=sha1(body)) for body in (b"one", b"two")]
    place = {"WARC_Refers_To_Target_URI": URL, "WARC_Refers_To_Date": "2026-11-20T09:00:00Z"}
    for body in (b"one", b"two"):
        assert content(file(tmp_path, *both, revisit(WARC_Payload_Digest=sha1(body), **place))) == body


def test_a_place_with_another_payload_is_not_meant(tmp_path: Path) -> None:
    place = {"WARC_Refers_To_Target_URI": URL, "WARC_Refers_To_Date": "2026-11-20T09:00:00Z"}
    one = response(b"one", WARC_Payload_Digest=sha1(b"one"))
    assert content(file(tmp_path, one, revisit(WARC_Payload_Digest=sha1(b"two"), **place))) is None
    assert content(file(tmp_path, one, revisit(WARC_Payload_Digest="md5:x", **place))) == b"one"


def test_the_same_url_goes_first(tmp_path: Path) -> None:
    digest = sha1(b"one")
    early = response(b"one", WARC_Payload_Digest=digest, WARC_Date="2020-01-01T00:00:00Z")
    own = record("response", reply(b"one", "Own: yes"), WARC_Target_URI=OTHER, WARC_Payload_Digest=digest)
    with open_collection(file(tmp_path, early, own, revisit(WARC_Payload_Digest=digest))) as collection:
        capture = collection.nearest(OTHER)
        assert capture is not None
        assert capture.kind == "revisit"
        assert collection.resolve(capture).url == OTHER


@pytest.mark.parametrize(
    "unfit",
    [
        response(b"one", WARC_Payload_Digest=sha1(b"one"), WARC_Truncated="length"),
        revisit(URL, WARC_Payload_Digest=sha1(b"one"), WARC_Record_ID="<urn:uuid:r>"),
    ],
    ids=["truncated", "a revisit itself"],
)
def test_what_a_payload_is_not_taken_from(tmp_path: Path, unfit: bytes) -> None:
    assert content(file(tmp_path, unfit, revisit(WARC_Payload_Digest=sha1(b"one")))) is None


def test_revisits_of_revisits_and_of_themselves(tmp_path: Path) -> None:
    chain = [response(b"one", WARC_Record_ID="<urn:uuid:0>")]
    for n in range(1, 4):
        url = f"{URL}/{n}"
        chain.append(revisit(url, WARC_Record_ID=f"<urn:uuid:{n}>", WARC_Refers_To=f"<urn:uuid:{n - 1}>"))
    circle = [
        revisit(f"{URL}/{a}", WARC_Record_ID=f"<urn:uuid:{a}>", WARC_Refers_To=f"<urn:uuid:{b}>")
        for a, b in (("x", "y"), ("y", "x"), ("z", "z"))
    ]
    found = contents(file(tmp_path, *chain, *circle))
    assert found == dict.fromkeys([URL, *(f"{URL}/{n}" for n in range(1, 4))], b"one")


# Missing


def test_a_missing_original_is_told_and_passed_over(tmp_path: Path) -> None:
    lost = revisit(URL, WARC_Payload_Digest=sha1(b"gone"))
    path = file(tmp_path, response(b"one", WARC_Payload_Digest=sha1(b"one")), lost)
    assert content(path, URL) == b"one"  # the one before
    (problem,) = problems(path)
    assert "original of the revisit record" in problem
    assert URL in problem
    with open_collection(path) as collection:
        *_, capture = collection.captures()
        for ask in (collection.resolve, collection.message):
            with pytest.raises(RecordError) as caught:
                ask(capture)
            refused(caught.value)


def test_many_missing_originals_are_counted(tmp_path: Path) -> None:
    lost = [revisit(f"{URL}/{n}", WARC_Payload_Digest=sha1(b"%d" % n)) for n in range(40)]
    told = problems(file(tmp_path, *lost))
    assert len(told) == 11
    assert told[-1] == "The originals of 30 more revisit records are missing."


# Heads


def test_a_revisit_shows_its_own_head(tmp_path: Path) -> None:
    path = file(tmp_path, response(b"one", WARC_Record_ID="<urn:uuid:1>"), revisit(WARC_Refers_To="<urn:uuid:1>"))
    with open_collection(path) as collection:
        capture = collection.nearest(OTHER)
        assert capture is not None
        message = collection.message(capture)
        assert (message.reason, message.get("X"), message.mime, message.body) == ("Fine", "own", None, b"one")


@pytest.mark.parametrize("content_type", ["application/http;msgtype=response", None])
def test_without_a_head_it_is_like_its_original(tmp_path: Path, content_type: str | None) -> None:
    gone = record(
        "response", reply(b"one", "Content-Type: text/html", status="404 Gone"), WARC_Record_ID="<urn:uuid:1>"
    )
    path = file(tmp_path, revisit(block=b"", WARC_Refers_To="<urn:uuid:1>", Content_Type=content_type), gone)
    with open_collection(path) as collection:
        capture = collection.nearest(OTHER)
        assert capture is not None
        assert (capture.status, capture.mime) == (404, "text/html")
        assert collection.message(capture).status == 404


NOT_MODIFIED_REPLY = reply(b"", "ETag: x", status="304 Not Modified")


@pytest.mark.parametrize("block", [b"", NOT_MODIFIED_REPLY])
@pytest.mark.parametrize("refers", [{}, {"WARC_Refers_To": "<urn:uuid:1>"}])
def test_not_modified_is_the_page_as_it_was(tmp_path: Path, block: bytes, refers: dict[str, str]) -> None:
    page = response(b"one", WARC_Record_ID="<urn:uuid:1>")
    later = response(b"later", WARC_Date="2026-11-22T09:00:00Z")
    other = revisit(URL, block, WARC_Profile=NOT_MODIFIED, **refers)
    with open_collection(file(tmp_path, later, other, page)) as collection:
        capture = collection.nearest(URL, TWO)
        assert capture is not None
        assert (capture.kind, capture.status) == ("revisit", 304)
        message = collection.message(capture)
        assert (message.status, message.body) == (200, b"one")
