from __future__ import annotations

from archive.access.accounts import User
from archive.access.sessions import Sessions

ADA, BOB = User("ada", "1"), User("bob", "2")


def test_a_session_lasts_until_it_ends() -> None:
    now = [0.0]
    sessions = Sessions(100, clock=lambda: now[0])
    secret, other = sessions.begin(ADA), sessions.begin(BOB)
    assert secret != other
    assert sessions.user(secret) == ADA
    assert sessions.user("") is None
    sessions.end(other)
    assert sessions.user(other) is None
    now[0] = 99
    assert sessions.user(secret) == ADA
    now[0] = 100  # using it made it no longer
    assert sessions.user(secret) is None


def test_what_is_kept_are_no_secrets() -> None:
    sessions = Sessions(100)
    secret = sessions.begin(ADA)
    assert secret not in repr(sessions._open)


def test_there_are_never_too_many() -> None:
    sessions = Sessions(100)
    first, *rest = [sessions.begin(ADA) for _ in range(21)]
    others = [sessions.begin(User(f"user{n}", "x")) for n in range(3)]
    assert sessions.user(first) is None
    assert all(sessions.user(secret) == ADA for secret in rest)
    assert all(sessions.user(secret) for secret in others)
