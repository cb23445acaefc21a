"""Packages as wholes: what they must hold, what vouches for it, and what dangers a ZIP can have."""

from __future__ import annotations

import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from archive.warc import write_sidecar
from tests.archive.inspection.files import (
    PAGE_ID,
    URL,
    Wacz,
    advice,
    conversion,
    faults,
    good,
    info,
    judged,
    later,
    only,
    put,
    request,
    response,
    revisit,
    sha256_hex,
    warc,
)
from tests.archive.zips import File
from tests.archive.zips import put as put_zip

INFO_2 = "urn:uuid:0000000a-0000-4000-8000-000000000000"


def derived() -> list[Any]:
    fields = {"WARC-Refers-To": f"<{PAGE_ID}>", "WARC-Warcinfo-ID": f"<{INFO_2}>"}
    return [info(id=INFO_2), conversion(fields=fields)]


def test_a_good_package_is_well(tmp_path: Path) -> None:
    path = Wacz(derived=derived()).build(tmp_path / "a.wacz")
    found = judged(path)
    assert (found.faults, found.files, found.records, found.conversions) == ([], 1, 8, 1)
    only(advice(path), "is not signed")


def test_wacz_validate_agrees(tmp_path: Path) -> None:
    path = Wacz(derived=derived()).build(tmp_path / "a.wacz")
    code = "import sys; from wacz.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "validate", "-f", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "succeeded" in done.stdout) == (0, True), done.stdout


# What must be there


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("datapackage.json", ["has no datapackage.json"]),
        ("datapackage-digest.json", ["has no datapackage-digest.json"]),
        ("pages/pages.jsonl", ["has no pages/pages.jsonl", "lists 'pages/pages.jsonl', which is not in the package"]),
        (
            "indexes/index.cdx.gz",
            ["has no index", "lists 'indexes/index.cdx.gz'", "has an .idx about indexes/index.cdx.gz"],
        ),
        ("archive/originals.warc.gz", ["has no WARC file", "lists 'archive/originals.warc.gz'"]),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, name: str, said: list[str]) -> None:
    package = Wacz()
    package.after = lambda files: files.__delitem__(name)
    texts = faults(package.build(tmp_path / "a.wacz"))
    for part in said:
        assert any(part in text for text in texts), texts


def test_what_is_not_listed_is_named(tmp_path: Path) -> None:
    package = Wacz()
    package.extra["README.md"] = b"hi"
    text = only(faults(package.build(tmp_path / "a.wacz")), "is not listed in datapackage.json")
    assert text.startswith("a.wacz, README.md: ")


@pytest.mark.parametrize("name", ["README.md", "provenance/prov.json", "derived/text/x.txt", "logs/crawl.log"])
def test_other_files_are_allowed_if_they_are_listed(tmp_path: Path, name: str) -> None:
    package = Wacz()
    package.files[name] = b"hi"
    assert faults(package.build(tmp_path / "a.wacz")) == []


@pytest.mark.parametrize(
    "name", ["archive/notes.txt", "indexes/notes.txt", "pages/notes.txt", "archive/a.warc.gz.sha256"]
)
def test_other_files_do_not_belong_into_the_standards_folders(tmp_path: Path, name: str) -> None:
    package = Wacz()
    package.index()
    package.files[name] = b"hi"
    assert only(faults(package.build(tmp_path / "a.wacz")), "does not belong in").startswith(f"a.wacz, {name}: ")


def test_folders_in_the_zip_are_no_files(tmp_path: Path) -> None:
    package = Wacz()
    package.extra["archive/"] = b""
    assert faults(package.build(tmp_path / "a.wacz")) == []


def test_warcs_and_indexes_must_not_be_compressed(tmp_path: Path) -> None:
    package = Wacz()
    package.compressed = {"archive/originals.warc.gz", "indexes/index.cdx.gz", "pages/pages.jsonl", "datapackage.json"}
    first, second = faults(package.build(tmp_path / "a.wacz"))
    assert first.startswith("a.wacz, archive/originals.warc.gz: is compressed in the ZIP")
    assert second.startswith("a.wacz, indexes/index.cdx.gz: is compressed in the ZIP")


def test_a_compressed_warc_is_judged_all_the_same(tmp_path: Path) -> None:
    package = Wacz([info(), response(date="never")])
    package.compressed = {"archive/originals.warc.gz"}
    assert any("'never'" in text for text in faults(package.build(tmp_path / "a.wacz")))


def test_a_plain_warc_is_judged_too(tmp_path: Path) -> None:
    package = Wacz()
    package.files = {"archive/originals.warc": b"".join(r.plain() for r in good())}
    offset = 0
    places = {}
    for record in package.records:
        places[record.id] = (offset, len(record.plain()) - 4)
        offset += len(record.plain())
    package.lines = [line for line in package.lines if line[1].startswith("2026112009")]
    for _, _, facts in package.lines:
        place, length = places[PAGE_ID]
        facts |= {"filename": "originals.warc", "offset": place, "length": length}
        del facts["recordDigest"]
    texts = faults(package.build(tmp_path / "a.wacz"))
    assert ["is a capture that is not in the index" in text for text in texts] == [True, True]


def test_another_name_is_advised_against(tmp_path: Path) -> None:
    path = Wacz().build(tmp_path / "a.zip")
    assert faults(path) == []
    assert any("does not end in .wacz" in text for text in advice(path))


# Whether it is what it was


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    for name in ("pages/pages.jsonl", "indexes/index.idx"):
        package = Wacz()
        package.after = lambda files, name=name: files.update({name: files[name].replace(b"2", b"3", 1)})
        texts = faults(package.build(tmp_path / "a.wacz"))
        assert texts[0].startswith(f"a.wacz, {name}: does not match its hash in datapackage.json")


def test_a_changed_length_is_named(tmp_path: Path) -> None:
    package = Wacz()
    package.edit = lambda manifest: manifest["resources"][0].update(bytes=7)
    only(faults(package.build(tmp_path / "a.wacz")), "but datapackage.json says 7")


def test_a_hash_that_is_none_is_named(tmp_path: Path) -> None:
    package = Wacz()
    package.edit = lambda manifest: manifest["resources"][0].update(hash="abc")
    only(faults(package.build(tmp_path / "a.wacz")), "has no hash in datapackage.json that can be checked: 'abc'")


def test_another_hash_than_sha256_is_advised_against(tmp_path: Path) -> None:
    import hashlib

    package = Wacz()
    digest = "md5:" + hashlib.md5(package.files["archive/originals.warc.gz"]).hexdigest()
    package.edit = lambda manifest: manifest["resources"][0].update(hash=digest)
    path = package.build(tmp_path / "a.wacz")
    assert faults(path) == []
    assert any("has a hash by md5" in text for text in advice(path))


def test_a_file_that_is_listed_twice_is_named(tmp_path: Path) -> None:
    package = Wacz()
    package.edit = lambda manifest: manifest["resources"].append(manifest["resources"][0])
    only(faults(package.build(tmp_path / "a.wacz")), "lists 'archive/originals.warc.gz' more than once")


# Its records


def test_the_rules_of_warc_hold_inside(tmp_path: Path) -> None:
    texts = faults(Wacz([info(), response(date="2026-11-20")]).build(tmp_path / "a.wacz"))
    assert texts[0].startswith("a.wacz, indexes/index.cdx.gz, line 1: lacks url, filename or a time of 14 digits")
    broken = response(fields={"WARC-Refers-To": "<urn:x:1>"})
    text = only(faults(Wacz([info(), broken]).build(tmp_path / "a.wacz")), "is a response with WARC-Refers-To")
    assert text.startswith(f"a.wacz, archive/originals.warc.gz, byte {len(warc(info()))}: ")


def test_a_package_must_be_closed(tmp_path: Path) -> None:
    text = only(faults(Wacz([info(), revisit()]).build(tmp_path / "a.wacz")), "original is not in the package")
    assert "add it" in text
    alone = Wacz([info(), response(id="urn:x:1")], derived=derived()).build(tmp_path / "a.wacz")
    only(faults(alone), "is a conversion of a record that is not in the package; add it")


def test_packages_and_files_do_not_help_each_other(tmp_path: Path) -> None:
    package = Wacz([info(), revisit()]).build(tmp_path / "a.wacz")
    originals = put(tmp_path / "b.warc.gz", info(), response())
    only(faults(package, originals), "original is not in the package")


# Dangers


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (File(name="../../etc/cron.d/x", data=b"x"), "climbs out of the package"),
        (File(name="/etc/passwd", data=b"x"), "absolute path"),
        (File(name="archive\\a.warc.gz", data=b"x"), "backslashes"),
        (File(name="archive/a.warc.gz", data=b"x", flags=1), "is encrypted"),
        (File(name="archive/a.warc.gz", data=b"/etc/passwd", mode=0o120777), "is a link"),
        (File(name="archive/a.warc.gz", data=bytes(70 << 20), deflated=True), "expands without end"),
        (File(name="archive/a.warc.gz", data=b"x", method=99), "method 99"),
        (File(name="archive/a.warc.gz", data=b"x", crc=1), "does not match its checksum in the ZIP"),
    ],
)
def test_dangerous_entries_are_named_and_never_read(tmp_path: Path, file: File, said: str) -> None:
    listed = [File(name="datapackage.json", data=b'{"resources": []}')]
    if "checksum" in said:
        digest = sha256_hex(b"x")
        told = f'{{"resources": [{{"path": "archive/a.warc.gz", "hash": "{digest}", "bytes": 1}}]}}'
        listed = [File(name="datapackage.json", data=told.encode())]
    texts = faults(put_zip(tmp_path / "a.wacz", *listed, file))
    assert any(said in text for text in texts), texts


def test_a_name_that_stands_twice_is_named(tmp_path: Path) -> None:
    path = Wacz().build(tmp_path / "a.wacz")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as made:
        made.writestr("pages/pages.jsonl", b"{}")
    texts = faults(path)
    assert sum("more than once" in text for text in texts) == 2


def test_a_zip_that_is_cut_short_is_one_sentence(tmp_path: Path) -> None:
    path = Wacz().build(tmp_path / "a.wacz")
    path.write_bytes(path.read_bytes()[:-30])
    assert only(faults(path), "the ZIP is cut short").startswith("a.wacz: the ZIP is cut short")


def test_what_is_no_package_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    for data in (b"", b"hello", warc(*good())):
        path.write_bytes(data)
        only(faults(path), "is no ZIP")


def test_hidden_bytes_are_advised_of(tmp_path: Path) -> None:
    path = put_zip(tmp_path / "a.wacz", File(name="a", behind=b"hidden"), File(name="b"))
    assert any("6 bytes at byte 31 that belong to no entry" in text for text in advice(path))


def test_what_stands_before_the_package_is_a_fault(tmp_path: Path) -> None:
    path = Wacz().build(tmp_path / "a.wacz")
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    only(faults(path), "has 10 bytes before it that it does not know of")


def test_another_time_in_the_local_header_is_advised_of(tmp_path: Path) -> None:
    path = put_zip(tmp_path / "a.wacz", File(name="a", local={"time": 5}))
    assert any("another time at its place" in text for text in advice(path))


def test_names_of_entries_do_no_harm(tmp_path: Path) -> None:
    """Names with escape codes are shown by `scrapy verify` without them; here they are only kept on one line."""
    texts = faults(put_zip(tmp_path / "a.wacz", File(name="a\nFAULT b.wacz: forged")))
    assert any("control characters" in text for text in texts)


@pytest.mark.parametrize("seed", range(4))
def test_any_flip_in_a_file_of_a_package_is_found(tmp_path: Path, seed: int) -> None:
    """Of the ZIP around the files, some bytes say nothing to anybody (docs/verify.md)."""
    chosen, path = random.Random(seed), Wacz(derived=derived()).build(tmp_path / "a.wacz")
    data = path.read_bytes()
    content = set()
    with zipfile.ZipFile(path) as made:
        for entry in made.infolist():
            start = entry.header_offset + 30 + len(entry.filename)
            content |= set(range(start, start + entry.compress_size))
    for _ in range(70):
        at = chosen.randrange(len(data))
        changed = bytearray(data)
        changed[at] ^= 1 << chosen.randrange(8)
        path.write_bytes(changed)
        found = faults(path)
        assert found or at not in content, at
    write_sidecar(path, sha256_hex(data))
    for at in [len(data) - 1, *(chosen.randrange(len(data)) for _ in range(15))]:
        changed = bytearray(data)
        changed[at] ^= 1 << chosen.randrange(8)
        path.write_bytes(changed)
        assert any("does not match a.wacz.sha256" in text for text in faults(path)), at


@pytest.mark.parametrize("seed", range(2))
def test_nothing_that_is_read_ends_in_an_error(tmp_path: Path, seed: int) -> None:
    """Noise in every file of a package whose hashes were made to fit."""
    chosen = random.Random(seed)
    for _ in range(40):
        package = Wacz(derived=derived())
        package.index()
        package.build(tmp_path / "a.wacz")  # fills in the pages
        name = chosen.choice(sorted(package.files))
        data = bytearray(package.files[name])
        for _ in range(chosen.randrange(1, 6)):
            at = chosen.randrange(len(data) + 1)
            data[at : at + chosen.randrange(12)] = chosen.randbytes(chosen.randrange(12))
        package.files[name] = bytes(data)
        package.edit = lambda manifest: manifest["resources"].append(chosen.choice([1, {}, {"path": 7}, {"path": "x"}]))
        path = package.build(tmp_path / "a.wacz")
        assert faults(path)


def test_a_page_and_a_request_are_well_too(tmp_path: Path) -> None:
    package = Wacz([info(), response(), request(), later()])
    package.pages.append({"url": URL + "#comments", "ts": "2026-11-20T09:00:00.5+01:00"})
    assert faults(package.build(tmp_path / "a.wacz")) == []


def test_records_in_other_folders_belong_to_the_package_but_are_not_replayed(tmp_path: Path) -> None:
    name = "provenance/derived.wet.gz"
    package = Wacz()
    package.files[name] = warc(*derived())
    path = package.build(tmp_path / "a.wacz")
    assert (faults(path), judged(path).records) == ([], 8)
    package.files[name] = warc(info(id=INFO_2), response(id="urn:x:1", url=URL + "/seen"))
    assert faults(package.build(path)) == [], "a capture there needs no line in the index"
    fields = {"WARC-Refers-To": "<urn:x:lost>"}
    package.files[name] = warc(info(id=INFO_2), conversion(fields=fields))
    assert only(faults(package.build(path)), "of a record that is not in the package").startswith(
        f"a.wacz, {name}, byte"
    )
    package.files[name] = b"hello"
    only(faults(package.build(path)), "is no WARC file")
