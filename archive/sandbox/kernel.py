"""`call` and `prctl`: what Python has no function for."""

from __future__ import annotations

import ctypes
import errno
import sys
from typing import Any

__all__ = ["call", "prctl", "prctl_no_new_privileges"]

_NO_NEW_PRIVILEGES = 38

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def call(number: int, *arguments: Any) -> int:
    """A system call's answer, or the negative errno; ``-ENOSYS`` where there is no Linux."""
    if _libc is None:
        return -errno.ENOSYS
    _libc.syscall.restype = ctypes.c_long
    answer = _libc.syscall(ctypes.c_long(number), *(_wide(argument) for argument in arguments))
    return int(answer) if answer >= 0 else -ctypes.get_errno()


def prctl(option: int, *arguments: Any) -> None:
    """Change something about this process. Raises `OSError`."""
    if _libc is None:
        raise OSError(errno.ENOSYS, "there is no prctl here")
    padded = (*arguments, *[0] * (4 - len(arguments)))
    if _libc.prctl(ctypes.c_int(option), *(_wide(argument) for argument in padded)) < 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} was refused")


def prctl_no_new_privileges() -> None:
    """No program that this process starts may have more rights than it has. Raises `OSError`."""
    prctl(_NO_NEW_PRIVILEGES, 1)


def _wide(argument: Any) -> Any:
    """Variadic arguments are read as whole registers."""
    return ctypes.c_ulong(argument) if isinstance(argument, int) else argument
