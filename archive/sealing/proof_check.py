"""`check_proof`: is a proof good, and what does it prove? Without the archive and without the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from cryptography import x509

from archive.errors import RecordError, SealError
from archive.provenance import capture_of
from archive.reader import StoredRecord, check_digests, parse_member
from archive.rules import Reading
from archive.sealing.bitcoin import is_installed, read_commitment
from archive.sealing.merkle import leaf_of, root_by
from archive.sealing.places import member_content
from archive.sealing.proof import Proof, ProofRecord, Role
from archive.sealing.seal import Seal
from archive.sealing.second_look import look_again
from archive.sealing.stamp import Stamp, check_stamp
from archive.verification.chain import (
    Details,
    Held,
    extraction_problem,
    list_of,
    provenance_problems,
    revisit_problem,
)
from archive.version import EXTRACTOR
from archive.warc import sha256
from archive.workers import ExtractorPool

__all__ = ["Finding", "ProofCheck", "check_proof"]

_LONGEST = 60
"""Seconds that reading the page may take."""
_TYPES: dict[Role, str] = {
    "response": "response",
    "request": "request",
    "exchange": "metadata",
    "revisit": "revisit",
    "revisit-request": "request",
    "revisit-exchange": "metadata",
    "text": "conversion",
    "details": "metadata",
    "provenance": "metadata",
    "furniture": "metadata",
}
_LARGEST = 512 << 20
"""Bytes of all records of a proof together."""
_CONTEXT = 100
"""Characters before and behind a quotation that are shown with it: what is left out may turn it round."""
_NEEDED: tuple[Role, ...] = ("response", "text", "details", "provenance")


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    ok: bool | None
    """None: it could not be checked here."""
    what: str
    """One sentence."""


class ProofCheck(msgspec.Struct, frozen=True):
    """What a proof comes to."""

    findings: tuple[Finding, ...]
    keys: tuple[str, ...]
    """Fingerprints of the keys that signed."""
    not_proven: tuple[str, ...]
    """What nobody should take it for, a sentence each."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.ok is not False for finding in self.findings)


def check_proof(
    proof: Proof,
    *,
    keys: Sequence[str] = (),
    authorities: Sequence[x509.Certificate] = (),
    pool: ExtractorPool | None = None,
) -> ProofCheck:
    """Check every link of a proof; never raises for what is in it.

    `keys` are fingerprints of which one must have signed; `authorities` are certificates to trust for time stamps
    beside those of this machine. The page is read again in a worker of `pool`, or of one made for it.
    """
    return _Checker(proof, keys, authorities, pool).check()


class _Broken(Exception):
    """What is wrong, as a sentence."""


class _Checker:
    def __init__(
        self,
        proof: Proof,
        keys: Sequence[str],
        authorities: Sequence[x509.Certificate],
        pool: ExtractorPool | None,
    ) -> None:
        self._proof, self._trusted, self._authorities, self._pool = proof, keys, authorities, pool
        self._seals: dict[int, Seal] = {}
        self._stamps: dict[int, Stamp] = {}
        self._records: dict[Role, StoredRecord] = {}
        self._members: dict[Role, bytes] = {}
        self._size = 0

    def check(self) -> ProofCheck:
        findings: list[Finding] = []
        steps = (
            self._check_seals,
            self._check_records,
            self._check_response,
            self._check_text,
            self._check_quotation,
            self._check_page,
            self._check_stamps,
            self._check_commitments,
        )
        for step in steps:
            try:
                findings += step()
            except _Broken as error:
                findings.append(Finding(False, str(error)))
                break
            except (RecordError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
                findings.append(Finding(False, f"What it holds can't be read: {error!r:.200}."))
                break
        keys = tuple(sorted({seal.statement.key for seal in self._seals.values()}))
        return ProofCheck(tuple(findings), keys, tuple(self._not_proven(keys)))

    # Seals and records

    def _check_seals(self) -> Iterator[Finding]:
        for one in self._proof.seals:
            try:
                seal = Seal.read(one.seal.encode())
            except (SealError, UnicodeEncodeError) as error:
                raise _Broken(f"Seal {one.number} {error}.") from error
            if seal.statement.number != one.number or one.number in self._seals:
                raise _Broken(f"Seal {one.number} says that it is number {seal.statement.number}.")
            if self._trusted and seal.statement.key not in self._trusted:
                raise _Broken(f"Seal {one.number} is signed with the key {seal.statement.key}, which is not yours.")
            self._seals[one.number] = seal
            yield Finding(True, f"Seal {one.number}, made at {seal.statement.made}, is signed: {seal.statement.key}.")

    def _check_records(self) -> Iterator[Finding]:
        for one in self._proof.records:
            if one.role in self._records:
                raise _Broken(f"There are two records for {one.role}.")
            self._records[one.role], self._members[one.role] = self._record(one), one.member
        if missing := [role for role in _NEEDED if role not in self._records]:
            raise _Broken(f"It lacks the record of the {' and the '.join(missing)}.")
        roles = ", ".join(self._records)
        yield Finding(
            True, f"{len(self._records)} records ({roles}) are, byte for byte, what was sealed; none was changed since."
        )

    def _record(self, one: ProofRecord) -> StoredRecord:
        """A record of the proof, which a seal covers and whose own digests are right."""
        seal = self._seals.get(one.seal)
        if seal is None:
            raise _Broken(f"The {one.role} is covered by seal {one.seal}, which is not in the proof.")
        try:
            content = member_content(one.member)
            path = [bytes.fromhex(step) for step in one.path]
            root = root_by(leaf_of(content), one.index, seal.statement.tree.size, path)
        except (RecordError, ValueError) as error:
            raise _Broken(f"The {one.role} can't be checked: {error}.") from error
        if root.hex() != seal.statement.tree.root:
            raise _Broken(
                f"The {one.role} is not what seal {one.seal} covers: it, or its way to the root, was changed."
            )
        self._size += len(content)
        if self._size > _LARGEST:
            raise _Broken(f"Its records hold more than {_LARGEST >> 20} MB.")
        try:
            record = parse_member(one.member)
            problem = None if record.id == one.id else f"is {record.id}, not {one.id}"
        except RecordError as error:
            raise _Broken(f"The {one.role} can't be read: {error}") from error
        problem = problem or _oddity(record, content) or check_digests(record)
        if record.type != _TYPES[one.role]:
            problem = f"is a {record.type}"
        if problem:
            raise _Broken(f"The {one.role} {problem}.")
        return record

    # What they say

    def _check_response(self) -> Iterator[Finding]:
        response, request = self._records["response"], self._records.get("request")
        for role, other in (("request", request), ("exchange", self._records.get("exchange"))):
            if other is not None and other.refers_to("WARC-Concurrent-To") != response.id:
                raise _Broken(f"The {role} is not that of the response.")
        status = _first_line(response)
        ip = response.get("WARC-IP-Address")
        asked = f" to {_first_line(request)!r}" if request else ""
        yield Finding(
            True,
            f"The archive recorded, by its own clock, that {response.url} answered at {response.need('WARC-Date')}"
            f"{f' from {ip}' if ip else ''} with {status!r}{asked}.",
        )
        if revisit := self._records.get("revisit"):
            if problem := revisit_problem(revisit, response):
                raise _Broken(f"The revisit {problem}.")
            yield Finding(True, f"At {revisit.need('WARC-Date')} it recorded the same answer again ({revisit.url}).")

    def _check_text(self) -> Iterator[Finding]:
        text, response, details = (self._records[role] for role in ("text", "response", "details"))
        facts = self._json("provenance")
        for role in ("details", "provenance"):
            if self._records[role].refers_to() != text.id:
                raise _Broken(f"The {role} is not that of the text.")
        if text.refers_to() != response.id:
            raise _Broken("The text was not read from this response.")
        try:
            place = capture_of(facts)[1]
            held = Held(
                file=str(place["cdxj:filename"]),
                offset=place["cdxj:offset"],
                length=len(self._members["response"]),
                digest=sha256(self._members["response"]),
                record=response,
            )
            problems = list(provenance_problems(text, held, sha256(details.block), facts))
        except (KeyError, StopIteration, TypeError, AttributeError):
            problems = ["has a provenance record that newswarc did not write"]
        if problems:
            raise _Broken(f"The text {' and '.join(problems)}.")
        by = self._details().extractor
        yield Finding(
            True, f"The text was read from this answer by {by}; its provenance says so and was sealed with it."
        )

    def _check_quotation(self) -> Iterator[Finding]:
        quotation = self._proof.quotation
        if quotation is None:
            return
        text = self._text()
        stands = 0 <= quotation.start < quotation.end <= len(text)
        if not stands or text[quotation.start : quotation.end] != quotation.text:
            raise _Broken("The quotation does not stand in the text where the proof says.")
        if quotation.paragraph != text.count("\n", 0, quotation.start) + 1:
            raise _Broken("The quotation stands in another paragraph than the proof says.")
        yield Finding(True, f"The quotation stands in paragraph {quotation.paragraph} of the text: {quotation.text!r}.")
        before = text[: quotation.start].rpartition("\n")[2][-_CONTEXT:]
        behind = text[quotation.end :].partition("\n")[0][:_CONTEXT]
        if before or behind:
            yield Finding(True, f"Around it stands: {before!r} ... {behind!r}.")

    def _check_page(self) -> Iterator[Finding]:
        details = self._details()
        pool = self._pool or ExtractorPool(1, timeout=_LONGEST)
        quote = self._proof.quotation.text if self._proof.quotation else None
        response = self._records["response"]
        try:
            seen = pool.submit_call(look_again, response, self._reading(details), quote).result()
        except Exception as error:  # noqa: BLE001 - a worker can fail in any way
            yield Finding(None, f"The page was not read again: {pool.explain(error, response.url or '')}")
            return
        finally:
            if self._pool is None:
                pool.close(abandon=True)
        if seen.has_quotation is not None:
            if seen.has_quotation:
                yield Finding(True, "The page itself, as it was received, has the quotation word for word.")
            else:
                yield Finding(
                    None, "The quotation is not in the page's visible characters; the text took it from its data."
                )
        if seen.article is None:
            yield Finding(None, "The page could not be read again as it was then.")
        elif details.extractor == EXTRACTOR:
            problem = extraction_problem(seen.article, self._records["text"], details)
            if problem:
                raise _Broken(f"The text {problem}, read again by the same version.")
            yield Finding(True, f"Read again just now by the same version, {EXTRACTOR}, the page gives this very text.")
        elif seen.article.text_digest == self._records["text"].get("WARC-Payload-Digest"):
            yield Finding(True, f"Read again just now by {EXTRACTOR}, the page gives this very text.")
        else:
            yield Finding(None, f"{EXTRACTOR} reads the page otherwise than {details.extractor}, which is not here.")

    def _reading(self, details: Details) -> Reading | None:
        """What the extractor was told; None if that can't be known from the proof."""
        try:
            reading = msgspec.convert(details.facts["reading"], Reading)
            if not details.furniture:
                return reading
            furniture = list_of(self._records["furniture"]) if "furniture" in self._records else None
            if furniture is None or furniture.digest != details.furniture:
                return None
            return msgspec.structs.replace(reading, furniture=furniture)
        except (KeyError, TypeError, RecordError, msgspec.ValidationError):
            return None

    def _check_stamps(self) -> Iterator[Finding]:
        for one in self._proof.seals:
            if one.stamp is None:
                continue
            try:
                stamp = check_stamp(one.stamp, one.seal.encode(), self._authorities)
            except SealError as error:
                raise _Broken(f"Seal {one.number} {error}.") from error
            self._stamps[one.number] = stamp
            known = "" if stamp.is_known else ", whose certificate this machine does not know (see --authority)"
            yield Finding(
                True if stamp.is_known else None,
                f"Seal {one.number} was there at {stamp.time:%Y-%m-%dT%H:%M:%SZ}, says {stamp.authority}{known}.",
            )

    def _check_commitments(self) -> Iterator[Finding]:
        for one in self._proof.seals:
            if one.commitment is None:
                continue
            if not is_installed():
                yield Finding(None, f"Seal {one.number} has an OpenTimestamps file; the extra opentimestamps reads it.")
                continue
            try:
                found = read_commitment(one.commitment, one.seal.encode())
            except SealError as error:
                raise _Broken(f"Seal {one.number} {error}.") from error
            for height, root in found.blocks:
                yield Finding(
                    None,
                    f"Seal {one.number} is older than Bitcoin block {height} if that block has the Merkle root {root}: "
                    "look it up in a block explorer.",
                )
            if not found.blocks:
                yield Finding(None, f"Seal {one.number} is promised to the Bitcoin block chain, but in no block yet.")

    def _details(self) -> Details:
        details = self._records["details"]
        found = Details(sha256(details.block), self._json("details"))
        try:
            _ = found.extractor, found.furniture
        except (KeyError, TypeError) as error:
            raise _Broken("The details are not as newswarc writes them.") from error
        return found

    def _json(self, role: Role) -> dict[str, Any]:
        try:
            return self._records[role].json()
        except RecordError as error:
            raise _Broken(f"The {role} can't be read: {error}") from error

    def _text(self) -> str:
        try:
            return self._records["text"].block.decode()
        except UnicodeDecodeError as error:
            raise _Broken("The text is no UTF-8.") from error

    def _not_proven(self, keys: tuple[str, ...]) -> Iterator[str]:
        if not self._trusted and keys:
            yield f"whose key signed: compare {' and '.join(keys)} with what the archive publishes (--key)"
        if not any(stamp.is_known for stamp in self._stamps.values()):
            yield "that the seal is as old as it says: no authority that is known here has stamped it"
        yield "that the server sent this: TLS leaves no signature of the server, so the archive's word stands for it"
        yield "that others were sent the same: a server may answer each visitor otherwise"


def _oddity(record: StoredRecord, content: bytes) -> str | None:
    """Why others could read another record there than we do, if they could."""
    names = [name.lower() for name, _ in record.headers]
    if len(set(names)) != len(names):
        return "has a header twice"
    head, _, rest = content.partition(b"\r\n\r\n")
    if rest != record.block + b"\r\n\r\n" or head.count(b"\r\n") != len(names):
        return "is not written as newswarc writes records"
    return None


def _first_line(record: StoredRecord) -> str:
    return record.block.split(b"\r\n", 1)[0].decode("latin-1")
