"""Section uplinks: the networks of the building, each a zone of its own."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Interface, IPv4Network

from pydantic import Field

from edge.shared.model.base import Broken, Given, InterfaceName, Section, Slug
from edge.shared.model.services import Dhcp, rules_of_zone


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
        [], description="Addresses that may come from it; absent: those of the interface itself"
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
