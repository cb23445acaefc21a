"""A worker that somebody else has taken over can read, and can do nothing else."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive import sandbox
from archive.sandbox import landlock, seccomp
from archive.workers import ExtractorPool
from tests.archive.making import ROOT, double
from tests.archive.sandbox import attempts

EVERYTHING = sorted(attempts.ATTEMPTS)
NOT_FOR_LANDLOCK = {
    # It knows files, TCP ports and signals, and nothing of these.
    *("connect_to_loopback_in_ipv6", "ask_a_name_server", "make_a_pair_of_sockets", "listen_for_the_world"),
    *("talk_to_the_kernel_over_netlink", "go_round_by_io_uring", "connect_to_a_unix_socket"),
    *("open_rights_to_a_file", "turn_back_a_files_time", "mark_a_file", "write_into_memory_that_is_a_file"),
    *("fork", "change_the_masters_limits", "lower_the_masters_priority", "raise_its_own_limit"),
    *("get_a_namespace_of_its_own", "type_into_the_terminal", "kill_all"),
}
NOT_FOR_SECCOMP = {
    # It sees no path and no limit; the first needs a right that a worker's user may have.
    *("read_the_masters_memory", "raise_its_own_limit"),
}

needs_seccomp = pytest.mark.skipif(not seccomp.is_available(), reason="this kernel filters no calls")
needs_landlock = pytest.mark.skipif(landlock.version() < 6, reason="this kernel has no Landlock of version 6")


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Something to attack: a file, a listening port, a Unix socket, a terminal and this process."""
    file = tmp_path / "stored"
    file.write_bytes(b"what is stored")
    mode, changed = file.stat().st_mode, file.stat().st_mtime
    name = f"/tmp/newswarc-{os.getpid()}-{time.monotonic_ns()}"
    master, terminal = pty.openpty()
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket(socket.AF_UNIX) as unix:
            unix.bind(name)
            unix.listen()
            yield {
                "folder": str(tmp_path),
                "file": str(file),
                "port": listening.getsockname()[1],
                "unix": name,
                "terminal": os.ttyname(terminal),
                "process": os.getpid(),
            }
    finally:
        Path(name).unlink()
        os.close(master)
        os.close(terminal)
    assert file.read_bytes() == b"what is stored"
    assert (file.stat().st_mode, file.stat().st_mtime) == (mode, changed)
    assert [path.name for path in tmp_path.iterdir()] == ["stored"]


@needs_seccomp
@needs_landlock
def test_a_worker_can_do_nothing_but_read(prepared: dict[str, Any]) -> None:
    pool = ExtractorPool(1)
    try:
        found = pool.submit_call(attempts.outcomes, prepared).result()
        assert sorted(found) == EVERYTHING
        assert {name: what for name, what in found.items() if not what.startswith("refused")} == {}
        assert pool.submit_call(attempts.works, prepared).result() == b"what is stored"
        assert pool.submit_call(double, 4).result() == 8
    finally:
        pool.close(abandon=True)


@needs_seccomp
def test_the_filter_alone_holds_all_that_calls_can_do(prepared: dict[str, Any]) -> None:
    found = _confined("from archive.sandbox import seccomp; seccomp.refuse()", prepared)
    assert {name for name, what in found.items() if what == "done"} <= NOT_FOR_SECCOMP


@needs_landlock
def test_landlock_alone_holds_files_ports_and_signals(prepared: dict[str, Any]) -> None:
    here = {**prepared, "skipped": sorted(NOT_FOR_LANDLOCK)}
    found = _confined("from archive.sandbox import landlock; landlock.withdraw()", here)
    assert {name for name, what in found.items() if what == "done"} == set()


def test_limits_alone_let_no_byte_be_written(prepared: dict[str, Any]) -> None:
    code = (
        "from archive.sandbox import sandbox, landlock, seccomp\n"
        "landlock.version = lambda: 0\nseccomp.is_available = lambda: False\n"
        "sandbox.confine(1 << 32)"
    )
    wanted = ["append_to_a_file", "write_into_a_file", "raise_its_own_limit"]
    skipped = [name for name in EVERYTHING if name not in wanted]
    found = _confined(code, {**prepared, "skipped": skipped})
    if os.geteuid() == 0:
        del found["raise_its_own_limit"]  # root may
    assert {name for name, what in found.items() if what == "done"} == set()


def _confined(code: str, prepared: dict[str, Any]) -> dict[str, str]:
    """What came of the attempts in a process of its own that ran the code first."""
    script = (
        f"import json, sys\nfrom tests.archive.sandbox import attempts\n{code}\nprepared = json.loads(sys.argv[1])\n"
        "skipped = prepared.get('skipped', ())\n"
        "names = [name for name in attempts.ATTEMPTS if name not in skipped]\n"
        "print(json.dumps({name: attempts.outcome(name, prepared) for name in names}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(prepared)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@needs_seccomp
def test_a_filter_leaves_threads_alone() -> None:
    code = "from archive.sandbox import seccomp; seccomp.refuse()\nfrom tests.archive.sandbox.attempts import *"
    done = subprocess.run([sys.executable, "-c", f"{code}\nassert started_thread()"], cwd=ROOT, check=False)
    assert done.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_a_worker_in_an_endless_page_ends_with_a_killed_master(tmp_path: Path) -> None:
    script = tmp_path / "master.py"
    script.write_text(
        "import os\nfrom archive.workers import ExtractorPool\nfrom tests.archive import making\n"
        "if __name__ == '__main__':\n"
        "    pool = ExtractorPool(1, timeout=600)\n"
        "    print(pool.submit_call(os.getpid).result(), flush=True)\n"
        "    pool.submit_call(making.loop_forever)\n"
        "    import time; time.sleep(600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    master = subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE)
    try:
        assert master.stdout
        worker = int(master.stdout.readline())
    finally:
        master.send_signal(signal.SIGKILL)
        master.wait()
        assert master.stdout
        master.stdout.close()
    for _ in range(600):
        if not _is_running(worker):
            break
        time.sleep(0.05)
    assert not _is_running(worker)


def _is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_what_is_lacking_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp, "is_available", lambda: False)
    for version, says in ((0, "neither Landlock nor seccomp"), (6, "Landlock and no seccomp")):
        monkeypatch.setattr(landlock, "version", lambda version=version: version)
        told = sandbox.lacking()
        assert told is not None
        assert says in told
        assert told.endswith(".")
    monkeypatch.setattr(seccomp, "is_available", lambda: True)
    assert sandbox.lacking() is None
