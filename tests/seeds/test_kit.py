"""The archives of the shared kit, good, damaged and treacherous: `scrapy verify` must judge each rightly."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.inspection import inspect
from tests.seeds.seed import SHARED

KIT = SHARED / "kit"
pytestmark = pytest.mark.skipif(not KIT.is_dir(), reason=f"the kit is in {KIT}, which isn't there")

GOOD: tuple[tuple[str, ...], ...] = (
    ("originals.warc.gz", "derived.warc.gz"),
    ("originals.warc.gz",),
    ("evil.warc.gz",),
    ("ellery.wacz",),
    ("ellery-signed.wacz",),
    ("traps/304-blockless-OK.warc.gz",),
    ("neg/w-listed-root.wacz",),
    ("neg/w-listed-dir.wacz",),
    ("neg/w-listed-deep.wacz",),
)
BAD = {
    "neg/bad-date.warc.gz": "has the WARC-Date '20261120150000', which is no date",
    "neg/bad-length.warc.gz": "but its Content-Length is 74",
    "neg/dup-date.warc.gz": "has WARC-Date more than once",
    "neg/flip-body.warc.gz": "has a block that does not match its WARC-Block-Digest",
    "neg/no-target-uri.warc.gz": "is a response without WARC-Target-URI",
    "neg/refers-on-response.warc.gz": "is a response with WARC-Refers-To",
    "neg/truncated.warc.gz": "is cut short",
    "neg/whole-gzip.warc.gz": "holds 34 records in one gzip member",
    "neg/w-extra-root.wacz": "is not listed in datapackage.json",
    "neg/w-flipwarc.wacz": "does not match its hash in datapackage.json",
    "neg/w-nodigest.wacz": "has no datapackage-digest.json",
    "neg/w-noindex.wacz": "has no index in indexes/",
    "neg/w-nopages.wacz": "has no pages/pages.jsonl",
    "neg/w-nowarc.wacz": "has no WARC file in archive/",
    "neg/w-staleindex.wacz": "names a place where no record begins",
    "neg/w-titleedit.wacz": "does not match datapackage.json",
    "traps/304-with-block.warc.gz": "replays as a blank page",
    "traps/badsig.wacz": "has a signature that does not match its key",
    "traps/dangling-revisit.wacz": "is a revisit whose original is not in the package",
    "traps/fractional-date.wacz": "is a revisit of a capture whose WARC-Date has fractions of a second",
    "traps/fractional-date.warc.gz": "is a revisit of a capture whose WARC-Date has fractions of a second",
    "traps/mixed-trap.wacz": "is a metadata record under the URL of a page",
    "traps/mixed-trap.warc.gz": "is a conversion in one file with its page",
}


@pytest.mark.parametrize("names", GOOD, ids="+".join)
def test_what_is_good(names: tuple[str, ...]) -> None:
    found = inspect(KIT / name for name in names)
    assert found.faults == []
    assert bool(found.signatures) == ("signed" in names[0])


@pytest.mark.parametrize("name", BAD)
def test_what_is_bad(name: str) -> None:
    found = inspect([KIT / name])
    assert not found.ok
    assert any(BAD[name] in fault.what for fault in found.faults), [str(fault) for fault in found.faults]
    assert all(fault.where.startswith(str(KIT / name)) for fault in found.faults)


def test_no_file_is_left_out() -> None:
    judged = {name for names in GOOD for name in names} | set(BAD)
    there = {
        str(path.relative_to(KIT)) for path in KIT.rglob("*") if path.name.endswith((".warc.gz", ".warc", ".wacz"))
    }
    assert there - judged <= {"derived.warc.gz"}


def test_the_folders_of_the_kit_are_searched() -> None:
    found = inspect([Path(KIT / "neg"), KIT / "traps"])
    assert found.files == len(list((KIT / "neg").iterdir())) + len(list((KIT / "traps").iterdir()))
    assert not found.ok
