"""Seccomp: a filter of system calls that this process may never take off again.

What reading a page does not need is refused with ``EPERM``; all else goes on as before.
See https://docs.kernel.org/userspace-api/seccomp_filter.html.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator

from archive.sandbox.kernel import call, prctl, prctl_no_new_privileges
from archive.sandbox.syscalls import LAST, MACHINES, REFUSED, SPECIAL

__all__ = ["is_available", "program", "refuse"]

_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_REFUSE, _UNKNOWN = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS

# Classic BPF: load a word of `struct seccomp_data`, jump on a comparison, return.
_LOAD, _EQUAL, _ABOVE, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_THREAD = 0x10000
"""``CLONE_THREAD``."""
_TYPING = (0x5412, 0x541C)
"""``TIOCSTI`` and ``TIOCLINUX``: as if the user had typed it."""
_SET_FILTER, _ASK_ACTION, _SPEED = 1, 2, 4
"""The last: no measures against speculation, which would slow the whole process; it keeps no secrets from itself."""
_SET_SECCOMP, _MODE_FILTER = 22, 2

_Code = tuple[int, int, int, int]


def is_available() -> bool:
    """Whether this kernel filters calls, on a machine whose numbers we know."""
    if platform.machine() not in MACHINES or struct.calcsize("P") != 8:
        return False
    action = ctypes.c_uint32(_ERRNO)
    return call(_seccomp(), _ASK_ACTION, 0, ctypes.byref(action)) == 0


def refuse() -> None:
    """Lay the filter on this process, whose number is part of it. Raises `OSError`."""
    codes = b"".join(struct.pack("=HBBI", *code) for code in program(platform.machine(), os.getpid()))
    held = ctypes.create_string_buffer(codes, len(codes))
    described = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(codes) // 8, ctypes.addressof(held)))
    prctl_no_new_privileges()
    if call(_seccomp(), _SET_FILTER, _SPEED, described) != 0:  # kernels before 4.17 know no such flag
        prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(described))


def program(machine: str, process: int) -> list[_Code]:
    """The filter for a machine: (operation, jump if true, jump if false, value) each."""
    column = list(MACHINES).index(machine)
    codes = [_load(_MACHINE), (_EQUAL, 1, 0, MACHINES[machine]), _give(_KILL), _load(_NUMBER)]
    codes += [(_ABOVE, 0, 1, LAST), _give(_UNKNOWN)]
    special = {name: numbers[column] for name, numbers in SPECIAL.items()}
    for number in (special["clone3"], special["openat2"]):  # their arguments can't be looked at
        codes += [(_EQUAL, 0, 1, number or 0), _give(_UNKNOWN)]
    for numbers in REFUSED.values():
        if (refused := numbers[column]) is not None:
            codes += [(_EQUAL, 0, 1, refused), _give(_REFUSE)]
    for name, check in _checks(process):
        if (checked := special[name]) is not None:
            codes += [(_EQUAL, 0, len(check), checked), *check]
    return [*codes, _give(_ALLOW)]


def _checks(process: int) -> Iterator[tuple[str, list[_Code]]]:
    """Of a call, what its arguments must be."""
    for name, place in (("open", 1), ("openat", 2)):
        yield name, [_argument(place), (_ANY_BIT, 0, 1, _WRITING), _give(_REFUSE), _give(_ALLOW)]
    yield "clone", [_argument(0), (_ANY_BIT, 1, 0, _THREAD), _give(_REFUSE), _give(_ALLOW)]
    for name in ("kill", "tkill", "tgkill"):
        yield name, [_argument(0), (_EQUAL, 1, 0, process), _give(_REFUSE), _give(_ALLOW)]
    mine = [(_EQUAL, 2, 0, process), (_EQUAL, 1, 0, 0)]
    yield "prlimit64", [_argument(0), *mine, _give(_REFUSE), _give(_ALLOW)]
    typing = [(_EQUAL, 1, 0, _TYPING[0]), (_EQUAL, 0, 1, _TYPING[1])]
    yield "ioctl", [_argument(1), *typing, _give(_REFUSE), _give(_ALLOW)]


def _load(place: int) -> _Code:
    return (_LOAD, 0, 0, place)


def _argument(place: int) -> _Code:
    """The lower half of an argument; both machines keep it first."""
    return _load(_ARGUMENTS + 8 * place)


def _give(answer: int) -> _Code:
    return (_RETURN, 0, 0, answer)


def _seccomp() -> int:
    return {"x86_64": 317, "aarch64": 277}[platform.machine()]
