"""Netlink messages: flags of interfaces are found, garbage is not."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.uplinks.kernel import has_carrier
from edge.uplinks.monitor import concerns_us, link_flags

UP, RUNNING, LOWER_UP = 0x1, 0x40, 0x10000


def message(kind: int, body: bytes) -> bytes:
    padding = b"\0" * (-len(body) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body + padding


def link(index: int, flags: int) -> bytes:
    return message(16, struct.pack("=BxHiII", 0, 1, index, flags, 0) + b"attributes...")


def test_flags_of_every_interface_in_a_batch() -> None:
    batch = link(3, UP) + message(24, b"a route") + link(4, UP | RUNNING | LOWER_UP)
    assert link_flags(batch) == [(3, UP), (4, UP | RUNNING | LOWER_UP)]


def route(table: int, prefix: int, kind: int = 24) -> bytes:
    return message(kind, struct.pack("=8BI", 2, prefix, 0, 0, table, 186, 0, 1, 0))


@pytest.mark.parametrize("kind", [24, 25])
def test_a_routing_daemons_routes_are_nobodys_business(kind: int) -> None:
    assert not concerns_us(route(254, 24, kind) + route(254, 32, kind) + route(255, 32, kind) + route(10, 0, kind))


@pytest.mark.parametrize(
    "ours",
    [route(254, 0), route(254, 0, 25), route(252, 24), link(3, UP), message(20, b"address"), message(32, b"rule")],
)
def test_default_routes_tables_like_ours_interfaces_addresses_and_rules_are(ours: bytes) -> None:
    assert concerns_us(route(254, 24) + ours)


def test_carrier_takes_all_three_flags() -> None:
    assert has_carrier(UP | RUNNING | LOWER_UP)
    assert not has_carrier(UP | LOWER_UP)
    assert not has_carrier(UP | RUNNING)
    assert not has_carrier(RUNNING | LOWER_UP)


@given(st.binary(max_size=200))
def test_garbage_never_raises(garbage: bytes) -> None:
    link_flags(garbage)
    concerns_us(garbage)


@given(st.integers(0, 43))
def test_a_message_cut_short_is_left_out(length: int) -> None:
    whole = link(3, UP)
    assert link_flags(whole + whole[:length]) == [(3, UP)]
