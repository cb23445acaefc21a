from __future__ import annotations

import pytest

from archive.access.rate import Rate, client_of, networks


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_so_many_and_then_as_time_goes_by() -> None:
    clock = Clock()
    rate = Rate(10, 60, clock=clock)
    assert [rate.take("a") for _ in range(10)] == [0.0] * 10
    assert rate.take("a") == pytest.approx(6)
    assert rate.take("b") == 0.0
    clock.now = 5.9
    assert rate.take("a") > 0
    clock.now = 6.1
    assert rate.take("a") == 0.0
    assert rate.take("a", 5) == pytest.approx(5 * 6, abs=0.2)
    clock.now = 1e6
    assert [bool(rate.take("a")) for _ in range(11)] == [False] * 10 + [True]


def test_what_is_given_back_does_not_count_and_no_more_than_was_there() -> None:
    rate = Rate(2, 60, clock=Clock())
    assert not rate.take("a")
    rate.give_back("a", 50)
    assert [bool(rate.take("a")) for _ in range(3)] == [False, False, True]


def test_a_cost_above_the_limit_can_be_paid_by_who_was_quiet() -> None:
    assert Rate(3, 60, clock=Clock()).take("a", 5) == 0.0


def test_zero_is_no_limit() -> None:
    rate = Rate(0, 60)
    assert not any(rate.take("a") for _ in range(1000))


def test_it_remembers_no_more_than_it_should() -> None:
    rate = Rate(1, 60, clock=Clock())
    for number in range(20_000):
        rate.take(str(number))
    assert len(rate._left) == 10_000
    assert rate.take("19999") > 0


PROXIES = networks(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),  # no proxy of ours: it may say what it likes
        ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.7"], "198.51.100.7"),  # the client wrote the first itself
        ("127.0.0.1", ["6.6.6.6", "198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.7, 10.1.1.1"], "198.51.100.7"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("::ffff:127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["<script>"], "127.0.0.1"),
        ("127.0.0.1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", [], "2001:db8:1:2::/64"),
        ("fd00::1", ["198.51.100.7"], "198.51.100.7"),
    ],
)
def test_who_asks(peer: str, forwarded: list[str], client: str) -> None:
    assert client_of(peer, forwarded, PROXIES) == client


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        networks(["proxy.example"])
