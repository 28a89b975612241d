"""The decision on its own: every rule once by hand, then properties over long made-up nights."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.shared.messages.uplinks import Switch, SwitchCause, UplinkState
from edge.uplinks.decision import CARRIER_NS, COMING_UP_NS, PROOF_ROUNDS, adopt, hold_down_ns, step, with_past
from edge.uplinks.health import Judgement, Presence, Standing
from edge.uplinks.plan import FlowClass
from edge.uplinks.quality import Quality, Thresholds
from edge.uplinks.situation import (
    Action,
    Event,
    Flush,
    Move,
    Pace,
    PresenceChanged,
    PresencesRead,
    QualityMeasured,
    RoundEnded,
    Rules,
    SetPace,
    State,
    Tick,
    Wishes,
    WishesChanged,
    initial,
)

MS = 1_000_000
SECOND = 1_000 * MS
LIMITS = Thresholds(loss_percent=10, delay_ms=400, jitter_ms=100, mos=3.1)
RULES = Rules(
    ("fibre", "lte"), Judgement(4, 3, LIMITS), hold_down_ns=5 * SECOND, metered=frozenset({"lte"}), margin_mos=0.5
)


@dataclass
class Night:
    """Feeds events to step() and keeps what came out."""

    state: State
    now: int = 0
    actions: list[Action] = field(default_factory=list)

    def feed(self, event: Event, after_ms: float = 0) -> list[Action]:
        self.now += round(after_ms * MS)
        self.state, actions = step(self.state, event, self.now)
        self.actions += actions
        return actions

    def answers(self, link: str, rounds: int = 1, every_ms: float = 100) -> None:
        for _ in range(rounds):
            self.feed(RoundEnded(link, True), every_ms)

    def silence(self, link: str, rounds: int = 1, every_ms: float = 100) -> None:
        for _ in range(rounds):
            self.feed(RoundEnded(link, False), every_ms)

    @property
    def moves(self) -> list[Move]:
        return [action for action in self.actions if isinstance(action, Move)]

    @property
    def last_move(self) -> tuple[SwitchCause, str | None, str | None, str | None]:
        move = self.moves[-1]
        return move.cause, move.from_link, move.to_link, move.flush


def quiet_night(rules: Rules = RULES) -> Night:
    """Both links proved good, the preferred one active."""
    night = Night(initial(rules, None))
    for link in rules.links:
        night.feed(PresenceChanged(link, Presence.READY))
    for link in rules.links:
        night.answers(link)
    night.actions.clear()
    return night


def isolate(night: Night) -> None:
    for _ in range(4):
        night.silence("fibre", 1, every_ms=50)
        night.silence("lte", 1, every_ms=50)


def test_traffic_flows_before_anything_is_proved() -> None:
    night = Night(initial(RULES, None))
    night.feed(PresenceChanged("fibre", Presence.READY))
    assert night.last_move == (SwitchCause.START, None, "fibre", None)


def test_the_link_of_an_earlier_life_is_kept_without_a_switch() -> None:
    ready = dict.fromkeys(RULES.links, Presence.READY)
    night = Night(adopt(initial(RULES, "lte"), RULES, ready, frozenset()))
    night.answers("lte")
    night.answers("fibre")
    assert night.moves == []
    assert night.state.active == "lte"


def test_a_cable_that_is_only_just_finding_its_carrier_is_waited_for_at_the_start() -> None:
    night = Night(initial(RULES, None))
    night.feed(PresenceChanged("fibre", Presence.NO_CARRIER))
    night.feed(PresenceChanged("lte", Presence.READY))
    night.answers("lte", 3)
    assert night.moves == []
    night.feed(PresenceChanged("fibre", Presence.READY), after_ms=500)
    assert night.moves == [], "the other has answered already, this one was not asked yet"
    night.answers("fibre", 1, every_ms=20)
    assert night.last_move[:3] == (SwitchCause.START, None, "fibre")


def test_a_cable_that_is_out_at_the_start_is_not_waited_for_long() -> None:
    night = Night(initial(RULES, None))
    night.feed(PresenceChanged("fibre", Presence.NO_CARRIER))
    night.feed(PresenceChanged("lte", Presence.READY))
    night.feed(Tick(), after_ms=1_500)
    assert night.last_move[:3] == (SwitchCause.START, None, "lte")


def test_links_that_come_up_one_after_the_other_at_a_boot_end_on_the_preferred_one() -> None:
    night = Night(initial(RULES, None))
    night.feed(PresenceChanged("lte", Presence.READY))
    night.answers("lte", 3)
    assert night.last_move[:3] == (SwitchCause.START, None, "lte")
    night.feed(PresenceChanged("fibre", Presence.READY), after_ms=2_000)
    night.answers("fibre")
    assert night.last_move[:3] == (SwitchCause.FAILBACK, "lte", "fibre")
    for _ in range(4):
        night.silence("fibre", 1, every_ms=50)
        night.answers("lte", 1, every_ms=50)
    night.answers("fibre", 20)
    assert night.state.active == "lte", "once it has failed it is held down, boot or not"


def test_a_link_plugged_in_later_waits_for_its_hold_down() -> None:
    night = Night(initial(RULES, None))
    night.feed(PresenceChanged("lte", Presence.READY))
    night.answers("lte", 3)
    night.feed(PresenceChanged("fibre", Presence.READY), after_ms=15_000)
    night.answers("fibre", 40)
    assert night.state.active == "lte"
    night.answers("fibre", 20)
    assert night.state.active == "fibre"


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


def fail_over(night: Night) -> None:
    night.silence("fibre", 2)
    night.answers("lte", 1, every_ms=1)
    night.silence("fibre", 2)
    assert night.state.active == "lte"


def test_failback_waits_for_the_hold_down_and_leaves_flows_where_they_are() -> None:
    night = quiet_night()
    fail_over(night)
    night.answers("fibre", 3)
    good_at = night.now
    while night.state.active == "lte":
        night.answers("lte", 1, every_ms=1)
        night.answers("fibre", 1, every_ms=99)
    assert night.last_move == (SwitchCause.FAILBACK, "lte", "fibre", "lte")
    assert night.moves[-1].classes == (FlowClass.SIP, FlowClass.BULK), "calls and what the box is saying stay"
    assert 5 * SECOND <= night.now - good_at <= 5.2 * SECOND


def test_each_flap_doubles_the_hold_down() -> None:
    night = quiet_night()
    waits = []
    for _ in range(3):
        fail_over(night)
        waits.append(hold_down_ns(night.state, "fibre", night.now))
        while night.state.active == "lte":
            night.answers("lte", 1, every_ms=1)
            night.answers("fibre", 1, every_ms=99)
    assert waits == [5 * SECOND, 10 * SECOND, 20 * SECOND]


@pytest.mark.parametrize(
    ("cause", "counts"),
    [
        (SwitchCause.PROBES_LOST, True),
        (SwitchCause.CARRIER_LOST, True),
        (SwitchCause.ADDRESS_LOST, True),
        (SwitchCause.INTERFACE_GONE, True),
        (SwitchCause.QUALITY, True),
        (SwitchCause.FAILBACK, False),
        (SwitchCause.FORCED, False),
        (SwitchCause.START, False),
    ],
)
def test_another_life_holds_down_what_flapped_in_the_one_before(cause: SwitchCause, counts: bool) -> None:
    night = quiet_night()
    night.now = 100 * SECOND
    switches = [switch(cause, "fibre", at) for at in (80 * SECOND, 90 * SECOND)]
    night.state = with_past(night.state, [*switches, switch(cause, "gone", 95 * SECOND)])
    fail_over(night)
    assert hold_down_ns(night.state, "fibre", night.now) == (20 if counts else 5) * SECOND


def test_of_many_flaps_of_another_life_no_more_are_remembered_than_of_this_one() -> None:
    night = quiet_night()
    for at in range(1, 50):
        night.now = at * SECOND
        fail_over(night)
        night.feed(WishesChanged(Wishes(forced="fibre")))
        night.answers("fibre", 60)
        night.feed(WishesChanged(Wishes()))
    times = night.state.failures["fibre"]
    past = [switch(SwitchCause.PROBES_LOST, "fibre", at) for at in range(60)]
    assert len(with_past(quiet_night().state, past).failures["fibre"]) == len(times)


def switch(cause: SwitchCause, from_link: str, at_ns: int) -> Switch:
    return Switch(
        seq=1,
        cause=cause,
        from_link=from_link,
        to_link="lte",
        detected_monotonic_ns=at_ns,
        switched_monotonic_ns=at_ns,
        detected_at="",
        switched_at="",
    )


def test_a_flap_is_forgotten_in_the_end() -> None:
    night = quiet_night()
    fail_over(night)
    night.feed(Tick(), after_ms=3_600_000)
    assert hold_down_ns(night.state, "fibre", night.now) == 5 * SECOND


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


def test_settings_without_the_active_link_move_to_the_best_that_is_left() -> None:
    night = quiet_night()
    rules = Rules(("lte",), RULES.judgement, RULES.hold_down_ns)
    night.state = adopt(night.state, rules, {"lte": Presence.READY}, frozenset({"lte"}))
    night.feed(Tick())
    assert night.last_move == (SwitchCause.SETTINGS, "fibre", "lte", None)


def test_settings_that_change_a_link_void_what_was_proved_of_it() -> None:
    night = quiet_night()
    presences = dict.fromkeys(RULES.links, Presence.READY)
    night.state = adopt(night.state, RULES, presences, frozenset({"fibre"}))
    assert night.state.health["fibre"].standing is Standing.GOOD
    assert night.state.health["lte"].standing is Standing.UNPROVED


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


# -- quality -------------------------------------------------------------------------------------------------------

FINE = Quality(since_ns=0, rounds=7, loss_percent=0, rtt_ms=20, jitter_ms=1)
POOR = Quality(since_ns=0, rounds=7, loss_percent=36, rtt_ms=20, jitter_ms=1)
SLOW = Quality(since_ns=0, rounds=7, loss_percent=0, rtt_ms=900, jitter_ms=20)


def measured(night: Night, link: str, earlier: Quality | None, later: Quality) -> list[Action]:
    later = replace(later, since_ns=later.since_ns or night.now - 700 * MS)
    return night.feed(QualityMeasured(link, earlier, later), after_ms=100)


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


# -- what persons want ---------------------------------------------------------------------------------------------


def test_a_forced_link_carries_and_calls_are_not_cut() -> None:
    night = quiet_night()
    night.feed(WishesChanged(Wishes(forced="lte")))
    assert night.last_move == (SwitchCause.FORCED, "fibre", "lte", "fibre")
    assert night.moves[-1].classes == (FlowClass.SIP, FlowClass.BULK)
    night.answers("fibre", 200)
    assert night.state.active == "lte", "no failback while it is forced"
    night.feed(WishesChanged(Wishes()))
    assert night.last_move[:3] == (SwitchCause.FAILBACK, "lte", "fibre")


def test_a_forced_link_that_dies_is_left_and_taken_again_after_its_hold_down() -> None:
    night = quiet_night()
    night.feed(WishesChanged(Wishes(forced="lte")))
    for _ in range(4):
        night.silence("lte", 1, every_ms=50)
        night.answers("fibre", 1, every_ms=50)
    assert night.last_move[:3] == (SwitchCause.PROBES_LOST, "lte", "fibre")
    night.answers("lte", 20)
    assert night.state.active == "fibre"
    night.answers("lte", 60)
    assert night.last_move[:3] == (SwitchCause.FORCED, "fibre", "lte")


def test_a_forbidden_link_is_never_moved_to() -> None:
    night = quiet_night()
    night.feed(WishesChanged(Wishes(forbidden=frozenset({"lte"}))))
    night.answers("lte", 5)
    for _ in range(30):
        night.silence("fibre")
        night.answers("lte", 1, every_ms=10)
    assert night.last_move == (SwitchCause.PROBES_LOST, "fibre", None, None)
    assert night.state.active == "fibre", "the last one keeps routes and flows"


def test_a_link_that_is_forbidden_while_it_carries_is_left_for_a_living_one_only() -> None:
    night = quiet_night()
    night.feed(PresenceChanged("lte", Presence.NO_CARRIER))
    night.feed(WishesChanged(Wishes(forbidden=frozenset({"fibre"}))))
    assert night.state.active == "fibre"
    night.feed(PresenceChanged("lte", Presence.READY))
    night.answers("lte", 4)
    assert night.last_move == (SwitchCause.FORBIDDEN, "fibre", "lte", "fibre")


def test_forbidding_every_link_leaves_no_line_and_is_taken_for_none() -> None:
    night = Night(initial(RULES, None))
    night.feed(WishesChanged(Wishes(forbidden=frozenset({"fibre", "lte"}))))
    night.feed(PresenceChanged("fibre", Presence.READY))
    night.feed(PresenceChanged("lte", Presence.READY))
    assert night.state.active == "fibre"
    night.answers("lte", 3)
    for _ in range(4):
        night.silence("fibre", 1, every_ms=50)
        night.answers("lte", 1, every_ms=50)
    assert night.state.active == "lte"


# -- properties ----------------------------------------------------------------------------------------------------

LINKS = ("fibre", "dsl", "lte")
THREE = Rules(LINKS, Judgement(3, 2, LIMITS), hold_down_ns=2 * SECOND, metered=frozenset({"lte"}))
happenings = st.lists(
    st.tuples(
        st.integers(0, 1_500),  # milliseconds since the one before
        st.one_of(
            st.builds(RoundEnded, st.sampled_from(LINKS), st.booleans()),
            st.builds(PresenceChanged, st.sampled_from(LINKS), st.sampled_from(Presence)),
            st.builds(
                QualityMeasured,
                st.sampled_from(LINKS),
                st.sampled_from([None, FINE, POOR]),
                st.sampled_from([FINE, POOR]),
            ),
            st.builds(
                WishesChanged,
                st.builds(
                    Wishes,
                    st.sampled_from([None, None, *LINKS]),
                    st.frozensets(st.sampled_from(LINKS), max_size=2),
                ).filter(lambda wishes: wishes.forced not in wishes.forbidden),
            ),
            st.just(Tick()),
        ),
    ),
    max_size=150,
)


@settings(max_examples=400, deadline=None)
@given(happenings)
def test_whatever_happens_the_rules_hold(night: list[tuple[int, Event]]) -> None:
    state, now = initial(THREE, None), 0
    for wait_ms, event in night:
        before = state
        now += wait_ms * MS
        state, actions = step(state, event, now)
        moves = [action for action in actions if isinstance(action, Move)]
        assert len(moves) <= 1
        for move in moves:
            check_move(before, state, move, now)
        for action in actions:
            if isinstance(action, Flush):
                assert action.link != state.active
                assert not state.stranded
        check_active(state, now)
        assert set(state.paces) == set(LINKS)
        assert state == step(state, Tick(), now)[0], "an event is dealt with whole: nothing is left for the next"


def check_move(before: State, state: State, move: Move, now: int) -> None:
    if move.to_link is None:
        assert move.flush is None, "nothing is flushed without a better link"
        return
    assert state.health[move.to_link].ready
    if move.cause is not SwitchCause.RECOVERED or move.to_link != before.active:
        assert move.to_link not in state.wishes.forbidden, "never to a link that somebody forbade"
    if move.cause is SwitchCause.QUALITY:
        assert before.active is not None
        assert not state.health[move.to_link].poor
        assert state.health[before.active].poor
    if move.cause is SwitchCause.FAILBACK:
        since = state.health[move.to_link].good_since_ns
        assert since is not None
        coming_up = before.began_ns is not None and now - before.began_ns < COMING_UP_NS
        assert now - since >= THREE.hold_down_ns or (coming_up and move.to_link not in before.failures)
        assert state.health[move.to_link].standing is Standing.GOOD
    if move.cause is SwitchCause.PROBES_LOST:
        assert move.from_link is not None
        assert before.trouble_since_ns is not None or state.health[move.from_link].lost_in_row >= 3
        answered = state.health[move.to_link].last_answer_ns
        assert answered is not None, "never to a link that has proved nothing"


def check_active(state: State, now: int) -> None:
    if state.active is None:
        waits = state.born_ns is not None and now - state.born_ns < CARRIER_NS
        assert waits or not any(h.ready for name, h in state.health.items() if name not in state.wishes.forbidden)
        return
    active = state.health[state.active]
    known_dead = not active.ready or active.lost_in_row >= 3
    if not known_dead:
        return
    since = state.trouble_since_ns
    assert since is not None
    others = [name for name in LINKS if name != state.active and name not in state.wishes.forbidden]
    proofs = PROOF_ROUNDS if active.ready else 0  # of a link that failed itself within its hold-down
    better = [
        name
        for name in others
        if state.health[name].answered_since(since)
        and (
            not state.failures.get(name) or (state.health[name].good_in_row >= proofs and active.lost_in_row >= proofs)
        )
    ]
    assert not better, "never on a link known dead while another has answered since"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([True, True, True, True, False]), min_size=1, max_size=300))
def test_scattered_loss_on_a_suspect_link_never_moves_anything(outcomes: list[bool]) -> None:
    night = quiet_night()
    lost = 0
    for answered in outcomes:
        lost = 0 if answered else lost + 1
        if lost >= RULES.judgement.fail_after:
            answered, lost = True, 0  # noqa: PLW2901 - this night has loss, but no outage
        night.feed(RoundEnded("fibre", answered), after_ms=100)
        night.answers("lte", 1, every_ms=1)
    assert night.moves == []


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6), st.integers(50, 3_000))
def test_one_fault_is_one_switch(faults: int, silent_ms: int) -> None:
    """A fibre that drops out and comes back, over and over: at most one move away and one back for each fault."""
    night = quiet_night()
    for _ in range(faults):
        for _ in range(max(4, silent_ms // 100)):
            night.silence("fibre", 1, every_ms=50)
            night.answers("lte", 1, every_ms=50)
        for _ in range(80):
            night.answers("fibre", 1, every_ms=50)
            night.answers("lte", 1, every_ms=50)
    away = [move for move in night.moves if move.to_link == "lte"]
    back = [move for move in night.moves if move.to_link == "fibre"]
    assert len(away) <= faults
    assert len(back) <= len(away)
    assert {move.cause for move in back} <= {SwitchCause.FAILBACK}


def test_a_link_that_went_at_the_same_moment_is_no_refuge() -> None:
    night = quiet_night()
    night.feed(PresencesRead(dict.fromkeys(RULES.links, Presence.ABSENT)), after_ms=100)
    assert night.last_move == (SwitchCause.INTERFACE_GONE, "fibre", None, None)
