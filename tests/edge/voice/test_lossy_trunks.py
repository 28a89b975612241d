"""Calls outside, where the networks to the phones and to both trunks lose a fifth each way."""

from __future__ import annotations

import time

from hil.rig.virtual.waiting import wait_for
from tests.edge.voice.rough import CALLS, PATIENCE_S, Rough


def test_a_call_outside_is_one_call_at_each_trunk_it_is_tried_at_and_ends(rough: Rough) -> None:
    """A trunk all of whose answers are lost for `way_ms` is silent to the box, and the next one is tried as well."""
    caller, _ = rough.phones
    for number in range(CALLS):
        call = caller.dial(f"061234567{number}", PATIENCE_S)
        time.sleep(1)
        call.hang_up()
    calls = [call for network in rough.networks for call in network.calls()]
    assert {call.called for call in calls} == {f"061234567{number}" for number in range(CALLS)}
    for network in rough.networks:
        heard = [call.called for call in network.calls()]
        assert len(heard) == len(set(heard)), "an INVITE repeated is no second call"
    wait_for(
        lambda: {one for network in rough.networks for one in network.hung_up()} == {call.call_id for call in calls},
        "a BYE for each call",
        PATIENCE_S,
    )
