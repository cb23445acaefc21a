"""`Stamping`: has others say when the newest seals were made, as far as they have not yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from cryptography import x509

from archive.sealing.bitcoin import ask_calendars, read_commitment, upgrade
from archive.sealing.seals import Seals
from archive.sealing.stamp import Stamp, ask_for_stamp
from archive.storage import Store

__all__ = ["Stamping"]

_NEWEST = 7
"""A dating of a seal speaks for all seals before it, too; so only the newest are asked for."""


class Stamping(msgspec.Struct, frozen=True):
    """Asks for the seals of a store. Raises `SealError` at the first that is not dated, and `StoreError`."""

    store: Store
    timeout: float = 30
    """Seconds for each question."""

    def stamps(self, url: str, authorities: Sequence[x509.Certificate] = ()) -> Iterator[tuple[int, Stamp]]:
        """The seals that the authority at that URL stamps now; see `ask_for_stamp`."""
        seals = Seals(self.store)
        for number in seals.numbers()[-_NEWEST:]:
            if seals.dating(number, "stamp") is None:
                data = seals.read(number).data
                reply, stamp = ask_for_stamp(url, data, authorities=authorities, timeout=self.timeout)
                seals.add_dating(number, "stamp", reply)
                yield number, stamp

    def commitments(self, urls: Sequence[str]) -> Iterator[tuple[int, str]]:
        """A sentence for each seal that calendars promise to date now, or that a Bitcoin block dates by now."""
        seals = Seals(self.store)
        for number in seals.numbers()[-_NEWEST:]:
            data, ots = seals.read(number).data, seals.dating(number, "commitment")
            if ots is None:
                ots, problems = ask_calendars(urls, data, timeout=self.timeout)
                seals.add_dating(number, "commitment", ots)
                yield number, "; ".join(["is promised to the Bitcoin block chain", *problems])
            elif not read_commitment(ots, data).blocks and (new := upgrade(ots, data, urls, timeout=self.timeout)):
                seals.add_dating(number, "commitment", new)
                for height, _ in read_commitment(new, data).blocks:
                    yield number, f"is committed to by Bitcoin block {height}"
