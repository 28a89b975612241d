"""The ways a box stands in a building: each town is what it says, and the demo's failover and calls come true in it."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from edge.shared.section import parse_site
from hil.demo import links, phones
from hil.demo.stage import Stage, until
from hil.demo.timeline import Timeline
from hil.rig.virtual import by_hand, site
from hil.rig.virtual.by_hand import answers
from hil.rig.virtual.inside import NETNS
from hil.rig.virtual.plan import Topology
from hil.rig.virtual.running import RunningTown
from hil.rig.virtual.sip.parts import lan_phone, pstn_calls
from hil.rig.virtual.sip.phone import Line, Phone, call_and_listen, stop_all
from hil.rig.virtual.sip.place import TownPlace
from hil.rig.virtual.topology import plan_of
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for

BEHIND = [Topology.BEHIND_FIREWALL, Topology.ONE_LEG]  # the router's demo is test_demo's
town_test = pytest.mark.town

# Answers whoever asks first, at once and once more when a stateful router has forgotten it.
LATE = """
import socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 9000))
print("listening", flush=True)
_, source = sock.recvfrom(9)
sock.sendto(b"1", source)
time.sleep(float(sys.argv[2]))
sock.sendto(b"2", source)
print("sent", flush=True)
"""
ASK = """
import socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 0))
sock.settimeout(float(sys.argv[3]))
sock.sendto(b"?", (sys.argv[2], 9000))
heard = b""
try:
    while True:
        heard += sock.recv(9)
except TimeoutError:
    print(heard.decode())
"""


@pytest.mark.parametrize("topology", list(Topology))
def test_the_settings_of_each_are_accepted_whole(topology: Topology) -> None:
    plan = plan_of("town", topology)
    section = parse_site(site.document(plan)).uplinks
    assert [link.interface for link in section.links] == [isp.edge_interface for isp in plan.isps]
    inside = plan.fibre.edge_interface if plan.one_leg else plan.lan_interface
    assert [zone.interface for zone in section.zones] == [inside]


@town_test
@pytest.mark.parametrize("topology", BEHIND)
def test_the_commune_s_router_translates_and_lets_nobody_in(topology: Topology) -> None:
    with Town("t-commune", ("echo", "targets"), topology) as town:
        fibre, commune = town.plan.fibre, town.plan.commune
        assert commune is not None
        by_hand.set_up(town)
        by_hand.route(town, fibre)
        other = RunningTown.attach(town.name)
        assert other.plan == town.plan
        role, address = town.plan.near_end
        with town.flow() as flow:
            flow.wait_arrivals(5)
            assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")

        box, router = (cidr.partition("/")[0] for cidr in (fibre.edge_cidr, commune.outside_cidr))
        town.run("fibre", ["ip", "route", "add", box, "via", router])
        assert not answers(town, "fibre", box)
        assert not answers(town, "fibre", router)

        assert answers(town, role, town.plan.targets[0])
        other.fault("fibre-blackhole")
        assert not answers(town, role, town.plan.targets[0])
        assert answers(town, "edge", fibre.gateway), "the next hop is the commune's router, and answers"
        town.heal("fibre-blackhole")

        town.fault("fibre-carrier")
        assert not answers(town, role, town.plan.targets[0])
        assert by_hand.carrier(town, fibre.edge_interface), "it is the router's cable, not the box's"
        town.heal("fibre-carrier")
        wait_for(lambda: answers(town, role, town.plan.targets[0]), "the fibre again")

        late = commune.udp_timeout_s + 1.5
        far = town.spawn("cloud", [sys.executable, "-c", LATE, town.plan.echo, str(late)], "late.log")
        far.wait_printed("^listening")
        heard = town.run(role, [sys.executable, "-c", ASK, address, town.plan.echo, str(late + 1.5)])
        assert heard.stdout.split() == ["1"], "it remembers UDP for longer than it says"
        far.wait_printed("^sent")
    assert not (NETNS / town.namespace("commune")).exists()


@town_test
def test_on_one_leg_phones_and_box_are_one_network_behind_the_commune_s_router() -> None:
    with Town("t-leg", ("targets", "staff"), Topology.ONE_LEG) as town:
        by_hand.set_up(town)
        assert answers(town, "lan", town.plan.edge_lan)
        assert answers(town, "lan", town.plan.targets[0]), "the telephones' own way out"
        assert answers(town, "staff", town.plan.edge_lan) is False, "the box has no way back by hand"
        by_hand.route(town, town.plan.fibre)
        assert answers(town, "staff", town.plan.edge_lan)


@pytest.fixture(scope="module", params=list(Topology))
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A town of each topology, its appliance ready; each test leaves it healed."""
    with Town("t-topology", ("echo", "targets", "pbx", "pstn"), request.param) as town:
        town.start_appliance("settings,uplinks,voice")
        town.wait_ready(60)
        yield Stage(town, Timeline(io.StringIO()))


@town_test
@pytest.mark.parametrize("stage", BEHIND, indirect=True)
def test_failover_and_the_calls_of_the_demo(stage: Stage) -> None:
    steps: list[Callable[[Stage], None]] = [links.fibre_silent, phones.telephones]
    for step in steps:
        step(stage)
    assert stage.timeline.passed, stage.timeline.entries


@town_test
def test_the_survival_call_with_fibre_and_operator_silent(stage: Stage) -> None:
    town = stage.town
    with plugged(lan_phone(town, "101"), lan_phone(town, "102")) as (reception, office):
        with stage.fault("fibre-blackhole"), stage.fault("pbx-frozen"):
            until(lambda: stage.repli_json("uplinks", "list")["active"] == "lte", "4G active", 10)
            assert call_and_listen(reception, office).good
            before = len(pstn_calls(town))
            call = reception.dial("112")
            if town.plan.one_leg:
                time.sleep(1.0)
                # The voice of outside calls goes by the commune's router, which has the fibre alone (ADR 0075).
                assert call.heard(reception.line.frequency) == 0
            else:
                wait_for(lambda: call.heard(reception.line.frequency) > 0, "sound there and back", every=0.3)
            call.hang_up()
            assert [made.called for made in pstn_calls(town)[before:]] == ["112"]
        until(lambda: stage.repli_json("uplinks", "list")["active"] == "fibre", "the fibre again", 30)
        until(lambda: stage.repli_json("voice", "mode")["mode"] == "cloud", "the operator again", 30)


@town_test
@pytest.mark.parametrize("stage", BEHIND, indirect=True)
def test_the_operator_finds_the_box_after_a_silence_longer_than_the_firewall_s_memory(stage: Stage) -> None:
    plan = stage.town.plan
    assert plan.commune is not None
    account = plan.phones[2]
    outside = Line(account.number, account.password, plan.sip_domain, plan.echo, f"{plan.cloud_pbx}:{plan.sip_port}")
    with plugged(lan_phone(stage.town, "102"), Phone(TownPlace(stage.town, "cloud"), outside)) as (_office, mobile):
        time.sleep(plan.commune.udp_timeout_s + 1.5)
        mobile.dial("102").hang_up()  # raises when it is not answered


@town_test
def test_the_second_translation_is_said(stage: Stage) -> None:
    # Not repli_json: a phone of the stage guesses its password, which `repli status` calls a fault.
    daemons = json.loads(stage.town.repli("status", "--json").stdout)["daemons"]
    issues = [issue for daemon in daemons for issue in daemon["issues"]]
    assert ("uplinks.double_nat", "fibre") in {(issue["id"], issue["subject"]) for issue in issues}


@contextmanager
def plugged(*telephones: Phone) -> Iterator[tuple[Phone, ...]]:
    """Registered telephones, for the length of a block."""
    try:
        for phone in telephones:
            phone.start()
        for phone in telephones:
            phone.wait_registered()
        yield telephones
    finally:
        stop_all(telephones)
