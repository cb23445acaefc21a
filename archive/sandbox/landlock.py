"""Landlock (Linux 5.13 and newer): a process gives up rights to files, ports and signals, for good.

See https://docs.kernel.org/userspace-api/landlock.html.
"""

from __future__ import annotations

import ctypes
import os

from archive.sandbox.kernel import call, prctl_no_new_privileges

__all__ = ["version", "withdraw"]

# The three calls have the same numbers on every machine.
_CREATE, _RESTRICT = 444, 446
_ASK_VERSION = 1

_READ = 1 << 2 | 1 << 3
"""``READ_FILE`` and ``READ_DIR``: what stays allowed."""
_FILES = ((1, 13), (2, 14), (3, 15), (5, 16))
"""So many rights to files, from the lowest bit on, are known from that version on."""
_PORTS = 1 | 2
"""``BIND_TCP`` and ``CONNECT_TCP``, from version 4 on."""
_BEYOND = 1 | 2
"""Abstract Unix sockets and signals to processes outside, from version 6 on."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("ports", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


def version() -> int:
    """The kernel's version of Landlock; 0 if it has none or keeps it off."""
    return max(0, call(_CREATE, None, 0, _ASK_VERSION))


def withdraw() -> None:
    """Take from this process, and all that it starts, every right that this kernel knows, but to read files.

    Raises `OSError`.
    """
    known = version()
    rights = max(count for since, count in _FILES if since <= known)
    rules = _Ruleset(
        files=((1 << rights) - 1) & ~_READ, ports=_PORTS if known >= 4 else 0, scoped=_BEYOND if known >= 6 else 0
    )
    descriptor = call(_CREATE, ctypes.byref(rules), ctypes.sizeof(rules), 0)
    if descriptor < 0:
        raise OSError(-descriptor, f"Landlock: {os.strerror(-descriptor)}")
    try:
        prctl_no_new_privileges()
        if (answer := call(_RESTRICT, descriptor, 0)) < 0:
            raise OSError(-answer, f"Landlock: {os.strerror(-answer)}")
    finally:
        os.close(descriptor)
