"""A floor of the building goes dark under real telephones."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from hil.rig.virtual import plan
from hil.rig.virtual.network import nft
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
    # Registered for longer than it is dark: a baresip that failed to register tries again as late as it likes.
    line = Line(account.number, account.password, town.plan.sip_domain, account.address, box, registered_s=600)
    return Phone(TownPlace(town, "lan"), line)


def gone(town: Town) -> list[str]:
    daemons = json.loads(town.repli("status", "--json").stdout)["daemons"]
    found = [one["data"] for daemon in daemons for one in daemon["issues"] if one["id"] == "voice.phones_gone"]
    return sorted(number for data in found for number in data["extensions"].split(", "))


@contextmanager
def dark(town: Town, accounts: Sequence[plan.Phone]) -> Iterator[None]:
    """Nothing gets to or from them meanwhile: not even the question who has their addresses is answered.

    They keep the addresses, as behind a dead switch: what is gone is the way.
    """
    them = ", ".join(account.address for account in accounts)
    nft(
        town.namespace("lan"),
        f"""
        table arp dark {{
            chain asked {{ type filter hook input priority 0; arp daddr ip {{ {them} }} drop; }}
        }}
        table ip dark {{
            chain to {{ type filter hook input priority 0; ip daddr {{ {them} }} drop; }}
            chain from {{ type filter hook output priority 0; ip saddr {{ {them} }} drop; }}
        }}
        """,
    )
    yield
    nft(town.namespace("lan"), "delete table arp dark; delete table ip dark")


def test_five_of_six_telephones_go_dark_and_come_back(town: Town) -> None:
    with dark(town, PEOPLE[:5]):
        begun = time.monotonic()
        wait_for(lambda: gone(town), "the fault", 2 * FOUND_S, every=0.3)
        assert time.monotonic() - begun <= FOUND_S
        wait_for(lambda: gone(town) == ["101", "102", "103", "104", "105"], "all five")
    wait_for(lambda: gone(town) == [], "no fault", FOUND_S, every=0.3)
