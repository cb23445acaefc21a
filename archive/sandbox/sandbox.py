"""`confine`: this process may read files and compute, and nothing else, from now on.

No network, no writing, no new process or program, no signal to others, no memory beyond what it is given. Landlock
and seccomp hold the same doors twice, for no kernel has all of either; limits of resources hold where there are
neither.
"""

from __future__ import annotations

import contextlib
import resource
import signal

from archive.sandbox import landlock, seccomp
from archive.sandbox.kernel import prctl

__all__ = ["confine", "lacking"]

_SIGNAL_WITH_PARENT, _DUMPABLE = 1, 4
_FILES = 1024
"""Open at once: those of a folder of WACZ files."""


def confine(memory: int) -> None:
    """Give up everything but reading and `memory` bytes of address space.

    Raises `OSError` if the kernel has a lock and refuses to lock it; what it has not is told by `lacking`.
    """
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_NPROC, 0),
    ):
        _, hard = resource.getrlimit(limit)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError):  # macOS refuses some
            resource.setrlimit(limit, (least, least))
    with contextlib.suppress(OSError):  # Linux only; without these the rest still holds
        prctl(_SIGNAL_WITH_PARENT, signal.SIGKILL)
        prctl(_DUMPABLE, 0)
    if landlock.version():
        landlock.withdraw()
    if seccomp.is_available():
        seccomp.refuse()


def lacking() -> str | None:
    """One sentence on what this system cannot hold back; None if all holds."""
    has_landlock, has_seccomp = landlock.version() > 0, seccomp.is_available()
    if has_seccomp:
        return None  # it alone refuses all of it
    if has_landlock:
        return "This system has Landlock and no seccomp: pages are read in processes that could reach the network."
    return (
        "This system has neither Landlock nor seccomp: pages are read in processes with limits of time and memory, "
        "and no writing, that could reach the network."
    )
