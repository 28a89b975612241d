"""Section uplinks: addresses of links and zones that cannot be right together, although each alone could be."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Address, IPv6Interface

from edge.shared.model.base import Broken, Given
from edge.shared.model.services import address_of, interface_of, network_of

Place = tuple[int | str, ...]
_TWO_HOSTS = 31  # prefix from which on a network has no address of its own and no broadcast (RFC 3021)


def rules_of_static(given: Given) -> Iterator[Broken]:
    """A link's own address and its gateway are hosts, and two of them."""
    own, gateway = interface_of(given.get("cidr")), address_of(given.get("gateway"))
    if own is None:
        return
    edges = (
        {own.network.network_address, own.network.broadcast_address} if own.network.prefixlen < _TWO_HOSTS else set()
    )
    if own.ip in edges:
        reason = f"{own.ip} is no host of {own.network}"
        yield Broken(("cidr",), "no_host", reason, {"given": str(own.ip), "network": str(own.network)})
    if gateway in edges:
        reason = f"{gateway} is no host of {own.network}"
        yield Broken(("gateway",), "no_host", reason, {"given": str(gateway), "network": str(own.network)})


def rules_between_addresses(given: Given) -> Iterator[Broken]:
    """Nobody outside has an address of the box, and no zone has a link's network.

    Two links may have one address: boxes of one operator hand out the same (edge/uplinks keeps them apart).
    """
    links = given.parts("links")
    own = {found.ip for found in map(interface_of, [part.get("cidr") for part in links]) if found is not None}
    own |= {found.ip for zone in given.parts("zones") if (found := interface_of(zone.get("address"))) is not None}
    for place, value in _outsiders(given):
        if value is not None and value in own:
            yield Broken(place, "own_address", f"{value} is the box's own", {"given": str(value)})
    for index, link in enumerate(links):
        yield from _own_ipv6(index, link.part("ipv6"))
    yield from _zones_in_links(given)


def _outsiders(given: Given) -> Iterator[tuple[Place, object]]:
    """Every gateway, resolver and probe target: a box that asks itself is always answered."""
    for at, part in [((), given), *((("links", index), link) for index, link in enumerate(given.parts("links")))]:
        if at:
            yield (*at, "gateway"), address_of(part.get("gateway"))
            for place, resolver in enumerate(part.parts("dns")):
                yield (*at, "dns", place), address_of(resolver.node)
        for place, target in enumerate(part.parts("targets")):
            yield (*at, "targets", place, "host"), address_of(target.get("host"))


def _own_ipv6(index: int, ipv6: Given) -> Iterator[Broken]:
    try:
        own, gateway = IPv6Interface(str(ipv6.get("cidr"))), IPv6Address(str(ipv6.get("gateway")))
    except ValueError:
        return  # absent, or refused elsewhere
    if own.ip == gateway:
        place = ("links", index, "ipv6", "gateway")
        yield Broken(place, "own_address", f"{gateway} is the box's own", {"given": str(gateway)})


def _zones_in_links(given: Given) -> Iterator[Broken]:
    """Each network of a zone that overlaps that of a link on another interface: the building would look for it outside."""
    outside = [
        (found.network, link.get("name"), link.get("interface"))
        for link in given.parts("links")
        if (found := interface_of(link.get("cidr"))) is not None
    ]
    for index, zone in enumerate(given.parts("zones")):
        own = interface_of(zone.get("address"))
        places: list[tuple[Place, IPv4Network | None]] = [(("address",), own.network if own else None)]
        places += [(("networks", place), network_of(part.node)) for place, part in enumerate(zone.parts("networks"))]
        for at, network in places:
            for taken, link, interface in outside:
                if network is not None and interface != zone.get("interface") and network.overlaps(taken):
                    reason = f"{network} overlaps {taken} of link {link}"
                    data = {"network": str(taken), "link": str(link)}
                    yield Broken(("zones", index, *at), "overlaps_link", reason, data)
