"""`seal_store`: seals what came into a store since it was sealed last."""

from __future__ import annotations

import msgspec

from archive import clock
from archive.errors import RecordError, SealError
from archive.progress import Progress
from archive.reader import read_gzip
from archive.records import iso
from archive.sealing.merkle import leaf_of
from archive.sealing.seal import FORMAT, Seal, Statement
from archive.sealing.seals import SealedFile, Seals, described
from archive.signing import SigningKey
from archive.storage import Store, read_sidecar
from archive.verification.chain import sidecar_problem
from archive.version import VERSION
from archive.warc import OPEN_SUFFIX

__all__ = ["Sealing", "seal_store"]


class Sealing(msgspec.Struct, frozen=True):
    """What became of sealing."""

    seal: Seal | None
    """None: there was nothing new."""
    problems: list[str]
    """A sentence for each file that was left out because it is damaged."""


def seal_store(
    store: Store,
    key: SigningKey,
    *,
    next_key: SigningKey | None = None,
    unannounced: bool = False,
    progress: Progress | None = None,
) -> Sealing:
    """Seal all closed files that no seal covers yet.

    `next_key` will sign from the next seal on: this one says so. `unannounced`: `key` signs although the seal before
    names another one, which was lost.

    Raises `StoreError` if there is no archive, the disk refuses, or somebody else is sealing; `SealError` if the seals
    that there are are not good, or `key` is not the one that they name.
    """
    store.require()
    with store.lock("seals", f"a sealing that started {iso(clock.now())}"):
        seals = Seals(store)
        last = seals.last()
        expected = (last.statement.next_key or last.statement.key) if last else key.fingerprint
        lost = key.fingerprint != expected
        if lost and not unannounced:
            raise SealError(
                f"{store.root}: seal {last.statement.number if last else 0} says that {expected} signs next, but the "
                f"key at hand is {key.fingerprint}; use that key, or --unannounced if it is lost."
            )
        names = _closed(store) - seals.sealed_names()
        files, leaves, problems = _gather(store, sorted(names), progress)
        if not files and next_key is None:
            return Sealing(None, problems)
        data, listed, tree = described(files, leaves)
        statement = Statement(
            format=FORMAT,
            number=last.statement.number + 1 if last else 1,
            made=iso(clock.now()),
            previous=last.digest if last else None,
            tree=tree,
            files=listed,
            key=key.fingerprint,
            next_key=next_key.fingerprint if next_key else None,
            unannounced=lost,
            software=f"newswarc/{VERSION}",
        )
        seal = Seal.sign(statement, key)
        seals.add(seal, data, leaves)
        return Sealing(seal, problems)


def _closed(store: Store) -> set[str]:
    return {name for name in store.files() if not store.path(name).name.endswith(OPEN_SUFFIX)}


def _gather(store: Store, names: list[str], progress: Progress | None) -> tuple[list[SealedFile], bytes, list[str]]:
    """The files, their leaves, and a sentence for each file that can't be sealed."""
    files, leaves, problems = [], bytearray(), []
    for number, name in enumerate(names, 1):
        if progress:
            progress(name, number, len(names))
        try:
            found = _leaves_of(store, name)
        except RecordError as error:
            problems.append(f"{name}: is not sealed: {str(error).rstrip('.')}; run scrapy verify.")
            continue
        files.append(SealedFile(name, read_sidecar(store.root / name) or "", len(found)))
        leaves += b"".join(found)
    return files, bytes(leaves), problems


def _leaves_of(store: Store, name: str) -> list[bytes]:
    """The leaves of a file, one for each gzip member. Raises `RecordError` if it is damaged or can't be read."""
    if problem := sidecar_problem(store.root / name):
        raise RecordError(problem)
    try:
        with store.path(name).open("rb") as file:
            return [leaf_of(data) for _, _, data in read_gzip(file)]
    except OSError as error:
        raise RecordError(f"can't be read: {error.strerror}") from error
