"""A call that becomes a fax (T.38): the re-INVITE passes both ways, its SDP untouched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from hil.rig.virtual.sip.loopback import HandPbx, Telephony
from hil.rig.virtual.sip.wire import SDP, Hand, Message, reply_to

# As gateways write it (ITU-T T.38, annex D), capitals and order included.
T38 = (
    "v=0\r\no=gw 1 2 IN IP4 {0}\r\ns=fax\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio 0 RTP/AVP 8\r\nm=image 40002 udptl t38\r\n"
    "a=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\na=T38FaxFillBitRemoval:0\r\na=T38FaxRateManagement:transferredTCF\r\n"
    "a=T38FaxMaxBuffer:262\r\na=T38FaxMaxDatagram:176\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n"
)


@dataclass
class Side:
    """One end of a call: how it speaks, and where its requests within the call go."""

    hand: Hand
    heard: Callable[[], tuple[Message, tuple[str, int]]]  # the next INVITE
    concluded: Callable[[Message], Message]  # the final reply to one of ours
    target: str
    me: str
    them: str
    routes: list[tuple[str, str]]

    def reinvite(self, call_id: str) -> Message:
        """Ask for T.38."""
        contact = ("Contact", self.hand.contact)
        request = self.hand.compose(
            "INVITE", self.target, to=self.them, call_id=call_id, headers=[*self.routes, contact], body=""
        )
        kept = [(name, self.me if name == "From" else value) for name, value in request.headers]
        return Message(request.start, [*kept, ("Content-Type", "application/sdp")], T38.format(self.hand.wire.address))


def uri(contact: str) -> str:
    return contact.partition("<")[2].partition(">")[0]


def call(
    caller: Hand, far: Hand, number: str, ring: Callable[[], tuple[Message, tuple[str, int]]]
) -> tuple[Message, Message]:
    """An answered call: the INVITE as the far end heard it, and the answer as the caller did."""
    invite = caller.begin(caller.invitation(number))
    heard, source = ring()
    contact = [("Contact", f"<sip:fax@{far.wire.address}:{far.wire.port}>")]
    far.wire.send(reply_to(heard, 200, "OK", contact, SDP.format(far.wire.address), tag="far"), source)
    answer = caller.wire.final(invite)
    assert answer.code == 200
    return heard, answer


@pytest.mark.parametrize("mode", ["cloud", "local"])
def test_a_call_becomes_a_fax_in_either_direction(telephony: Telephony, mode: str) -> None:
    box = telephony
    caller = box.hand("101", 101)
    if mode == "cloud":
        pbx = HandPbx(box.wire(10))
        box.start()
        box.wait_mode("cloud")
        far = Hand(pbx.wire, "0612345678", "", "mairie.example", box.box)
        ring, concluded = pbx.request, pbx.final
    else:
        box.start(box.site(cloud="# no cloud"))
        box.wait_mode("local")
        far = box.hand("102", 102)
        assert far.register().code == 200
        ring, concluded = far.wire.request, far.wire.final
    assert caller.register().code == 200
    heard, answer = call(caller, far, far.number, ring)
    call_id = answer.get("Call-ID")
    near_routes = [("Route", route) for route in reversed(answer.all("Record-Route"))]
    far_routes = [("Route", route) for route in heard.all("Record-Route")]
    near = Side(
        caller,
        caller.wire.request,
        caller.wire.final,
        uri(answer.get("Contact")),
        answer.get("From"),
        answer.get("To"),
        near_routes,
    )
    other = Side(far, ring, concluded, uri(heard.get("Contact")), answer.get("To"), answer.get("From"), far_routes)
    for sender, receiver in ((near, other), (other, near)):
        request = sender.reinvite(call_id)
        sender.hand.wire.send(request, box.box)
        arrived, source = receiver.heard()
        assert arrived.body == request.body
        assert arrived.get("Content-Type") == "application/sdp"
        accepted = T38.format(receiver.hand.wire.address)
        contact = [("Contact", receiver.hand.contact)]
        receiver.hand.wire.send(reply_to(arrived, 200, "OK", contact, accepted), source)
        reply = sender.concluded(request)
        assert (reply.code, reply.body) == (200, accepted)
