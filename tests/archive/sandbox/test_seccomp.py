"""The filter, followed step by step for both machines: what a call with these arguments is answered."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest

from archive.sandbox.seccomp import program
from archive.sandbox.syscalls import LAST, MACHINES, REFUSED, SPECIAL

ME = 4711
ALLOWED, KILLED, REFUSED_, UNKNOWN = 0x7FFF0000, 0x80000000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def answer(machine: str, number: int, *arguments: int, audit: int | None = None) -> int:
    """As the kernel runs classic BPF."""
    padded = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("=IIQ6Q", number, MACHINES[machine] if audit is None else audit, 0, *padded)
    codes, at, held = program(machine, ME), 0, 0
    while True:
        operation, if_true, if_false, value = codes[at]
        at += 1
        match operation:
            case 0x20:
                (held,) = struct.unpack_from("=I", data, value)
            case 0x15:
                at += if_true if held == value else if_false
            case 0x25:
                at += if_true if held > value else if_false
            case 0x45:
                at += if_true if held & value else if_false
            case 0x06:
                return value


def number(machine: str, name: str) -> int:
    found = (REFUSED | SPECIAL)[name][list(MACHINES).index(machine)]
    assert found is not None
    return found


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_refused(machine: str) -> None:
    column = list(MACHINES).index(machine)
    for name, numbers in REFUSED.items():
        if (called := numbers[column]) is not None:
            assert answer(machine, called) == REFUSED_, name
    for name in ("clone3", "openat2"):
        assert answer(machine, number(machine, name)) == UNKNOWN
    assert answer(machine, LAST + 1) == UNKNOWN
    assert answer(machine, 0x40000000 | 41) == UNKNOWN, "x32"


@pytest.mark.parametrize("machine", MACHINES)
def test_what_depends_on_arguments(machine: str) -> None:
    def called(name: str, *arguments: int) -> int:
        return answer(machine, number(machine, name), *arguments)

    assert called("openat", 0, 0, 0x80000) == ALLOWED
    for flags in (1, 2, 0x40, 0x200, 0x80041):
        assert called("openat", 0, 0, flags) == REFUSED_
    assert called("clone", 0x3D0F00) == ALLOWED
    assert called("clone", 0x11) == REFUSED_
    for name in ("kill", "tkill", "tgkill"):
        assert called(name, ME, 9) == ALLOWED
        for other in (1, ME + 1, 0, 0xFFFFFFFF):
            assert called(name, other, 9) == REFUSED_
    assert (called("prlimit64", 0), called("prlimit64", ME), called("prlimit64", 1)) == (ALLOWED, ALLOWED, REFUSED_)
    assert (called("ioctl", 0, 0x5401), called("ioctl", 0, 0x5412), called("ioctl", 0, 0x541C)) == (
        ALLOWED,
        REFUSED_,
        REFUSED_,
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_another_machines_calls_end_the_process(machine: str) -> None:
    assert answer(machine, 0, audit=0x40000003) == KILLED


def test_reading_goes_on() -> None:
    for machine, calls in (
        ("x86_64", (0, 1, 3, 5, 9, 11, 12, 202, 7, 230)),
        ("aarch64", (63, 64, 57, 80, 222, 215, 98)),
    ):
        assert {answer(machine, call) for call in calls} == {ALLOWED}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_program_is_one_that_the_kernel_takes(machine: str) -> None:
    codes = program(machine, ME)
    assert len(codes) < 4096
    for at, (operation, if_true, if_false, _) in enumerate(codes):
        assert 0 <= max(if_true, if_false) < 256
        if operation in (0x15, 0x25, 0x45):
            assert at + 1 + max(if_true, if_false) < len(codes)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_linux_s(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip("the kernel's headers are not installed")
    text = HEADERS[machine].read_text()
    said = {name: int(at) for name, at in re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", text)}
    column = list(MACHINES).index(machine)
    for name, numbers in (REFUSED | SPECIAL).items():
        if name in said and (machine == "x86_64" or numbers[column] is not None):
            assert numbers[column] == said[name], name
