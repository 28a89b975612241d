"""The nftables table as text; libnftables itself judges it in the town.

The whole table of each world stands in snapshots/. After a change: REPLI_SNAPSHOTS=write pytest THIS, and read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.shared.model import FlowClasses, Ipv6, Link, LinkIpv6, Open, Protocol, UplinksSection, Zone, ZoneRole
from edge.uplinks.firewall import render
from edge.uplinks.nft import marks

SNAPSHOTS = Path(__file__).parent / "snapshots"
LINKS = [Link(name="fibre", interface="wan.100"), Link(name="lte", interface="wwan0")]
ZONES = [
    Zone(name="bureaux", interface="lan0", role=ZoneRole.STAFF),
    Zone(name="telephones", interface="lan0.20", role=ZoneRole.PHONES),
    Zone(name="crise", interface="lan0.40", role=ZoneRole.CRISIS, networks=["10.40.0.0/24", "10.41.0.0/24"]),
    Zone(name="public", interface="lan0.30", role=ZoneRole.GUEST),
]
OPEN = [
    Open(name="cameras", ports=["8443"], sources=["198.51.100.0/24"], to="10.77.0.50", to_port=443),
    Open(name="wireguard", protocol=Protocol.UDP, ports=["51820"], links=["fibre"]),
]
ONE_LEG = UplinksSection(
    nft_table="repli_mine",
    links=[Link(name="mairie", interface="eth0"), LINKS[1]],
    zones=[
        Zone(name="telephones", interface="eth0", role=ZoneRole.PHONES, networks=["10.20.0.0/16"]),
        Zone(name="crise", interface="eth1", role=ZoneRole.CRISIS),
        Zone(name="public", interface="eth2", role=ZoneRole.GUEST),
    ],
)
PPPOE = Link(name="fibre", interface="ppp0", address="pppoe", parent="eth0", vlan=835, user="a", password="b")
IPV6 = UplinksSection(
    nft_table="repli_mine",
    ipv6=Ipv6(ula="fd77:7:7::/56"),
    links=[
        LINKS[0].model_copy(update={"ipv6": LinkIpv6(cidr="2001:db8:f::2/64", prefix="2001:db8:f00::/48")}),
        LINKS[1].model_copy(update={"ipv6": LinkIpv6(cidr="2001:db8:4::2/64")}),
    ],
)
WORLDS = {
    "ipv6": IPV6,
    "two-links": UplinksSection(links=LINKS, nft_table="repli_mine"),
    "shaped": UplinksSection(
        links=[LINKS[0].model_copy(update={"upload_kbit": 2_000}), LINKS[1]], nft_table="repli_mine"
    ),
    "zones": UplinksSection(links=LINKS, nft_table="repli_mine", zones=ZONES),
    "open": UplinksSection(links=LINKS, nft_table="repli_mine", open=OPEN),
    "one-leg": ONE_LEG,
    "pppoe": UplinksSection(links=[PPPOE], nft_table="repli_mine"),
}


@pytest.mark.parametrize("world", WORLDS)
def test_the_whole_table(world: str) -> None:
    snapshot = SNAPSHOTS / f"{world}.nft"
    rendered = render(WORLDS[world], len(WORLDS[world].links))
    if os.environ.get("REPLI_SNAPSHOTS") == "write":
        snapshot.write_text(rendered)
    assert rendered == snapshot.read_text()


def test_without_an_active_link_new_flows_are_left_to_the_routes() -> None:
    assert "elements" not in render(WORLDS["two-links"], None)


def test_every_class_goes_to_the_active_link() -> None:
    assert marks.new_flows(2) == "{ 0x0 : goto take_2, 0x100 : goto take_2, 0x200 : goto take_2, 0x300 : goto take_2 }"


def test_no_ports_for_voice_leave_the_mark_alone_to_tell_it() -> None:
    text = render(UplinksSection(links=LINKS, classes=FlowClasses(rtp_ports=[])), 1)
    assert "ip dscp ef goto is_rtp" in text
    assert "10000" not in text
