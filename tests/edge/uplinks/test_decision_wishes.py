"""The decision on its own: what persons want comes before preference, never before life."""

from __future__ import annotations

from edge.shared.messages.uplinks import SwitchCause
from edge.uplinks.health import Presence
from edge.uplinks.plan import FlowClass
from edge.uplinks.situation import (
    PresenceChanged,
    Wishes,
    WishesChanged,
    initial,
)
from tests.edge.uplinks.nights import RULES, Night, quiet_night


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
