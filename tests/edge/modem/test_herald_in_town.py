"""A technician asks ETAT while alerts and the web are dead: the daemons as their own users, with the rights they have."""

from __future__ import annotations

import os
import time

import pytest

from hil.rig.virtual.modem.client import VirtualModem
from hil.rig.virtual.modem.part import modem_of
from hil.rig.virtual.town import Town

pytestmark = pytest.mark.town

TECHNICIAN = "+33612345678"


def answer(modem: VirtualModem, within: float = 30.0) -> str:
    """What a technician reads who asks now."""
    before = len(modem.log())
    modem.inject("bring", number="0612345678", text="État ?")
    deadline = time.monotonic() + within
    while len(modem.log()) == before:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    message = modem.log()[before]
    assert message.destination == TECHNICIAN
    return message.text


def test_etat_says_what_carries_and_what_is_out() -> None:
    with Town(f"etat{os.getpid() % 10_000}", parts=["targets", "pbx", "modem"]) as town:
        town.write_site(town.site_document().replace("[modem]\n", f'[modem]\ntechnicians = ["{TECHNICIAN}"]\n'))
        town.start_appliance("settings,uplinks,voice,kamailio,modem")
        town.wait_ready()
        modem = modem_of(town)
        text = answer(modem)
        assert ": niveau 0 (normal). Internet par fibre, 4G. Téléphones opérateur 0/" in text
        town.fault("fibre-blackhole")
        deadline = time.monotonic() + 10
        while ": niveau 1 (secours en service). Internet par 4G, fibre HS. " not in text:
            assert time.monotonic() < deadline, text
            time.sleep(0.5)
            text = answer(modem)
