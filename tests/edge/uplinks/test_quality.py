"""The E-model and the two windows of a verdict."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.uplinks.health import LinkHealth, Presence, Standing, after_measure
from edge.uplinks.quality import HALF, KEPT, Quality, Ring, Round, Thresholds, assess, mos, own_trouble

LIMITS = Thresholds(loss_percent=10, delay_ms=400, jitter_ms=100, mos=3.1)


@pytest.mark.parametrize(
    ("delay_ms", "loss_percent", "wanted"),
    [
        # ITU-T G.107, annex B: R 93.2 is MOS 4.41; G.114 figure 1: R about 90 at 150 ms, 72 to 75 at 300 ms.
        (0, 0, 4.41),
        (150, 0, 4.34),
        (300, 0, 3.70),
        # Ie-eff of G.711 with concealment (Bpl 25.1): 5 % -> 15.8, R 77 -> 3.9.
        (0, 5, 3.94),
        (0, 100, 1.1),
        (5000, 0, 1.0),
    ],
)
def test_mos_as_in_the_recommendation(delay_ms: float, loss_percent: float, wanted: float) -> None:
    assert mos(delay_ms, loss_percent) == pytest.approx(wanted, abs=0.1)


@given(st.floats(0, 10_000), st.floats(0, 100), st.floats(0, 1000), st.floats(0, 50))
def test_mos_is_bounded_and_never_rises_with_trouble(delay: float, loss: float, more: float, lost: float) -> None:
    here = mos(delay, loss)
    assert 1.0 <= here <= 4.5
    assert mos(delay + more, loss) <= here + 0.02  # the polynomial of annex B dips a little near its end
    assert mos(delay, min(100, loss + lost)) <= here + 0.02


def rounds(*answered: int, rtt_ms: float = 20.0, asked: int = 3) -> list[Round]:
    """Each round with so many answers."""
    return [
        Round(number * 100, {place: rtt_ms if place < count else None for place in range(asked)})
        for number, count in enumerate(answered)
    ]


def test_loss_delay_and_jitter_of_some_rounds() -> None:
    entries = [Round(0, {0: 10.0, 1: 30.0}), Round(1, {0: 20.0, 1: None}), Round(2, {0: None, 1: None})]
    quality = assess(entries)
    assert quality == Quality(since_ns=0, rounds=3, loss_percent=50.0, rtt_ms=15.0, jitter_ms=10.0)
    assert assess([]) is None


def test_targets_at_different_distances_are_no_jitter() -> None:
    entries = [Round(0, {0: 5.0, 1: 80.0}), Round(1, {0: None, 1: 80.0}), Round(2, {0: 5.0, 1: None})]
    quality = assess(entries)
    assert quality is not None
    assert quality.jitter_ms == 0.0


@pytest.mark.parametrize("silent", [0, 1, 2])
def test_the_trouble_of_one_target_is_not_the_line_s(silent: int) -> None:
    ring = Ring()
    for number in range(2 * HALF):
        ring.add(Round(number, {place: None if place == silent else 20.0 for place in range(3)}))
    for quality in (*ring.halves(), ring.figures()):
        assert quality is not None
        assert quality.loss_percent == 0.0
    assert ring.newest is not None
    assert ring.newest.asked == 2


def test_two_targets_of_five_may_be_in_trouble_of_their_own() -> None:
    entries = [Round(number, {0: None, 1: None, 2: 20.0, 3: 20.0, 4: 20.0}) for number in range(2 * HALF)]
    assert own_trouble(entries) == {0, 1}


def test_a_metered_link_that_asks_in_turn_learns_it_too() -> None:
    entries = [Round(number, {number % 3: None if number % 3 == 1 else 20.0}) for number in range(2 * HALF)]
    assert own_trouble(entries) == {1}


@pytest.mark.parametrize("loss", [0.36, 0.2, 1.0])
def test_loss_of_the_line_is_hardly_ever_taken_for_a_target_s(loss: float) -> None:
    dice = random.Random(7)
    taken = sum(
        bool(
            own_trouble(
                [
                    Round(n, {place: None if dice.random() < loss else 20.0 for place in range(3)})
                    for n in range(2 * HALF)
                ]
            )
        )
        for _ in range(500)
    )
    assert taken <= 40


def test_a_single_target_is_the_line() -> None:
    assert own_trouble(rounds(*[0] * 14, asked=1)) == frozenset()


def test_loss_of_one_direction_is_not_that_of_both() -> None:
    """20 % each way are 36 % there and back."""
    assert Quality(0, 1, 36.0, 1.0, 0.0).one_way_loss_percent == pytest.approx(20.0)


def test_a_ring_forgets_and_has_no_earlier_window_before_there_are_enough() -> None:
    ring = Ring()
    for entry in rounds(*[3] * (2 * HALF - 1)):
        ring.add(entry)
    assert ring.halves()[0] is None
    for entry in rounds(*[0] * KEPT * 2):
        ring.add(entry)
    earlier, later = ring.halves()
    assert earlier is not None
    assert later is not None
    assert earlier.loss_percent == later.loss_percent == 100.0


READY = LinkHealth(Presence.READY, Standing.GOOD, judged=True, good_since_ns=5)


def judged(health: LinkHealth, earlier: Quality | None, later: Quality) -> LinkHealth:
    return after_measure(health, earlier, later, now_ns=77, limits=LIMITS)


FINE = Quality(0, HALF, 0.0, 20.0, 1.0)
LOSSY = Quality(0, HALF, 36.0, 20.0, 1.0)
SLOW = Quality(0, HALF, 0.0, 900.0, 1.0)
SHAKY = Quality(0, HALF, 0.0, 60.0, 150.0)
DEAF = Quality(0, HALF, 100.0, None, 0.0)


@pytest.mark.parametrize("trouble", [LOSSY, SLOW, SHAKY, DEAF])
def test_it_takes_two_bad_windows_to_be_poor_and_two_good_ones_to_be_fine(trouble: Quality) -> None:
    assert not judged(READY, FINE, trouble).poor
    assert judged(READY, FINE, trouble).recent_poor
    assert not judged(READY, None, trouble).poor
    poor = judged(READY, trouble, trouble)
    assert poor.poor
    assert judged(poor, trouble, FINE).poor
    fine = judged(poor, FINE, FINE)
    assert not fine.poor
    assert fine.good_since_ns == 77, "a link that gets well counts as good from now on"


def test_just_below_the_limit_a_poor_link_stays_poor() -> None:
    nearly = Quality(0, HALF, 100 * (1 - 0.91**2), 20.0, 1.0)  # 9 % one way
    assert not judged(READY, nearly, nearly).poor
    assert judged(judged(READY, LOSSY, LOSSY), nearly, nearly).poor


def test_a_link_that_is_away_has_no_quality() -> None:
    away = LinkHealth(Presence.NO_CARRIER)
    assert judged(away, LOSSY, LOSSY) == away
