"""Somebody in the building gives himself address after address: what is shown of them must not grow until nothing is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, product

import pytest

from hil.rig.virtual.sip.carrier import Carrier
from hil.rig.virtual.sip.loopback import DOMAIN, Telephony
from hil.rig.virtual.sip.rpc import ask
from hil.rig.virtual.sip.wire import Hand, Message, Wire
from hil.rig.virtual.waiting import wait_for

ADDRESSES = 1500  # more than an answer of Kamailio's holds
SHOWN = 200
WORKERS = 2


@pytest.fixture
def trunk(telephony: Telephony) -> Carrier:
    telephony.start(telephony.site(cloud="# no cloud"))
    telephony.root.start("settings")
    return Carrier(telephony.wire(20))


def strangers(box: Telephony) -> Iterator[Hand]:
    """Phones, each at an address of its own."""
    first, second, _ = box.net.split(".")
    for third, fourth in product(range(100, 250), range(1, 250)):
        wire = Wire(f"{first}.{second}.{third}.{fourth}")
        with wire:
            yield Hand(wire, "101", "", DOMAIN, box.box)


def scan(hand: Hand) -> Message:
    return hand.compose("OPTIONS", f"sip:101@{DOMAIN}", headers=[("User-Agent", "friendly-scanner")])


def rewritten(hand: Hand) -> Message:
    """As a SIP ALG leaves it: the Via is where it comes from, the Contact is not."""
    contact = [("Contact", "<sip:101@192.168.1.9>")]
    return hand.compose("REGISTER", f"sip:{DOMAIN}", to=f"<sip:101@{DOMAIN}>", headers=contact)


def rows(box: Telephony, table: str) -> int:
    held = ask(box.root.paths.kamailio_run / "rpc", "htable.stats")
    return int(next(one["all"] for one in held if one["name"] == table))


@pytest.mark.parametrize(("deed", "table"), [(scan, "limited"), (rewritten, "rewritten")])
def test_settings_are_still_told_and_emergencies_still_go(
    telephony: Telephony, trunk: Carrier, deed: Callable[[Hand], Message], table: str
) -> None:
    for hand in islice(strangers(telephony), ADDRESSES):
        hand.wire.send(deed(hand), hand.box)
    wait_for(lambda: rows(telephony, table) >= SHOWN, "so many are shown")
    before = telephony.json("voice", "mode")["version"]
    telephony.root.write_site(telephony.site(cloud="# no cloud", extensions={"109": "new-secret"}))
    wait_for(lambda: telephony.json("voice", "mode")["version"] != before, "the new settings told")
    assert telephony.json("voice", "mode")["told"]
    assert rows(telephony, table) <= SHOWN + WORKERS, "each counts before it writes"
    desk = telephony.hand("101", 101)
    desk.wire.send(desk.invitation("112"), desk.box)
    assert trunk.request()


def test_an_emergency_call_with_a_name_of_any_length_goes(telephony: Telephony, trunk: Carrier) -> None:
    desk = telephony.hand("101", 101)
    for number in range(3):
        invite = desk.invitation("112")
        long = f"{number}-" + "x" * 4000
        invite.headers = [(name, long if name == "Call-ID" else value) for name, value in invite.headers]
        desk.wire.send(invite, desk.box)
        assert trunk.request()[0].get("Call-ID") == long
    assert rows(telephony, "urgent") == 0
    # The journal has what the table leaves out.
    wait_for(lambda: "voice.emergency_call" in str(telephony.json("status")), "they are said")
