"""The limit on PIN tries: one device, a crowd, and the operator's own browser in that crowd."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from webui.attempts import (
    CROWD_SPACING_S,
    CROWD_TRIES,
    FIRST_WAIT_S,
    FREE_TRIES,
    LONGEST_WAIT_S,
    Attempts,
    failed,
    succeeded,
    wait_s,
)


def fail(attempts: Attempts, device: str, times: int, now: float) -> Attempts:
    for _ in range(times):
        attempts = failed(attempts, device, now)
    return attempts


def test_five_tries_are_free_then_the_wait_doubles():
    attempts = fail(Attempts(), "10.0.0.9", FREE_TRIES - 1, 1000.0)
    assert wait_s(attempts, "10.0.0.9", known=False, now=1000.0) == 0
    attempts = fail(attempts, "10.0.0.9", 1, 1000.0)
    assert wait_s(attempts, "10.0.0.9", known=False, now=1000.0) == FIRST_WAIT_S
    assert wait_s(attempts, "10.0.0.9", known=False, now=1000.0 + FIRST_WAIT_S) == 0
    attempts = fail(attempts, "10.0.0.9", 1, 1000.0 + FIRST_WAIT_S)
    assert wait_s(attempts, "10.0.0.9", known=False, now=1000.0 + FIRST_WAIT_S) == 2 * FIRST_WAIT_S
    assert wait_s(attempts, "10.0.0.10", known=False, now=1000.0) == 0


def test_the_right_pin_takes_the_count_back():
    attempts = fail(Attempts(), "a", FREE_TRIES, 1000.0)
    assert wait_s(succeeded(attempts, "a"), "a", known=False, now=1000.0) == 0


def test_a_crowd_is_spaced_out_but_not_a_known_device():
    attempts = Attempts()
    for number in range(CROWD_TRIES):
        attempts = failed(attempts, f"10.0.0.{number}", 1000.0)
    assert wait_s(attempts, "10.0.1.1", known=False, now=1000.0) == CROWD_SPACING_S
    assert wait_s(attempts, "operator's browser", known=True, now=1000.0) == 0
    assert wait_s(attempts, "10.0.1.1", known=False, now=1000.0 + CROWD_SPACING_S) == 0


@given(st.lists(st.floats(0, 1e10, allow_nan=False), max_size=80), st.floats(0, 1e10, allow_nan=False))
def test_no_clock_makes_anybody_wait_longer_than_the_longest_penalty(times: list[float], now: float):
    attempts = Attempts()
    for at in times:
        attempts = failed(attempts, "a", at)
    assert 0 <= wait_s(attempts, "a", known=False, now=now) <= LONGEST_WAIT_S


def test_a_day_of_guessing_from_many_devices_covers_a_sixth_of_four_digits_at_most():
    """From 500 addresses, each try made at the first moment allowed."""
    attempts, now, tries, device = Attempts(), 0.0, 0, 0
    while now < 24 * 3600:
        device = (device + 1) % 500
        wait = wait_s(attempts, str(device), known=False, now=now)
        if wait > CROWD_SPACING_S:
            now += 1.0
            continue
        now += wait
        attempts = failed(attempts, str(device), now)
        tries += 1
    assert tries < 10_000 / 6
