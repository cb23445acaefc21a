from __future__ import annotations

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from archive.access.tickets import LASTS, Tickets

NOW = 1_800_000_000.0
TICKETS = Tickets(b"k" * 32)


def test_a_ticket_is_good_until_it_ends() -> None:
    ticket = TICKETS.make(NOW)
    assert TICKETS.is_good(ticket, NOW)
    assert TICKETS.is_good(ticket, NOW + LASTS - 1)
    assert not TICKETS.is_good(ticket, NOW + LASTS + 1)
    assert not TICKETS.is_good(ticket, NOW - 2)  # a clock that was put back makes none last longer
    assert not Tickets(b"l" * 32).is_good(ticket, NOW)
    assert ticket.replace("-", "").replace("_", "").isalnum()


@given(st.integers(0, 239))
def test_no_bit_of_it_can_be_changed(bit: int) -> None:
    data = bytearray(base64.urlsafe_b64decode(TICKETS.make(NOW)))
    data[bit // 8] ^= 1 << bit % 8
    assert not TICKETS.is_good(base64.urlsafe_b64encode(data).decode(), NOW)


@given(st.text(max_size=80))
@settings(max_examples=200)
def test_anything_else_is_none(text: str) -> None:
    assert not TICKETS.is_good(text, NOW)


def test_other_spellings_of_it_are_none() -> None:
    ticket = TICKETS.make(NOW)
    for other in (ticket + "=", ticket + "\n", ticket[:-1], ticket + "AAAA", ticket.swapcase(), "é" + ticket):
        assert not TICKETS.is_good(other, NOW)
