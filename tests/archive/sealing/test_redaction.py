"""What is taken out is gone from every byte of the store, and everything else can still be proven."""

import json
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.catalogue import Catalogue
from archive.errors import SealError, StoreError
from archive.reader import read_gzip, read_members
from archive.rebuild import rebuild
from archive.sealing import redaction as module
from archive.sealing.audit import SealAudit
from archive.sealing.proof_check import check_proof
from archive.sealing.redaction import doomed, finish_redactions, redact
from archive.sealing.redactions import Redactions, url_digest
from archive.sealing.sealing import seal_store
from archive.storage import Store
from archive.tombstone import is_tombstone, tombstone_member
from archive.verification.verify import verify
from archive.workers import ExtractorPool
from tests.archive.making import digest_again, dump, keep_page, later, page, records, running
from tests.archive.sealing.papers import FERRY, KEY, STORM, proven, story

SECRETS = (b"boats out", b"Twelve boats were caught", b"/2026/storm")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return story(tmp_path_factory.mktemp("redact") / "store").root


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    return Store(shutil.copytree(made, tmp_path / "store"))


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractorPool]:
    pool = ExtractorPool(1, timeout=60)
    yield pool
    pool.close(abandon=True)


def everything(root: Path) -> bytes:
    """All bytes of a store, those in gzip members unpacked."""
    parts = []
    for path in sorted(root.rglob("*")):
        if path.is_file():
            parts.append(path.read_bytes())
            if path.name.endswith(".gz"):
                with path.open("rb") as file:
                    parts += [data for _, _, data in read_gzip(file)]
    return b"\n".join(parts)


def test_it_is_said_what_would_go(store: Store) -> None:
    with Catalogue(store.catalogue_path) as catalogue:
        found = doomed(store, catalogue, STORM)
    assert (found.captures, found.texts, found.announced) == (3, 2, ())
    assert len(found.records) == 3 * 3 + 2 * 3
    assert found.addresses == (STORM,)
    assert verify(store, extract=False).ok


def test_nothing_of_it_is_left(store: Store) -> None:
    assert all(secret in everything(store.root) for secret in SECRETS)
    redact(store, [STORM], "court order 5 O 12/26")
    left = everything(store.root)
    assert [secret for secret in SECRETS if secret in left] == []
    with Catalogue(store.catalogue_path) as catalogue:
        assert catalogue.captures(STORM) == []
    assert [row["url"] for row in dump(store)["captures"]] == [FERRY]


def test_the_archive_is_well_and_says_how_much_was_taken_out(store: Store) -> None:
    before = verify(store)
    assert before.ok
    redact(store, [STORM], "court order")
    found = verify(store)
    assert found.ok, found.faults
    assert (found.removed, found.conversions) == (15, 1)
    assert found.files == before.files


def test_tombstones_say_what_stood_there(store: Store) -> None:
    made = redact(store, [STORM], "court order")
    stones = [record for record in records(store, "metadata") if is_tombstone(record)]
    told = [one for stone in stones for one in stone.json()["removed"]]
    assert sorted(one["id"] for one in told) == sorted(made.records)
    assert {stone.json()["reason"] for stone in stones} == {"court order"}
    assert {one["type"] for one in told} == {"response", "request", "metadata", "revisit", "conversion"}
    assert {one["date"][:4] for one in told} == {"2026"}


def test_what_stays_keeps_its_place_and_its_proofs(store: Store, pool: ExtractorPool) -> None:
    old = proven(store, FERRY)
    places = {row["id"]: (row["file"], row["offset"], row["length"]) for row in dump(store)["captures"]}
    redact(store, [STORM], "court order")
    new = proven(store, FERRY)
    for proof in (old, new):
        assert check_proof(proof, pool=pool).ok
    assert new.records == old.records
    for row in dump(store)["captures"]:
        assert places[row["id"]] == (row["file"], row["offset"], row["length"])
    with pytest.raises(SealError, match="no text of it is in the archive"):
        proven(store)


def test_a_proof_that_somebody_has_still_holds(store: Store, pool: ExtractorPool) -> None:
    """The archive can't take back what it proved; who has the proof has the page."""
    proof = proven(store)
    redact(store, [STORM], "court order")
    assert check_proof(proof, pool=pool).ok


def test_the_catalogue_is_what_a_rebuild_gives(store: Store) -> None:
    redact(store, [STORM], "court order")
    first = dump(store)
    rebuild(store)
    assert dump(store) == first


def test_sealing_goes_on(store: Store) -> None:
    redact(store, [STORM], "court order")
    with running(store) as run:
        keep_page(run, FERRY, page("Ferry line two stops at one"), at=later(60))
    assert seal_store(store, KEY).problems == []
    assert SealAudit.of(store).faults == []


def test_a_tombstone_that_is_sealed_itself_is_a_record_like_others(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with running(store) as run:
        keep_page(run, STORM, page("Storm keeps twelve boats out"))
    redact(store, [STORM], "court order")
    seal_store(store, KEY)
    assert (SealAudit.of(store).faults, SealAudit.of(store).removed) == ([], 0)
    assert verify(store).ok


def test_a_tombstone_with_another_leaf_is_no_excuse(store: Store) -> None:
    redact(store, [STORM], "court order")
    for path in store.root.glob("derived/*/*.gz"):
        data = path.read_bytes()
        for record, _ in list(read_members(path)):
            if is_tombstone(record):
                facts = {"removed": [{**one, "leaf": "00" * 32} for one in record.json()["removed"]]}
                member = tombstone_member(record.length, facts, date="2026-12-01T00:00:00Z")
                data = data[: record.offset] + member + data[record.offset + record.length :]
        path.write_bytes(data)
        digest_again(path)
    assert any("is not record" in str(fault) for fault in SealAudit.of(store).faults)


def test_it_is_not_fetched_again(store: Store) -> None:
    assert Redactions(store).urls() == frozenset()
    redact(store, [STORM], "court order")
    assert Redactions(store).urls() == {url_digest("http://www.ellery.test/2026/storm")}
    assert verify(store).ok  # its .sha256 fits
    (line,) = Redactions(store).path.read_bytes().splitlines()
    assert b"storm" not in line
    assert json.loads(line)["reason"] == "court order"
    Redactions(store).path.write_bytes(line.replace(b"court", b"count"))
    assert [fault.where for fault in SealAudit.of(store).faults] == ["redactions.jsonl"]


def test_what_is_not_there_can_not_be_taken_out(store: Store) -> None:
    before = everything(store.root)
    with pytest.raises(StoreError, match="nothing of it is in the archive"):
        redact(store, [FERRY, "https://ellery.test/none"], "court order")
    assert everything(store.root) == before


def test_nobody_takes_out_while_somebody_crawls(store: Store) -> None:
    with running(store), pytest.raises(StoreError, match="catalogue is in use by a crawl of ellery"):
        redact(store, [STORM], "court order")
    assert verify(store, extract=False).ok


def test_stopped_in_the_middle_it_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def once(path: Path, replacements: object) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(path)
        rewrite(path, replacements)

    rewrite = module.rewrite
    monkeypatch.setattr(module, "rewrite", once)
    with pytest.raises(KeyboardInterrupt):
        redact(store, [STORM], "court order")
    monkeypatch.undo()
    rebuild(store)
    left = [fault for fault in verify(store, extract=False).faults if fault.where == "redactions.jsonl"]
    assert left
    assert "was stopped before it took all out; scrapy redact finishes it" in left[0].what
    redact(store, [STORM], "court order")
    assert b"boats out" not in everything(store.root)
    found = verify(store)
    assert found.ok, found.faults
    assert found.removed == 15


def test_tombstones_hold_no_trace_in_what_fills_them(store: Store) -> None:
    redact(store, [STORM], "court order")
    for path in store.root.rglob("*.warc.gz"):
        for record, _ in read_members(path):
            if is_tombstone(record):
                data = path.read_bytes()[record.offset : record.offset + record.length]
                assert len(zlib.compress(data)) < 1500


def test_killed_before_the_files_were_rewritten_it_goes_on(store: Store, tmp_path: Path) -> None:
    whole = Store(shutil.copytree(store.root, tmp_path / "whole"))
    redact(whole, [STORM], "court order")

    def stop(*_: object) -> None:
        raise InterruptedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "rewrite", stop)
        with pytest.raises(InterruptedError):
            redact(store, [STORM], "court order")
    assert not store.catalogue_path.exists()
    assert finish_redactions(store) > 0
    assert not [secret for secret in SECRETS if secret in everything(store.root)]
    kept = [{r.id for r in records(one) if not is_tombstone(r)} for one in (store, whole)]
    assert kept[0] == kept[1]
    assert SealAudit.of(store).faults == []
    assert finish_redactions(store) == 0
    with pytest.raises(StoreError, match="already; nothing of it is left"):
        redact(store, [STORM], "court order")
