"""pywb's process: started, watched, started again, ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.errors import ServingError
from archive.serving import replay as module
from archive.serving.environment import PywbEnvironment
from archive.serving.replay import Replay
from archive.storage import Store
from tests.archive.making import ROOT, refused
from tests.archive.serving.pywb import needs_pywb, pywb_python
from tests.archive.serving.replaying import ROOM, SITE, make_store, replaying


def eventually(true: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until that is so."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def children(of: int) -> list[int]:
    """Processes whose parent is that one."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(of)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def is_running(pid: int) -> bool:
    """Whether that process lives (and is no zombie)."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def fake(tmp_path: Path, script: str) -> PywbEnvironment:
    """An environment whose python is a shell script."""
    python = tmp_path / "fake" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n" + script)
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return PywbEnvironment(tmp_path / "fake")


@pytest.fixture
def listener() -> socket.socket:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@needs_pywb
def test_it_tells_how_it_is(tmp_path: Path) -> None:
    with replaying(make_store(tmp_path / "store")) as site:
        state = site.replay.state()
        assert (state["up"], state["origin"], state["restarts"], state["problem"]) == (True, site.origin, 0, None)
        assert state["since"].endswith("+00:00")
        json.dumps(state)
    assert not site.replay.state()["up"]


@needs_pywb
def test_when_it_dies_it_is_started_again_and_requests_wait(tmp_path: Path) -> None:
    with replaying(make_store(tmp_path / "store")) as site:
        first = site.replay._process
        assert first is not None
        os.kill(first.pid, signal.SIGKILL)
        assert site.get(f"/web/20261120090000mp_/{SITE}/storm").status == 200  # it waits for the next one
        eventually(lambda: site.replay.state()["up"])
        assert site.replay.state()["restarts"] == 1
        assert site.replay._process is not first


@needs_pywb
def test_when_it_hangs_it_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ASK", 0.2)
    monkeypatch.setattr(module, "_PATIENCE", 0.5)
    with replaying(make_store(tmp_path / "store")) as site:
        first = site.replay._process
        assert first is not None
        os.kill(first.pid, signal.SIGSTOP)
        eventually(lambda: site.replay.state()["restarts"] == 1)
        eventually(lambda: site.replay.state()["up"])
        assert site.get(f"/web/20261120090000mp_/{SITE}/storm").status == 200


@needs_pywb
def test_it_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    code = """
import socket, sys, time
from pathlib import Path
from archive.serving.environment import PywbEnvironment
from archive.serving.replay import Replay
from archive.storage import Store
listener = socket.create_server(("127.0.0.1", 0))
environment = PywbEnvironment(Path(sys.argv[2]))
replay = Replay(Store(sys.argv[1]), environment, listener, origin="http://localhost:1", room="http://a", say=print)
replay.start()
print(replay._process.pid, flush=True)
time.sleep(60)
"""
    environment = Path(pywb_python()).parent.parent
    arguments = [str(make_store(tmp_path / "store").root), str(environment)]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        parent.kill()
    eventually(lambda: not is_running(child))


@needs_pywb
def test_its_process_can_do_next_to_nothing(tmp_path: Path) -> None:
    with replaying(make_store(tmp_path / "store"), memory=1 << 30) as site:
        process = site.replay._process
        assert process is not None
        proc = Path(f"/proc/{process.pid}")
        told = (proc / "environ").read_bytes().decode()
        assert {line.partition("=")[0] for line in told.split("\0") if line} == {"PATH", "LANG", "HOME", "NO_PROXY"}
        limits = (proc / "limits").read_text()
        assert f"Max address space         {1 << 30}" in limits
        assert f"Max file size             {16 << 20}" in limits
        assert "NoNewPrivs:\t1" in (proc / "status").read_text()
        assert site.replay.token not in (proc / "cmdline").read_text()
        assert children(process.pid) == []
        assert sorted(path.name for path in site.replay._terms and tmp_path.rglob("*") if path.suffix == ".pyc") == []


@needs_pywb
def test_the_guard_refuses_network_files_and_programs() -> None:
    code = """
import sys
sys.path.append(sys.argv[1])
from wayback.guard import enclose
enclose(0)
import os, socket, subprocess
tries = [
    lambda: socket.create_connection(("127.0.0.1", 9)),
    lambda: socket.getaddrinfo("leak.test", 80),
    lambda: socket.gethostbyname("leak.test"),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
    lambda: open("/tmp/newswarc-guard-test", "w"),
    lambda: os.open("/tmp/newswarc-guard-test", os.O_CREAT | os.O_WRONLY),
    lambda: os.system("true"),
    lambda: subprocess.run(["true"]),
    lambda: os.fork(),
    lambda: os.remove("/tmp/newswarc-guard-test"),
    lambda: os.kill(1, 0),
]
for number, way in enumerate(tries):
    try:
        way()
    except PermissionError as error:
        assert "replay may not" in str(error), (number, error)
    else:
        raise SystemExit(f"way {number} works")
open("/etc/hostname").read()
print("held")
"""
    here = str(Path(module.__file__).parent)
    done = subprocess.run([pywb_python(), "-c", code, here], capture_output=True, text=True, check=False)
    assert done.stdout == "held\n", done.stderr


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("echo 'ModuleNotFoundError: No module named pywb' >&2; exit 1", "exit code 1, ModuleNotFoundError"),
        ("exit 0", "exit code 0"),
        ("echo hello; cat >/dev/null", "exit code"),
    ],
)
def test_one_that_does_not_start_is_an_error(tmp_path: Path, listener: socket.socket, script: str, word: str) -> None:
    said: list[str] = []
    replay = Replay(
        Store(tmp_path), fake(tmp_path, script), listener, origin="http://localhost:1", room=ROOM, say=said.append
    )
    with pytest.raises(ServingError) as error:
        replay.start()
    assert word in str(error.value)
    assert "--no-replay" in refused(error.value)
    assert said == []
    assert not replay.state()["up"]


def test_an_interpreter_that_is_missing_is_an_error(tmp_path: Path, listener: socket.socket) -> None:
    environment = PywbEnvironment(tmp_path / "none")
    replay = Replay(Store(tmp_path), environment, listener, origin="http://localhost:1", room=ROOM, say=print)
    with pytest.raises(ServingError) as error:
        replay.start()
    assert "can't be run: No such file" in refused(error.value)


def test_it_pauses_longer_each_time_it_fails(
    tmp_path: Path, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAUSES", (0.01, 0.02, 0.04))
    said: list[str] = []
    # Ready, then dead, again and again.
    environment = fake(tmp_path, "read line; echo ready; echo 'it \\033[31m went wrong' >&2; exit 3")
    replay = Replay(Store(tmp_path), environment, listener, origin="http://localhost:1", room=ROOM, say=said.append)
    replay.start()
    eventually(lambda: len([line for line in said if "Starting it again" in line]) >= 4)
    replay.stop()
    pauses = [line.rpartition("again in ")[2] for line in said if "Starting it again" in line]
    assert pauses[:4] == ["0.01 s.", "0.02 s.", "0.04 s.", "0.04 s."]
    assert any("exit code 3" in line for line in said)
    assert "\x1b" not in "".join(said)
