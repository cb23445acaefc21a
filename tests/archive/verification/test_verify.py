"""`verify`: whatever is changed in a store, somewhere, is found and named."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from archive.catalogue import Catalogue
from archive.catalogue.search import Search
from archive.errors import StoreError
from archive.reader import read_records
from archive.rebuild import rebuild
from archive.rules import Reading, SiteRules
from archive.run import Run
from archive.storage import Store
from archive.verification.verify import Fault, Verification, verify
from archive.warc import OPEN_SUFFIX, Record, WarcWriter
from tests.archive.making import (
    ROOT,
    SENTENCES,
    SETTINGS,
    altered,
    digest_again,
    digest_of,
    dump,
    exchange,
    keep_page,
    killed,
    later,
    page,
    records,
    refused,
    running,
    varied_store,
    wire,
)

KILLED = """
run = Run(Store(sys.argv[1]), "skagen", settings_digest=SETTINGS)
run.keep(exchange("https://skagen.test/1", wire(os.urandom(400))))
"""


def small_store(root: Path) -> Store:
    """Originals, derived files, a revisit, and a torn end that was kept aside."""
    store = Store(root)
    killed(KILLED, root)
    (path,) = root.rglob("*" + OPEN_SUFFIX)
    path.write_bytes(path.read_bytes()[:-60])
    with running(store) as run:
        keep_page(run, "https://ellery.test/storm", page("Storm keeps twelve boats out"))
        run.keep(exchange("https://ellery.test/storm", wire(page("Storm keeps twelve boats out")), at=later(1)))
    return store


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_store(tmp_path_factory.mktemp("small") / "archive").root


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return varied_store(tmp_path_factory.mktemp("varied") / "archive").root


@pytest.fixture
def store(small: Path, tmp_path: Path) -> Store:
    """A copy of the small store."""
    return Store(shutil.copytree(small, tmp_path / "archive"))


def quick(store: Store) -> list[Fault]:
    """The faults that are found without reading pages again."""
    return verify(store, extract=False).faults


def kept_files(root: Path) -> list[Path]:
    """Everything that is to be kept: all files but the locks."""
    return sorted(p for p in root.rglob("*") if p.is_file() and "locks" not in p.parts)


def names_of(path: Path) -> set[str]:
    """What a fault of a file may call it."""
    return {path.name, path.name.removesuffix(".sha256")}


# A store that is well


def test_a_store_that_is_well_has_no_fault(varied: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    found = verify(Store(varied), progress=lambda *step: steps.append(step))
    assert found.faults == []
    assert found.ok
    assert (found.files, found.conversions, found.compared) == (12, 7, 7)
    assert found.records == len(records(Store(varied)))
    assert (found.other_version, found.open_files) == (0, [])
    assert [what for what, *_ in steps].count("reading pages again") == 7
    assert [number for _, number, _ in steps[:12]] == list(range(1, 13))


def test_an_article_that_is_all_updates_is_well(tmp_path: Path) -> None:
    head = '<script type="application/ld+json">{"@type": "LiveBlogPosting"}</script>'
    posts = "".join(f"<div><time>1{n}:00</time><p>{text}</p></div>" for n, text in enumerate(SENTENCES))
    live = f"<html><head>{head}</head><body><h1>The wall, hour by hour</h1><main>{posts}</main></body></html>"
    with running(Store(tmp_path)) as run:
        keep_page(run, "https://ellery.test/wall", live.encode())
    found = verify(Store(tmp_path))
    assert (found.faults, found.conversions, found.compared) == ([], 1, 1)
    before = dump(Store(tmp_path))
    rebuild(Store(tmp_path))
    assert dump(Store(tmp_path)) == before


def test_nothing_in_the_store_is_changed_by_looking(store: Store) -> None:
    def state() -> dict[str, tuple[bytes, int]]:
        return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in sorted(store.root.rglob("*")) if p.is_file()}

    before = state()
    assert quick(store) == []
    assert quick(store) == []
    assert state() == before


def test_searching_does_not_break_the_catalogues_seal(store: Store) -> None:
    with Catalogue(store.catalogue_path, read_only=True) as catalogue:
        assert Search(catalogue, store).find("harbour").total
    assert quick(store) == []


def test_no_archive_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        verify(Store(tmp_path / "nothing"))
    refused(error.value)


def test_results_are_not_shared() -> None:
    one, other = Verification(), Verification()
    one.faults.append(Fault("a", "b"))
    assert other.faults == []


def test_a_fault_is_one_line() -> None:
    assert str(Fault("a.warc.gz, byte 7", "is odd", "urn:uuid:1")) == "a.warc.gz, byte 7: is odd (urn:uuid:1)"
    assert str(Fault("a.warc.gz", "is odd")) == "a.warc.gz: is odd"


# Single bits


def flipped_silently(store: Store, paths: list[Path], positions: Callable[[int], list[int]]) -> list[tuple[str, int]]:
    """Flip a bit at each position, one at a time; those flips that no fault names the file for."""
    chosen, silent = random.Random(7), []
    for path in paths:
        data = path.read_bytes()
        for at in positions(len(data)):
            copy = bytearray(data)
            copy[at] ^= 1 << chosen.randrange(8)
            path.write_bytes(copy)
            if not any(name in fault.where for fault in quick(store) for name in names_of(path)):
                silent.append((path.name, at))
        path.write_bytes(data)
    return silent


def some(number: int, seed: int) -> Callable[[int], list[int]]:
    return lambda size: sorted(random.Random(seed).sample(range(size), min(number, size)))


@pytest.mark.parametrize("seed", [1, 2])
def test_any_flipped_bit_of_a_warc_file_is_found(store: Store, seed: int) -> None:
    paths = [p for p in kept_files(store.root) if p.name.endswith(".warc.gz")]
    assert {p.parent.parent.name for p in paths} == {"originals", "derived"}
    assert flipped_silently(store, paths, some(12, seed)) == []
    assert quick(store) == []


def test_any_flipped_bit_of_a_gzip_head_is_found(store: Store) -> None:
    path = store.path(store.files("derived")[0])
    starts = [record.offset for record in read_records(path)]
    assert flipped_silently(store, [path], lambda _: [s + n for s in starts for n in (0, 1, 2, 3, 5, 8, 9)]) == []


def test_any_flipped_bit_of_a_digest_file_is_found(store: Store) -> None:
    paths = [p for p in kept_files(store.root) if p.name.endswith(".warc.gz.sha256")][:1]
    paths += (store.root / "damaged").glob("*.sha256")
    assert len(paths) == 2
    assert flipped_silently(store, paths, lambda size: [0, 31, 63, 64, 65, *range(66, size, 12), size - 1]) == []


def test_any_flipped_bit_of_a_torn_end_is_found(store: Store) -> None:
    (path,) = (p for p in (store.root / "damaged").iterdir() if p.suffix != ".sha256")
    assert flipped_silently(store, [path], some(8, 3)) == []


def test_any_flipped_bit_of_the_catalogue_is_found(store: Store) -> None:
    assert flipped_silently(store, [store.catalogue_path], some(24, 4)) == []
    assert flipped_silently(store, [store.catalogue_path], lambda _: list(range(0, 100, 12))) == []


def test_any_flipped_bit_of_the_catalogues_digest_is_found(store: Store) -> None:
    path = store.root / "catalogue.sqlite.sha256"
    assert flipped_silently(store, [path], lambda size: [0, 30, 63, 64, 65, 66, 70, size - 1]) == []


def test_every_file_of_the_store_is_watched(store: Store) -> None:
    """Emptied or gone, one file at a time."""
    for path in kept_files(store.root):
        if path.name == "catalogue.sqlite.sha256":
            continue  # see below
        data = path.read_bytes()
        path.write_bytes(b"")
        assert quick(store), f"{path} emptied"
        path.unlink()
        if path.parent.name != "damaged" or path.suffix == ".sha256":
            assert quick(store), f"{path} gone"
        path.write_bytes(data)
    assert quick(store) == []


def test_a_torn_end_that_is_gone_is_missed(store: Store) -> None:
    for path in (store.root / "damaged").iterdir():
        if path.suffix != ".sha256":
            path.unlink()
    assert quick(store) != []


def test_the_catalogue_of_a_running_crawl_has_no_digest(store: Store) -> None:
    run = Run(store, "nordlys", settings_digest=SETTINGS)
    run.keep(exchange("https://nordlys.test/"))
    run.flush()
    found = verify(store, extract=False)
    assert found.faults == []
    assert [name.split("/")[-1].split("-")[0] for name in found.open_files] == ["nordlys"]
    run.finish("finished", {})
    assert quick(store) == []


# Whole records


def derived(store: Store) -> Path:
    """The one file of texts."""
    (name,) = store.files("derived")
    return store.path(name)


def originals(store: Store) -> Path:
    return store.path(next(name for name in store.files("originals") if "ellery" in name))


def test_a_file_that_ends_too_early_is_named(store: Store) -> None:
    for path in (originals(store), derived(store)):
        data = path.read_bytes()
        path.write_bytes(data[:-30])
        faults = quick(store)
        assert any(path.name in fault.where and ".sha256" in fault.what for fault in faults)
        digest_again(path)
        assert any(path.name in fault.where for fault in quick(store))
        path.write_bytes(data)
        digest_again(path)
    assert quick(store) == []


def test_a_missing_file_is_missed(store: Store) -> None:
    for path in (originals(store), derived(store)):
        data, sidecar = path.read_bytes(), path.with_name(path.name + ".sha256")
        path.unlink()
        sidecar.unlink()
        assert any(fault.where == "catalogue.sqlite" and "differs" in fault.what for fault in quick(store))
        path.write_bytes(data)
        digest_again(path)


def test_a_file_without_a_digest_is_named(store: Store) -> None:
    path = originals(store)
    path.with_name(path.name + ".sha256").unlink()
    (fault,) = quick(store)
    assert (fault.where, fault.what) == (store.name(path), "has no readable digest beside it (.sha256)")


def test_a_file_under_another_name_is_named(store: Store) -> None:
    path = originals(store)
    path.rename(path.with_name("other-originals.warc.gz"))
    path.with_name(path.name + ".sha256").rename(path.with_name("other-originals.warc.gz.sha256"))
    assert any("other-originals.warc.gz" in fault.where for fault in quick(store))


def test_a_killed_run_that_was_not_recovered_is_named(store: Store) -> None:
    killed(KILLED, store.root)
    assert any("left open by a killed run" in fault.what for fault in quick(store))
    with running(store, "ellery"):
        pass
    assert quick(store) == []


def test_a_record_that_was_taken_out_with_all_digests_right_is_missed(store: Store) -> None:
    path = originals(store)
    altered(path, lambda headers, block: None if headers["WARC-Type"] == "request" else (headers, block))
    assert [fault.where for fault in quick(store)].count("catalogue.sqlite") >= 1
    rebuild(store)
    assert any("does not lead to its page" in fault.what for fault in quick(store))


@pytest.mark.parametrize("kind", ["warcinfo", "response", "request", "metadata", "conversion"])
def test_a_changed_block_is_named_by_its_digest(store: Store, kind: str) -> None:
    path = derived(store) if kind == "conversion" else originals(store)
    changed: list[str] = []

    def change(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        if headers["WARC-Type"] != kind or changed:
            return headers, block
        changed.append(headers["WARC-Record-ID"])
        return headers, block[:-1] + bytes([block[-1] ^ 1])

    altered(path, change, fitting=False)
    found = [fault for fault in quick(store) if fault.what == "its block does not match WARC-Block-Digest"]
    assert [fault.record for fault in found] == changed
    (at,) = (record.offset for record in read_records(path) if f"<{record.id}>" == changed[0])
    assert found[0].where == f"{store.name(path)}, byte {at}"


def test_a_changed_payload_digest_is_named(store: Store) -> None:
    def change(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        if headers["WARC-Type"] == "request":
            headers["WARC-Payload-Digest"] = digest_of(b"other")
        return headers, block

    altered(originals(store), change)
    assert [fault.what for fault in quick(store)].count("its payload does not match WARC-Payload-Digest") == 2


# What refers to what


def deleted_original(store: Store) -> None:
    """Two runs, the second a revisit of the first; then the first one's files are taken away, and all is rebuilt."""
    shutil.rmtree(store.root)
    with running(store, "one") as run:
        run.keep(exchange("https://one.test/", wire(b"page")))
    with running(store, "two") as run:
        run.keep(exchange("https://one.test/", wire(b"page"), at=later(1)))
        run.keep(exchange("https://one.test/", wire(status="304 Not Modified"), at=later(2)))
    for path in (store.root / "originals").rglob("one-*"):
        path.unlink()
    rebuild(store)


def test_a_revisit_whose_original_is_gone_is_named(store: Store) -> None:
    deleted_original(store)
    faults = quick(store)
    assert len(faults) == 2
    assert all(fault.what == "refers to a response that is not in the store" for fault in faults)
    assert {fault.record for fault in faults} == {record.id for record in records(store, "revisit")}


@pytest.mark.parametrize("name", ["WARC-Refers-To-Date", "WARC-Refers-To-Target-URI", "WARC-Payload-Digest"])
def test_a_revisit_that_says_something_else_of_its_original_is_named(store: Store, name: str) -> None:
    other = {"WARC-Refers-To-Date": "2026-11-19T09:00:00Z", "WARC-Payload-Digest": digest_of(b"other")}

    def change(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        if headers["WARC-Type"] == "revisit":
            headers[name] = other.get(name, "https://other.test/")
        return headers, block

    altered(originals(store), change)
    rebuild(store)
    assert any(fault.what == "says of its original what the original does not say" for fault in quick(store))


def test_a_revisit_of_a_revisit_is_named(store: Store) -> None:
    shutil.rmtree(store.root)
    with running(store) as run:
        for n in range(3):
            run.keep(exchange("https://ellery.test/", wire(b"page"), at=later(n)))
    first, second = records(store, "revisit")

    def change(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        if headers["WARC-Record-ID"] == f"<{second.id}>":
            headers |= {"WARC-Refers-To": f"<{first.id}>", "WARC-Refers-To-Date": first.need("WARC-Date")}
        return headers, block

    altered(originals(store), change)
    rebuild(store)
    assert quick(store) != []


def two_articles(store: Store) -> tuple[str, str]:
    """A store of two articles; the ids of their texts."""
    shutil.rmtree(store.root)
    with running(store) as run:
        keep_page(run, "https://ellery.test/storm", page("Storm keeps twelve boats out"))
        keep_page(
            run, "https://ellery.test/ferry", page("Ferry line two stops at noon", sentences=["A word. " * 40] * 3)
        )
    one, other = (record.id for record in records(store, "conversion"))
    return one, other


def test_swapped_texts_are_named(store: Store) -> None:
    one, other = two_articles(store)
    blocks = {record.id: record.block for record in records(store, "conversion")}
    assert blocks[one] != blocks[other]

    def swap(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        record = headers["WARC-Record-ID"].strip("<>")
        return headers, blocks[other if record == one else one] if record in blocks else block

    altered(derived(store), swap)
    rebuild(store)
    found = {fault.record for fault in quick(store) if fault.what == "has a provenance record of another text"}
    assert found == {one, other}


def test_a_text_that_refers_to_another_page_is_named(store: Store) -> None:
    two_articles(store)
    pages = {f"<{record.id}>" for record in records(store, "response")}

    def swap(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        if headers["WARC-Type"] == "conversion":
            (headers["WARC-Refers-To"],) = pages - {headers["WARC-Refers-To"]}
        return headers, block

    altered(derived(store), swap)
    rebuild(store)
    assert "has a provenance record that does not lead to its page" in [fault.what for fault in quick(store)]


def change_json(
    kind: str, change: Callable[[dict[str, object]], object]
) -> Callable[..., tuple[dict[str, str], bytes]]:
    """For `altered`: change what the JSON records of a kind say."""

    def changed(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        if f":{kind}:" not in headers.get("WARC-Target-URI", ""):
            return headers, block
        content = json.loads(block)
        change(content)
        return headers, json.dumps(content, ensure_ascii=False).encode()

    return changed


def page_entity(proof: dict[str, object]) -> dict[str, object]:
    """What a provenance record says of the page."""
    entities: dict[str, dict[str, object]] = proof["entity"]  # type: ignore[assignment]
    return next(e for e in entities.values() if e["prov:type"] == "warc:response")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cdxj:filename", "originals/2026-11/other.warc.gz"),
        ("cdxj:offset", 0),
        ("cdxj:length", 7),
        ("cdxj:recordDigest", digest_of(b"other")),
        ("warc:WARC-Target-URI", "https://other.test/"),
        ("warc:WARC-Date", "2020-01-01T00:00:00Z"),
        ("warc:WARC-Payload-Digest", digest_of(b"other")),
    ],
)
def test_provenance_that_points_elsewhere_is_named(store: Store, name: str, value: object) -> None:
    altered(derived(store), change_json("provenance", lambda proof: page_entity(proof).update({name: value})))
    rebuild(store)
    (fault,) = quick(store)
    assert fault.where.startswith(store.files("derived")[0])


@pytest.mark.parametrize(
    "change", [dict.clear, lambda proof: proof.update(entity=[]), lambda p: p.update(entity={"a": 1})]
)
def test_provenance_that_is_none_is_named(store: Store, change: Callable[[dict[str, object]], object]) -> None:
    altered(derived(store), change_json("provenance", change))
    rebuild(store)
    assert [fault.what for fault in quick(store)] == ["has a provenance record that is not PROV-JSON of ours"]


def test_changed_details_are_named_by_their_provenance(store: Store) -> None:
    altered(derived(store), change_json("article", lambda about: about.update(date="2020-01-01T00:00:00Z")))
    rebuild(store)
    assert "has a provenance record of other details" in [fault.what for fault in quick(store)]


def test_a_text_under_another_url_is_named(store: Store) -> None:
    def change(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        if headers["WARC-Type"] == "conversion":
            headers["WARC-Target-URI"] = "https://other.test/"
        return headers, block

    altered(derived(store), change)
    rebuild(store)
    assert quick(store) != []


@pytest.mark.parametrize("kind", ["article", "provenance"])
def test_a_text_without_its_details_or_provenance_is_named(store: Store, kind: str) -> None:
    altered(
        derived(store),
        lambda headers, block: None if f":{kind}:" in headers.get("WARC-Target-URI", "") else (headers, block),
    )
    rebuild(store)
    assert "has no details or no provenance record" in [fault.what for fault in quick(store)]


@pytest.mark.parametrize("block", [b"[]", b"\xff", b"{", b"[" * 100_000])
def test_details_that_are_no_json_are_named(store: Store, block: bytes) -> None:
    altered(
        derived(store),
        lambda headers, old: (headers, block if ":article:" in headers.get("WARC-Target-URI", "") else old),
    )
    assert any(store.files("derived")[0] in fault.where for fault in quick(store))


# Reading the pages again


def forged(store: Store, text: bytes | None = None, headline: str | None = None) -> None:
    """Change an article as somebody would who knows everything about the format and rebuilds the catalogue."""
    details: list[bytes] = []

    def change(headers: dict[str, str], block: bytes) -> tuple[dict[str, str], bytes]:
        uri = headers.get("WARC-Target-URI", "")
        if headers["WARC-Type"] == "conversion" and text is not None:
            return headers, text
        if ":article:" in uri:
            about = json.loads(block)
            about["text_digest"] = digest_of(text) if text is not None else about["text_digest"]
            about["article"]["headline"] = headline or about["article"]["headline"]
            block = json.dumps(about).encode()
            details.append(block)
        elif ":provenance:" in uri:
            proof = json.loads(block)
            for entity in proof["entity"].values():
                if entity["prov:type"] == "warc:conversion":
                    entity["nw:detailsDigest"] = digest_of(details[-1])
                    entity["warc:WARC-Payload-Digest"] = digest_of(text) if text is not None else None
                    entity["warc:WARC-Payload-Digest"] = entity["warc:WARC-Payload-Digest"] or digest_of(old_text)
            block = json.dumps(proof).encode()
        return headers, block

    (old_text,) = (record.block for record in records(store, "conversion"))
    altered(derived(store), change)
    rebuild(store)
    assert quick(store) == []


def test_a_forged_text_is_found_by_reading_its_page_again(store: Store) -> None:
    (old,) = (record.block for record in records(store, "conversion"))
    forged(store, text=old.replace(b"Twelve boats", b"Twenty boats"))
    found = verify(store)
    assert [fault.what for fault in found.faults] == ["is not the text that its page gives"]
    assert found.compared == 1


def test_forged_details_are_found_by_reading_the_page_again(store: Store) -> None:
    forged(store, headline="Storm keeps twenty boats out")
    assert [fault.what for fault in verify(store).faults] == ["has details that its page does not give"]


def test_texts_of_other_versions_are_counted_and_not_compared(store: Store) -> None:
    def older(about: dict[str, object]) -> None:
        about["article"]["trace"]["extractor"] = "newswarc/0.0.1 trafilatura/1.0"  # type: ignore[index]

    altered(derived(store), change_json("article", older))
    found = verify(store)
    assert (found.other_version, found.compared) == (1, 0)


def test_what_was_told_of_the_site_is_told_again(tmp_path: Path) -> None:
    rules = SiteRules(remove=("p:nth-of-type(2)",), note="The second paragraph is a label.")
    store = Store(tmp_path / "archive")
    with running(store) as run:
        reading = Reading(timezone="Europe/Oslo", language="no", rules=rules)
        keep_page(run, "https://ellery.test/storm", page("Storm keeps twelve boats out"), reading=reading)
    (text,) = records(store, "conversion")
    assert b"Twelve boats" not in text.block
    found = verify(store)
    assert (found.faults, found.compared) == ([], 1)


def test_pages_that_cannot_be_read_again_are_named(store: Store) -> None:
    """The page's bytes are replaced, and only they: its text can't be made of them any more."""
    path = originals(store)
    (page_,) = (record for record in read_records(path) if record.type == "response")
    data = bytearray(path.read_bytes())
    data[page_.offset : page_.offset + page_.length] = gzip.compress(b"no record")[:10] + bytes(page_.length - 10)
    path.write_bytes(data)
    found = verify(store)
    assert any(path.name in fault.where for fault in found.faults)
    assert all("\n" not in str(fault) for fault in found.faults)


# The catalogue


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE captures SET status = 404 WHERE rowid = 1",
        "DELETE FROM captures WHERE rowid = 1",
        "UPDATE versions SET headline = 'Other'",
        "UPDATE articles SET texts = 7",
        "UPDATE fetches SET lead_kind = 'feed' WHERE rowid = 1",
        "DELETE FROM runs WHERE rowid = 1",
        "UPDATE files SET indexed = 1 WHERE rowid = 1",
        "DELETE FROM full_text",
        "INSERT INTO full_text (rowid, headline, text) VALUES (99, 'a', 'b')",
        "DROP TABLE fetches",
        "DROP TABLE full_text",
        "UPDATE full_text SET facets = 'x'",
        "DELETE FROM likeness",
        "UPDATE days SET seen = 7",
        "DELETE FROM days",
        "UPDATE versions SET signature = x'00'",
        "UPDATE articles SET date = '2020'",
        "PRAGMA user_version = 99",
    ],
)
def test_any_change_of_the_catalogue_is_found(store: Store, statement: str) -> None:
    catalogue = Catalogue(store.catalogue_path)
    with catalogue._connection.begin():
        catalogue._connection.exec_driver_sql(statement)
    catalogue.close()
    digest_again(store.catalogue_path)
    faults = quick(store)
    assert faults
    assert {fault.where for fault in faults} == {"catalogue.sqlite"}


@pytest.mark.parametrize("content", [None, b"", b"no database", b"SQLite format 3\0" + bytes(200)])
def test_a_catalogue_that_is_none_is_named(store: Store, content: bytes | None) -> None:
    store.catalogue_path.unlink()
    if content is not None:
        store.catalogue_path.write_bytes(content)
        digest_again(store.catalogue_path)
    faults = quick(store)
    assert {fault.where for fault in faults} == {"catalogue.sqlite"}
    assert all("scrapy rebuild" in fault.what for fault in faults)


# A crawl beside


def test_files_that_are_being_written_are_passed_over(store: Store) -> None:
    run = Run(store, "nordlys", settings_digest=SETTINGS)
    keep_page(run, "https://nordlys.test/", page("Ice leaves the harbour"))
    found = verify(store, extract=False)
    assert found.faults == []
    assert len(found.open_files) == 2
    run.finish("finished", {})
    assert quick(store) == []


def test_a_revisit_of_what_a_running_crawl_stored_is_no_fault(store: Store) -> None:
    long = Run(store, "long", settings_digest=SETTINGS)
    long.keep(exchange("https://both.test/", wire(b"page")))
    long.flush()
    with running(store, "short") as run:
        assert run.keep(exchange("https://both.test/", wire(b"page"), at=later(1))).kind == "revisit"
    faults = quick(store)
    long.finish("finished", {})
    assert faults == []


def test_a_closed_file_of_texts_of_a_running_crawl_is_no_fault(store: Store) -> None:
    run = Run(store, "nordlys", settings_digest=SETTINGS, max_file_size=6000)
    for n in range(4):
        keep_page(run, f"https://nordlys.test/{n}", page(f"Ice report {n}", sentences=["Ice holds. " * 30] * 4))
    assert verify(store, extract=False).files > 3
    faults = quick(store)
    run.finish("finished", {})
    assert faults == []


def test_a_foreign_file_is_named_and_the_rest_is_checked(store: Store) -> None:
    info = {"created": "2026-11-20T09:00:00Z"}
    writer = WarcWriter(store.root / "originals" / "theirs-originals.warc.gz", info)
    writer.append([Record(type="metadata", date=info["created"], target_uri="urn:newswarc:article:1", block=b"{}")])
    writer.close()
    faults = quick(store)
    assert {fault.where.split(",")[0] for fault in faults} >= {"originals/theirs-originals.warc.gz"}
    assert msgspec.json.encode(faults)


def test_files_that_cannot_be_read_do_not_stop_it(store: Store) -> None:
    (store.root / "originals" / "folder.warc.gz").mkdir()
    assert any("folder.warc.gz" in fault.where for fault in quick(store))


@pytest.mark.parametrize("room", [40_000, 200_000])
def test_a_full_folder_for_temporary_files_is_one_sentence(tmp_path: Path, room: int) -> None:
    """And it is no fault of the archive."""
    store = Store(tmp_path / "archive")
    with running(store) as run:
        for n in range(300):
            run.keep(exchange(f"https://ellery.test/{n}", wire(b"page %d" % n)))
    before = {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()}
    (tmp_path / "aside").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "aside")}
    command = [sys.executable, "-c", FULL, str(store.root), str(room)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "set TMPDIR to a folder with more room" in refused(StoreError(done.stdout.strip()))
    assert list((tmp_path / "aside").iterdir()) == []
    assert {path: path.read_bytes() for path in store.root.rglob("*") if path.is_file()} == before


FULL = """
import resource, signal, sys
import archive.verification.holdings as holdings
from archive.errors import ArchiveError
from archive.storage import Store
from archive.verification.verify import verify
holdings._TABLES = holdings._TABLES.replace("-16000", "-16")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    print(verify(Store(sys.argv[1]), extract=False))
except ArchiveError as error:
    print(error)
"""


# Memory


GROWING = """
import json, sys, tracemalloc
from pathlib import Path
import archive.catalogue.database, archive.reader, archive.rebuild
from archive.storage import Store
from archive.verification.verify import verify
from tests.archive.making import SENTENCES, exchange, keep_page, later, page, running, wire

# Buffers are small here, so that they are full with few records.
archive.reader._READ, archive.rebuild._BATCH, archive.catalogue.database._BATCH = 4096, 20, 20
folder = Path(sys.argv[1])
for name, number in (("few", 60), ("many", 240)):
    with running(Store(folder / name)) as run:
        for n in range(number):
            url = f"https://ellery.test/{n}"
            html = page(f"Report {n}", sentences=[f"{n} {k} {s}" for k, s in enumerate(SENTENCES)])
            if n % 6 == 0:
                keep_page(run, url, html, at=later(n))
            for k in range(1, 9):  # pages and revisits
                run.keep(exchange(f"{url}/{k}" if k % 2 else url, wire(html), at=later(n + k / 9)))
peaks = {}
for name in ("few", "few", "many"):  # what is imported and cached once doesn't count
    tracemalloc.start()
    found = verify(Store(folder / name))
    peaks[name] = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.ok and found.compared == found.conversions == {"few": 10, "many": 40}[name], found
print(json.dumps(peaks))
"""


def test_memory_does_not_grow_with_the_records(tmp_path: Path) -> None:
    """A list of nothing but the ids of 4,500 records more would take 400 KB."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", GROWING, tmp_path]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    peaks: dict[str, int] = json.loads(done.stdout)
    room = 56 << 10  # CPython keeps up to 2,000 freed tuples of each size, of 48 bytes and more, which count here
    assert peaks["many"] < peaks["few"] + room, peaks
