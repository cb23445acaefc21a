"""Limits that replay's process puts on itself: no network but the one socket, no writing, no programs."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from typing import Any

__all__ = ["enclose"]

_FILE_BYTES = 16 << 20
"""SQLite's reader keeps a small shared-memory file beside the catalogue; nothing else is ever written."""
_FORBIDDEN = frozenset(
    """
    socket.connect socket.bind socket.getaddrinfo socket.gethostbyname socket.gethostbyaddr socket.sendto
    subprocess.Popen os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn os.kill
    os.remove os.rename os.rmdir os.mkdir os.link os.symlink os.truncate os.chmod os.chown
    shutil.rmtree shutil.copyfile ftplib.connect smtplib.connect urllib.Request
    """.split()
)
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


def enclose(memory: int) -> None:
    """Give everything up that replay doesn't need. `memory`: bytes of address space, 0: no limit."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, _FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN or (event == "open" and _writes(arguments)):
        raise PermissionError(f"replay may not do that: {event}")


def _writes(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC))
