"""What the kernel should hold, from settings and what is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from socket import AF_INET6

from edge.shared.model import Ipv6, Link, LinkAddress, LinkIpv6, UplinksSection, Zone
from edge.uplinks import plan
from edge.uplinks.health import Presence
from edge.uplinks.plan import Interface, Route, Rule, Vlan

SECTION = UplinksSection(
    links=[
        Link(
            name="fibre",
            interface="wan.100",
            address=LinkAddress.STATIC,
            cidr=IPv4Interface("192.0.2.2/30"),
            gateway=IPv4Address("192.0.2.1"),
        ),
        Link(name="lte", interface="ppp0", metered=True),
    ],
    route_table_base=700,
    rule_priority_base=900,
)
FIBRE = Interface(
    4, up=True, carrier=True, addresses=frozenset({IPv4Interface("192.0.2.2/30")}), networks=frozenset({"192.0.2.0/30"})
)
LTE = Interface(
    9,
    up=True,
    carrier=True,
    addresses=frozenset({IPv4Interface("10.1.1.5/32")}),
    networks=frozenset({"10.64.64.64/32"}),
)


def test_routes_of_two_links() -> None:
    assert plan.routes(SECTION, {"wan.100": FIBRE, "ppp0": LTE}, "fibre") == {
        Route(700, "0.0.0.0/0", 4, "192.0.2.1", 10),
        Route(700, "0.0.0.0/0", 4, "192.0.2.1", 100),
        Route(700, "192.0.2.0/30", 4, None, 100),
        Route(700, "0.0.0.0/0", 9, None, 101),
        Route(700, "10.64.64.64/32", 9, None, 101),
        Route(701, "192.0.2.0/30", 4),
        Route(701, "0.0.0.0/0", 4, "192.0.2.1"),
        Route(702, "10.64.64.64/32", 9),
        Route(702, "0.0.0.0/0", 9),
    }


def test_on_one_leg_the_building_is_in_every_table() -> None:
    networks = ["192.0.2.0/30", "10.0.0.0/16"]
    leg = UplinksSection(
        links=SECTION.links,
        zones=[Zone(name="tel", interface="wan.100", networks=[IPv4Network(network) for network in networks])],
        route_table_base=700,
    )
    alone = plan.routes(SECTION, {"wan.100": FIBRE, "ppp0": LTE}, "lte")
    assert plan.routes(leg, {"wan.100": FIBRE, "ppp0": LTE}, "lte") - alone == {
        Route(700, "10.0.0.0/16", 4, "192.0.2.1", 100),
        Route(702, "192.0.2.0/30", 4, None, 100),
        Route(702, "10.0.0.0/16", 4, "192.0.2.1", 100),
    }


def test_a_link_that_is_down_or_has_no_address_has_no_routes() -> None:
    down = Interface(4, up=False, carrier=False, addresses=FIBRE.addresses, networks=FIBRE.networks)
    bare = Interface(9, up=True, carrier=True)
    assert plan.routes(SECTION, {"wan.100": down, "ppp0": bare}, "fibre") == frozenset()


def test_a_gateway_somebody_else_found_is_used_where_the_settings_name_none() -> None:
    found = Interface(9, up=True, carrier=True, addresses=LTE.addresses, default_gateway="10.64.64.1")
    assert plan.gateway(SECTION.links[1], found) == "10.64.64.1"
    assert plan.gateway(SECTION.links[0], found) == "192.0.2.1"


def test_rules_stay_inside_their_priorities() -> None:
    rules = plan.rules(SECTION)
    assert rules == {
        Rule(900, 701, out_interface="wan.100"),
        Rule(901, 702, out_interface="ppp0"),
        Rule(920, 254, without_default=True),
        Rule(930, 701, mark=1),
        Rule(931, 702, mark=2),
        Rule(950, 700),
    }
    assert all(rule.priority in plan.footprint(SECTION).priorities for rule in rules)
    assert plan.rules(UplinksSection()) == frozenset()


def test_sixteen_links_fit() -> None:
    links = [Link(name=f"l{n}", interface=f"eth{n}") for n in range(16)]
    section = UplinksSection(links=links, rule_priority_base=32_000)
    priorities = [rule.priority for rule in plan.rules(section)]
    assert len(set(priorities)) == len(priorities) == 34
    assert max(priorities) < 32_766  # the kernel's own rule for main
    here = plan.footprint(section)
    assert {rule.table for rule in plan.rules(section)} <= {254, *here.tables}


def test_presence() -> None:
    fibre, lte = SECTION.links
    assert plan.presence(fibre, None) is Presence.ABSENT
    assert plan.presence(fibre, Interface(4, up=True, carrier=False)) is Presence.NO_CARRIER
    assert plan.presence(fibre, Interface(4, up=True, carrier=True)) is Presence.NO_ADDRESS
    assert plan.presence(fibre, LTE) is Presence.NO_ADDRESS  # an address, but not the one it should have
    assert plan.presence(fibre, FIBRE) is Presence.READY
    assert plan.presence(lte, LTE) is Presence.READY


def test_only_static_interfaces_are_given_anything() -> None:
    bare = {"wan.100": Interface(4, up=False, carrier=False), "ppp0": Interface(9, up=False, carrier=False)}
    assert plan.addresses_to_add(SECTION, bare) == [(4, IPv4Interface("192.0.2.2/30"))]
    assert plan.interfaces_to_raise(SECTION, bare) == [4]
    assert plan.addresses_to_add(SECTION, {"wan.100": FIBRE}) == []


def test_an_address_that_came_with_another_links_device_is_taken_away_and_what_is_not_ours_is_left() -> None:
    one, other, strange = (IPv4Interface(text) for text in ("192.0.2.2/30", "198.51.100.2/24", "203.0.113.9/24"))
    section = UplinksSection(
        links=[
            Link(name="fibre", interface="eth0", address=LinkAddress.STATIC, cidr=one),
            Link(name="lte", interface="eth1", address=LinkAddress.STATIC, cidr=other),
            Link(name="dsl", interface="eth2"),
        ]
    )
    devices = {
        "eth0": Interface(8, up=True, carrier=True, addresses=frozenset({other, strange, one})),
        "eth1": Interface(7, up=True, carrier=True, addresses=frozenset({one})),
        "eth2": Interface(6, up=True, carrier=True, addresses=frozenset({one})),  # somebody else gives it addresses
    }
    assert plan.addresses_to_remove(section, devices) == [(8, other), (7, one)]
    before = {"eth0": replace(devices["eth0"], index=7), "eth1": replace(devices["eth1"], index=7)}
    assert plan.exchanged(section, before, devices) == {"fibre"}


def test_a_dhcp_link_is_ready_with_the_leased_address_only() -> None:
    link = Link(name="fibre", interface="eth0", address=LinkAddress.DHCP)
    leased = link.model_copy(update={"cidr": IPv4Interface("192.0.2.2/30")})
    assert plan.presence(link, FIBRE) is Presence.NO_ADDRESS
    assert plan.presence(leased, FIBRE) is Presence.READY
    assert plan.routes(UplinksSection(links=[link]), {"eth0": FIBRE}, "fibre") == frozenset()


SIX = SECTION.model_copy(
    update={
        "ipv6": Ipv6(ula=IPv6Network("fd77::/48")),
        "links": [
            SECTION.links[0].model_copy(
                update={"ipv6": LinkIpv6(cidr=IPv6Interface("2001:db8::2/64"), gateway=IPv6Address("fe80::1"))}
            ),
            SECTION.links[1],
        ],
    }
)
FIBRE_SIX = replace(FIBRE, ipv6=frozenset({IPv6Interface("2001:db8::2/64"), IPv6Interface("fe80::2/64")}))


def of_ipv6(routes: Iterable[Route]) -> set[Route]:
    return {route for route in routes if route.family == AF_INET6}


def test_ipv6_has_the_same_tables_and_ends_where_the_active_link_has_none() -> None:
    there = {"wan.100": FIBRE_SIX, "ppp0": LTE}
    by_fibre = {
        Route(700, "::/0", 4, "fe80::1", 100),
        Route(700, "2001:db8::/64", 4, None, 100),
        Route(700, "fe80::/64", 4, None, 100),
        Route(701, "2001:db8::/64", 4, None, 1024),
        Route(701, "fe80::/64", 4, None, 1024),
        Route(701, "::/0", 4, "fe80::1", 1024),
    }
    assert of_ipv6(plan.routes(SIX, there, "fibre")) == by_fibre | {Route(700, "::/0", 4, "fe80::1", 10)}
    nowhere = Route(700, "::/0", plan.LOOPBACK, None, 10, plan.UNREACHABLE)
    assert of_ipv6(plan.routes(SIX, there, "lte")) == by_fibre | {nowhere}
    assert plan.default_route_ipv6(SIX, "lte", LTE) == nowhere
    assert of_ipv6(plan.routes(SIX, {**there, "wan.100": FIBRE}, None)) == set(), "its IPv6 address is not there yet"
    assert plan.routes(SIX, there, "fibre") - of_ipv6(plan.routes(SIX, there, "fibre")) == plan.routes(
        SECTION, there, "fibre"
    )


def test_ipv6_has_the_same_rules_and_addresses_of_its_own() -> None:
    assert plan.rules(SIX) == plan.rules(SECTION) | {replace(rule, family=AF_INET6) for rule in plan.rules(SECTION)}
    assert plan.addresses_to_add(SIX, {"wan.100": FIBRE}) == [(4, IPv6Interface("2001:db8::2/64"))]
    assert plan.addresses_to_add(SIX, {"wan.100": FIBRE_SIX}) == []
    assert ("wan.100", "2001:db8::2/64") in plan.footprint(SIX).addresses


VLANS = UplinksSection(
    links=[
        Link(name="fibre", interface="fibre0", parent="eth0", vlan=832, address=LinkAddress.DHCP),
        Link(name="dsl", interface="dsl0", parent="eth1", vlan=835, address=LinkAddress.PPPOE, user="u", password="p"),
    ]
)
FIBRE_VLAN, DSL_VLAN = Vlan("fibre0", "eth0", 832), Vlan("eth1.835", "eth1", 835)


def device(index: int, vlan: tuple[int, int] | None = None) -> Interface:
    return Interface(index, up=False, carrier=False, vlan=vlan)


def test_a_vlan_is_made_on_its_parent_once_that_is_there() -> None:
    assert plan.vlans(VLANS) == {FIBRE_VLAN, DSL_VLAN}
    assert plan.vlans_to_add(VLANS, {}) == {}
    assert plan.vlans_to_add(VLANS, {"eth0": device(2), "eth1": device(3)}) == {FIBRE_VLAN: 2, DSL_VLAN: 3}
    assert plan.vlans_to_add(VLANS, {"eth0": device(2), "fibre0": device(9, (2, 832))}) == {}
    assert plan.interfaces_read(VLANS) == {"eth0", "fibre0", "eth1", "eth1.835", "dsl0"}


def test_everything_below_a_link_is_set_up() -> None:
    there = {"eth0": device(2), "fibre0": device(9, (2, 832)), "eth1": device(3), "eth1.835": device(10, (3, 835))}
    assert set(plan.interfaces_to_raise(VLANS, there)) == {2, 9, 3, 10}


def test_only_a_vlan_of_earlier_settings_is_removed_and_only_if_it_is_still_that() -> None:
    old = [FIBRE_VLAN, Vlan("old0", "eth0", 7)]
    there = {"eth0": device(2), "fibre0": device(9, (2, 832)), "old0": device(11, (2, 7))}
    assert plan.vlans_to_remove(VLANS, old, there) == {Vlan("old0", "eth0", 7): 11}
    assert plan.vlans_to_remove(VLANS, [], there) == {}
    assert plan.vlans_to_remove(VLANS, old, {**there, "old0": device(11, (2, 8))}) == {}
    assert plan.vlans_to_remove(VLANS, old, {**there, "old0": device(11)}) == {}
    retagged = [Vlan("fibre0", "eth0", 833)]
    assert plan.vlans_to_remove(VLANS, retagged, {**there, "fibre0": device(9, (2, 833))}) == {retagged[0]: 9}
