"""The decision on its own: a poor link is left only for one that is measured to be better now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.shared.messages.uplinks import SwitchCause, UplinkState
from edge.uplinks.decision import adopt
from edge.uplinks.health import Presence
from edge.uplinks.quality import Quality
from edge.uplinks.situation import (
    Pace,
    QualityMeasured,
    SetPace,
    Tick,
)
from tests.edge.uplinks.nights import FINE, MS, POOR, RULES, SLOW, fail_over, measured, quiet_night


def test_a_poor_link_is_left_for_one_that_is_measured_to_be_better_now() -> None:
    night = quiet_night()
    measured(night, "fibre", FINE, POOR)
    assert night.moves == [], "one bad window is a moment's trouble"
    assert SetPace("lte", Pace.BURST) in night.actions, "the other is asked already"
    measured(night, "lte", FINE, FINE)
    measured(night, "fibre", POOR, POOR)
    assert night.last_move == (SwitchCause.QUALITY, "fibre", "lte", "fibre")


def test_one_poor_window_of_the_link_that_carries_has_it_asked_more_often_until_the_next_one_tells() -> None:
    night = quiet_night()
    paces = []
    for earlier, later in ((FINE, POOR), (POOR, POOR), (POOR, FINE), (FINE, FINE), (FINE, POOR), (POOR, FINE)):
        measured(night, "fibre", earlier, later)
        paces.append(night.state.paces["fibre"])
    assert paces == [Pace.BURST, Pace.STEADY, Pace.STEADY, Pace.STEADY, Pace.BURST, Pace.STEADY]


def test_a_standby_that_came_back_to_life_is_not_called_poor_for_what_it_lost_while_dead() -> None:
    night = quiet_night()
    measured(night, "lte", POOR, POOR)
    night.silence("lte", 5)
    night.answers("lte", 3)
    dead_until = night.state.health["lte"].dead_until_ns or 0
    measured(night, "lte", POOR, replace(POOR, since_ns=dead_until - MS))  # answers take a while to be measured
    night.feed(QualityMeasured("lte", replace(POOR, since_ns=dead_until - MS), replace(FINE, since_ns=dead_until)))
    shown = night.state.health["lte"].shown(RULES.judgement)
    assert (shown, night.state.paces["lte"]) == (UplinkState.UP, Pace.STANDBY)


@pytest.mark.parametrize("poor", [POOR, SLOW])
def test_a_poor_link_is_kept_when_the_other_is_no_better(poor: Quality) -> None:
    night = quiet_night()
    for _ in range(30):
        measured(night, "fibre", poor, poor)
        measured(night, "lte", poor, replace(poor, loss_percent=max(0, poor.loss_percent - 8)))
    assert night.moves == []


def test_what_was_measured_long_ago_is_no_proof() -> None:
    night = quiet_night()
    measured(night, "lte", FINE, FINE)
    night.feed(Tick(), after_ms=6_000)
    measured(night, "fibre", POOR, POOR)
    assert night.moves == []


def test_asking_the_metered_link_costs_ever_less_while_the_brownout_lasts() -> None:
    night = quiet_night()
    burst_ms = 0.0
    for _ in range(12 * 60 * 60):  # twelve hours
        measured(night, "fibre", POOR, POOR)
        night.feed(Tick(), after_ms=900)
        burst_ms += 1000 * (night.state.paces["lte"] is Pace.BURST)
    # Thirty such days of ten rounds a second, three targets, 88 bytes each: the budget of the standby.
    assert burst_ms / 1000 * 10 * 3 * 88 * 60 <= 12_000_000
    assert burst_ms > 10_000


def test_settings_that_change_during_a_brownout_do_not_have_the_metered_link_asked_anew() -> None:
    night = quiet_night()
    for _ in range(45 * 60):  # half-way between two questions: they are asked after half an hour and after an hour
        measured(night, "fibre", POOR, POOR)
        night.feed(Tick(), after_ms=900)
    night.actions.clear()
    present = dict.fromkeys(RULES.links, Presence.READY)
    night.state = adopt(night.state, RULES, present, frozenset(RULES.links))
    measured(night, "fibre", POOR, POOR)
    assert SetPace("lte", Pace.STANDBY) in night.actions


def test_a_new_brownout_has_the_others_asked_at_once() -> None:
    night = quiet_night()
    for _ in range(3_600):
        measured(night, "fibre", POOR, POOR)
        night.feed(Tick(), after_ms=900)
    for _ in range(90):
        measured(night, "fibre", FINE, FINE)
        night.feed(Tick(), after_ms=900)
    night.actions.clear()
    measured(night, "fibre", POOR, POOR)
    assert SetPace("lte", Pace.BURST) in night.actions


def test_a_link_that_was_left_for_its_quality_gets_the_traffic_back_after_being_fine_for_the_hold_down() -> None:
    night = quiet_night()
    measured(night, "lte", FINE, FINE)
    measured(night, "fibre", POOR, POOR)
    assert night.state.active == "lte"
    for _ in range(200):
        night.answers("fibre")
        measured(night, "fibre", POOR, POOR)
    assert night.state.active == "lte", "answers alone do not make it good"
    well = night.now
    for _ in range(100):
        night.answers("fibre")
        measured(night, "fibre", FINE, FINE)
        if night.state.active == "fibre":
            break
    assert night.state.active == "fibre"
    assert night.now - well >= RULES.hold_down_ns


def test_a_poor_link_is_not_left_for_one_that_failed_itself_and_was_not_good_for_a_hold_down_since() -> None:
    night = quiet_night()
    fail_over(night)
    night.silence("fibre", 1)
    well = night.now
    while night.state.active == "lte":
        night.answers("fibre")
        measured(night, "fibre", FINE, FINE)
        measured(night, "lte", POOR, POOR)
        assert night.now - well < 2 * RULES.hold_down_ns
    assert night.now - well >= RULES.hold_down_ns
    assert night.last_move == (SwitchCause.QUALITY, "lte", "fibre", "lte")


def test_flaps_do_not_double_the_wait_on_a_poor_link() -> None:
    night = quiet_night()
    for _ in range(3):
        while night.state.active == "fibre":
            night.silence("fibre")
            night.answers("lte")
        well = night.now
        while night.state.active == "lte":
            night.answers("fibre")
            measured(night, "fibre", FINE, FINE)
            measured(night, "lte", POOR, POOR)
        assert RULES.hold_down_ns <= night.now - well <= 1.2 * RULES.hold_down_ns
        measured(night, "lte", FINE, FINE)
