"""The decision on its own: when a link is left, for which other, and how eagerly links are asked."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from edge.shared.messages.uplinks import SwitchCause, UplinkState
from edge.uplinks.decision import PROOF_ROUNDS
from edge.uplinks.health import Presence
from edge.uplinks.situation import (
    Flush,
    Pace,
    PresenceChanged,
    PresencesRead,
    QualityMeasured,
    RoundEnded,
    SetPace,
    Wishes,
    WishesChanged,
)
from tests.edge.uplinks.nights import MS, POOR, RULES, fail_over, isolate, quiet_night


def test_a_dead_link_is_left_for_one_that_answered_since() -> None:
    night = quiet_night()
    night.silence("fibre", 2)
    assert SetPace("lte", Pace.BURST) in night.actions
    night.answers("lte", 1, every_ms=1)
    assert night.moves == []
    night.silence("fibre", 2)
    assert night.last_move == (SwitchCause.PROBES_LOST, "fibre", "lte", "fibre")


def test_a_verdict_waits_for_the_burst_and_is_carried_out_with_its_first_answer() -> None:
    night = quiet_night()
    night.silence("fibre", 4)
    assert night.moves == []
    night.answers("lte", 1, every_ms=1)
    assert night.last_move == (SwitchCause.PROBES_LOST, "fibre", "lte", "fibre")


def test_carrier_loss_does_not_wait_for_a_link_last_known_good() -> None:
    night = quiet_night()
    night.feed(PresenceChanged("fibre", Presence.NO_CARRIER), after_ms=20_000)
    assert night.last_move == (SwitchCause.CARRIER_LOST, "fibre", "lte", "fibre")


def test_a_dead_standby_is_no_refuge_even_from_a_cut_cable() -> None:
    night = quiet_night()
    night.silence("lte", 4)
    night.feed(PresenceChanged("fibre", Presence.NO_CARRIER))
    assert night.last_move == (SwitchCause.CARRIER_LOST, "fibre", None, None)
    assert night.state.active == "fibre"


def test_with_no_better_link_nothing_is_flushed_and_the_last_one_is_kept() -> None:
    night = quiet_night()
    isolate(night)
    assert night.last_move == (SwitchCause.PROBES_LOST, "fibre", None, None)
    assert not [action for action in night.actions if isinstance(action, Flush)]
    assert len(night.moves) == 1


def test_whichever_link_answers_first_ends_the_isolation() -> None:
    night = quiet_night()
    isolate(night)
    night.answers("lte")
    assert night.last_move == (SwitchCause.RECOVERED, None, "lte", "fibre")

    again = quiet_night()
    isolate(again)
    again.answers("fibre")
    assert again.last_move == (SwitchCause.RECOVERED, None, "fibre", None)


@pytest.mark.parametrize("loss", [0.5, 0.6, 0.85])
@pytest.mark.parametrize("seed", range(2))
def test_of_two_bad_links_neither_is_a_refuge_from_the_other(loss: float, seed: int) -> None:
    """Five minutes in which both lose more than half of the rounds: calls are not thrown to and fro."""
    night, dice = quiet_night(), random.Random(seed)
    carried, changes = "fibre", 0
    for _ in range(3_000):
        night.now += 100 * MS
        for link in RULES.links:
            night.feed(RoundEnded(link, dice.random() >= loss))
            earlier, later = (replace(POOR, since_ns=night.now - age * MS) for age in (1_400, 700))
            night.feed(QualityMeasured(link, earlier, later))
        changes += night.state.active != carried
        carried = str(night.state.active)
    assert changes <= 1, "away from the first one, and no more"


def test_a_link_that_failed_is_a_refuge_all_the_same_once_it_is_proved_alive_and_the_other_dead() -> None:
    night = quiet_night()
    fail_over(night)
    for _ in range(PROOF_ROUNDS - 1):
        night.answers("fibre", 1, every_ms=50)
        night.silence("lte", 1, every_ms=50)
    assert night.state.active == "lte"
    night.silence("lte", 1, every_ms=50)
    assert night.state.active == "lte"
    night.answers("fibre", 1, every_ms=50)
    assert night.state.active == "fibre"
    assert night.last_move[1:] == (None, "fibre", "lte"), "meanwhile it was said that no link carried"


def test_a_few_lost_rounds_do_not_prove_a_link_dead_against_one_that_failed_just_now() -> None:
    night = quiet_night()
    fail_over(night)
    for _ in range(2 * PROOF_ROUNDS):
        night.answers("fibre", 1, every_ms=50)
        night.answers("lte", 1, every_ms=50)
    for _ in range(RULES.judgement.fail_after):
        night.silence("lte", 1, every_ms=50)
        night.answers("fibre", 1, every_ms=50)
    assert night.state.active == "lte"


def test_a_cut_cable_does_not_wait_for_proofs() -> None:
    night = quiet_night()
    fail_over(night)
    night.answers("fibre", 1)
    night.feed(PresenceChanged("lte", Presence.NO_CARRIER), after_ms=50)
    night.answers("fibre", 1, every_ms=50)
    assert night.state.active == "fibre"


def test_a_link_that_has_been_good_for_its_hold_down_is_a_refuge_at_once() -> None:
    night = quiet_night(replace(RULES, links=("lte", "fibre")))
    night.silence("lte", 2)
    night.answers("fibre", 1, every_ms=1)
    night.silence("lte", 2)
    assert night.state.active == "fibre"
    night.answers("lte", 3, every_ms=1)
    night.feed(WishesChanged(Wishes(forced="fibre")))
    night.answers("lte", 60)
    night.silence("fibre", 2)
    night.answers("lte", 1, every_ms=1)
    night.silence("fibre", 2)
    assert night.state.active == "lte"


def test_flows_that_drain_on_a_standby_leave_it_when_it_dies() -> None:
    night = quiet_night()
    night.silence("lte", 4)
    assert Flush("lte") in night.actions
    assert night.moves == []


def test_a_lost_round_has_a_standby_asked_again_at_once() -> None:
    night = quiet_night()
    assert night.state.paces["lte"] is Pace.STANDBY
    night.silence("lte")
    assert night.state.paces["lte"] is Pace.BURST
    night.answers("lte")
    assert night.state.paces["lte"] is Pace.STANDBY


def test_bursts_do_not_last_for_ever() -> None:
    night = quiet_night()
    isolate(night)
    assert night.state.paces["lte"] is Pace.BURST
    night.silence("lte", 1, every_ms=11_000)
    assert night.state.paces["lte"] is Pace.SEEK


def test_shown_states() -> None:
    night = quiet_night()
    shown = lambda: night.state.health["fibre"].shown(RULES.judgement)  # noqa: E731
    assert shown() is UplinkState.UP
    night.silence("fibre", 2)
    assert shown() is UplinkState.SUSPECT
    night.silence("fibre", 2)
    assert shown() is UplinkState.DOWN
    night.feed(PresenceChanged("fibre", Presence.NO_CARRIER))
    assert shown() is UplinkState.NO_CARRIER


def test_a_link_that_went_at_the_same_moment_is_no_refuge() -> None:
    night = quiet_night()
    night.feed(PresencesRead(dict.fromkeys(RULES.links, Presence.ABSENT)), after_ms=100)
    assert night.last_move == (SwitchCause.INTERFACE_GONE, "fibre", None, None)
