"""Packages, looked at with other people's tools, and by hand where these look away."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cdxj_indexer.main import CDXJIndexer

from archive.article import Article
from archive.errors import ArchiveError
from archive.furniture.furniture import site_of
from archive.provenance import capture_of, text_of
from archive.reader import StoredRecord, check_digests, parse_member, read_records
from archive.rules import Reading
from archive.signing import SigningKey
from archive.storage import Store
from tests.archive.export.papers import STORM, Opened, handed_over, keep_text, paper, selected
from tests.archive.furniture.test_learner import PROMOTION, Writer, put
from tests.archive.making import digest_of, keep_page, later, page, refused, running
from tests.archive.test_signing import is_true

BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return paper(tmp_path_factory.mktemp("paper"))


@pytest.fixture(scope="module")
def path(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All versions of all articles."""
    target = tmp_path_factory.mktemp("out") / "all.wacz"
    handed_over(store, target, versions="all")
    return target


@pytest.fixture(scope="module")
def opened(path: Path) -> Opened:
    return Opened(path)


def index_of(opened: Opened) -> list[str]:
    return gzip.decompress(opened.read("indexes/index.cdx.gz")).decode().splitlines(keepends=True)


def validate(path: Path) -> subprocess.CompletedProcess[str]:
    command = [BIN / "wacz", "validate", "-f", path]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent)


# Others' tools


def test_py_wacz_finds_it_valid(path: Path, store: Store, tmp_path: Path) -> None:
    done = validate(path)
    assert done.returncode == 0, done.stdout + done.stderr
    key = SigningKey.make(tmp_path / "key.pem")
    handed_over(store, tmp_path / "signed.wacz", key=key)
    done = validate(tmp_path / "signed.wacz")
    assert done.returncode == 0, done.stdout + done.stderr
    data = bytearray((tmp_path / "signed.wacz").read_bytes())
    data[data.index(b"Nine boats")] ^= 1
    (tmp_path / "bad.wacz").write_bytes(data)
    assert validate(tmp_path / "bad.wacz").returncode != 0


def test_its_index_is_the_one_that_cdxj_indexer_makes(opened: Opened, tmp_path: Path) -> None:
    name = opened.name("-originals")
    (tmp_path / Path(name).name).write_bytes(opened.read(name))
    out = io.StringIO()
    out.close = lambda: None  # type: ignore[method-assign]
    indexer = CDXJIndexer(out, [str(tmp_path / Path(name).name)], sort=True, post_append=True, digest_records=True)
    indexer.process_all()
    theirs = [line for line in out.getvalue().splitlines(keepends=True) if line.strip()]
    ours = index_of(opened)
    assert len(ours) == len(theirs) > 8
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.split(" ")[:2] == other.split(" ")[:2]
        assert json.loads(mine.split(" ", 2)[2]) == json.loads(other.split(" ", 2)[2])


def test_warcio_and_fastwarc_find_its_records_whole(opened: Opened, tmp_path: Path) -> None:
    for part in ("-originals", "-derived"):
        target = tmp_path / f"{part}.warc.gz"
        target.write_bytes(opened.read(opened.name(part)))
        for command in (["warcio", "check"], ["fastwarc", "check", "-q"]):
            done = subprocess.run([BIN / command[0], *command[1:], target], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


# What the tools don't look at


def test_what_is_in_it(opened: Opened) -> None:
    assert opened.names == [
        opened.name("archive/"),
        "indexes/index.cdx.gz",
        "indexes/index.idx",
        opened.name("-derived.wet.gz"),
        "pages/pages.jsonl",
        "provenance/index.jsonl",
        "provenance/coverage.jsonl",
        "datapackage.json",
        "datapackage-digest.json",
    ]
    package = opened.json("datapackage.json")
    assert package["profile"] == "data-package"
    assert package["wacz_version"] == "1.1.1"
    assert package["query"] == {"versions": "all"}
    assert package["title"] == "4 news articles"
    listed = {r["path"]: (r["hash"], r["bytes"]) for r in package["resources"]}
    assert listed == {name: (digest_of(opened.read(name)), len(opened.read(name))) for name in opened.names[:-2]}
    assert {r["name"] for r in package["resources"]} == {Path(name).name for name in listed}
    digest = {"path": "datapackage.json", "hash": digest_of(opened.read("datapackage.json"))}
    assert opened.json("datapackage-digest.json") == digest


def test_it_was_created_when_its_newest_record_was(opened: Opened) -> None:
    records = opened.records() + opened.records("-derived")
    ours = {opened.records()[0].id, opened.records("-derived")[0].id}
    dates = [r.need("WARC-Date") for r in records if r.type != "warcinfo"]
    assert opened.json("datapackage.json")["created"] == max(dates)
    assert {r.need("WARC-Date") for r in records if r.id in ours} == {max(dates)}


def test_it_is_closed(opened: Opened) -> None:
    """Whatever a record refers to is in the package, and what a revisit says of its original is true."""
    originals, derived = opened.records(), opened.records("-derived")
    by_id = {r.id: r for r in [*originals, *derived]}
    assert len(by_id) == len(originals) + len(derived)
    for record in by_id.values():
        for name in ("WARC-Refers-To", "WARC-Concurrent-To", "WARC-Warcinfo-ID"):
            assert record.refers_to(name) in {None, *by_id}
        assert check_digests(record) is None
    revisits = [r for r in originals if r.type == "revisit"]
    assert len(revisits) == 3
    for revisit in revisits:
        original = by_id[revisit.need("WARC-Refers-To").strip("<>")]
        assert original.type == "response"
        assert (original.url, original.need("WARC-Date")) == (
            revisit.need("WARC-Refers-To-Target-URI"),
            revisit.need("WARC-Refers-To-Date"),
        )
        assert original.need("WARC-Payload-Digest") == revisit.need("WARC-Payload-Digest")


def test_replay_tools_see_the_captures_alone(opened: Opened) -> None:
    """In archive/ and in the index there is no text, no JSON of ours and nothing else of a page's URL."""
    assert {r.type for r in opened.records()} == {"warcinfo", "response", "revisit", "request", "metadata"}
    for record in opened.records():
        if record.type == "metadata":
            assert (record.url or "").startswith("urn:newswarc:exchange:")
            assert record.content_type == "application/warc-fields"
    lines = [json.loads(line.split(" ", 2)[2]) for line in index_of(opened)]
    assert {line["filename"] for line in lines} == {Path(opened.name("archive/")).name}
    assert all(line["url"].startswith("https://") for line in lines)
    assert [name for name in opened.names if name.endswith((".warc", ".warc.gz"))] == [opened.name("archive/")]


def test_the_members_are_those_of_the_store(opened: Opened, store: Store) -> None:
    """sha256 of each indexed member is the catalogue's record digest, and every other member is in the store too."""
    from archive.catalogue import Catalogue

    catalogue = Catalogue(store.catalogue_path)
    data = opened.read(opened.name("archive/"))
    for line in index_of(opened):
        facts = json.loads(line.split(" ", 2)[2])
        member = data[int(facts["offset"]) : int(facts["offset"]) + int(facts["length"])]
        record = parse_member(member)
        row = catalogue.capture(record.id)
        assert row is not None
        assert digest_of(member) == facts["recordDigest"] == row["record_digest"]
        assert (record.url, record.need("WARC-Payload-Digest")) == (facts["url"], facts["digest"])
        if record.type == "response":
            assert digest_of(record.block.partition(b"\r\n\r\n")[2]) == facts["digest"]
    catalogue.close()
    stored = b"".join(store.path(name).read_bytes() for name in store.files())
    for part in ("-originals", "-derived"):
        data = opened.read(opened.name(part))
        first, *others = read_records(io.BytesIO(data))
        assert first.fields()["software"].startswith("newswarc/")
        assert all(data[r.offset : r.offset + r.length] in stored for r in others)


def test_pages_have_title_and_clean_text(opened: Opened) -> None:
    head = opened.lines("pages/pages.jsonl")[0]
    assert head == {"format": "json-pages-1.0", "id": "pages", "title": "Articles", "hasText": True}
    assert [p["title"] for p in opened.pages] == [
        "Storm keeps twelve boats out",
        "Storm keeps nine boats out",
        "Ferry line two stops at noon",
        "Isen går i havnen",
    ]
    assert len({p["id"] for p in opened.pages}) == 4
    indexed = {(json.loads(line.split(" ", 2)[2])["url"], line.split(" ")[1]) for line in index_of(opened)}
    for entry in opened.pages:
        assert (entry["url"], entry["ts"].translate({ord(c): None for c in "-:TZ"})) in indexed
        assert "Support the Ellery Courier" not in entry["text"]
    assert "Twelve boats were caught" in opened.pages[0]["text"]
    assert "Nine boats were caught" in opened.pages[1]["text"]
    assert opened.pages[0]["url"] == opened.pages[1]["url"] == STORM


def test_anybody_can_go_from_a_text_to_the_bytes(opened: Opened) -> None:
    chain = opened.lines("provenance/index.jsonl")
    assert [link["version"].removeprefix("urn:uuid:") for link in chain] == [p["id"] for p in opened.pages]
    for link, entry in zip(chain, opened.pages, strict=True):

        def member(part: str, link: dict[str, Any] = link) -> bytes:
            place = link[part]
            return opened.read(place["path"])[place["offset"] : place["offset"] + place["length"]]

        text, details = parse_member(member("text")), parse_member(member("details"))
        assert text.id == link["version"]
        assert digest_of(text.block) == link["text_digest"] == text.need("WARC-Payload-Digest")
        assert text.block.decode() in entry["text"]
        proof = parse_member(member("provenance")).json()
        name, capture = capture_of(proof)
        assert text.refers_to() == name == link["capture"]["id"]
        assert text_of(proof)["nw:detailsDigest"] == digest_of(details.block)
        assert capture["cdxj:recordDigest"] == digest_of(member("capture")) == link["capture"]["record_digest"]
        response = parse_member(member("capture"))
        assert (response.id, response.url, response.need("WARC-Date")) == (name, entry["url"], entry["ts"])


def test_furniture_lists_come_with_the_texts_that_were_cleaned_with_them(tmp_path: Path) -> None:
    store = Store(tmp_path / "archive")
    writer = Writer(31)
    with running(store) as run:
        for n in range(6):
            url = f"https://ellery.test/{n}"
            html = page(f"Story {n}", sentences=put(writer.article(), PROMOTION, n))
            keep_page(run, url, html, at=later(n), reading=Reading(furniture=run.lists.of(url)))
    handed_over(store, tmp_path / "a.wacz")
    opened = Opened(tmp_path / "a.wacz")
    derived = opened.records("-derived")
    used = {
        digest
        for record in derived
        if (record.url or "").startswith("urn:newswarc:article:")
        and (digest := record.json()["article"]["trace"]["furniture"])
    }
    lists = [r for r in derived if (r.url or "").startswith("urn:newswarc:furniture:")]
    assert used
    assert {r.json()["digest"] for r in lists} == used
    assert {r.json()["site"] for r in lists} == {site_of("https://ellery.test/1")}
    seen: set[str] = set()
    for record in derived:  # each stands before the first text that needs it
        if record in lists:
            seen.add(record.json()["digest"])
        elif (record.url or "").startswith("urn:newswarc:article:"):
            assert {record.json()["article"]["trace"]["furniture"]} <= {None, *seen}


# Signatures


def test_a_signature_holds_for_what_was_written(store: Store, tmp_path: Path) -> None:
    key = SigningKey.make(tmp_path / "key.pem")
    done = handed_over(store, tmp_path / "a.wacz", key=key, title="The storm, as it was told")
    assert done.signer == key.fingerprint
    opened = Opened(tmp_path / "a.wacz")
    digest = opened.json("datapackage-digest.json")
    signed = digest["signedData"]
    package = opened.read("datapackage.json")
    assert digest["path"] == "datapackage.json"
    assert digest["hash"] == signed["hash"] == digest_of(package)
    assert signed["created"] == json.loads(package)["created"]
    assert json.loads(package)["title"] == "The storm, as it was told"
    assert set(signed) == {"hash", "created", "software", "version", "signature", "publicKey"}
    assert is_true(signed["publicKey"], signed["signature"], signed["hash"])
    assert not is_true(signed["publicKey"], signed["signature"], digest_of(package.replace(b"storm", b"calm")))


# Bad input


def test_a_page_that_is_not_what_it_was_is_not_handed_over(tmp_path: Path) -> None:
    store = paper(tmp_path / "archive")
    with selected(store, source="nordlys") as selection:
        row = next(iter(selection))
        (capture,) = selection.rows("SELECT * FROM captures WHERE id = ?", row["capture"])
    path = store.path(capture["file"])
    data = bytearray(path.read_bytes())
    data[capture["offset"] + capture["length"] - 9] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArchiveError) as caught:
        handed_over(store, tmp_path / "a.wacz", source="nordlys")
    assert "scrapy verify" in refused(caught.value)
    handed_over(store, tmp_path / "b.wacz", source="ellery")
    path.unlink()
    with pytest.raises(ArchiveError) as caught:
        handed_over(store, tmp_path / "a.wacz", source="nordlys")
    refused(caught.value)
    assert not (tmp_path / "a.wacz").exists()
    assert [p.name for p in tmp_path.iterdir() if ".part" in p.name] == []


def test_an_archive_that_is_being_written(tmp_path: Path) -> None:
    """What a crawl has stored so far can be handed over, from open files."""
    store = Store(tmp_path / "archive")
    with running(store) as run:
        keep_text(run, STORM, Article(url=STORM, headline="Storm", text="Twelve boats."))
        run.flush()
        handed_over(store, tmp_path / "a.wacz")
        assert Opened(tmp_path / "a.wacz").pages[0]["text"] == "Twelve boats."


@pytest.mark.parametrize(
    "url",
    [
        "https://ellery.test/å?q=ø#x",
        "https://ellery.test/%C3%A5%2",
        "https://[2001:db8::1]:8443/page",
        "https://ellery.test/" + "a" * 3000,
    ],
)
def test_odd_addresses(tmp_path: Path, url: str) -> None:
    store = Store(tmp_path / "archive")
    with running(store) as run:
        keep_text(run, url, Article(url=url, headline="Storm \u2028\x85\x1f\U0001f6a2", text="Twelve\x0bboats."))
    handed_over(store, tmp_path / "a.wacz")
    opened = Opened(tmp_path / "a.wacz")
    assert len(opened.read("pages/pages.jsonl").decode().splitlines()) == 2
    assert (opened.pages[0]["url"], opened.pages[0]["text"]) == (url, "Twelve\x0bboats.")
    assert response_of(opened).url == url


def response_of(opened: Opened) -> StoredRecord:
    (response,) = (record for record in opened.records() if record.type == "response")
    return response
