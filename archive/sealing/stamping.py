"""`stamp_seals`: gets time stamps for the seals that have none yet."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509

from archive.sealing.seals import Seals
from archive.sealing.stamp import Stamp, ask_for_stamp
from archive.storage import Store

__all__ = ["stamp_seals"]

_NEWEST = 7
"""A stamp of a seal speaks for all seals before it, too; so only the newest are asked for."""


def stamp_seals(
    store: Store, url: str, *, authorities: Sequence[x509.Certificate] = (), timeout: float = 30
) -> list[tuple[int, Stamp]]:
    """Ask the authority at that URL to stamp the newest seals, as far as they have no stamp; see `ask_for_stamp`.

    Returns the numbers of the seals that have one now, with what it says. Raises `SealError` at the first that it does
    not stamp, `StoreError`.
    """
    seals = Seals(store)
    done: list[tuple[int, Stamp]] = []
    for number in seals.numbers()[-_NEWEST:]:
        if seals.stamp(number) is None:
            reply, stamp = ask_for_stamp(url, seals.read(number).data, authorities=authorities, timeout=timeout)
            seals.add_stamp(number, reply)
            done.append((number, stamp))
    return done
