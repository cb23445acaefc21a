"""What a worker would do that somebody else had taken over. Each attempt is called by name, in the worker.

They call the system as directly as Python can; what is refused raises `OSError`.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archive.errors import ExtractionError

ATTEMPTS: dict[str, Callable[[dict[str, Any]], object]] = {}
"""By name; each is given what the test has prepared: a folder, ports, a process."""

_libc = ctypes.CDLL(None, use_errno=True)


def attempt(function: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    ATTEMPTS[function.__name__] = function
    return function


def outcome(name: str, prepared: dict[str, Any]) -> str:
    """ "done", or what refused it."""
    try:
        ATTEMPTS[name](prepared)
    except OSError as error:
        return f"refused: {error.errno}"
    except ValueError as error:  # limits that only go down
        return f"refused: {error}"
    return "done"


def outcomes(prepared: dict[str, Any]) -> dict[str, str]:
    """Of all attempts."""
    return {name: outcome(name, prepared) for name in ATTEMPTS}


def _call(number: int, *arguments: Any) -> None:
    if _libc.syscall(number, *arguments) < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


# The network


@attempt
def connect_to_loopback(prepared: dict[str, Any]) -> None:
    socket.create_connection(("127.0.0.1", prepared["port"]), 5).close()


@attempt
def connect_to_loopback_in_ipv6(prepared: dict[str, Any]) -> None:
    socket.socket(socket.AF_INET6, socket.SOCK_STREAM).close()


@attempt
def ask_a_name_server(prepared: dict[str, Any]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.sendto(b"?", ("127.0.0.1", prepared["port"]))


@attempt
def listen_for_the_world(prepared: dict[str, Any]) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()


@attempt
def connect_to_a_unix_socket(prepared: dict[str, Any]) -> None:
    with socket.socket(socket.AF_UNIX) as connecting:
        connecting.connect(prepared["unix"])


@attempt
def make_a_pair_of_sockets(prepared: dict[str, Any]) -> None:
    for one in socket.socketpair():
        one.close()


@attempt
def talk_to_the_kernel_over_netlink(prepared: dict[str, Any]) -> None:
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()


@attempt
def go_round_by_io_uring(prepared: dict[str, Any]) -> None:
    _call(425, 8, ctypes.create_string_buffer(256))


# Files


@attempt
def write_a_new_file(prepared: dict[str, Any]) -> None:
    Path(prepared["folder"], "new").write_bytes(b"x")


@attempt
def create_an_empty_file(prepared: dict[str, Any]) -> None:
    os.close(os.open(Path(prepared["folder"], "empty"), os.O_CREAT | os.O_RDONLY))


@attempt
def write_into_a_file(prepared: dict[str, Any]) -> None:
    with Path(prepared["file"]).open("r+b") as file:
        file.write(b"x")


@attempt
def append_to_a_file(prepared: dict[str, Any]) -> None:
    with Path(prepared["file"]).open("ab") as file:
        file.write(b"x")


@attempt
def cut_a_file(prepared: dict[str, Any]) -> None:
    os.truncate(prepared["file"], 1)


@attempt
def cut_a_file_by_opening_it(prepared: dict[str, Any]) -> None:
    os.close(os.open(prepared["file"], os.O_TRUNC | os.O_RDONLY))


@attempt
def write_into_a_file_with_no_name(prepared: dict[str, Any]) -> None:
    os.close(os.open(prepared["folder"], os.O_TMPFILE | os.O_RDWR))


@attempt
def remove_a_file(prepared: dict[str, Any]) -> None:
    Path(prepared["file"]).unlink()


@attempt
def rename_a_file(prepared: dict[str, Any]) -> None:
    Path(prepared["file"]).rename(prepared["file"] + ".away")


@attempt
def link_a_file(prepared: dict[str, Any]) -> None:
    os.link(prepared["file"], prepared["file"] + ".linked")


@attempt
def make_a_symbolic_link(prepared: dict[str, Any]) -> None:
    Path(prepared["file"] + ".symbolic").symlink_to(prepared["file"])


@attempt
def make_a_folder(prepared: dict[str, Any]) -> None:
    Path(prepared["folder"], "made").mkdir()


@attempt
def make_a_fifo(prepared: dict[str, Any]) -> None:
    os.mkfifo(Path(prepared["folder"], "fifo"))


@attempt
def open_rights_to_a_file(prepared: dict[str, Any]) -> None:
    Path(prepared["file"]).chmod(0o777)


@attempt
def turn_back_a_files_time(prepared: dict[str, Any]) -> None:
    os.utime(prepared["file"], (0, 0))


@attempt
def mark_a_file(prepared: dict[str, Any]) -> None:
    os.setxattr(prepared["file"], "user.mark", b"x")


@attempt
def write_into_shared_memory(prepared: dict[str, Any]) -> None:
    Path("/dev/shm/newswarc-attempt").write_bytes(b"x")


@attempt
def write_into_memory_that_is_a_file(prepared: dict[str, Any]) -> None:
    os.close(os.memfd_create("attempt"))


# Other processes


@attempt
def start_a_program(prepared: dict[str, Any]) -> None:
    subprocess.run(["/bin/true"], check=True)


@attempt
def become_a_program(prepared: dict[str, Any]) -> None:
    os.execv("/bin/true", ["true"])


@attempt
def fork(prepared: dict[str, Any]) -> None:
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)


@attempt
def kill_the_parent(prepared: dict[str, Any]) -> None:
    os.kill(os.getppid(), 0)


@attempt
def kill_the_master(prepared: dict[str, Any]) -> None:
    os.kill(prepared["process"], 0)


@attempt
def kill_all(prepared: dict[str, Any]) -> None:
    os.kill(-1, 0)


@attempt
def kill_by_descriptor(prepared: dict[str, Any]) -> None:
    descriptor = os.pidfd_open(prepared["process"])
    try:
        signal.pidfd_send_signal(descriptor, 0)
    finally:
        os.close(descriptor)


@attempt
def trace_the_master(prepared: dict[str, Any]) -> None:
    numbers = {"x86_64": 101, "aarch64": 117}
    _call(numbers[os.uname().machine], 0x4206, prepared["process"], 0, 0)  # PTRACE_SEIZE


@attempt
def read_the_masters_memory(prepared: dict[str, Any]) -> None:
    with pathlib.Path(f"/proc/{prepared['process']}/mem").open("rb") as memory:
        memory.read(0)


@attempt
def change_the_masters_limits(prepared: dict[str, Any]) -> None:
    resource.prlimit(prepared["process"], resource.RLIMIT_CORE, (0, 0))


@attempt
def lower_the_masters_priority(prepared: dict[str, Any]) -> None:
    os.setpriority(os.PRIO_PROCESS, prepared["process"], 19)


# The machine


@attempt
def raise_its_own_limit(prepared: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 45, 1 << 45))


@attempt
def get_a_namespace_of_its_own(prepared: dict[str, Any]) -> None:
    _call({"x86_64": 272, "aarch64": 97}[os.uname().machine], 0x10000000)  # CLONE_NEWUSER


@attempt
def type_into_the_terminal(prepared: dict[str, Any]) -> None:
    terminal = os.open(prepared["terminal"], os.O_RDONLY | os.O_NOCTTY)
    try:
        fcntl.ioctl(terminal, 0x5412, b"x")
    finally:
        os.close(terminal)


def works(prepared: dict[str, Any]) -> bytes:
    """What a worker needs: to read, to list, to take memory, and to signal itself."""
    assert Path(prepared["folder"]).is_dir()
    assert list(Path(prepared["folder"]).iterdir())
    os.kill(os.getpid(), 0)
    bytearray(1 << 20)
    return Path(prepared["file"]).read_bytes()


def started_thread() -> bool:
    """Whether a thread of its own can be started."""
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    return True


class Errand:
    """A value that has a function called where it is read."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self._told = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self._told


def answer_with(kind: str, path: str) -> object:
    """An answer that would write a file in the process that reads it, by one way or another."""
    code = f"import pathlib; pathlib.Path({path!r}).write_text('x')"
    errands = {
        "os.system": Errand(os.system, f"touch {path}"),
        "exec": Errand(exec, code),
        "eval": Errand(eval, f"open({path!r}, 'w')"),
        "a class of another module": Errand(subprocess.Popen, ["touch", path]),
        "a method": Errand(Path(path).touch),
        "an import": Errand(__import__, "this"),
        "in an error": ExtractionError(Errand(os.system, f"touch {path}")),
        "in a list": [1, {"two": Errand(os.system, f"touch {path}")}],
        "a function of ours": Errand(outcome, "write_a_new_file", {"folder": path}),
    }
    return errands[kind]
