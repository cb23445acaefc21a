"""Verification in rounds: all files, or the share whose turn it is; which was verified when is remembered."""

from __future__ import annotations

import datetime as dt
from typing import Any

from archive import clock
from archive.storage import Store
from archive.verification.memory import Memory, State
from archive.verification.verification import Verification
from archive.verification.verify import Share, verify
from archive.warc import OPEN_SUFFIX

__all__ = ["verify_round"]


def verify_round(
    store: Store, *, older_than: float | None = None, budget: int | None = None, extract: bool = True, **options: Any
) -> tuple[Verification, list[str]]:
    """Verify a store and remember of each file how it was; `options` are those of `verify`.

    With `older_than`, only files that were not found good within so many days; with `budget`, only so many bytes of
    them. Files that have changed, had faults or were never verified come first, then the oldest. Returns also
    sentences on the memory, if it was of no use or could not be written. Raises `StoreError`.
    """
    store.require()
    memory = Memory(store)
    said = [f"{memory.path}: {memory.problem}."] if memory.problem else []
    names = [name for name in store.files() if not store.path(name).name.endswith(OPEN_SUFFIX)]
    share = None
    if older_than is not None or budget is not None:
        before = None if older_than is None else clock.now() - dt.timedelta(days=older_than)
        names = memory.due(names, before=before, budget=budget, extract=extract)
        share = Share(names)
    states = {name: State.of(store.path(name)) for name in names}
    found = verify(store, extract=extract, share=share, **options)
    faulty = {name for name in names if any(fault.where.split(",")[0] == name for fault in found.faults)}
    if problem := memory.note(states, faulty, extract=extract):
        said.append(problem)
    return found, said
