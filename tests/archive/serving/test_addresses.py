"""Where the two servers listen, and what is refused."""

from __future__ import annotations

import socket

import pytest

from archive.errors import ServingError
from archive.serving.addresses import Addresses, Sockets, aliases, is_loopback, is_origin
from tests.archive.making import refused


@pytest.mark.parametrize("value", ["http://127.0.0.1:8090", "https://archive.example", "http://[::1]:8090"])
def test_an_origin_is_scheme_host_and_port(value: str) -> None:
    assert is_origin(value)


@pytest.mark.parametrize(
    "value",
    ["archive.example", "https://archive.example/", "https://archive.example/x", "ftp://archive.example", "https://",
     "https://a@archive.example", "https://archive.example:x", "https://archive.example:443", "https://Archive.example",
     "https://archive.example?x", "http://[::1", ""],
)  # fmt: skip
def test_what_is_no_origin_is_refused(value: str) -> None:
    assert not is_origin(value)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "!0.0.0.0", "!192.168.1.2", "!archive.example", "!::"]
)
def test_loopback_is_told_from_the_rest(host: str) -> None:
    assert is_loopback(host.removeprefix("!")) is not host.startswith("!")


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"host": "0.0.0.0"}, "--origin"),
        ({"host": "0.0.0.0", "origin": "https://archive.example"}, "--replay-origin"),
        ({"port": 8090, "replay_port": 8090}, "--replay-port"),
        ({"port": 70000}, "--port"),
        ({"origin": "archive.example"}, "--origin"),
        ({"origin": "https://archive.example", "replay_origin": "http://archive.example"}, "must differ"),
    ],
)
def test_addresses_that_make_no_sense_are_refused(fields: dict[str, object], word: str) -> None:
    with pytest.raises(ServingError) as error:
        Addresses(**fields).check(replay=True)  # type: ignore[arg-type]
    assert word in refused(error.value)


def test_addresses_behind_a_proxy() -> None:
    public = Addresses(host="0.0.0.0", origin="https://archive.example", replay_origin="https://replay.example")
    public.check(replay=True)
    Addresses(host="0.0.0.0", origin="https://archive.example").check(replay=False)


def test_on_one_machine_the_two_have_different_names() -> None:
    sockets = Sockets(Addresses(port=0, replay_port=0), replay=True)
    try:
        assert sockets.origin == f"http://127.0.0.1:{sockets.room.getsockname()[1]}"
        assert sockets.replay is not None
        port = sockets.replay.getsockname()[1]
        assert sockets.replay_origin == f"http://localhost:{port}"
        assert aliases(sockets.replay) == (f"127.0.0.1:{port}", f"[::1]:{port}", f"localhost:{port}")
    finally:
        sockets.close()


def test_without_replay_there_is_one_socket() -> None:
    sockets = Sockets(Addresses(port=0), replay=False)
    sockets.close()
    assert (sockets.replay, sockets.replay_origin) == (None, None)


def test_public_origins_are_taken_as_given() -> None:
    addresses = Addresses(
        port=0, replay_port=0, origin="https://archive.example", replay_origin="https://replay.example"
    )
    sockets = Sockets(addresses, replay=True)
    sockets.close()
    assert (sockets.origin, sockets.replay_origin) == ("https://archive.example", "https://replay.example")


@pytest.mark.parametrize(("which", "option"), [("port", "--port"), ("replay_port", "--replay-port")])
def test_a_port_that_is_taken_is_named(which: str, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServingError) as error:
            Sockets(Addresses(**{"port": 0, "replay_port": 0, which: port}), replay=True)
    text = refused(error.value)
    assert f"Port {port} of 127.0.0.1 is taken by another program" in text
    assert option in text


def test_a_port_that_another_program_has_under_the_other_localhost_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mine:
        port = mine.getsockname()[1]
    try:
        other = socket.create_server(("::1", port), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with other, pytest.raises(ServingError) as error:
        Sockets(Addresses(port=0, replay_port=port), replay=True)
    assert "::1 is taken" in refused(error.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "\ud800"])
def test_an_address_that_is_not_ours_is_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    if host.endswith("invalid"):  # no name server is asked in a test
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ServingError) as error:
        Sockets(Addresses(host=host, port=0), replay=False)
    assert "can't be listened on" in refused(error.value)
