"""A trunk over TCP: well, refusing the connection, and a black hole. Nobody waits for it but the call that found it out."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.carrier import Carrier
from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.pstn import Pstn
from hil.rig.virtual.sip.trunk_calls import call, caller, health, start_with_trunks
from hil.rig.virtual.sip.wire import reply_to
from hil.rig.virtual.waiting import wait_for

TCP = 'transport = "tcp"\n'
FAILOVER_S = 2.0  # promised for each dead trunk
AT_ONCE_S = 1.0  # generous: who waited for the trunk would need 1.5 s


@contextlib.contextmanager
def black_hole(address: str) -> Iterator[None]:
    """A port that answers no SYN: nobody accepts, and the queue of those who wait is full (listen(2), tcp(7))."""
    with contextlib.ExitStack() as opened:
        door = opened.enter_context(socket.socket())
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((address, 5060))
        door.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect((address, 5060))
        yield


@contextlib.contextmanager
def refusing(address: str) -> Iterator[None]:
    """Nobody listens."""
    with socket.socket() as probe:
        assert probe.connect_ex((address, 5060)) != 0
    yield


def test_a_trunk_that_is_well_carries_calls_over_tcp(telephony: Telephony) -> None:
    network = Pstn(telephony.place, telephony.trunk, transport="tcp")
    network.start()
    spare = Carrier(telephony.wire(21))
    start_with_trunks(telephony, TCP + "probe = false")
    desk = caller(telephony)
    invite = call(desk, "0987654321")
    reply = desk.wire.final(invite)
    assert reply.code == 200
    for method in ("ACK", "BYE"):
        desk.wire.send(desk.within(method, invite, reply), desk.box)
    wait_for(network.hung_up, "its end heard there")
    assert [one.called for one in network.calls()] == ["0987654321"]
    assert spare.silent(0.2)


@pytest.mark.parametrize("dead", [refusing, black_hole])
@pytest.mark.parametrize("probe", ["probe = true", "probe = false"])
def test_a_dead_one_costs_one_call_two_seconds_and_others_nothing(
    telephony: Telephony, dead: type[contextlib.AbstractContextManager[None]], probe: str
) -> None:
    box, spare = telephony, Carrier(telephony.wire(21))
    with dead(box.trunk):
        start_with_trunks(box, TCP + probe)
        desk, office, hall = caller(box), caller(box, "102", 102), caller(box, "103", 103)
        begun = time.monotonic()
        outgoing = call(desk, "0987654321")
        # While it waits, the building's own calls go on.
        inside = call(office, "103")
        heard, source = hall.wire.request()
        hall.wire.send(reply_to(heard, 486, "Busy Here"), source)
        assert office.wire.final(inside).code == 486
        assert time.monotonic() - begun < AT_ONCE_S
        spare.answer()
        assert time.monotonic() - begun <= FAILOVER_S
        assert desk.wire.final(outgoing).code == 200
        begun = time.monotonic()
        later = call(hall, "0987654322")
        spare.answer()
        assert hall.wire.final(later).code == 200
        assert time.monotonic() - begun < AT_ONCE_S
        shown = "unprobed" if "false" in probe else "silent"
        wait_for(lambda: health(box, "pstn") == shown, f"it is shown as {shown}", every=0.2)
