"""The decision on its own: which link carries first, and what new settings make of it."""

from __future__ import annotations

from edge.shared.messages.uplinks import SwitchCause
from edge.uplinks.decision import adopt
from edge.uplinks.health import Presence, Standing
from edge.uplinks.situation import (
    PresenceChanged,
    Rules,
    Tick,
    initial,
)
from tests.edge.uplinks.nights import RULES, Night, quiet_night


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
