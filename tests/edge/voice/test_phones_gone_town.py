"""A floor of the building goes dark under real telephones."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from hil.rig.virtual import plan
from hil.rig.virtual.sip.phone import Line, Phone
from hil.rig.virtual.sip.place import TownPlace
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for

pytestmark = pytest.mark.town

FOUND_S = 30.0
KNOWN_S = 5.0 + 12.0 + 6.0  # everybody is seen to be registered, the next round begins, and asks the last of them
PEOPLE = tuple(plan.Phone(str(n), f"Bureau {n}", f"10.77.0.{n}", f"bureau-{n}-secret") for n in range(101, 107))


@pytest.fixture
def town() -> Iterator[Town]:
    """Six telephones, each an unmodified baresip that registered at the cloud PBX."""
    one = Town("gonetown", parts=["targets", "pbx"])
    one.plan = replace(one.plan, phones=PEOPLE)
    with one:
        one.start_appliance(only="settings,uplinks,voice")
        one.wait_ready(30)
        phones = [phone(one, account) for account in PEOPLE]
        for each in phones:
            each.start()
        for each in phones:
            each.wait_registered()
        time.sleep(KNOWN_S)
        yield one


def phone(town: Town, account: plan.Phone) -> Phone:
    box = f"{town.plan.edge_lan}:{town.plan.sip_port}"
    line = Line(account.number, account.password, town.plan.sip_domain, account.address, box)
    return Phone(TownPlace(town, "lan"), line)


def gone(town: Town) -> list[str]:
    daemons = json.loads(town.repli("status", "--json").stdout)["daemons"]
    found = [one["data"] for daemon in daemons for one in daemon["issues"] if one["id"] == "voice.phones_gone"]
    return sorted(number for data in found for number in data["extensions"].split(", "))


@contextmanager
def dark(town: Town, accounts: Sequence[plan.Phone]) -> Iterator[None]:
    """Nobody is at their addresses meanwhile: not even the question who has them is answered."""
    network = town.plan.lan_network.partition("/")[2]
    for verb in ("del", "add"):
        for account in accounts:
            address = f"{account.address}/{network}"
            town.run("lan", ["ip", "address", verb, address, "dev", town.plan.lan_interface])
        if verb == "del":
            yield


def test_five_of_six_telephones_go_dark_and_come_back(town: Town) -> None:
    with dark(town, PEOPLE[:5]):
        begun = time.monotonic()
        wait_for(lambda: gone(town), "the fault", 2 * FOUND_S, every=0.3)
        assert time.monotonic() - begun <= FOUND_S
        wait_for(lambda: gone(town) == ["101", "102", "103", "104", "105"], "all five", 12)
    wait_for(lambda: gone(town) == [], "no fault", FOUND_S, every=0.3)
