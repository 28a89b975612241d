"""Links as they come and go in a real town hall: plugged, renamed, readdressed, two of one operator."""

from __future__ import annotations

import json
import signal
import subprocess
import time

import pytest

from hil.rig.virtual.plan import Isp
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town


def in_isp(box: Box, isp: Isp, command: str) -> None:
    result = box.town.run(isp.name, ["sh", "-ec", command])
    assert result.returncode == 0, result.stderr


def link(isp: Isp, cidr: str, gateway: str) -> str:
    return (
        f'[[uplinks.links]]\nname = "{isp.name}"\ninterface = "{isp.edge_interface}"\naddress = "static"\n'
        f'cidr = "{cidr}"\ngateway = "{gateway}"\n'
    )


def plug_in(box: Box, isp: Isp) -> None:
    """A new device of the old name, as a USB modem or network card that was pulled out and put back."""
    edge = box.town.namespace("edge")
    in_isp(
        box,
        isp,
        f"ip link add {isp.inside_interface} type veth peer name {isp.edge_interface} netns {edge};"
        f"ip addr add {isp.gateway_cidr} dev {isp.inside_interface}; ip link set {isp.inside_interface} up",
    )


TAGGED = """[[uplinks.links]]
name = "fibre"
interface = "net832"
parent = "{0}"
vlan = 832
address = "static"
cidr = "192.168.32.2/24"
gateway = "192.168.32.1"
"""


def has_vlans() -> bool:
    """Whether this kernel can make VLAN devices."""
    made = subprocess.run(
        [
            "unshare",
            "-n",
            "sh",
            "-c",
            "ip link add a0 type veth peer name a1 && ip link add link a0 name a0.5 type vlan id 5",
        ],
        capture_output=True,
        check=False,
    )
    return made.returncode == 0


@pytest.mark.skipif(not has_vlans(), reason="this kernel lacks VLAN devices (8021q): run it in the VM rig")
def test_a_vlan_tagged_fibre(box: Box) -> None:
    town, fibre = box.town, box.town.plan.fibre
    in_isp(
        box,
        fibre,
        f"ip link add link {fibre.inside_interface} name tagged0 type vlan id 832; ip link set tagged0 up;"
        "ip addr add 192.168.32.1/24 dev tagged0",
    )
    box.write(TAGGED.format(fibre.edge_interface), box.static(town.plan.lte))
    box.start(name="settings")
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    with town.flow() as flow:
        flow.wait_arrivals(25)
        assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")
        since = time.monotonic_ns()
        box.kill()
        assert "vlan protocol 802.1Q id 832" in box.edge("ip -d link show net832"), "it goes on without the daemon"
        box.start()
        box.wait_up("fibre", "lte", active="fibre")
        assert flow.lost(since) == 0
    changed = town.folder / "changed.toml"
    changed.write_text(box.document(*box.both()), encoding="utf-8")
    assert town.repli("settings", "apply", str(changed)).returncode == 0
    box.wait_up("fibre", "lte", active="fibre")
    assert "net832" not in box.edge("ip link")


@pytest.mark.skipif(has_vlans(), reason="this kernel has VLAN devices")
def test_a_kernel_without_vlans_is_said_and_the_other_link_carries(box: Box) -> None:
    box.write(TAGGED.format(box.town.plan.fibre.edge_interface), box.static(box.town.plan.lte))
    box.start()
    box.wait_up("lte", active="lte")
    assert ("uplinks.kernel_refused", "VLAN net832") in box.issues()
    assert ("uplinks.interface_missing", "fibre") in box.issues()


def test_pulled_out_and_plugged_in_again(running: Box) -> None:
    town, fibre = running.town, running.town.plan.fibre
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = time.monotonic_ns()
        in_isp(running, fibre, f"ip link del {fibre.inside_interface}")
        flow.wait_from(town.plan.lte.public)
        assert flow.outage(since).seconds <= 0.5
    assert running.moves()[-1] == ("interface_gone", "fibre", "lte")
    plug_in(running, fibre)
    running.wait_up("fibre", "lte", active="fibre")
    with town.flow(name="after") as flow:
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")
    assert running.issues() == set()


def test_exchanged_faster_than_anybody_looks(running: Box) -> None:
    """Another device under the same name before the first one's end was noticed: nothing may cling to the old one."""
    fibre = running.town.plan.fibre
    in_isp(running, fibre, f"ip link del {fibre.inside_interface}")
    plug_in(running, fibre)
    running.wait_up("fibre", "lte", active="fibre")
    with running.town.flow() as flow:
        flow.wait_arrivals(25)
        since = time.monotonic_ns()
        time.sleep(1)
        assert flow.lost(since) == 0
        assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")


def test_renamed_away_and_back(running: Box) -> None:
    fibre = running.town.plan.fibre
    name = fibre.edge_interface
    with running.town.flow() as flow:
        flow.wait_arrivals(25)
        since = time.monotonic_ns()
        running.edge(f"ip link set {name} down; ip link set {name} name other0; ip link set other0 up")
        flow.wait_from(running.town.plan.lte.public)
        assert flow.outage(since).seconds <= 0.5
        assert ("uplinks.interface_missing", "fibre") in running.issues()
        assert running.link("fibre")["state"] == "absent"
        running.edge(f"ip link set other0 down; ip link set other0 name {name}")
        running.wait_up("fibre", "lte", active="fibre")
    assert running.issues() == set()


def test_both_links_renamed_at_one_moment(running: Box) -> None:
    """Neither is the other's refuge: the daemon once moved to an interface that it had just read was gone, and died."""
    both = [isp.edge_interface for isp in running.town.plan.isps]
    batch = "".join(f"link set dev {name} name x{name}\n" for name in both)
    running.edge(f"printf '{batch}' | ip -batch -")
    wait_for(lambda: {running.link(name)["state"] for name in ("fibre", "lte")} == {"absent"}, "both gone", every=0.1)
    batch = "".join(f"link set dev x{name} name {name}\n" for name in both)
    running.edge(f"printf '{batch}' | ip -batch -")
    running.wait_up("fibre", "lte", active="fibre")


def addresses(box: Box, isp: Isp) -> set[str]:
    listing = json.loads(box.edge(f"ip -json -4 addr show dev {isp.edge_interface}"))
    return {f"{entry['local']}/{entry['prefixlen']}" for entry in listing[0]["addr_info"]}


def exchange_names(box: Box) -> None:
    """At one moment, and without taking them down."""
    one, other = (isp.edge_interface for isp in box.town.plan.isps)
    steps = ((one, "x0"), (other, one), ("x0", other))
    batch = "".join(f"link set dev {name} name {new}\\n" for name, new in steps)
    box.edge(f"printf '{batch}' | ip -batch -")


def test_links_that_exchange_their_names_exchange_their_addresses(running: Box) -> None:
    isps = running.town.plan.isps
    for _ in range(2):
        exchange_names(running)
        for isp in isps:
            wait_for(lambda isp=isp: addresses(running, isp) == {isp.edge_cidr}, f"{isp.name} its address", every=0.1)
    running.wait_up("fibre", "lte", active="fibre")
    with running.town.flow() as flow:
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{isps[0].public}:")


def test_a_look_in_the_middle_of_an_exchange_of_names_ends_nothing(running: Box) -> None:
    """One name is another device's already, the other nobody's yet: the daemon moved to the link that had just gone, and died."""
    one, other = (isp.edge_interface for isp in running.town.plan.isps)
    assert running.daemon is not None
    running.daemon.signal(signal.SIGSTOP)
    running.edge(f"ip link set dev {one} name x0; ip link set dev {other} name {one}")
    running.daemon.signal(signal.SIGCONT)
    wait_for(lambda: running.link("lte")["state"] == "absent", "the look in the middle", every=0.1)
    running.edge(f"ip link set dev x0 name {other}")
    for isp in running.town.plan.isps:
        wait_for(lambda isp=isp: addresses(running, isp) == {isp.edge_cidr}, f"{isp.name} its address", every=0.1)
    exchange_names(running)
    running.wait_up("fibre", "lte", active="fibre")


def test_a_device_that_took_anothers_name_is_judged_by_its_own_line(box: Box) -> None:
    """Addresses are somebody else's and stay: a probe socket of before would go on asking by the other device."""
    isps = box.town.plan.isps
    for metric, isp in enumerate(isps, start=100):
        way = f"ip route add default via {isp.gateway} dev {isp.edge_interface} metric {metric}"
        box.edge(f"ip addr add {isp.edge_cidr} dev {isp.edge_interface}; {way}")
    keep = '[[uplinks.links]]\nname = "{0.name}"\ninterface = "{0.edge_interface}"\n'
    box.write(*(keep.format(isp) for isp in isps))
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    exchange_names(box)
    wait_for(lambda: box.link("fibre")["address"] == isps[1].edge_cidr, "the other device's address", every=0.1)
    box.wait_up("fibre", "lte", active="fibre")
    box.town.fault("lte-blackhole")
    wait_for(lambda: box.link("fibre")["state"] == "down", "the link whose device is at the 4G", every=0.1)
    assert box.link("lte")["state"] == "up"
    assert box.links()["active"] == "lte"


def test_an_lte_bearer_is_waited_for_and_says_its_modem(box: Box) -> None:
    """The interface of a bearer comes and goes with the modem; who brings the bearer up is the modem's affair."""
    lte = box.town.plan.lte
    box.edge(f"ip link set {lte.edge_interface} down; ip link set {lte.edge_interface} name usb7")
    bearer = f'[[uplinks.links]]\nname = "lte"\nkind = "lte"\ninterface = "{lte.edge_interface}"\nmodem = "huawei"\n'
    box.write(box.static(box.town.plan.fibre), bearer)
    box.start()
    box.wait_up("fibre", active="fibre")
    assert box.link("lte")["state"] == "absent"
    assert box.link("lte")["modem"] == "huawei"
    assert ("uplinks.interface_missing", "lte") in box.issues()
    box.edge(
        f"ip link set usb7 name {lte.edge_interface}; ip link set {lte.edge_interface} up;"
        f"ip addr add {lte.edge_cidr} dev {lte.edge_interface}; ip route add default via {lte.gateway}"
    )
    box.wait_up("fibre", "lte", active="fibre")
    assert box.link("lte")["gateway"] == lte.gateway


def test_another_device_takes_the_name(running: Box) -> None:
    """The name is what the settings say: the device that had it carries nothing any more, whatever it is connected to."""
    town, fibre = running.town, running.town.plan.fibre
    name = fibre.edge_interface
    running.edge(
        f"ip link set {name} down; ip link set {name} name old0; ip link set old0 up;"
        f"ip link add {name} type veth peer name nowhere0; ip link set nowhere0 up"
    )
    wait_for(lambda: running.link("fibre")["state"] == "down", "the newcomer found dead", every=0.2)
    assert running.links()["active"] == "lte"
    assert ("uplinks.no_answer", "fibre") in running.issues()
    with town.flow() as flow:
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{town.plan.lte.public}:")


def test_an_address_that_somebody_else_changes(box: Box) -> None:
    """address = keep: flows of the address that is gone go on by the new one, at once, on the same link."""
    town, (fibre, lte) = box.town, box.town.plan.isps
    keep = f'[[uplinks.links]]\nname = "fibre"\ninterface = "{fibre.edge_interface}"\n'
    box.edge(f"ip addr add {fibre.edge_cidr} dev {fibre.edge_interface}; ip route add default via {fibre.gateway}")
    box.write(keep, box.static(lte, "metered = true"))
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    moves = box.moves()
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = time.monotonic_ns()
        box.edge(
            f"ip addr add 192.168.1.9/24 dev {fibre.edge_interface}; ip addr del {fibre.edge_cidr} dev {fibre.edge_interface};"
            f"ip addr replace 192.168.1.9/24 dev {fibre.edge_interface}; ip route replace default via {fibre.gateway}"
        )
        tracked = f"conntrack -L -p udp --orig-src {town.plan.probe_host} 2>/dev/null"
        wait_for(lambda: "dst=192.168.1.9" in box.edge(tracked), "the flow by the new address")
        flow.wait_from(fibre.public)
        assert flow.outage(since).seconds <= 0.5
    assert box.link("fibre")["address"] == "192.168.1.9/24"
    assert box.moves() == moves


def test_a_gateway_that_somebody_else_changes(box: Box) -> None:
    town, (fibre, lte) = box.town, box.town.plan.isps
    keep = f'[[uplinks.links]]\nname = "fibre"\ninterface = "{fibre.edge_interface}"\n'
    box.edge(f"ip addr add {fibre.edge_cidr} dev {fibre.edge_interface}; ip route add default via 192.168.1.254")
    box.write(keep, box.static(lte))
    box.start()
    box.wait_up("lte", active="lte")
    assert box.link("fibre")["gateway"] == "192.168.1.254"
    box.edge(f"ip route replace default via {fibre.gateway}")
    box.wait_up("fibre", "lte", active="fibre")
    with town.flow() as flow:
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")


@pytest.mark.parametrize("own", ["192.168.1.3", "192.168.1.2"], ids=["own-addresses", "one-address-on-both"])
def test_two_boxes_of_one_operator(box: Box, own: str) -> None:
    """Both hand out 192.168.1.0/24 with the same gateway, perhaps the same address: probes and flows keep them apart."""
    town, (fibre, lte) = box.town, box.town.plan.isps
    in_isp(
        box,
        lte,
        f"ip addr flush dev {lte.inside_interface}; ip addr add {fibre.gateway_cidr} dev {lte.inside_interface}",
    )
    box.write(link(fibre, fibre.edge_cidr, fibre.gateway), link(lte, f"{own}/24", fibre.gateway))
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    with town.flow() as flow:
        flow.wait_arrivals(25)
        assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")
        since = town.fault("fibre-blackhole")
        flow.wait_from(lte.public)
        assert flow.two_way_outage(since).seconds <= 1.0
    wait_for(lambda: box.link("fibre")["state"] == "down", "the fibre found dead", every=0.1)
    assert box.link("lte")["state"] == "up"
    town.heal("fibre-blackhole")
    town.fault("lte-blackhole")
    wait_for(lambda: box.links()["active"] == "fibre", "the fibre again", every=0.1)
    with town.flow(name="back") as flow:
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")


def test_two_links_on_one_switch(box: Box) -> None:
    """Both gateways and both of our interfaces in one network: each interface answers for its own address alone."""
    town, (fibre, lte) = box.town, box.town.plan.isps
    in_isp(
        box,
        fibre,
        f"ip addr flush dev {fibre.inside_interface}; ip link add br0 type bridge; ip link set br0 up;"
        f"ip link set {fibre.inside_interface} master br0; ip addr add {fibre.gateway_cidr} dev br0;"
        f"ip link add other0 type veth peer name other0 netns {town.namespace('lte')};"
        "ip link set other0 master br0; ip link set other0 up",
    )
    in_isp(
        box,
        lte,
        f"ip addr flush dev {lte.inside_interface}; ip link add br0 type bridge; ip link set br0 up;"
        f"ip link set {lte.inside_interface} master br0; ip addr add 192.168.1.254/24 dev br0;"
        "ip link set other0 master br0; ip link set other0 up",
    )
    box.write(link(fibre, fibre.edge_cidr, fibre.gateway), link(lte, "192.168.1.3/24", "192.168.1.254"))
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    hardware = {name: box.edge(f"cat /sys/class/net/{name}/address").strip() for name in ("fibre0", "wwan0")}
    for isp in (fibre, lte):
        for _ in range(5):
            in_isp(box, isp, "ip neigh flush dev br0; ping -qc1 -W2 192.168.1.2; ping -qc1 -W2 192.168.1.3")
            seen = town.run(isp.name, ["ip", "neigh", "show", "dev", "br0"]).stdout
            assert f"192.168.1.2 lladdr {hardware['fibre0']}" in seen
            assert f"192.168.1.3 lladdr {hardware['wwan0']}" in seen
    with town.flow() as flow:
        flow.wait_arrivals(25)
        since = town.fault("fibre-blackhole")
        flow.wait_from(lte.public)
        assert flow.two_way_outage(since).seconds <= 1.0
