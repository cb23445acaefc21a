"""One WACZ judged (WACZ 1.1.1): the ZIP, its manifest and signature, its WARC files, index and pages."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from archive.collection.directory import STORED
from archive.collection.package import Entry, Package
from archive.errors import PackageError
from archive.inspection.closing import judge_set
from archive.inspection.digests import Digest, Sums, parse_digest
from archive.inspection.findings import Findings
from archive.inspection.index import IndexInspector, judge_index
from archive.inspection.ledger import Ledger
from archive.inspection.manifest import DIGEST, MANIFEST, Manifest, read_manifest
from archive.inspection.pages import PAGES, judge_page_lists, read_pages
from archive.inspection.warc import Advance, WarcInspector

__all__ = ["inspect_package"]

_PIECE = 1 << 20
_HOMES = {
    "archive/": (".warc", ".warc.gz"),
    "indexes/": (".cdx", ".cdxj", ".cdx.gz", ".cdxj.gz", ".idx"),
    "pages/": (".jsonl",),
}
"""What may lie in the folders of the standard."""
_RECORDS = (".warc", ".warc.gz", ".wet.gz", ".wat.gz")
"""Files of records; those in other folders are not replayed, but belong to the package."""


def inspect_package(path: Path, label: str, findings: Findings, advance: Advance) -> None:
    """Judge a WACZ by itself; `label` is what it is called. `advance` is told how many bytes have been passed."""
    try:
        with Package(path) as package:
            _Inspector(package, label, findings, advance).inspect()
    except PackageError as error:
        findings.fault(label, str(error).removeprefix(f"{path}: ").rstrip("."))


class _Inspector:
    def __init__(self, package: Package, label: str, findings: Findings, advance: Advance) -> None:
        self._package, self._label, self._findings = package, label, findings
        self._advance = advance
        self._files = [entry for entry in package.entries if not entry.is_folder]
        self._readable = [entry for entry in self._files if not entry.problem]

    def inspect(self) -> None:
        if self._package.path.suffix != ".wacz":
            self._findings.advise(self._label, "is a WACZ, but its name does not end in .wacz")
        self._judge_zip()
        self._judge_places()
        manifest = read_manifest(self._package, self._label, self._findings)
        if manifest:
            self._judge_resources(manifest)
        with Ledger() as ledger:
            self._inspect_warcs(ledger)
            lines = self._read_indexes(ledger)
            self._read_page_lists(ledger)
            ledger.close_intake()
            judge_set(ledger, self._findings, whole=True)
            if lines:
                judge_index(ledger, self._findings)
                judge_page_lists(ledger, self._findings)
            elif any(entry.name.startswith("indexes/") for entry in self._files):
                self._findings.fault(
                    self._label, "has an index without a line, so that replay shows nothing; make it anew"
                )

    def _place(self, entry: Entry) -> str:
        return f"{self._label}, {entry.name}"

    # The ZIP

    def _judge_zip(self) -> None:
        if self._package.shift:
            what = (
                f"has {self._package.shift} bytes before it that it does not know of, so that replay tools find nothing"
            )
            self._findings.fault(self._label, f"{what}; get the file again")
        for note in self._package.notes:
            self._findings.advise(self._label, note)
        for entry in self._package.entries:
            if entry.problem:
                self._findings.fault(self._place(entry), entry.problem)
            if entry.oddity:
                self._findings.advise(self._place(entry), entry.oddity)

    def _judge_places(self) -> None:
        """Whether the files of the standard are there, and no others in its folders."""
        names = [entry.name for entry in self._files]
        again = "make the package anew"
        if PAGES not in names:
            what = f"has no {PAGES}, the list of pages for readers; {again} with one (wacz create --pages)"
            self._findings.fault(self._label, what)
        if not any(name.startswith("archive/") and name.endswith(_HOMES["archive/"]) for name in names):
            self._findings.fault(self._label, f"has no WARC file in archive/; {again}")
        if not any(name.startswith("indexes/") and not name.endswith(".idx") for name in names):
            self._findings.fault(self._label, f"has no index in indexes/, without which replay finds nothing; {again}")
        for entry in self._files:
            folder = entry.name.partition("/")[0] + "/"
            if folder in _HOMES and not entry.name.endswith(_HOMES[folder]):
                self._findings.fault(
                    self._place(entry), f"does not belong in {folder}, which is for the standard's files; move it"
                )
            compact = entry.name.endswith((".warc.gz", ".cdx.gz", ".cdxj.gz")) or folder == "archive/"
            if compact and entry.method != STORED and not entry.problem:
                what = "is compressed in the ZIP, so that replay tools can't read from its middle; store it"
                self._findings.fault(self._place(entry), what)

    # What it says of itself

    def _judge_resources(self, manifest: Manifest) -> None:
        """Whether the manifest lists every file, and each is what it says."""
        place = f"{self._label}, {MANIFEST}"
        counted = Counter(resource.path for resource in manifest.resources)
        listed = {resource.path: resource for resource in manifest.resources}
        for path, times in counted.items():
            if times > 1:
                self._findings.fault(place, f"lists {path!r} more than once; make the package anew")
            if self._package.get(path) is None:
                self._findings.fault(place, f"lists {path!r}, which is not in the package; get the file again")
        for entry in self._files:
            if entry.name in (MANIFEST, DIGEST):
                continue
            resource = listed.get(entry.name)
            if resource is None:
                what = f"is not listed in {MANIFEST}, so that nothing vouches for it; leave it out or list it"
                self._findings.fault(self._place(entry), what)
            elif not entry.problem:
                self._judge_resource(entry, resource.hash, resource.bytes)

    def _judge_resource(self, entry: Entry, said: str, size: int | None) -> None:
        digest = parse_digest(said)
        if size != entry.size:
            what = f"has {entry.size} bytes, but {MANIFEST} says {size}; get the file again"
            self._findings.fault(self._place(entry), what)
        if not isinstance(digest, Digest):
            self._findings.fault(self._place(entry), f"has no hash in {MANIFEST} that can be checked: {said[:80]!r}")
        elif digest.algorithm in ("md5", "sha1"):
            self._findings.advise(
                self._place(entry), f"has a hash by {digest.algorithm}, which can be forged; use sha256"
            )
        sums = Sums([digest.algorithm] if isinstance(digest, Digest) else [])
        crc = 0
        try:
            for piece in self._pieces(entry):
                sums.update(piece)
                crc = zlib.crc32(piece, crc)
        except PackageError as error:
            self._tell(entry, error)
            return
        again = "it was changed or damaged; get the file again"
        if isinstance(digest, Digest) and not sums.matches(digest):
            self._findings.fault(self._place(entry), f"does not match its hash in {MANIFEST}: {again}")
        elif crc != entry.crc:
            self._findings.fault(self._place(entry), f"does not match its checksum in the ZIP: {again}")

    def _pieces(self, entry: Entry) -> Iterator[bytes]:
        """An entry's content. Progress: of a file that is read twice, this is the first half."""
        passed = 0
        with self._package.open(entry) as file:
            while piece := file.read(_PIECE):
                passed += len(piece)
                self._advance(entry.start + min(passed, entry.packed) // 2)
                yield piece

    def _tell(self, entry: Entry, error: PackageError) -> None:
        """An entry can't be read: said once, however often it is tried."""
        prefix = f"{self._package.path}: {entry.name!r} "
        what = str(error).removeprefix(prefix).rstrip(".")
        told = {(fault.where, fault.what) for fault in self._findings.verification.faults}
        if (self._place(entry), what) not in told:
            self._findings.fault(self._place(entry), what)

    # What is in it

    def _each(self, folder: str, suffixes: tuple[str, ...], act: Callable[[Entry], None]) -> None:
        """Do it with each entry of a folder whose name ends so."""
        for entry in self._readable:
            if entry.name.startswith(folder) and entry.name.endswith(suffixes):
                self._try(entry, act)

    def _try(self, entry: Entry, act: Callable[[Entry], None]) -> None:
        try:
            act(entry)
        except PackageError as error:
            self._tell(entry, error)

    def _inspect_warcs(self, ledger: Ledger) -> None:
        def inspect(entry: Entry) -> None:
            def advance(passed: int) -> None:
                self._advance(entry.start + (entry.packed + passed) // 2)

            inspector = WarcInspector(self._findings, ledger, advance=advance, member_digests=True)
            name = entry.name.removeprefix("archive/")
            with self._package.open(entry) as file:
                inspector.inspect(file, self._place(entry), name, replayed=name != entry.name)

        self._each("archive/", _HOMES["archive/"], inspect)
        for entry in self._readable:
            if entry.name.endswith(_RECORDS) and not entry.name.startswith(tuple(_HOMES)):
                self._try(entry, inspect)

    def _read_indexes(self, ledger: Ledger) -> int:
        inspector = IndexInspector(self._label, ledger, self._findings)

        def read_idx(entry: Entry) -> None:
            with self._package.open(entry) as file:
                inspector.read_idx(file, entry.name)

        def read_cdx(entry: Entry) -> None:
            with self._package.open(entry) as file:
                inspector.read_cdx(file, entry.name)

        self._each("indexes/", (".idx",), read_idx)
        self._each("indexes/", (".cdx", ".cdxj", ".cdx.gz", ".cdxj.gz"), read_cdx)
        inspector.finish()
        return inspector.lines

    def _read_page_lists(self, ledger: Ledger) -> None:
        def read(entry: Entry) -> None:
            with self._package.open(entry) as file:
                read_pages(file, self._place(entry), ledger, self._findings, main=entry.name == PAGES)

        self._each("pages/", (".jsonl",), read)
