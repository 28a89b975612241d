"""What the kernel should hold: addresses, routes and rules, from the settings and what is there. Pure.

Routing, in the order in which the kernel asks (priorities from rule_priority_base):
    oif LINK     -> the link's own table: probes and whatever else is bound to the device
    (all)        -> main without its default routes: the LAN and everything else the machine knows
    fwmark i/255 -> the link's own table: flows stay on the link they began on
    (all)        -> the base table: the active link, then the others in case the kernel sees it go first
IPv6 has the same tables and rules once more. It follows the active link; where that has none, it ends at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface
from socket import AF_INET, AF_INET6
from typing import NamedTuple

from edge.shared.model import Link, LinkAddress, UplinksSection
from edge.uplinks.health import Presence

LINKS_MAX = 16
MARK_MASK = 0xFF  # low eight bits of packet and connection marks: the link
CLASS_SHIFT = 8  # the next eight: the class of the flow
CLASS_MASK = 0xFF << CLASS_SHIFT
ACTIVE_METRIC = 10
SPARE_METRIC = 100
MAIN_TABLE = 254
UNICAST, UNREACHABLE = 1, 7  # RTN_*; every other that somebody put into a table of ours is taken away
IPV6_METRIC = 1024  # IP6_RT_PRIO_USER: what the kernel makes of 0 in IPv6
LOOPBACK = 1  # the index of lo in every namespace; routes to nowhere lead there in IPv6
EVERYTHING, EVERYTHING_IPV6 = "0.0.0.0/0", "::/0"

_ADDRESSED_BY_US = (LinkAddress.STATIC, LinkAddress.DHCP)
_OIF, _MAIN, _MARK, _BASE, _RULES_END = 0, 20, 30, 50, 51


class FlowClass(IntEnum):
    """What a flow is, in bits 8 to 15 of its connection mark. The order is that of dropping under a budget: last first."""

    BULK = 0  # everything not named below
    RTP = 1
    SIP = 2
    BOX = 3  # what the box itself says: alerts, cloud, probes, names, time


class Vlan(NamedTuple):
    """A VLAN device that settings ask for."""

    name: str
    parent: str
    tag: int


@dataclass(frozen=True)
class MainDefault:
    """A default route of the main table: never ours, somebody else's."""

    gateway: str | None
    metric: int
    protocol: int  # RTPROT_*: who set it


@dataclass(frozen=True)
class Interface:
    """What the kernel says of one interface."""

    index: int
    up: bool  # administratively
    carrier: bool
    addresses: frozenset[IPv4Interface] = frozenset()
    networks: frozenset[str] = frozenset()  # on link, e.g. 192.0.2.0/30; the peer's /32 of a point-to-point link
    ipv6: frozenset[IPv6Interface] = frozenset()  # its addresses, link-local ones too
    default_gateway: str | None = None  # of the main table's default route by this interface
    main_defaults: frozenset[MainDefault] = frozenset()
    vlan: tuple[int, int] | None = None  # index of the parent and tag, of a VLAN device


@dataclass(frozen=True)
class Route:
    """One route of a table of ours."""

    table: int
    destination: str  # with prefix length; 0.0.0.0/0 or ::/0 for default
    interface_index: int
    gateway: str | None = None
    metric: int = 0
    kind: int = UNICAST

    @property
    def family(self) -> int:
        """AF_INET or AF_INET6."""
        return AF_INET6 if ":" in self.destination else AF_INET


@dataclass(frozen=True)
class Rule:
    """One policy rule of ours."""

    priority: int
    table: int
    out_interface: str | None = None
    mark: int | None = None
    without_default: bool = False
    family: int = AF_INET


@dataclass(frozen=True)
class Footprint:
    """Where in the kernel one set of settings leaves its traces: what this daemon may change and take away."""

    nft_table: str
    route_table_base: int
    rule_priority_base: int
    addresses: frozenset[tuple[str, str]] = frozenset()  # interface, address with prefix: only those it adds
    marks: tuple[str, ...] = ()  # interfaces, by mark - 1
    vlans: frozenset[Vlan] = frozenset()
    shaped: frozenset[str] = frozenset()  # interfaces with queues of ours

    @property
    def tables(self) -> range:
        """The base table and one a link."""
        return range(self.route_table_base, self.route_table_base + 1 + LINKS_MAX)

    @property
    def priorities(self) -> range:
        """Every rule priority that may be used."""
        return range(self.rule_priority_base, self.rule_priority_base + _RULES_END)


def footprint(section: UplinksSection) -> Footprint:
    """The traces these settings leave."""
    return Footprint(
        section.nft_table,
        section.route_table_base,
        section.rule_priority_base,
        frozenset((link.interface, str(cidr)) for link in section.links for cidr in _cidrs(link)),
        tuple(link.interface for link in section.links),
        vlans(section),
        frozenset(link.interface for link in section.links if link.upload_kbit is not None),
    )


def mark(section: UplinksSection, name: str) -> int:
    """The mark of a link's flows: its place in the settings, from 1."""
    return next(place for place, link in enumerate(section.links, start=1) if link.name == name)


def presence(link: Link, interface: Interface | None) -> Presence:
    """What the kernel's view means for the link."""
    if interface is None:
        return Presence.ABSENT
    if not interface.carrier:
        return Presence.NO_CARRIER
    return Presence.READY if _has_its_address(link, interface) else Presence.NO_ADDRESS


def gateway(link: Link, interface: Interface) -> str | None:
    """The next hop: the settings', else that of the default route somebody else set; None: everything is on link."""
    return str(link.gateway) if link.gateway is not None else interface.default_gateway


def default_route(section: UplinksSection, name: str, interface: Interface) -> Route:
    """The route that makes a link the active one."""
    link = next(link for link in section.links if link.name == name)
    return Route(section.route_table_base, EVERYTHING, interface.index, gateway(link, interface), ACTIVE_METRIC)


def default_route_ipv6(section: UplinksSection, name: str, interface: Interface) -> Route | None:
    """The same for IPv6; to nowhere where the link has none, so that hosts hear it and take IPv4 (RFC 8305)."""
    if section.ipv6 is None:
        return None
    link = next(link for link in section.links if link.name == name)
    for way in _ways(link, interface):
        if way.everything == EVERYTHING_IPV6:
            return Route(section.route_table_base, EVERYTHING_IPV6, interface.index, way.gateway, ACTIVE_METRIC)
    return Route(section.route_table_base, EVERYTHING_IPV6, LOOPBACK, None, ACTIVE_METRIC, UNREACHABLE)


def routes(section: UplinksSection, interfaces: Mapping[str, Interface], active: str | None) -> frozenset[Route]:
    """Every route our tables should hold. The kernel takes none by an interface that is down."""
    wanted: set[Route] = set()
    base = section.route_table_base
    for place, link in enumerate(section.links):
        interface = interfaces.get(link.interface)
        if interface is None or not interface.up or not _has_its_address(link, interface):
            continue
        own, spare = base + 1 + place, SPARE_METRIC + place
        for way in _ways(link, interface):
            wanted |= {Route(own, network, interface.index, None, way.metric) for network in way.networks}
            wanted.add(Route(own, way.everything, interface.index, way.gateway, way.metric))
            wanted.add(Route(base, way.everything, interface.index, way.gateway, spare))
            # The addresses we add bring no route into main, where a network that both links have would belong to one of them.
            wanted |= {Route(base, network, interface.index, None, spare) for network in way.networks}
        if link.name == active:
            wanted.add(default_route(section, active, interface))
            ipv6 = default_route_ipv6(section, active, interface)
            wanted |= {ipv6} if ipv6 is not None else set()
        # A flow whose other side is on another link has its host here.
        others = {section.route_table_base + number for number in range(len(section.links) + 1)} - {own}
        inside = _ways_inside(section, link, interface)
        wanted |= {Route(table, *way, spare) for table in others for way in inside}
    return frozenset(wanted)


def _ways_inside(section: UplinksSection, link: Link, interface: Interface) -> list[tuple[str, int, str | None]]:
    """Network, interface index and gateway to each zone behind the link's own interface: the box stands on one leg."""
    zones = [zone for zone in section.zones if zone.interface == link.interface]
    on_link = {IPv4Network(network) for network in interface.networks} if zones else set()
    behind = {network for zone in zones for network in zone.networks if not any(map(network.subnet_of, on_link))}
    return [(str(network), interface.index, None) for network in on_link] + [
        (str(network), interface.index, gateway(link, interface)) for network in behind
    ]


def rules(section: UplinksSection) -> frozenset[Rule]:
    """Every rule of ours; rules by name wait for their interface in the kernel."""
    if not section.links:
        return frozenset()
    first, base = section.rule_priority_base, section.route_table_base
    wanted = {Rule(first + _MAIN, MAIN_TABLE, without_default=True), Rule(first + _BASE, base)}
    for place, link in enumerate(section.links):
        wanted.add(Rule(first + _OIF + place, base + 1 + place, out_interface=link.interface))
        wanted.add(Rule(first + _MARK + place, base + 1 + place, mark=place + 1))
    if section.ipv6 is not None:
        wanted |= {replace(rule, family=AF_INET6) for rule in wanted}
    return frozenset(wanted)


def vlans(section: UplinksSection) -> frozenset[Vlan]:
    """Every VLAN device that these settings ask for; below a PPPoE session it is named after parent and tag."""
    found: set[Vlan] = set()
    for link in section.links:
        if link.vlan is not None and link.parent is not None:
            name = f"{link.parent}.{link.vlan}" if link.address is LinkAddress.PPPOE else link.interface
            found.add(Vlan(name, link.parent, link.vlan))
    return frozenset(found)


def vlans_to_remove(
    section: UplinksSection, owned: Iterable[Vlan], interfaces: Mapping[str, Interface]
) -> dict[Vlan, int]:
    """Those made for earlier settings that are there still, and no longer asked for, with their index."""
    return {
        vlan: interfaces[vlan.name].index
        for vlan in set(owned) - vlans(section)
        if vlan.name in interfaces and vlan.parent in interfaces
        if interfaces[vlan.name].vlan == (interfaces[vlan.parent].index, vlan.tag)
    }


def vlans_to_add(section: UplinksSection, interfaces: Mapping[str, Interface]) -> dict[Vlan, int]:
    """Those that are missing on a parent that is there, with the parent's index."""
    return {
        vlan: interfaces[vlan.parent].index
        for vlan in vlans(section)
        if vlan.parent in interfaces and vlan.name not in interfaces
    }


def interfaces_read(section: UplinksSection, owned: Iterable[Vlan] = ()) -> set[str]:
    """Every interface that these settings, or what is left of earlier ones, have to do with."""
    names = {link.interface for link in section.links}
    for vlan in {*vlans(section), *owned}:
        names |= {vlan.name, vlan.parent}
    return names | {link.parent for link in section.links if link.parent is not None}


def addresses_to_add(
    section: UplinksSection, interfaces: Mapping[str, Interface]
) -> list[tuple[int, IPv4Interface | IPv6Interface]]:
    """Interface index and address of every address, static or leased, that is missing on an interface that is there."""
    return [
        (interfaces[link.interface].index, cidr)
        for link in section.links
        if link.interface in interfaces
        for cidr in _cidrs(link)
        if cidr not in interfaces[link.interface].addresses | interfaces[link.interface].ipv6
    ]


def addresses_to_remove(
    section: UplinksSection, interfaces: Mapping[str, Interface]
) -> list[tuple[int, IPv4Interface | IPv6Interface]]:
    """Interface index and address of every address of one link on an interface of another that we address: their names
    were exchanged."""
    return [
        (interfaces[link.interface].index, cidr)
        for link in section.links
        if link.interface in interfaces and link.address in _ADDRESSED_BY_US
        for other in section.links
        for cidr in _cidrs(other)
        if cidr in interfaces[link.interface].addresses | interfaces[link.interface].ipv6 and cidr not in _cidrs(link)
    ]


def exchanged(
    section: UplinksSection, before: Mapping[str, Interface], interfaces: Mapping[str, Interface]
) -> set[str]:
    """The links whose interface is another device than before under the same name."""
    there = [link for link in section.links if link.interface in before and link.interface in interfaces]
    return {link.name for link in there if before[link.interface].index != interfaces[link.interface].index}


def interfaces_to_raise(section: UplinksSection, interfaces: Mapping[str, Interface]) -> list[int]:
    """Index of every interface that is down and that nobody else will set up."""
    ours: list[str] = []
    for link in section.links:
        if link.parent is not None:
            ours.append(link.parent)
        if link.address in _ADDRESSED_BY_US:
            ours.append(link.interface)
    ours += [vlan.name for vlan in sorted(vlans(section))]
    return [interfaces[name].index for name in dict.fromkeys(ours) if name in interfaces and not interfaces[name].up]


def _has_its_address(link: Link, interface: Interface) -> bool:
    if link.cidr is not None:
        return link.cidr in interface.addresses
    # What somebody else put there is not what a DHCP server lends.
    return bool(interface.addresses) and link.address is not LinkAddress.DHCP


class _Way(NamedTuple):
    """How one family leaves by a link."""

    everything: str
    gateway: str | None
    networks: Iterable[str]
    metric: int


def _ways(link: Link, interface: Interface) -> list[_Way]:
    ways = [_Way(EVERYTHING, gateway(link, interface), interface.networks, 0)]
    if link.ipv6 is not None and link.ipv6.cidr in interface.ipv6:
        via = str(link.ipv6.gateway) if link.ipv6.gateway is not None else None
        # Link-local networks too: what is bound to the device asks the link's table alone.
        networks = {str(address.network) for address in interface.ipv6}
        ways.append(_Way(EVERYTHING_IPV6, via, networks, IPV6_METRIC))
    return ways


def _cidrs(link: Link) -> list[IPv4Interface | IPv6Interface]:
    """The addresses that we give the link's interface."""
    ipv6 = link.ipv6.cidr if link.ipv6 is not None else None
    return [cidr for cidr in (link.cidr, ipv6) if cidr is not None]
