"""Links with a DHCP address, in a town: the server is Debian's dnsmasq, or one that misbehaves on purpose."""

from __future__ import annotations

import json
import random
import re
import signal
import time

import pytest

from hil.rig.virtual.plan import Isp
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box
from tests.edge.uplinks.providers import DNS, dnsmasq, scripted

pytestmark = pytest.mark.town

HEAD = "hold_down_s = 1.0"


def dhcp(isp: Isp, extra: str = "") -> str:
    return f'[[uplinks.links]]\nname = "{isp.name}"\ninterface = "{isp.edge_interface}"\naddress = "dhcp"\n{extra}\n'


def start_by_dhcp(box: Box) -> None:
    """The fibre by DHCP, 4G static; both good."""
    box.write(dhcp(box.town.plan.fibre), box.static(box.town.plan.lte), head=HEAD)
    box.start()
    box.wait_up("fibre", "lte", active="fibre")


def fibre_address(box: Box) -> str | None:
    address: str | None = box.link("fibre")["address"]
    return address


def held(box: Box) -> list[str]:
    """The provider's addresses that the fibre's interface has."""
    shown = box.edge(f"ip -4 addr show {box.town.plan.fibre.edge_interface}")
    return re.findall(r"inet (192\.168\.1\.\d+/24)", shown)


def test_address_gateway_and_resolvers_come_from_the_server(box: Box) -> None:
    dnsmasq(box.town, box.town.plan.fibre, "192.168.1.50", "192.168.1.50")
    start_by_dhcp(box)
    link = box.link("fibre")
    assert link["address"] == "192.168.1.50/24"
    assert link["gateway"] == box.town.plan.fibre.gateway
    lease = link["lease"]
    assert (lease["address"], lease["dns"], lease["server"]) == ("192.168.1.50/24", [DNS], box.town.plan.fibre.gateway)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d.*Z", lease["expires"])
    with box.town.flow() as flow:
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{box.town.plan.fibre.public}:")
    assert f"nameserver {DNS}" in (box.town.root / "run/repli/resolv.conf").read_text()
    # The provider's network is in no table but ours.
    assert "192.168.1" not in box.edge("ip -4 route show table main")
    assert box.issues() == set()


def test_killed_it_goes_on_with_its_address_and_asks_for_it_again(box: Box) -> None:
    server = dnsmasq(box.town, box.town.plan.fibre, "192.168.1.50", "192.168.1.60")
    start_by_dhcp(box)
    address, footprint = fibre_address(box), box.footprint()
    with box.town.flow() as flow:
        flow.wait_arrivals(25)
        since = time.monotonic_ns()
        box.kill()
        flow.wait_arrivals(10)
        box.start()
        box.wait_up("fibre", "lte", active="fibre")
        time.sleep(0.5)
        assert flow.lost(since) == 0
    assert fibre_address(box) == address
    assert box.footprint() == footprint
    asked = server.log_text().split("DHCPACK")[-2]
    assert "DHCPREQUEST" in asked
    assert "DHCPDISCOVER" not in asked


def test_killed_while_the_server_is_silent_it_keeps_its_address(box: Box) -> None:
    server = dnsmasq(box.town, box.town.plan.fibre, "192.168.1.50", "192.168.1.60")
    start_by_dhcp(box)
    address = fibre_address(box)
    server.stop()
    with box.town.flow() as flow:
        flow.wait_arrivals(25)
        since = time.monotonic_ns()
        box.kill()
        box.start()
        box.wait_up("fibre", "lte", active="fibre")
        time.sleep(2)
        assert flow.lost(since) == 0
    assert fibre_address(box) == address


def test_it_renews_in_time_and_nothing_moves(box: Box) -> None:
    server = dnsmasq(box.town, box.town.plan.fibre, "192.168.1.50", "192.168.1.60", "--dhcp-option=option:T1,3")
    start_by_dhcp(box)
    with box.town.flow() as flow:
        flow.wait_arrivals(10)
        since = time.monotonic_ns()
        moves, before = box.moves(), box.link("fibre")["lease"]["expires"]
        wait_for(lambda: server.log_text().count("DHCPACK") >= 3, "two renewals", every=0.2)
        wait_for(lambda: box.link("fibre")["lease"]["expires"] > before, "the lease made longer", every=0.2)
        assert flow.lost(since) == 0
    assert box.moves() == moves
    assert server.log_text().count("DHCPDISCOVER") == 1


def test_renewals_spare_the_disk_and_count_after_a_kill(box: Box) -> None:
    """A lease of 8 s, renewed twice; then the server is gone, uplinks is killed, and the last renewal is what counts."""
    fibre = box.town.plan.fibre
    server = scripted(box.town, fibre, "192.168.1.50", fibre.gateway, "8", "100")
    start_by_dhcp(box)
    kept = box.town.root / "var/lib/repli/uplinks/leases.json"
    written, ends = kept.stat(), [box.link("fibre")["lease"]["expires"]]
    while len(ends) < 3:
        wait_for(lambda: box.link("fibre")["lease"]["expires"] > ends[-1], "a renewal", every=0.1)
        ends.append(box.link("fibre")["lease"]["expires"])
    server.kill()
    box.kill()
    box.start()
    link = box.link("fibre")
    assert (link["address"], link["lease"]["expires"][:16]) == ("192.168.1.50/24", ends[-1][:16])
    assert box.moves()[-1][0] == "start", "nothing has moved"
    after = kept.stat()
    assert (after.st_ino, after.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    wait_for(lambda: fibre_address(box) is None, "the address given up at its end", 12, every=0.1)


def test_another_address_on_renewal_moves_the_flows_to_it_and_not_to_4g(box: Box) -> None:
    town, fibre = box.town, box.town.plan.fibre
    server = dnsmasq(town, fibre, "192.168.1.50", "192.168.1.50", "--dhcp-option=option:T1,3")
    start_by_dhcp(box)
    moves = box.moves()
    heard = town.spawn("edge", ["ip", "-4", "monitor", "address"], "addresses.log")
    with town.flow() as flow:
        flow.wait_arrivals(25)
        server.stop()
        since = time.monotonic_ns()
        dnsmasq(town, fibre, "192.168.1.70", "192.168.1.70", "--dhcp-option=option:T1,3")
        wait_for(lambda: fibre_address(box) == "192.168.1.70/24", "the new address", every=0.1)
        time.sleep(1)
        assert flow.outage(since).seconds <= 1.0
        assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")
        with town.flow(name="fresh") as fresh:
            fresh.wait_arrivals(5)
    assert "192.168.1.50" not in box.edge("ip -4 addr")
    assert "192.168.1.70/24" in box.edge(f"ip -4 addr show {fibre.edge_interface}")
    assert "192.168.1.50" not in box.edge("conntrack -L -p udp 2>/dev/null"), (
        "a flow clings to the address that is gone"
    )
    assert box.moves() == moves
    heard.wait_printed("^Deleted .* 192.168.1.50/24")
    assert not re.search("Deleted .* 192.168.1.70/24", heard.log_text()), "the new address went with the old one"


def test_an_address_whose_time_is_over_is_given_up_though_nobody_answers(box: Box) -> None:
    town, fibre = box.town, box.town.plan.fibre
    server = scripted(town, fibre, "192.168.1.50", fibre.gateway, "8", "1")
    start_by_dhcp(box)
    acquired = time.monotonic()
    with town.flow() as flow:
        flow.wait_arrivals(10)
        wait_for(lambda: fibre_address(box) is None, "the address given up", every=0.1)
        assert time.monotonic() - acquired > 2
        assert "192.168.1.50" not in box.edge("ip -4 addr")
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{town.plan.lte.public}:")
    assert box.moves()[-1] == ("address_lost", "fibre", "lte")
    assert ("uplinks.no_address", "fibre") in box.issues()
    assert server.log_text().count("heard 3") >= 3, "it renewed and rebound in vain"
    server.stop()
    dnsmasq(town, fibre, "192.168.1.50", "192.168.1.60")
    box.wait_up("fibre", "lte", active="fibre")


def test_wrong_and_hostile_answers_are_as_good_as_none(box: Box) -> None:
    fibre = box.town.plan.fibre
    scripted(box.town, fibre, "192.168.1.50", fibre.gateway, "3600", "9", "hostile")
    start_by_dhcp(box)
    assert fibre_address(box) == "192.168.1.50/24"
    assert box.link("fibre")["gateway"] == fibre.gateway
    assert "Traceback" not in (box.daemon.log_text() if box.daemon else "")


def test_cable_back_in_another_network(box: Box) -> None:
    """The provider's box was exchanged for one that knows nothing of the lease."""
    town, fibre = box.town, box.town.plan.fibre
    server = dnsmasq(town, fibre, "192.168.1.50", "192.168.1.50")
    start_by_dhcp(box)
    town.fault("fibre-carrier")
    wait_for(lambda: box.links()["active"] == "lte", "4G active", every=0.1)
    server.stop()
    dnsmasq(town, fibre, "192.168.1.80", "192.168.1.80", authoritative=False)
    town.heal("fibre-carrier")
    box.wait_up("fibre", "lte", active="fibre")
    assert fibre_address(box) == "192.168.1.80/24"


def test_cable_out_and_in_while_nobody_looked(box: Box) -> None:
    """The kernel says both at once, and the interface looks as it did before: it may be another network all the same."""
    town, fibre = box.town, box.town.plan.fibre
    server = dnsmasq(town, fibre, "192.168.1.50", "192.168.1.50")
    start_by_dhcp(box)
    assert box.daemon is not None
    box.daemon.signal(signal.SIGSTOP)
    town.fault("fibre-carrier")
    server.stop()
    dnsmasq(town, fibre, "192.168.1.80", "192.168.1.80")
    town.heal("fibre-carrier")
    box.daemon.signal(signal.SIGCONT)
    wait_for(lambda: fibre_address(box) == "192.168.1.80/24", "the new address", every=0.1)


def test_cable_back_in_a_network_that_is_silent_about_the_old_address(box: Box) -> None:
    """RFC 2131, 4.3.2: a server without a record of the client says nothing. Nobody waits for the lease to end."""
    town, fibre = box.town, box.town.plan.fibre
    server = dnsmasq(town, fibre, "192.168.1.50", "192.168.1.50")
    start_by_dhcp(box)
    town.fault("fibre-carrier")
    wait_for(lambda: box.links()["active"] == "lte", "4G active", every=0.1)
    server.stop()
    heard = scripted(town, fibre, "192.168.1.80", fibre.gateway, "3600", "9", "forgetful")
    town.heal("fibre-carrier")
    wait_for(lambda: fibre_address(box) == "192.168.1.80/24", "the new address", every=0.2)
    assert heard.log_text().split()[1:3] == ["heard", "3"], "the old address was asked for first"
    box.wait_up("fibre", "lte", active="fibre")


def test_two_providers_lend_the_very_same_address(box: Box) -> None:
    """Two boxes of one operator, as they come out of the carton."""
    town, (fibre, lte) = box.town, box.town.plan.isps
    readdress = f"ip addr flush dev {lte.inside_interface}; ip addr add {fibre.gateway_cidr} dev {lte.inside_interface}"
    assert town.run(lte.name, ["sh", "-ec", readdress]).returncode == 0
    for isp in (fibre, lte):
        dnsmasq(town, isp, "192.168.1.50", "192.168.1.50")
    box.write(dhcp(fibre), dhcp(lte), head=HEAD)
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    assert {box.link(name)["address"] for name in ("fibre", "lte")} == {"192.168.1.50/24"}
    with town.flow() as flow:
        flow.wait_arrivals(25)
        assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")
        since = town.fault("fibre-blackhole")
        flow.wait_from(lte.public)
        assert flow.two_way_outage(since).seconds <= 1.0


def test_a_provider_that_lends_the_buildings_own_network_takes_nothing_away(box: Box) -> None:
    town, fibre = box.town, box.town.plan.fibre
    readdress = f"ip addr flush dev {fibre.inside_interface}; ip addr add 10.77.0.254/24 dev {fibre.inside_interface}"
    assert town.run(fibre.name, ["sh", "-ec", readdress]).returncode == 0
    dnsmasq(town, fibre, "10.77.0.250", "10.77.0.250")
    box.write(dhcp(fibre), box.static(town.plan.lte), head=HEAD)
    # The LAN's route is added after the provider's would be: the kernel takes the first of two equal ones.
    box.edge("ip link set lan0 down")
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    box.edge("ip link set lan0 up")
    assert town.run("edge", ["ping", "-qc1", "-W3", town.plan.probe_host]).returncode == 0
    with town.flow() as flow:
        flow.wait_arrivals(25)
        assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")


def test_killed_around_a_change_of_address_one_address_is_left(box: Box) -> None:
    town, fibre = box.town, box.town.plan.fibre
    dice = random.Random(7)
    server = dnsmasq(town, fibre, "192.168.1.50", "192.168.1.50")
    start_by_dhcp(box)
    for number in range(8):
        address = f"192.168.1.{60 + number}"
        town.fault("fibre-carrier")
        server.stop()
        server = dnsmasq(town, fibre, address, address)
        town.heal("fibre-carrier")
        wait_for(
            lambda server=server: re.search("DHCPNAK|DHCPOFFER", server.log_text()), "the server asked", every=0.001
        )
        time.sleep(dice.uniform(0, 0.06))
        box.kill()
        box.start()
        wait_for(lambda address=address: fibre_address(box) == f"{address}/24", f"{address} in force", every=0.1)
        # The new address is in force before the old one is taken away, and what is owned is written down in between.
        wait_for(lambda address=address: held(box) == [f"{address}/24"], f"kill {number}: one address", every=0.1)
    box.wait_up("fibre", "lte", active="fibre")
    with town.flow() as flow:
        flow.wait_arrivals(10)
        assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")


def test_settings_that_drop_dhcp_take_its_address_away(box: Box) -> None:
    dnsmasq(box.town, box.town.plan.fibre, "192.168.1.50", "192.168.1.50")
    box.write(dhcp(box.town.plan.fibre), box.static(box.town.plan.lte), head=HEAD)
    box.start(name="settings")
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    changed = box.town.folder / "changed.toml"
    changed.write_text(box.document(*box.both(), head=HEAD), encoding="utf-8")
    result = box.town.repli("settings", "apply", str(changed))
    assert result.returncode == 0, result.stderr
    wait_for(lambda: fibre_address(box) == box.town.plan.fibre.edge_cidr, "the static address", every=0.1)
    assert "192.168.1.50" not in box.edge("ip -4 addr")


def test_the_lease_file_of_another_boot_or_damaged_costs_a_question_only(box: Box) -> None:
    server = dnsmasq(box.town, box.town.plan.fibre, "192.168.1.50", "192.168.1.60")
    start_by_dhcp(box)
    address = fibre_address(box)
    leases = box.town.root / "var/lib/repli/uplinks/leases.json"
    renewed = box.town.root / "run/repli/uplinks-leases.json"
    document = json.loads(leases.read_text())
    box.kill()
    box.edge(f"ip addr flush dev {box.town.plan.fibre.edge_interface}")
    leases.write_text(json.dumps({**document, "boot": "another"}))
    renewed.write_text(json.dumps({**document, "boot": "another"}))
    box.start()
    box.wait_up("fibre", active="fibre")
    assert fibre_address(box) == address
    assert server.log_text().count("DHCPDISCOVER") == 1, "it was not asked for again"
    box.kill()
    leases.write_text('{"boot": 3, "leases": [')
    renewed.write_text('{"boot": 3, "leases": [')
    box.start()
    box.wait_up("fibre", active="fibre")
    assert fibre_address(box) == address
