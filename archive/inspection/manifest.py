"""``datapackage.json`` and ``datapackage-digest.json`` of a WACZ (WACZ 1.1.1): what a package says it holds."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from archive.collection.package import Package
from archive.errors import PackageError
from archive.inspection.digests import Digest, Sums, parse_digest
from archive.inspection.findings import Findings
from archive.inspection.signature import SignatureFault, check_signature

__all__ = ["DIGEST", "MANIFEST", "Manifest", "Resource", "read_manifest"]

MANIFEST = "datapackage.json"
DIGEST = "datapackage-digest.json"
LARGEST = 64 << 20
"""Bytes of either file."""
_VERSION = "1.1.1"
_VERSIONS = ("1.0.0", "1.1.0", "1.2.0")


class Resource(msgspec.Struct, frozen=True):
    """One file of the package as the manifest has it."""

    path: str
    hash: str = ""
    bytes: int | None = None


class Manifest(msgspec.Struct, frozen=True):
    """What of the manifest is judged."""

    resources: list[Resource]
    profile: str | None = None
    wacz_version: str | None = None
    created: str | None = None


class _Digest(msgspec.Struct, frozen=True):
    hash: str
    path: str | None = None
    signedData: dict[str, Any] | None = None


def read_manifest(package: Package, label: str, findings: Findings) -> Manifest | None:
    """Read and judge both files, the signature too. None if there is no manifest that can be read."""
    raw = _read(package, MANIFEST, label, findings)
    if raw is None:
        return None
    manifest: Manifest | None = _decode(raw, Manifest, f"{label}, {MANIFEST}", findings)
    _judge_digest(package, label, findings, raw, manifest)
    if manifest is None:
        return None
    place = f"{label}, {MANIFEST}"
    if manifest.profile != "data-package":
        what = f"has the profile {manifest.profile!r} instead of 'data-package'; make the package anew"
        if manifest.profile == "multi-wacz-package":
            what = "lists other WACZ files (multi-wacz-package); verify those, one by one"
        findings.fault(place, what)
    if manifest.wacz_version in _VERSIONS:
        findings.advise(place, f"is of WACZ {manifest.wacz_version}; it was judged by {_VERSION}")
    elif manifest.wacz_version != _VERSION:
        findings.fault(
            place, f"has the wacz_version {manifest.wacz_version!r}, which is none that is known; make the package anew"
        )
    return manifest


def _read(package: Package, name: str, label: str, findings: Findings) -> bytes | None:
    entry = package.get(name)
    if entry is None:
        findings.fault(label, f"has no {name}; make the package anew")
        return None
    if entry.problem:
        return None  # said already
    try:
        raw = package.read(entry, LARGEST)
        if zlib.crc32(raw) != entry.crc:
            findings.fault(f"{label}, {name}", "does not match its checksum in the ZIP; get the file again")
    except PackageError as error:
        findings.fault(f"{label}, {name}", str(error).removeprefix(f"{package.path}: "))
        return None
    return raw


def _decode(raw: bytes, kind: Any, place: str, findings: Findings) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        findings.fault(place, f"can't be read: {str(error).rstrip('.')}; get the file again")
        return None


def _judge_digest(
    package: Package, label: str, findings: Findings, manifest_raw: bytes, manifest: Manifest | None
) -> None:
    place = f"{label}, {DIGEST}"
    raw = _read(package, DIGEST, label, findings)
    digest: _Digest | None = _decode(raw, _Digest, place, findings) if raw is not None else None
    if digest is None:
        return
    if digest.path not in (None, MANIFEST):
        findings.fault(place, f"is about {digest.path!r} instead of {MANIFEST}; make the package anew")
    said = parse_digest(digest.hash)
    if not isinstance(said, Digest):
        findings.fault(place, f"has a hash that is none: {digest.hash[:80]!r}; make the package anew")
    else:
        sums = Sums([said.algorithm])
        sums.update(manifest_raw)
        if not sums.matches(said):
            findings.fault(
                place, f"does not match {MANIFEST}: that was changed after it was written; get the file again"
            )
    if digest.signedData is None:
        findings.advise(label, "is not signed, so that nobody can tell who made it")
        return
    sums = Sums(["sha256"])
    sums.update(manifest_raw)
    try:
        signature = check_signature(digest.signedData, sums, created=manifest.created if manifest else None)
    except SignatureFault as error:
        findings.fault(place, str(error))
        return
    findings.verification.signatures.append(f"{label}: {signature.text}")
    for what in signature.advice:
        findings.advise(place, what)
