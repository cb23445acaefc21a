"""`SealAudit`: are the seals of a store whole and unbroken, and is everything that they cover still there?"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archive.errors import ArchiveError, RecordError, SealError
from archive.reader import read_gzip
from archive.sealing.bitcoin import is_installed, read_commitment
from archive.sealing.merkle import SIZE, leaf_of
from archive.sealing.redactions import Redactions
from archive.sealing.seal import Seal
from archive.sealing.seals import DATINGS, SealedFile, Seals
from archive.sealing.stamp import check_stamp
from archive.storage import Store, read_sidecar
from archive.tombstone import leaves_under
from archive.verification.chain import sidecar_problem
from archive.verification.verification import Fault

__all__ = ["SealAudit"]


class SealAudit(msgspec.Struct):
    """What was found."""

    faults: list[Fault] = []
    advice: list[Fault] = []
    signed: list[str] = []
    """One sentence: how many seals there are, and whose."""
    removed: int = 0
    """Records that were taken out, each with a tombstone in its place."""

    @classmethod
    def of(cls, store: Store, *, known: str | None = None) -> SealAudit:
        """Check all seals of a store. `known` is the digest of one, kept elsewhere, that must be among them.

        Files are compared with their ``.sha256``, which `verify` compares with their bytes; records are read one by
        one only where a file is not as it was sealed.
        """
        return _Auditor(store).run(known)


class _Auditor:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._seals = Seals(store)
        self._found = SealAudit()

    def run(self, known: str | None) -> SealAudit:
        before: Seal | None = None
        digests, keys = set(), set()
        for number in self._seals.numbers():
            try:
                seal = self._seals.read(number)
            except ArchiveError as error:
                where, _, what = str(error).partition(": ")
                self._fault(where, what.rstrip("."))
                before = None
                continue
            self._check_place(number, seal, before)
            self._check_cover(number, seal)
            self._check_datings(number, seal)
            digests.add(seal.digest)
            keys.add(seal.statement.key)
            before = seal
        for path in self._seals.strange():
            self._fault(self._seals.name(path), "is no seal of this archive")
        redactions = Redactions(self._store).path
        if redactions.exists() and (problem := sidecar_problem(redactions)):
            self._fault(redactions.name, problem)
        if known is not None and known not in digests:
            self._fault("seals", f"no seal is {known}: seals were taken away or made anew")
        if before:
            said = before.statement
            self._found.signed.append(
                f"seals: {len(digests)} with the key {', '.join(sorted(keys))}; the last, number {said.number}, was "
                f"made at {said.made} and is {before.digest}"
            )
        return self._found

    def _fault(self, where: str, what: str) -> None:
        self._found.faults.append(Fault(where, what))

    def _check_place(self, number: int, seal: Seal, before: Seal | None) -> None:
        where = self._where(number)
        if seal.statement.number != number:
            self._fault(where, f"says that it is number {seal.statement.number}")
            return
        if before is None and number > 1:
            self._fault(where, "has no good seal before it, whose continuation it would be")
            return
        try:
            if seal.follows(before) == "unannounced":
                text = f"is signed by a key, {seal.statement.key}, that the seal before it did not announce"
                self._found.advice.append(Fault(where, text))
        except SealError as error:
            self._fault(where, str(error))

    def _check_datings(self, number: int, seal: Seal) -> None:
        for kind in DATINGS:
            path = self._seals.dating_path(number, kind)
            try:
                if (data := self._seals.dating(number, kind)) is None:
                    continue
                if problem := sidecar_problem(path):
                    self._fault(self._seals.name(path), problem)
                elif kind == "stamp":
                    check_stamp(data, seal.data)
                elif is_installed():
                    read_commitment(data, seal.data)
            except SealError as error:
                self._fault(self._where(number), str(error).rstrip("."))

    def _check_cover(self, number: int, seal: Seal) -> None:
        """Whether all that the seal covers is there."""
        try:
            files, leaves = self._seals.files(number, seal), self._seals.leaves(number, seal)
        except SealError as error:
            where, _, what = str(error).partition(": ")
            self._fault(where, what.rstrip("."))
            return
        if sum(file.records for file in files) * SIZE != len(leaves):
            self._fault(self._where(number), "covers another number of records than its files have")
            return
        at = 0
        for file in files:
            end = at + file.records * SIZE
            if read_sidecar(self._store.root / file.name) != file.digest:
                for where, what in self._changes(file, leaves[at:end]):
                    self._fault(where, f"{what} that seal {number} of {seal.statement.made} covers")
            at = end

    def _changes(self, file: SealedFile, leaves: bytes) -> Iterator[tuple[str, str]]:
        """Where a file is not as it was sealed, tombstones aside."""
        expected = [leaves[at : at + SIZE] for at in range(0, len(leaves), SIZE)]
        done, end = 0, 0
        try:
            with (self._store.root / file.name).open("rb") as raw:
                for offset, length, data in read_gzip(raw):
                    end = offset + length
                    there = [leaf_of(data)]
                    if there != expected[done : done + 1] and (under := leaves_under(data)):
                        there = under
                        self._found.removed += len(there)
                    if there != expected[done : done + len(there)]:
                        yield f"{file.name}, byte {offset}", f"is not record {done + 1} of the {file.records}"
                    done += len(there)
        except FileNotFoundError:
            yield file.name, f"is missing, with {file.records} records"
            return
        except (OSError, RecordError) as error:
            yield (
                f"{file.name}, byte {end}",
                f"can't be read to its end ({str(error).rstrip('.')}), which holds records",
            )
            return
        if done < file.records:
            yield f"{file.name}, byte {end}", f"ends before records {done + 1} to {file.records}"

    def _where(self, number: int) -> str:
        return self._seals.name(self._seals.folder(number))
