"""Calls by trunks, played by hand: a box with two of them, phones that call out, operators that call in."""

from __future__ import annotations

from typing import Any

from hil.rig.virtual.sip.carrier import Carrier
from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.wire import SDP, Hand, Message


def start_with_trunks(
    box: Telephony,
    first: str = "",
    second: str = "",
    *,
    cloud: str = "# no cloud",
    more: str = "",
    second_host: int = 21,
) -> None:
    """Start a box with two trunks, `pstn` and then `spare`, each with settings of its own."""
    spare = f'[[voice.trunks]]\nname = "spare"\naddress = "{box.net}.{second_host}"\n{second}\n'
    box.start(box.site(cloud=cloud, more=f"{first}\n{spare}{more}"))


def caller(box: Telephony, number: str = "101", host: int = 101) -> Hand:
    """A phone that has registered."""
    return box.registered(number, host)


def call(phone: Hand, number: str) -> Message:
    """Call, prove who calls when asked; returns the INVITE as it was sent last."""
    return phone.begin(phone.invitation(number))


def talk(phone: Hand, number: str, carrier: Carrier) -> tuple[Message, Message]:
    """Call and be answered; returns the INVITE as sent and the 200."""
    invite = call(phone, number)
    carrier.answer()
    reply = phone.wire.final(invite)
    assert reply.code == 200
    phone.wire.send(phone.within("ACK", invite, reply), phone.box)
    carrier.request(method="ACK")
    return invite, reply


def hang_up(phone: Hand, invite: Message, reply: Message, carrier: Carrier) -> None:
    """The caller ends the call."""
    end = phone.within("BYE", invite, reply)
    phone.wire.send(end, phone.box)
    carrier.request(method="BYE")
    assert phone.wire.final(end).code == 200


def trunk(box: Telephony, name: str) -> dict[str, Any]:
    """What `repli voice trunks` says of one."""
    (found,) = [one for one in box.json("voice", "trunks")["trunks"] if one["name"] == name]
    shown: dict[str, Any] = found
    return shown


def ring(box: Telephony, carrier: Carrier, number: str, to: str | None = None) -> Message:
    """A call from the operator of a trunk; returns its INVITE."""
    outside = Hand(carrier.wire, "0611223344", "", "carrier.example", box.box)
    uri = f"sip:{number}@{box.box[0]}"
    contact = [("Contact", f"<sip:0611223344@{carrier.wire.address}:{carrier.wire.port}>")]
    invite = outside.compose("INVITE", uri, to=to, headers=contact, body=SDP.format(carrier.wire.address))
    carrier.wire.send(invite, box.box)
    return invite


def health(box: Telephony, name: str) -> str:
    """Whether it is well, by `repli voice trunks`."""
    return str(trunk(box, name)["health"])
