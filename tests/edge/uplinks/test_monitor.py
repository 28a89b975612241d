"""Netlink messages: flags of interfaces are found, garbage is not."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from edge.uplinks.kernel import has_carrier
from edge.uplinks.monitor import link_flags

UP, RUNNING, LOWER_UP = 0x1, 0x40, 0x10000


def message(kind: int, body: bytes) -> bytes:
    padding = b"\0" * (-len(body) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body + padding


def link(index: int, flags: int) -> bytes:
    return message(16, struct.pack("=BxHiII", 0, 1, index, flags, 0) + b"attributes...")


def test_flags_of_every_interface_in_a_batch() -> None:
    batch = link(3, UP) + message(24, b"a route") + link(4, UP | RUNNING | LOWER_UP)
    assert link_flags(batch) == [(3, UP), (4, UP | RUNNING | LOWER_UP)]


def test_carrier_takes_all_three_flags() -> None:
    assert has_carrier(UP | RUNNING | LOWER_UP)
    assert not has_carrier(UP | LOWER_UP)
    assert not has_carrier(UP | RUNNING)
    assert not has_carrier(RUNNING | LOWER_UP)


@given(st.binary(max_size=200))
def test_garbage_never_raises(garbage: bytes) -> None:
    link_flags(garbage)


@given(st.integers(0, 43))
def test_a_message_cut_short_is_left_out(length: int) -> None:
    whole = link(3, UP)
    assert link_flags(whole + whole[:length]) == [(3, UP)]
