"""A call by a trunk that is over is so for everything that counts calls, however close its last messages came."""

from __future__ import annotations

import time

from hil.rig.virtual.sip.carrier import Carrier
from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.trunk_calls import call, caller, start_with_trunks, trunk
from hil.rig.virtual.sip.wire import SDP, Hand, Message, reply_to
from hil.rig.virtual.waiting import wait_for

IN_TIME = 20.0  # seconds: it happens within two


def live(box: Telephony) -> dict[str, str]:
    """Table `live`, of the calls that an emergency may end."""
    listed = [slot for entry in box.rpc("htable.dump", "live") for slot in entry["slot"]]
    return {one["name"]: one["value"] for one in listed}


def wait_over(box: Telephony) -> None:
    """Nothing counts a call by trunk pstn any longer. Raises TooLate."""
    wait_for(lambda: trunk(box, "pstn")["calls"] == 0, "every channel free", IN_TIME, every=0.2)
    wait_for(lambda: live(box) == {}, "no call for an emergency to end", IN_TIME)


def hung_up_by(operator: Carrier, box: Telephony, invite: Message, taken: Message) -> Message:
    """The BYE of who answers."""
    outside = Hand(operator.wire, "", "", "", box.box)
    routes = [("Route", route) for route in invite.all("Record-Route")]
    target, call_id = invite.get("Contact").strip("<>"), invite.get("Call-ID")
    end = outside.compose("BYE", target, to=invite.get("From"), call_id=call_id, headers=routes)
    end.headers = [(name, taken.get("To") if name == "From" else value) for name, value in end.headers]
    return end


def test_a_bye_right_behind_the_ack_ends_the_call(telephony: Telephony) -> None:
    """One worker is at the BYE while the other is still at the ACK."""
    box, operator = telephony, Carrier(telephony.wire(20))
    start_with_trunks(box)
    desk = caller(box)
    for turn in range(300):
        invite = call(desk, "0987654321")
        operator.answer()
        reply = desk.wire.final(invite)
        # As much to read as one row can hold: the moment in which it can go wrong is ten times as long.
        trunk_name, since, number, entry, _, state = live(box)[invite.get("Call-ID")].split("|")
        row = "|".join((trunk_name, since, number, entry, "answere" * 1000, state))
        box.rpc("htable.sets", "live", invite.get("Call-ID"), row)
        acknowledgement, end = desk.within("ACK", invite, reply), desk.within("BYE", invite, reply)
        desk.wire.send(acknowledgement, desk.box)
        behind(turn % 6 * 0.00005)
        desk.wire.send(end, desk.box)
        assert desk.wire.final(end, IN_TIME).code == 200
    wait_over(box)


def behind(seconds: float) -> None:
    """Wait for less than a sleep can."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def test_who_hangs_up_before_the_box_knows_the_answer_keeps_no_channel(telephony: Telephony) -> None:
    """A switch that answers and hangs up at once, and its two messages change places on the way."""
    box, operator = telephony, Carrier(telephony.wire(20))
    start_with_trunks(box, "channels = 1")
    desk = caller(box)
    invite = call(desk, "0987654321")
    heard, source = operator.request()
    operator.wire.send(reply_to(heard, 180, "Ringing", tag="early"), source)
    contact = [("Contact", f"<sip:{operator.wire.address}:5060>")]
    taken = reply_to(heard, 200, "OK", contact, SDP.format(operator.wire.address), tag="early")
    end = hung_up_by(operator, box, heard, taken)
    operator.wire.send(end, box.box)
    told, source = desk.wire.request(IN_TIME, "BYE")
    operator.wire.send(taken, box.box)
    reply = desk.wire.final(invite, IN_TIME)
    assert reply.code == 200
    desk.wire.send(desk.within("ACK", invite, reply), desk.box)
    desk.wire.send(reply_to(told, 200, "OK"), source)
    assert operator.final(end, IN_TIME).code == 200
    wait_over(box)
    again = call(desk, "0987654322")
    operator.answer(IN_TIME)
    assert desk.wire.final(again, IN_TIME).code == 200
