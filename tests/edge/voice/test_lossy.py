"""Signalling inside the building over a network that loses a fifth of it each way and lets later datagrams overtake others."""

from __future__ import annotations

import time

from tests.edge.voice.rough import CALLS, PATIENCE_S, Rough


def test_phones_call_each_other_and_every_hang_up_arrives(rough: Rough) -> None:
    caller, callee = rough.phones
    for _ in range(CALLS):
        begun = time.monotonic_ns()
        call = caller.dial("102", PATIENCE_S)
        callee.wait_event("CALL_ESTABLISHED", PATIENCE_S, begun)
        call.hang_up()
        callee.wait_event("CALL_CLOSED", PATIENCE_S, begun)
    assert len(callee.events("CALL_ESTABLISHED")) == CALLS, "one INVITE rings once, however often it is repeated"
    assert rough.inside.lost > rough.inside.carried / 5, "a fifth was lost"
