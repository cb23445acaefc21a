"""`scrapy serve`: two servers that start and stop together."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from archive.storage import Store
from archive.verification.verify import verify
from tests.archive.making import exchange, later, page, running, wire
from tests.archive.serving.command import arguments, serving
from tests.archive.serving.pywb import ROOT, needs_pywb
from tests.archive.serving.replaying import SITE
from tests.archive.serving.test_replay import children, eventually, is_running


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("serve") / "store")
    with running(store) as run:
        run.keep(exchange(f"{SITE}/storm", wire(page("Storm keeps twelve boats out")), at=later(0)))
    return store


def get(url: str) -> str:
    """What a server answers, whatever its status."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()


def failed(store: Store, *options: str) -> str:
    """What it says when it can't serve: one sentence."""
    done = subprocess.run(
        arguments(store, *options), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("newswarc: ")
    assert done.stderr.endswith(".\n")
    assert done.stderr.count("\n") == 1
    return done.stderr


@needs_pywb
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_stops_both(store: Store, number: int) -> None:
    with serving(store) as served:
        assert re.fullmatch(
            r"Reading room  http://127.0.0.1:\d+/\n"
            r"Replay        http://localhost:\d+/web/  \(Memento: TimeGate .../web/URL\)\n"
            r"Ctrl-C stops both.\n",
            served.said,
        )
        state = json.loads(get(f"{served.room}/api/replay"))
        assert (state["up"], state["origin"]) == (True, served.replay)
        assert f'src="{served.replay}/' in get(f"{served.room}/replay?url={SITE}/storm")
        assert "twelve" in get(f"{served.replay}/web/2026mp_/{SITE}/storm")
        (child,) = children(served.process.pid)
        assert served.stop(number) == 0
        assert not is_running(child)
        for origin in (served.room, served.replay):
            with pytest.raises(OSError):
                socket.create_connection(("127.0.0.1", int(origin.rpartition(":")[2])), timeout=1)


@needs_pywb
def test_nothing_is_left_when_it_is_killed(store: Store) -> None:
    with serving(store) as served:
        (child,) = children(served.process.pid)
        served.process.kill()
        eventually(lambda: not is_running(child))


@needs_pywb
def test_replay_that_dies_comes_back(store: Store) -> None:
    with serving(store) as served:
        (child,) = children(served.process.pid)
        subprocess.run(["kill", "-9", str(child)], check=True)
        assert "twelve" in get(f"{served.replay}/web/2026mp_/{SITE}/storm")
        eventually(lambda: "exit code -9. Starting it again in 0.5 s." in served.said)
        eventually(lambda: json.loads(get(f"{served.room}/api/replay"))["up"])


def test_the_reading_room_can_do_without(store: Store) -> None:
    with serving(store, "--no-replay") as served:
        assert served.said == f"Reading room  {served.room}/\nCtrl-C stops it.\n"
        state = json.loads(get(f"{served.room}/api/replay"))
        assert not state["up"]
        assert state["problem"] == "It was not started (--no-replay)."
        assert "<iframe" not in get(f"{served.room}/replay?url={SITE}/storm")
        assert children(served.process.pid) == []
        assert served.stop() == 0


def test_a_port_that_is_taken_is_said_plainly(store: Store) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert f"Port {port} of 127.0.0.1 is taken by another program" in failed(store, "--port", str(port))
        assert f"Port {port} of 127.0.0.1 is taken" in failed(store, "--replay-port", str(port))


def test_without_an_archive_there_is_nothing_to_serve(tmp_path: Path) -> None:
    assert "no archive there" in failed(Store(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_an_address_for_all_needs_two_names(store: Store) -> None:
    assert "--replay-origin" in failed(store, "--host", "0.0.0.0")


def test_who_may_read_is_said_first_where_others_can_reach_it(store: Store, tmp_path: Path) -> None:
    public = ("--origin", "https://archive.example", "--replay-origin", "https://replay.example")
    assert "list users with SERVE_USERS or --users" in failed(store, *public)
    assert "users can't be read: No such file" in failed(store, *public, "--users", str(tmp_path / "none"))
    assert "give one of them" in failed(store, *public, "--users", str(tmp_path / "none"), "--open")


def made(*options: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """What `scrapy serve` says when it makes a user."""
    command = [sys.executable, "-m", "scrapy", "serve", *options]
    return subprocess.run(command, cwd=ROOT, input=said, capture_output=True, text=True, timeout=60, check=False)


def test_users_are_made_by_the_command_and_let_in(store: Store, tmp_path: Path) -> None:
    password, token = made("--hash-password", "ada", said="a long-winded password\n"), made("--new-token", "feeds")
    assert (password.returncode, password.stderr) == (0, "")
    assert "long-winded" not in password.stdout
    secret = token.stderr.rpartition(" ")[2].strip()
    assert secret not in token.stdout
    (tmp_path / "users").write_text(password.stdout + token.stdout)
    with serving(store, "--no-replay", "--users", str(tmp_path / "users")) as served:
        assert "Log in" in get(f"{served.room}/log-in")
        assert json.loads(get(f"{served.room}/api/health"))["status"] == 401
        asked = urllib.request.Request(f"{served.room}/api/health", headers={"Authorization": f"Bearer {secret}"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert json.load(answer)["status"] == "ok"
        form = b"name=ada&password=a+long-winded+password&next=/api/health"
        asked = urllib.request.Request(f"{served.room}/log-in", form, {"Origin": served.room})
        with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(asked, timeout=30) as answer:
            assert json.load(answer)["status"] == "ok"


@pytest.mark.parametrize(
    ("options", "said", "text"),
    [
        (["--hash-password", "ada"], "short\n", "A password has 12 to 1024 characters; nothing was made."),
        (["--hash-password", "a:b"], "a long-winded password\n", "a:b: a name has 1 to 64 letters"),
        (["--new-token", "a b"], "", "a b: a name has 1 to 64 letters"),
    ],
)
def test_what_makes_no_user_is_refused(options: list[str], said: str, text: str) -> None:
    done = made(*options, said=said)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"newswarc: {text}")


def test_without_pywb_it_says_how_to_go_on(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    text = failed(store, "-s", f"REPLAY_ENVIRONMENT={tmp_path}/file/pywb")
    assert "pywb can't be set up there" in text
    assert "scrapy serve --no-replay serves the reading room alone." in text


def test_a_setting_that_makes_no_sense_is_refused(store: Store) -> None:
    assert "REPLAY_SCRIPTS 'some': must be held, always or never." in failed(store, "-s", "REPLAY_SCRIPTS=some")


@needs_pywb
def test_a_crawl_that_ends_meanwhile_leaves_the_archive_whole(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    with running(store) as run:
        run.keep(exchange(f"{SITE}/a", wire(page("First")), at=later(0)))
    with serving(store) as served:
        with running(store) as run:
            run.keep(exchange(f"{SITE}/b", wire(page("Second")), at=later(1)))
            run.flush()
            assert "Second" in get(f"{served.replay}/web/20261120100000mp_/{SITE}/b")
            get(f"{served.room}/search?q=second")
        assert "Second" in get(f"{served.replay}/web/20261120100000mp_/{SITE}/b")
    assert verify(store).ok
