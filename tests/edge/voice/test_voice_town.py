"""The telephones of the town: behind the box, its NAT and the operators', each daemon under its own user."""

from __future__ import annotations

import json

import pytest

from hil.rig.virtual.sip.parts import lan_phone, pbx_calls, pstn_calls
from hil.rig.virtual.sip.phone import Phone, call_and_listen
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for

pytestmark = pytest.mark.town

# Generous: the figures are scripts/bench-voice's. 1.5 s for a later call would be waiting for the cloud again.
FIRST_S, LATER_S = 3.0, 0.5


def emergency(town: Town, phone: Phone) -> None:
    before = len(pstn_calls(town))
    call = phone.dial("112")
    wait_for(lambda: call.heard(phone.line.frequency) > 0, "sound there and back", every=0.3)
    call.hang_up()
    # The settings have no number of the site: an extension that can prove itself is shown, not who the phone says it is.
    assert [(one.caller, one.called) for one in pstn_calls(town)[before:]] == [("101", "112")]


def mode(town: Town) -> str:
    return str(json.loads(town.repli("voice", "mode", "--json").stdout)["mode"])


def test_a_bad_night_on_the_telephone() -> None:
    with Town("voicetown", parts=["targets", "pbx", "pstn"]) as town:
        town.start_appliance(only="settings,uplinks,voice")
        town.wait_ready(30)
        reception, office, stranger = lan_phone(town, "101"), lan_phone(town, "102"), lan_phone(town, "103", "wrong")
        for phone in (reception, office, stranger):
            phone.start()
        reception.wait_registered()
        office.wait_registered()

        assert call_and_listen(reception, office).good
        assert [(call.caller, call.called) for call in pbx_calls(town)] == [("101", "102")]
        emergency(town, reception)
        emergency(town, stranger)

        town.fault("pbx-frozen")
        first = call_and_listen(reception, office)
        assert first.good
        assert first.answer_s <= FIRST_S
        later = [call_and_listen(office, reception) for _ in range(2)]
        assert all(call.good for call in later)
        assert all(call.answer_s <= LATER_S for call in later)
        emergency(town, office)
        emergency(town, stranger)
        assert len(pbx_calls(town)) == 1

        town.heal("pbx-frozen")
        wait_for(lambda: mode(town) == "cloud", "the cloud serving again", every=0.3)
        before = len(pbx_calls(town))
        assert call_and_listen(office, reception).good
        assert len(pbx_calls(town)) == before + 1

        # A killed PBX refuses instead of being silent; the box does not mind the difference.
        town.fault("pbx-killed")
        assert call_and_listen(reception, office).answer_s <= FIRST_S
        emergency(town, reception)
