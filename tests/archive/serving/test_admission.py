from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archive.access.accounts import hash_password
from archive.errors import ServingError
from archive.serving.addresses import Addresses
from archive.serving.admission import Admission, is_exposed

HERE: dict[str, Any] = {}
PROXIED = {"origin": "https://archive.example", "replay_origin": "https://replay.example"}
EVERYWHERE = {"host": "0.0.0.0", **PROXIED}
USERS = Path("users")


@pytest.mark.parametrize(
    ("addresses", "admission"),
    [
        (HERE, {}),
        ({"host": "::1"}, {}),
        ({"origin": "http://room.localhost:8090"}, {}),
        (HERE, {"users": USERS}),
        (PROXIED, {"users": USERS}),
        (PROXIED, {"is_open": True}),
        (EVERYWHERE, {"users": USERS, "proxies": ("10.0.0.0/8", "::1")}),
        (EVERYWHERE, {"is_open": True, "rate": 0}),
        ({"origin": "http://intranet", "replay_origin": "http://replay"}, {"is_open": True}),
    ],
)
def test_it_is_clear_who_may_read(addresses: dict[str, Any], admission: dict[str, Any]) -> None:
    Admission(**admission).check(Addresses(**addresses))


@pytest.mark.parametrize(
    ("addresses", "admission", "text"),
    [
        (EVERYWHERE, {}, "https://archive.example: others can reach the reading room"),
        (PROXIED, {}, "SERVE_USERS or --users"),
        ({"host": "192.0.2.1"}, {}, "192.0.2.1: others can reach"),
        ({"host": "0.0.0.0", "origin": "http://localhost:8090"}, {}, "others can reach"),
        (HERE, {"users": USERS, "is_open": True}, "give one of them"),
        ({"origin": "http://intranet"}, {"users": USERS}, "--origin http://intranet: passwords would cross"),
        ({**PROXIED, "replay_origin": "http://replay"}, {"users": USERS}, "--replay-origin http://replay: passwords"),
        (HERE, {"proxies": ("proxy.example",)}, "SERVE_PROXIES: 'proxy.example' does not appear"),
        (HERE, {"rate": -1}, "SERVE_RATE"),
        (HERE, {"session": 0.0}, "SERVE_SESSION"),
    ],
)
def test_what_is_not_is_refused_in_a_sentence(addresses: dict[str, Any], admission: dict[str, Any], text: str) -> None:
    with pytest.raises(ServingError) as refused:
        Admission(**admission).check(Addresses(**addresses))
    assert text in str(refused.value)
    assert str(refused.value).endswith(".")


def test_only_where_others_can_reach_it_is_anybody_slowed_down() -> None:
    admission = Admission(is_open=True, rate=300)
    assert admission.rate_at(Addresses(**EVERYWHERE)) == 300
    assert admission.rate_at(Addresses(**PROXIED)) == 300
    assert admission.rate_at(Addresses()) == 0
    assert not is_exposed(Addresses())


def test_keys_are_for_the_users_of_the_file_and_know_tls(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_text(f"ada:{hash_password('a long-winded password', cost=(14, 8, 1))}\n")
    admission = Admission(users=path, session=60)
    plain, secure = admission.keys("http://127.0.0.1:8090"), admission.keys("https://archive.example")
    assert plain
    assert secure
    assert (plain.secure, secure.secure, plain.seconds) == (False, True, 60)
    assert Admission().keys("https://archive.example") is None
    path.write_text("ada\n")
    with pytest.raises(ServingError, match="line 1: must be name:hash"):
        admission.keys("https://archive.example")
