"""Section uplinks: the networks of the building, each a zone of its own."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Interface, IPv4Network

from pydantic import Field

from edge.shared.model.base import Broken, Given, InterfaceName, Section, Slug
from edge.shared.model.services import Dhcp, rules_of_zone

WIDEST = 8  # prefix of 10.0.0.0/8, the widest network that is private (RFC 1918)


class ZoneRole(StrEnum):
    """What a zone is for; what it may reach follows from it."""

    STAFF = "staff"  # desks: everything outside, and the box's services; what `isolate` cuts off
    PHONES = "phones"  # telephones: the box, and outside what telephones need
    CRISIS = "crisis"  # the crisis cell: everything outside, the box, the pages
    GUEST = "guest"  # outside only


class Zone(Section):
    """One network of the building behind one interface of the box."""

    name: Slug = Field(description="What people call it, e.g. bureaux")
    interface: InterfaceName = Field(description="Network interface, e.g. lan0 or lan0.20")
    role: ZoneRole = ZoneRole.STAFF
    networks: list[IPv4Network] = Field(
        [], description="Addresses that may come from it; absent: those of the interface, if it is no link's"
    )
    address: IPv4Interface | None = Field(
        None,
        description="The box's own address there, e.g. 192.0.2.1/24, as the interface has it: names and time are served on it",
    )
    dhcp: Dhcp | None = Field(None, description="Addresses given there; absent: somebody else does, or nobody")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Addresses are given inside the zone's network."""
        yield from rules_of_zone(given)


def rules_on_one_leg(given: Given) -> Iterator[Broken]:
    """A zone behind a link's own interface says who belongs to it; whoever routes there gives the addresses."""
    interfaces = [link.get("interface") for link in given.parts("links")]
    for index, zone in enumerate(given.parts("zones")):
        if zone.get("interface") not in interfaces:
            continue
        networks = zone.parts("networks")
        if not networks:
            yield Broken(("zones", index, "networks"), "missing", "missing")
        for place, network in enumerate(networks):
            length = str(network.node).partition("/")[2]
            if length.isdecimal() and int(length) < WIDEST:
                reason = f"{network.node} is wider than any building: the internet would pass for inside"
                yield Broken(("zones", index, "networks", place), "too_wide", reason, {"value": str(network.node)})
        if zone.get("dhcp") is not None:
            reason = "whoever routes on a link's interface gives the addresses"
            yield Broken(
                ("zones", index, "dhcp"), "not_allowed", reason, {"with": f"interface = {zone.get('interface')}"}
            )
