"""Section uplinks: the links to the internet, how they are probed, and when the box changes over."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface

from pydantic import Field

from edge.shared.model.base import Broken, Given, InterfaceName, Section, Slug, duplicates
from edge.shared.model.firewall import FlowClasses
from edge.shared.model.lan import Zone
from edge.shared.model.probes import ProbeTarget


class LinkKind(StrEnum):
    """What the link is, for people; the rules come from `metered` and the order."""

    FIBRE = "fibre"
    DSL = "dsl"
    LTE = "lte"
    OTHER = "other"


class LinkAddress(StrEnum):
    """Who gives the interface its address."""

    KEEP = "keep"  # somebody else: what is there is used, and left alone
    STATIC = "static"


class Link(Section):
    """One way to the internet. The order of the links is their preference."""

    name: Slug = Field(description="What people call it, e.g. fibre")
    interface: InterfaceName = Field(description="Network interface, e.g. eth0; it may appear later")
    kind: LinkKind = LinkKind.OTHER
    address: LinkAddress = LinkAddress.KEEP
    cidr: IPv4Interface | None = Field(None, description="Address and prefix, e.g. 192.0.2.2/30, for static")
    gateway: IPv4Address | None = Field(None, description="Absent: the interface's own default route, or none at all")
    targets: list[ProbeTarget] = Field([], description="Absent: the targets of the section")
    interval_ms: int = Field(100, ge=20, le=60_000, description="Between two probes of a target while the link carries")
    standby_interval_ms: int | None = Field(
        None,
        ge=20,
        le=600_000,
        description="The same while it stands by; default: interval_ms, 30 000 when metered",
    )
    metered: bool = Field(False, description="Paid by volume: probed rarely while it stands by")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """static has a cidr, keep has none."""
        address = given.get("address") or LinkAddress.KEEP
        has_cidr = given.get("cidr") is not None
        if address == LinkAddress.STATIC and not has_cidr:
            yield Broken(("cidr",), "missing", "missing")
        if address == LinkAddress.KEEP and has_cidr:
            yield Broken(("cidr",), "not_allowed", 'cidr goes with address = "static"', {"with": "address = keep"})


class UplinksSection(Section):
    """The links and the rules of changing over."""

    links: list[Link] = Field([], max_length=16)
    targets: list[ProbeTarget] = Field([], description="Probe targets of links that name none")
    fail_after: int = Field(4, ge=2, le=100, description="Rounds of probes in a row without any answer: link dead")
    recover_after: int = Field(10, ge=1, le=1000, description="Rounds answered in a row: link good again")
    hold_down_s: float = Field(
        30.0, ge=0, le=86_400, description="A better link must be good this long before failback"
    )
    zones: list[Zone] = Field(
        [], max_length=8, description="Networks of the building; none: every other interface is one"
    )
    classes: FlowClasses = FlowClasses()
    route_table_base: int = Field(
        4100, ge=256, le=2**31, description="First of the routing tables used: base, base+1..."
    )
    rule_priority_base: int = Field(5200, ge=1, le=32_000, description="First of the rule priorities used")
    nft_table: Slug = Field("repli_uplinks", description="Name of the nftables table (family inet)")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Names and interfaces of links and of zones are distinct."""
        yield from duplicates(given, "links", "name")
        yield from duplicates(given, "links", "interface")
        yield from duplicates(given, "zones", "name")
        yield from duplicates(given, "zones", "interface")
