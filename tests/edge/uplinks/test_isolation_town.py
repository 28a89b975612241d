"""Isoler in a town, measured at the far end: the desks are silent, telephones and the crisis cell go on."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.shared.clock import SystemClock
from edge.shared.messages.common import Actor
from edge.shared.messages.uplinks_firewall import IsolateParams
from edge.shared.model import Link, UplinksSection, Zone
from edge.shared.rights import ROOT, Caller
from edge.uplinks.applier import Applier
from edge.uplinks.budget.counters import Counters
from edge.uplinks.budget.keeper import BudgetKeeper
from edge.uplinks.budget.kept import KeptUse
from edge.uplinks.conntrack import Conntrack
from edge.uplinks.engine import Engine
from edge.uplinks.firewall import Firewall
from edge.uplinks.history import History
from edge.uplinks.isolation import IsolationFile
from edge.uplinks.kernel import Kernel
from edge.uplinks.libnftables import Libnftables
from edge.uplinks.owned import Owned
from edge.uplinks.probe_volume import VolumeBook
from edge.uplinks.resolver import ResolverFile
from edge.uplinks.shaper import Shaper
from edge.uplinks.wall import Wall
from edge.uplinks.wish_book import OverrideFile, WishBook
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box
from tests.edge.uplinks.slow_disk import SlowDisk, slow_disk
from tests.edge.uplinks.test_filter_town import asks, listen, start, zone
from tests.edge.uplinks.test_filter_town import heard as what_reached

pytestmark = pytest.mark.town

CHATTER = [sys.executable, "-m", "hil.rig.virtual.flow.chatter"]
PORT = 4000
ME = Caller(0, os.getpid(), ROOT)
ISOLATE = ("uplinks", "isolate", "--reason", "rançongiciel", "--request-id", "1", "--json")


@pytest.fixture
def desks() -> Iterator[Box]:
    """Desks and telephones in zones, everything running."""
    with Town("t-isolate", parts=["staff", "targets"]) as town:
        box, plan = Box(town), town.plan
        zones = (zone("bureaux", plan.staff_interface, "staff"), zone("telephones", plan.lan_interface, "phones"))
        start(box, *zones)
        yield box


def heard(box: Box) -> list[int]:
    return [int(at) for at in re.findall(r"from \S+ (\d+)", box.town.process("hear").log_text())]


def test_the_desks_are_cut_off_and_nobody_else(desks: Box) -> None:
    town, plan = desks.town, desks.town.plan
    listen(desks, "edge", "tcp:8080", "udp:5060")
    listen(desks, "staff", "udp:12000")
    town.spawn("cloud", [*CHATTER, "hear", plan.echo, str(PORT)], "hear.log").wait_printed("listening")
    town.spawn("staff", [*CHATTER, "talk", "0.0.0.0", plan.echo, str(PORT)], "talk.log")
    with town.flow() as call:
        call.wait_arrivals(25)
        assert len(heard(desks)) > 5
        assert asks(desks, "staff", "tcp", plan.edge_staff, 8080)
        assert asks(desks, "lan", "udp", plan.staff_host, 12000)
        asked = time.monotonic_ns()
        result = town.repli(*ISOLATE)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["isolation"]["zones"] == ["bureaux"]
        acknowledged = time.monotonic_ns()
        time.sleep(2.5)
        assert heard(desks)[-1] < acknowledged, "cut off before it is said to be"
        assert not asks(desks, "staff", "udp", plan.targets[0], plan.target_udp_port)
        assert not asks(desks, "staff", "tcp", plan.edge_staff, 8080)
        reached = what_reached(desks, "staff")
        assert not asks(desks, "lan", "udp", plan.staff_host, 12000)
        assert what_reached(desks, "staff") == reached, "not only the answer: nothing gets in to them"
        assert asks(desks, "staff", "udp", plan.edge_staff, 5060), "the emergency call reaches the box"
        assert call.lost(asked) == 0
    assert ("uplinks.isolated", "bureaux") in desks.issues()
    assert asks(desks, "lan", "tcp", plan.edge_lan, 8080)
    silent_since = heard(desks)[-1]
    assert town.repli("uplinks", "isolate", "--end").returncode == 0
    wait_for(lambda: heard(desks)[-1] > silent_since, "the desks heard again")
    assert town.repli(*ISOLATE).returncode == 0, "the first request once more"
    assert ("uplinks.isolated", "bureaux") not in desks.issues()


def test_the_cut_does_not_wait_for_the_disk_its_acknowledgement_does(tmp_path: Path) -> None:
    """The real kernel of this namespace, no town: in force, and the loop free, while the disk has not answered."""
    section = UplinksSection(
        links=[Link(name="fibre", interface="t-fibre")],
        zones=[Zone(name="bureaux", interface="t-desks")],
        nft_table="repli_slow_disk",
    )
    nft, clock = Libnftables(), SystemClock()
    firewall = Firewall(nft, clock)
    params = IsolateParams(on=True, reason="virus", request_id="1", actor=Actor(user="alice"))

    async def story(disk: SlowDisk) -> None:
        async with Kernel() as kernel, Conntrack() as conntrack, Shaper() as shaper:
            isolated = IsolationFile(tmp_path / "isolation.json")
            owned, resolver_file = Owned(tmp_path / "owned.json"), ResolverFile(tmp_path / "resolvers")
            applier = Applier(kernel, firewall, isolated, conntrack, shaper, owned, resolver_file)
            volumes = VolumeBook(tmp_path / "volume.json", clock)
            budget = BudgetKeeper(Counters(nft), KeptUse(tmp_path / "budget.json"), clock, "boot", lambda: None)
            history = History(tmp_path / "history.db", clock, "boot")
            wishes = WishBook(OverrideFile(tmp_path / "overrides.json", "boot"), clock, lambda: None)
            engine = Engine(applier, history, wishes, volumes, budget, clock)
            engine.section = section
            wall = Wall(engine, applier, firewall, isolated, clock)
            call = asyncio.create_task(wall.isolate(params, ME))
            await asyncio.to_thread(disk.asked.wait, 10)
            assert "t-desks" in firewall.listing(section.nft_table), "cut off already"
            assert not call.done()
            assert not (tmp_path / "isolation.json").exists()
            disk.goes_on.set()
            assert (await call).isolation is not None
            assert IsolationFile(tmp_path / "isolation.json").interfaces(section) == {"t-desks"}

    firewall.replace(section, None, ())
    try:
        with slow_disk() as disk:
            asyncio.run(story(disk))
    finally:
        firewall.remove(section.nft_table)


def test_it_lasts_through_a_kill_and_new_settings(desks: Box) -> None:
    town, plan = desks.town, desks.town.plan
    assert asks(desks, "staff", "udp", plan.targets[0], plan.target_udp_port)
    assert town.repli(*ISOLATE).returncode == 0
    desks.kill()
    assert not asks(desks, "staff", "udp", plan.targets[0], plan.target_udp_port)
    desks.start()
    desks.wait_up("fibre", "lte", active="fibre")
    assert not asks(desks, "staff", "udp", plan.targets[0], plan.target_udp_port)
    assert ("uplinks.isolated", "bureaux") in desks.issues()
    assert "isolated" in desks.edge("nft list set inet repli_uplinks isolated | grep staff0 && echo isolated")


def test_the_firewall_for_people_and_programs(desks: Box) -> None:
    town, plan = desks.town, desks.town.plan
    asks(desks, "fibre", "tcp", plan.fibre.edge_cidr.split("/")[0], 22)
    text = town.repli("uplinks", "firewall").stdout
    assert "Pare-feu en vigueur depuis" in text
    assert re.search(r"bureaux +staff0 +Internet, le boîtier", text)
    assert "Rien n'est ouvert depuis Internet." in text
    assert re.search(r"fibre +[1-9]", text)
    assert town.repli(*ISOLATE).returncode == 0
    text = town.repli("uplinks", "firewall").stdout
    assert re.search(r"bureaux +staff0 +ISOLÉ", text)
    assert "rançongiciel" in text
    state = json.loads(town.repli("uplinks", "firewall", "--json").stdout)
    assert state["rules"] is None
    assert {entry["name"]: entry["isolated"] for entry in state["zones"]} == {"bureaux": True, "telephones": False}
    rules = town.repli("uplinks", "firewall", "--nft").stdout
    assert "chain link_to_box" in rules
    assert '"staff0"' in rules


def test_what_cannot_be_cut_off_is_said(desks: Box) -> None:
    town = desks.town
    assert "motif" in town.repli("uplinks", "isolate").stderr
    assert "« telephones »" in town.repli("uplinks", "isolate", "telephones", "--reason", "x").stderr
    assert town.repli("uplinks", "isolate", "--end").returncode == 0


def test_without_a_zone_of_the_staff_there_is_nothing_to_cut_off(running: Box) -> None:
    result = running.town.repli("uplinks", "isolate", "--reason", "x")
    assert result.returncode == 2
    assert "rien à isoler" in result.stderr
