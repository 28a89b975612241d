"""The decision on its own: what holds over long made-up nights."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.shared.messages.uplinks import SwitchCause
from edge.uplinks.decision import CARRIER_NS, COMING_UP_NS, PROOF_ROUNDS, step
from edge.uplinks.health import Judgement, Presence, Standing
from edge.uplinks.situation import (
    Event,
    Flush,
    Move,
    PresenceChanged,
    QualityMeasured,
    RoundEnded,
    Rules,
    State,
    Tick,
    Wishes,
    WishesChanged,
    initial,
)
from tests.edge.uplinks.nights import FINE, LIMITS, MS, POOR, RULES, SECOND, quiet_night

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


@settings(max_examples=400)
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
        since = state.health[move.to_link].good_since_ns
        assert since is not None
        assert move.to_link not in before.failures or now - since >= THREE.hold_down_ns
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


@settings(max_examples=100)
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


@settings(max_examples=50)
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
