"""A proof that is good, in our eyes and in those of a script that knows nothing of us; and many that are not."""

import base64
import gzip
import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from archive.errors import SealError
from archive.sealing.merkle import leaf_of, path_to, root_of
from archive.sealing.proof import Proof, ProofSeal
from archive.sealing.proof_check import ProofCheck, check_proof
from archive.sealing.seal import Seal, Tree
from archive.sealing.stamp import read_certificates
from archive.sealing.stamping import Stamping
from archive.storage import Store
from archive.workers import ExtractorPool
from tests.archive.making import ROOT
from tests.archive.sealing.authority import Authority, listening, make_authority
from tests.archive.sealing.papers import KEY, OTHER, QUOTE, STORM, proven, story

SCRIPT = ROOT / "docs" / "check_proof.py"

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl, as the script does")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    folder = tmp_path_factory.mktemp("tsa") / "authority"
    make_authority(folder)
    with listening(folder) as found:
        yield found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Store:
    store = story(tmp_path_factory.mktemp("proof") / "store")
    assert [number for number, _ in Stamping(store).stamps(authority.url)] == [1, 2]
    return store


@pytest.fixture(scope="module")
def pool() -> Iterator[ExtractorPool]:
    pool = ExtractorPool(1, timeout=60)
    yield pool
    pool.close(abandon=True)


@pytest.fixture(scope="module")
def proof(store: Store) -> Proof:
    return proven(store, quote=QUOTE)


def wrong(found: ProofCheck) -> list[str]:
    return [finding.what for finding in found.findings if finding.ok is False]


def by_script(path: Path, *more: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(SCRIPT), str(path), *map(str, more)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_openssl
def test_a_good_proof_says_what_is_proven_and_what_is_not(
    proof: Proof, authority: Authority, pool: ExtractorPool
) -> None:
    found = check_proof(proof, authorities=read_certificates(authority.root), pool=pool)
    assert found.ok
    assert [finding.ok for finding in found.findings] == [True] * len(found.findings), found.findings
    told = " ".join(finding.what for finding in found.findings)
    for part in (
        "6 records",
        f"{STORM} answered at 2026-11-20T09:00:00Z",
        "'HTTP/1.1 200 OK'",
        "'GET /2026/storm HTTP/1.1'",
        f"paragraph 2 of the text: {QUOTE!r}",
        "The page itself, as it was received, has the quotation word for word.",
        "the page gives this very text",
        "says CN=Ellery Time.",
    ):
        assert part in told
    assert found.keys == (KEY.fingerprint,)
    assert [what.split(":")[0] for what in found.not_proven] == [
        "whose key signed",
        "that the server sent this",
        "that others were sent the same",
    ]
    trusting = check_proof(proof, keys=[KEY.fingerprint], pool=pool)
    assert trusting.ok
    assert trusting.not_proven[0].startswith("that the seal is as old as it says")


@needs_openssl
def test_a_proof_is_read_back_from_its_file(proof: Proof, tmp_path: Path) -> None:
    (tmp_path / "proof.json").write_bytes(proof.encode())
    assert Proof.read(tmp_path / "proof.json") == proof


@needs_openssl
def test_a_key_that_is_not_mine_is_no_good(proof: Proof, pool: ExtractorPool) -> None:
    found = check_proof(proof, keys=[OTHER.fingerprint], pool=pool)
    assert wrong(found) == [f"Seal 1 is signed with the key {KEY.fingerprint}, which is not yours."]


@needs_openssl
def test_the_script_agrees(proof: Proof, authority: Authority, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(proof.encode())
    done = by_script(path, authority.root)
    assert done.returncode == 0, done.stderr
    assert f"signed by {KEY.fingerprint}" in done.stdout
    assert "and stamped by the authority" in done.stdout
    assert done.stdout.endswith(f" has {QUOTE!r}\n")


def test_the_script_is_short_and_uses_nothing_of_ours() -> None:
    lines = SCRIPT.read_text().splitlines()
    assert len(lines) <= 60
    assert not any(ours in line for line in lines for ours in ("import archive", "from archive", "import crawler"))


def change(proof: Proof, what: str) -> Proof:
    """The proof with something changed in it."""
    told: dict[str, Any] = json.loads(proof.encode())
    records = {record["role"]: record for record in told["records"]}

    def rewrite(role: str, old: bytes, new: bytes) -> None:
        content = gzip.decompress(base64.b64decode(records[role]["member"]))
        assert old in content
        records[role]["member"] = base64.b64encode(gzip.compress(content.replace(old, new))).decode()

    if what == "text":
        rewrite("text", b"Twelve boats", b"Thirty boats")
    elif what == "response":
        rewrite("response", b"Twelve boats", b"Thirty boats")
    elif what == "date":
        rewrite("response", b"2026-11-20T09", b"2026-11-19T09")
    elif what == "path":
        step = records["text"]["path"][0]
        records["text"]["path"][0] = ("0" if step[0] != "0" else "1") + step[1:]
    elif what == "short path":
        del records["text"]["path"][-1]
    elif what == "index":
        records["text"]["index"] ^= 1
    elif what == "far index":
        records["text"]["index"] = 1 << 40
    elif what == "role":
        records["request"]["role"] = "revisit-request"
        records["exchange"]["role"] = "request"
    elif what == "other record":
        records["details"].update({k: records["provenance"][k] for k in ("id", "index", "path", "member")})
    elif what == "missing text":
        told["records"] = [record for record in told["records"] if record["role"] != "text"]
    elif what == "twice":
        told["records"].append(records["text"])
    elif what == "no seal":
        told["seals"] = []
    elif what == "number":
        told["seals"][0]["number"] = 7
    elif what == "seal":
        told["seals"][0]["seal"] = told["seals"][0]["seal"].replace("2026", "2025")
    elif what == "stamp":
        stamp = bytearray(base64.b64decode(told["seals"][0]["stamp"]))
        stamp[len(stamp) // 2] ^= 1
        told["seals"][0]["stamp"] = base64.b64encode(stamp).decode()
    elif what == "quotation":
        told["quotation"]["text"] = "Thirty boats"
    elif what == "place":
        told["quotation"]["start"] += 1
    elif what == "paragraph":
        told["quotation"]["paragraph"] = 3
    elif what == "empty quotation":
        told["quotation"] |= {"text": "", "end": told["quotation"]["start"]}
    return msgspec.convert(told, Proof)


@needs_openssl
@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("text", "The text is not what seal 1 covers"),
        ("response", "The response is not what seal 1 covers"),
        ("date", "The response is not what seal 1 covers"),
        ("path", "The text is not what seal 1 covers"),
        ("short path", "The text can't be checked"),
        ("index", "The text is not what seal 1 covers"),
        ("far index", "The text can't be checked"),
        ("role", "The request is a metadata"),
        ("other record", "The details is not that of the text|provenance record of other details"),
        ("missing text", "It lacks the record of the text"),
        ("twice", "There are two records for text"),
        ("no seal", "is covered by seal 1, which is not in the proof"),
        ("number", "Seal 7 says that it is number 1"),
        ("seal", "Seal 1 has a signature that does not match"),
        ("stamp", "Seal 1 has a time stamp that"),
        ("quotation", "does not stand in the text where the proof says"),
        ("place", "does not stand in the text where the proof says"),
        ("paragraph", "stands in another paragraph"),
        ("empty quotation", "does not stand in the text"),
    ],
)
def test_a_proof_that_was_changed_is_not_good(  # noqa: PLR0917
    proof: Proof, pool: ExtractorPool, authority: Authority, tmp_path: Path, what: str, why: str
) -> None:
    changed = change(proof, what)
    found = check_proof(changed, authorities=read_certificates(authority.root), pool=pool)
    assert len(wrong(found)) == 1
    assert re.search(why, wrong(found)[0]), wrong(found)
    if what not in ("role", "other record", "twice", "number", "paragraph", "empty quotation"):  # it looks at less
        (tmp_path / "proof.json").write_bytes(changed.encode())
        assert by_script(tmp_path / "proof.json", authority.root).returncode != 0


@needs_openssl
def test_flipped_bits_are_found_wherever_they_say_something(
    proof: Proof, pool: ExtractorPool, authority: Authority, tmp_path: Path
) -> None:
    roots = read_certificates(authority.root)
    data, path = proof.encode(), tmp_path / "proof.json"
    chance = random.Random(6)
    unsigned = {"url": "", "made": "", "software": ""}  # who asked for what, when: nothing is concluded from it
    tried = 0
    for _ in range(400):
        at = chance.randrange(len(data))
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :])
        try:
            flipped = Proof.read(path)
        except SealError:
            continue
        if msgspec.structs.replace(flipped, **unsigned) == msgspec.structs.replace(proof, **unsigned):
            continue
        tried += 1
        found = check_proof(flipped, authorities=roots, pool=pool)
        if found.ok:  # some bits of the stamp's wrapping say nothing, others who vouches for it
            *rest, stamp = found.findings
            *same, good = check_proof(proof, authorities=roots, pool=pool).findings
            assert rest == same, at
            assert stamp == good or stamp.ok is None, at
    assert tried > 100


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"format": 1}', b"[" * 100000])
def test_what_is_no_proof_is_refused_with_a_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(data)
    with pytest.raises(SealError, match="is no proof of newswarc"):
        Proof.read(path)
    with pytest.raises(SealError, match="can't be read: No such file"):
        Proof.read(tmp_path / "none.json")


@needs_openssl
def test_proofs_of_the_future_are_told_apart(proof: Proof, tmp_path: Path) -> None:
    told = json.loads(proof.encode()) | {"format": "newswarc-proof/2"}
    (tmp_path / "proof.json").write_text(json.dumps(told))
    with pytest.raises(SealError, match="a form that this version does not know: 'newswarc-proof/2'"):
        Proof.read(tmp_path / "proof.json")


def resealed(proof: Proof, role: str, old: bytes, new: bytes) -> Proof:
    """A proof over records of which one was changed, sealed by somebody else: all of it fits together."""
    contents = {r.role: gzip.decompress(r.member) for r in proof.records}
    assert old in contents[role]
    contents[role] = contents[role].replace(old, new, 1)
    leaves = b"".join(leaf_of(content) for content in contents.values())
    said = Seal.read(proof.seals[0].seal.encode()).statement
    tree = Tree(size=len(contents), root=root_of(leaves).hex())
    seal = Seal.sign(msgspec.structs.replace(said, tree=tree, key=OTHER.fingerprint), OTHER)
    records = tuple(
        msgspec.structs.replace(
            record,
            index=index,
            path=tuple(step.hex() for step in path_to(leaves, index)),
            member=gzip.compress(contents[record.role]),
        )
        for index, record in enumerate(proof.records)
    )
    return msgspec.structs.replace(proof, records=records, seals=(ProofSeal(1, seal.data.decode()),))


@needs_openssl
@pytest.mark.parametrize(
    ("role", "old", "new", "why"),
    [
        ("text", b"WARC-Type: conversion", b"WARC-Type: conversion\r\nWARC-Type: conversion", "has a header twice"),
        ("text", b"WARC-Date:", b"WARC-Refers-To: <urn:uuid:0>\r\nWARC-Date:", "has a header twice"),
        ("text", b"WARC-Type: conversion", b"WARC-Type: resource", "The text is a resource"),
        ("text", b"\r\nWARC-Type", b"\r\n folded\r\nWARC-Type", "is not written as newswarc writes records|can't be"),
        ("response", b"WARC-Date: 2026", b"WARC-Dote: 2026", "has no WARC-Date"),
        ("text", b"Twelve", b"Thirty", "its block does not match WARC-Block-Digest"),
    ],
)
def test_records_that_others_could_read_otherwise_are_refused(  # noqa: PLR0917
    proof: Proof, pool: ExtractorPool, role: str, old: bytes, new: bytes, why: str
) -> None:
    found = check_proof(resealed(proof, role, old, new), pool=pool)
    assert len(wrong(found)) == 1
    assert re.search(why, wrong(found)[0]), wrong(found)


@needs_openssl
@pytest.mark.parametrize(
    ("role", "old", "new"),
    [
        ("text", b"WARC-Type: conversion", b"WARC-Type: conversion\r\nWARC-Type: conversion"),
        ("text", b"WARC-Type: conversion", b"WARC-Type: resource"),
        ("text", b"WARC-Refers-To: <urn:uuid:", b"WARC-Refers-To: <urn:uuid:0"),
        ("text", b"Twelve boats", b"Thirty-nine boats"),
    ],
)
def test_the_script_refuses_them_too(proof: Proof, tmp_path: Path, role: str, old: bytes, new: bytes) -> None:
    (tmp_path / "proof.json").write_bytes(resealed(proof, role, old, new).encode())
    done = by_script(tmp_path / "proof.json")
    assert done.returncode == 1
    assert "The proof is NOT good" in done.stderr


@needs_openssl
def test_what_stands_around_a_quotation_is_shown(store: Store, pool: ExtractorPool) -> None:
    found = check_proof(proven(store, quote="boats were caught in the storm on Friday"), pool=pool)
    assert "Around it stands: 'Twelve ' ... ' night and ran for" in " ".join(one.what for one in found.findings)
