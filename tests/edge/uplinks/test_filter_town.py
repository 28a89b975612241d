"""The firewall in a town: what reaches whom, seen at the far end."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator

import pytest

from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town

# Says who came, and answers: every TCP port and UDP port named, on every address of the namespace, IPv4 and IPv6.
LISTEN = """
import selectors, socket, sys
selector = selectors.DefaultSelector()
for word in sys.argv[1:]:
    kind, port = word.split(":")
    sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("::", int(port)))
    if kind == "tcp":
        sock.listen(128)
    selector.register(sock, selectors.EVENT_READ, word)
print("listening", flush=True)
while True:
    for key, _ in selector.select():
        if key.data.startswith("tcp"):
            peer, source = key.fileobj.accept()
            peer.close()
        else:
            _, source = key.fileobj.recvfrom(2048)
            key.fileobj.sendto(b"!", source)
        print(key.data, "from", source[0].removeprefix("::ffff:"), flush=True)
"""
# Arguments: kind, source address, target address, port. Exit code 0 if it answered within a second.
ASK = """
import socket, sys
kind, source, target, port = sys.argv[1:]
family, _, _, _, where = socket.getaddrinfo(target, int(port))[0]
sock = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
sock.settimeout(1)
sock.setsockopt(socket.IPPROTO_IP, 19, 1)  # IP_TRANSPARENT: a source that is not ours
if source:
    sock.bind((source, 0))
sock.connect(where)
if kind == "udp":
    sock.send(b"?")
    sock.recv(9)
"""


def listen(box: Box, namespace: str, *what: str) -> None:
    box.town.spawn(namespace, [sys.executable, "-c", LISTEN, *what], f"listen-{namespace}.log").wait_printed(
        "listening"
    )


def heard(box: Box, namespace: str) -> str:
    return box.town.process(f"listen-{namespace}").log_text()


def asks(box: Box, namespace: str, kind: str, target: str, port: int, source: str = "") -> bool:
    """Whether a port answers what asks from there."""
    command = [sys.executable, "-c", ASK, kind, source, target, str(port)]
    return box.town.run(namespace, command).returncode == 0


def scan(box: Box) -> dict[str, object]:
    fibre = box.town.plan.fibre
    command = [sys.executable, "-m", "hil.rig.virtual.scan", fibre.gateway, wan(box)]
    result = box.town.run("fibre", command, timeout=60)
    assert result.returncode == 0, result.stderr
    found: dict[str, object] = json.loads(result.stdout)
    return found


def wan(box: Box) -> str:
    return box.town.plan.fibre.edge_cidr.split("/")[0]


def start(box: Box, *settings: str) -> None:
    box.write(*box.both(), *settings)
    box.start()
    box.wait_up("fibre", "lte", active="fibre")


@pytest.fixture
def desks() -> Iterator[Box]:
    """A box with a second network of the building, nothing started yet."""
    with Town("t-desks", parts=["staff", "echo", "targets"]) as town:
        yield Box(town)


def zone(name: str, interface: str, role: str) -> str:
    return f'[[uplinks.zones]]\nname = "{name}"\ninterface = "{interface}"\nrole = "{role}"\n'


def test_a_scan_from_the_isp_finds_nothing_but_what_is_open(box: Box) -> None:
    listen(box, "edge", "tcp:22", "tcp:8080", "udp:53", "udp:5060")
    box.edge(f"ip address add {box.town.plan.fibre.edge_cidr} dev {box.town.plan.fibre.edge_interface}")
    before = scan(box)
    assert (before["open"], before["replied"]) == ([22, 8080], [53, 5060]), "the scan itself is blind"
    start(box)
    assert scan(box) == {"open": [], "closed": [], "replied": [], "unreachable": 0}
    box.kill()
    start(
        box,
        '[[uplinks.open]]\nname = "pages"\nports = ["8080-8081"]\n',
        '[[uplinks.open]]\nname = "dns"\nprotocol = "udp"\nports = ["53"]\nlinks = ["fibre"]\n',
        '[[uplinks.open]]\nname = "other"\nports = ["22"]\nlinks = ["lte"]\n',
    )
    assert scan(box) == {"open": [8080], "closed": [8081], "replied": [53], "unreachable": 0}
    assert asks(box, "lan", "tcp", box.town.plan.edge_lan, 22)


def test_what_is_open_to_a_host_inside(box: Box) -> None:
    plan = box.town.plan
    host, stranger = plan.probe_host, "192.168.1.77"
    listen(box, "lan", "tcp:443", "tcp:8443")
    start(box, f'[[uplinks.open]]\nname = "cameras"\nports = ["8443"]\nsources = ["{plan.fibre.gateway}/32"]\n'
               f'to = "{host}"\nto_port = 443\n')  # fmt: skip
    fibre = plan.fibre.inside_interface
    box.town.run("fibre", ["ip", "address", "add", f"{stranger}/24", "dev", fibre])
    box.town.run("fibre", ["ip", "route", "add", plan.lan_network, "via", wan(box)])
    assert asks(box, "fibre", "tcp", wan(box), 8443, plan.fibre.gateway)
    assert f"tcp:443 from {plan.fibre.gateway}" in heard(box, "lan")
    assert not asks(box, "fibre", "tcp", wan(box), 8443, stranger)
    assert not asks(box, "fibre", "tcp", host, 443, plan.fibre.gateway)
    assert not asks(box, "fibre", "tcp", host, 8443, plan.fibre.gateway)
    assert heard(box, "lan").count("from") == 1


def test_nobody_comes_under_a_name_of_the_building(desks: Box) -> None:
    plan = desks.town.plan
    listen(desks, "edge", "udp:7000")
    start(
        desks,
        '[[uplinks.open]]\nname = "all"\nprotocol = "udp"\nports = ["7000"]\n',
        zone("bureaux", plan.staff_interface, "staff"),
        zone("telephones", plan.lan_interface, "phones"),
    )
    assert asks(desks, "fibre", "udp", wan(desks), 7000)
    for source in (plan.probe_host, plan.edge_lan, "127.0.0.9"):
        asks(desks, "fibre", "udp", wan(desks), 7000, source)
        assert f"from {source}" not in heard(desks, "edge")
    assert asks(desks, "staff", "udp", plan.edge_staff, 7000)
    asks(desks, "staff", "udp", plan.edge_staff, 7000, plan.probe_host)
    assert heard(desks, "edge").count("from") == 2


def test_what_each_zone_reaches(desks: Box) -> None:
    plan = desks.town.plan
    listen(desks, "edge", "tcp:8080", "udp:5060")
    listen(desks, "lan", "tcp:80", "udp:12000")
    guests, phones = zone("public", plan.staff_interface, "guest"), zone("telephones", plan.lan_interface, "phones")
    start(desks, guests, phones)
    target = plan.targets[0]
    assert asks(desks, "staff", "udp", target, plan.target_udp_port)
    assert asks(desks, "staff", "udp", plan.edge_staff, 5060), "the emergency call is for guests, too"
    assert not asks(desks, "staff", "tcp", plan.edge_staff, 8080)
    assert not asks(desks, "staff", "tcp", plan.probe_host, 80)
    assert not asks(desks, "staff", "udp", plan.browser_host, 12000)
    assert asks(desks, "lan", "tcp", plan.edge_lan, 8080)
    assert asks(desks, "lan", "tcp", target, plan.target_tcp_port)
    assert not asks(desks, "lan", "udp", target, plan.target_udp_port)
    with desks.town.flow() as flow:  # voice: high ports
        flow.wait_arrivals(10)
    desks.kill()
    start(desks, guests.replace("guest", "staff"), phones)
    assert asks(desks, "staff", "tcp", plan.edge_staff, 8080)
    assert asks(desks, "staff", "udp", plan.browser_host, 12000), "a softphone on a desk hears a telephone"
    assert not asks(desks, "staff", "tcp", plan.probe_host, 80)


def test_a_path_with_a_smaller_packet_size_is_found(running: Box) -> None:
    fibre = running.town.plan.fibre
    running.town.run("fibre", ["ip", "link", "set", fibre.outside_interface, "mtu", "1000"])
    ping = ["ping", "-c1", "-W2", "-M", "do", "-s", "1200", running.town.plan.targets[0]]
    result = running.town.run("lan", ping)
    assert "mtu" in result.stdout + result.stderr


def test_ipv6_is_refused_from_outside(box: Box) -> None:
    plan = box.town.plan
    listen(box, "edge", "tcp:8080")
    start(box)

    def link_local(interface: str) -> str:
        (entry,) = json.loads(box.edge(f"ip -6 -j address show {interface} scope link"))
        return str(entry["addr_info"][0]["local"])

    outside, inside = link_local(plan.fibre.edge_interface), link_local(plan.lan_interface)
    wait_for(lambda: asks(box, "lan", "tcp", f"{inside}%{plan.lan_interface}", 8080), "IPv6 inside", every=0.2)
    ping = ["ping", "-6", "-c1", "-W2", f"{outside}%{plan.fibre.inside_interface}"]
    wait_for(lambda: box.town.run("fibre", ping).returncode == 0, "neighbour discovery and echo", every=0.2)
    assert not asks(box, "fibre", "tcp", f"{outside}%{plan.fibre.inside_interface}", 8080)


OWNER = """
import time
from nftables import Nftables
nft = Nftables()
print(nft.cmd("add table inet repli_elsewhere { flags owner; }"), flush=True)
time.sleep(600)
"""


def test_rules_that_are_refused_leave_the_old_ones_in_force(box: Box) -> None:
    listen(box, "edge", "tcp:8080")
    box.write(*box.both())
    box.start(name="settings")
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    box.town.spawn("edge", [sys.executable, "-c", OWNER], "owner.log").wait_printed(r"^\(0")
    changed = box.town.folder / "changed.toml"
    changed.write_text(
        box.document(*box.both(), head='hold_down_s = 2.0\nnft_table = "repli_elsewhere"'), encoding="utf-8"
    )
    assert box.town.repli("settings", "apply", str(changed)).returncode == 0
    wait_for(lambda: ("uplinks.kernel_refused", "nftables") in box.issues(), "the refusal said", every=0.2)
    time.sleep(0.5)
    assert not asks(box, "fibre", "tcp", wan(box), 8080)
    with box.town.flow() as flow:
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{box.town.plan.fibre.public}:")
