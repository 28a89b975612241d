"""Time-outs that follow the link."""

from __future__ import annotations

from edge.uplinks.rounds import TIMEOUT_MAX_MS, TIMEOUT_MIN_MS, RoundTrip


def test_before_anything_is_measured_the_wait_is_long() -> None:
    assert RoundTrip().timeout_ms == 1000


def test_a_fast_link_is_found_dead_fast() -> None:
    trip = RoundTrip()
    for _ in range(20):
        trip.add(2)
    assert trip.timeout_ms == TIMEOUT_MIN_MS


def test_a_link_that_became_slow_is_waited_for() -> None:
    trip = RoundTrip()
    for _ in range(20):
        trip.add(2)
    trip.add(180)
    assert trip.timeout_ms > 180
    for _ in range(100):
        trip.add(180)
    assert 180 < trip.timeout_ms < 250


def test_the_wait_has_an_end() -> None:
    trip = RoundTrip()
    trip.add(5000)
    assert trip.timeout_ms == TIMEOUT_MAX_MS
