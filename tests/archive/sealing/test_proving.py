import gzip
from pathlib import Path

import pytest

from archive.errors import RecordError, SealError
from archive.rebuild import rebuild
from archive.sealing.places import member_content
from archive.sealing.proof import Proof
from archive.sealing.proving import quotation
from archive.storage import Store
from tests.archive.making import altered, keep_page, later, page, running
from tests.archive.sealing.papers import FERRY, QUOTE, STORM, proven, story


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return story(tmp_path_factory.mktemp("proving") / "store")


def headline(proof: Proof) -> str:
    details = gzip.decompress(next(r.member for r in proof.records if r.role == "details"))
    return "twelve" if b"twelve boats out" in details else "nine" if b"nine boats out" in details else "other"


def test_the_last_version_is_proven_unless_another_is_asked_for(store: Store) -> None:
    assert headline(proven(store)) == "nine"
    assert headline(proven(store, at="2026-11-20")) == "twelve"
    assert headline(proven(store, at="2026-11-20T09:00:00Z")) == "twelve"
    assert headline(proven(store, at="2026-11-21")) == "nine"
    assert headline(proven(store, FERRY)) == "other"


def test_the_last_version_that_has_the_quotation_is_taken(store: Store) -> None:
    proof = proven(store, quote=QUOTE)
    assert headline(proof) == "twelve"
    assert proof.quotation is not None
    assert (proof.quotation.text, proof.quotation.paragraph) == (QUOTE, 2)


def test_a_proof_has_all_records_of_the_chain(store: Store) -> None:
    roles = [record.role for record in proven(store).records]
    assert roles == ["response", "request", "exchange", "text", "details", "provenance"]
    assert {record.seal for record in proven(store).records} == {2}
    assert [seal.number for seal in proven(store, at="2026-11-20").seals] == [1]


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"url": "https://ellery.test/none"}, "no text of it is in the archive"),
        ({"at": "2026-11-19"}, "the archive first saw it at 2026-11-20T09:00:00Z, after 2026-11-19"),
        ({"quote": "never said"}, "not in the text of any version: 'never said'"),
        ({"quote": QUOTE, "at": "2026-11-21"}, "not in the text of the version of 2026-11-21"),
        ({"quote": "  "}, "is not in the text"),
        ({"url": FERRY, "quote": "x y z"}, "not in the text of its one version"),
    ],
)
def test_what_the_archive_can_not_prove_is_said(store: Store, asked: dict[str, str], why: str) -> None:
    with pytest.raises(SealError, match=why):
        proven(store, **asked)


def test_what_is_not_sealed_is_said(tmp_path: Path) -> None:
    store = story(tmp_path)
    with running(store) as run:
        keep_page(run, STORM, page("Storm keeps one boat out"), at=later(48))
        run.flush()
        with pytest.raises(SealError, match="is not sealed yet; wait until its crawl has ended, then run scrapy seal"):
            proven(store)
    with pytest.raises(SealError, match="is not sealed yet; run scrapy seal"):
        proven(store)


def test_what_was_changed_behind_the_seal_is_no_proof(tmp_path: Path) -> None:
    store = story(tmp_path)
    for path in store.root.glob("derived/*/*.gz"):
        altered(path, lambda headers, block: (headers, block.replace(b"coast guard", b"coast gward")))
    rebuild(store)
    with pytest.raises(SealError, match="is not as seal 2 has it; run scrapy verify"):
        proven(store)


@pytest.mark.parametrize(
    ("text", "quote", "found"),
    [
        ("One two.\nThree four.", "two.", ("two.", 1)),
        ("One two.\nThree four.", "two. Three", ("two.\nThree", 1)),
        ("One two.\nThree  four.", " Three four ", ("Three  four", 2)),
        ("Ein\u00a0Wort", "Ein Wort", ("Ein\u00a0Wort", 1)),
        ("a a b", "a b", ("a b", 1)),
        ("日本の\n港が", "港が", ("港が", 2)),
        ("One two.", "three", None),
        ("One", "", None),
        ("", "x", None),
    ],
)
def test_a_quotation_is_found_whatever_its_spaces(text: str, quote: str, found: tuple[str, int] | None) -> None:
    got = quotation(text, quote)
    assert (got and (got.text, got.paragraph)) == found
    if got:
        assert text[got.start : got.end] == got.text


def test_a_member_is_one_gzip_member_and_nothing_more() -> None:
    whole = gzip.compress(b"record")
    assert member_content(whole) == b"record"
    for wrong in (b"", b"record", whole[:-1], whole + b"x", whole + whole):
        with pytest.raises(RecordError):
            member_content(wrong)
