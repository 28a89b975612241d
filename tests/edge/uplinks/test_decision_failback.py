"""The decision on its own: hold-downs and failback, and what another life remembers of flaps."""

from __future__ import annotations

import pytest

from edge.shared.messages.uplinks import SwitchCause
from edge.uplinks.decision import hold_down_ns, with_past
from edge.uplinks.health import Presence
from edge.uplinks.plan import FlowClass
from edge.uplinks.situation import (
    PresenceChanged,
    Tick,
    Wishes,
    WishesChanged,
    initial,
)
from tests.edge.uplinks.nights import RULES, SECOND, Night, fail_over, quiet_night, switch


def test_a_link_plugged_in_later_waits_for_its_hold_down() -> None:
    night = Night(initial(RULES, None))
    night.feed(PresenceChanged("lte", Presence.READY))
    night.answers("lte", 3)
    night.feed(PresenceChanged("fibre", Presence.READY), after_ms=15_000)
    night.answers("fibre", 40)
    assert night.state.active == "lte"
    night.answers("fibre", 20)
    assert night.state.active == "fibre"


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


def test_a_flap_is_forgotten_in_the_end() -> None:
    night = quiet_night()
    fail_over(night)
    night.feed(Tick(), after_ms=3_600_000)
    assert hold_down_ns(night.state, "fibre", night.now) == 5 * SECOND
