"""Section uplinks: the links to the internet, how they are probed, and when the box changes over."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface
from typing import Self

from pydantic import Field, model_validator

from edge.shared.model.base import InterfaceName, Section, Slug, unique


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


class ProbeKind(StrEnum):
    """How a target is asked whether it is there."""

    ICMP = "icmp"
    UDP = "udp"  # an echo service (RFC 862) that sends back what it gets
    TCP = "tcp"  # a port that accepts


class ProbeTarget(Section):
    """Something far away that answers. Never the gateway alone: a gateway answers while the fibre behind it is cut."""

    kind: ProbeKind = ProbeKind.ICMP
    host: IPv4Address
    port: int | None = Field(None, ge=1, le=65535)

    @model_validator(mode="after")
    def _port_where_needed(self) -> Self:
        if self.kind is not ProbeKind.ICMP and self.port is None:
            raise ValueError(f"a {self.kind} target needs a port")
        if self.kind is ProbeKind.ICMP and self.port is not None:
            raise ValueError("an icmp target has no port")
        return self


class Link(Section):
    """One way to the internet. The order of the links is their preference."""

    name: Slug
    interface: InterfaceName
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
    metered: bool = False

    @model_validator(mode="after")
    def _static_is_complete(self) -> Self:
        if self.address is LinkAddress.STATIC and self.cidr is None:
            raise ValueError("a static address needs cidr")
        if self.address is LinkAddress.KEEP and self.cidr is not None:
            raise ValueError('cidr goes with address = "static"')
        return self


class UplinksSection(Section):
    """The links and the rules of changing over."""

    links: list[Link] = []
    targets: list[ProbeTarget] = Field([], description="Probe targets of links that name none")
    fail_after: int = Field(4, ge=2, le=100, description="Rounds of probes in a row without any answer: link dead")
    recover_after: int = Field(10, ge=1, le=1000, description="Rounds answered in a row: link good again")
    hold_down_s: float = Field(
        30.0, ge=0, le=86_400, description="A better link must be good this long before failback"
    )
    route_table_base: int = Field(
        4100, ge=256, le=2**31, description="First of the routing tables used: base, base+1..."
    )
    rule_priority_base: int = Field(5200, ge=1, le=32_000, description="First of the rule priorities used")
    nft_table: Slug = Field("repli_uplinks", description="Name of the nftables table (family inet)")

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        twice = unique([link.name for link in self.links])
        if twice:
            raise ValueError(f"two links are named {twice}")
        twice = unique([link.interface for link in self.links])
        if twice:
            raise ValueError(f"two links use the interface {twice}")
        if len(self.links) > 16:
            raise ValueError("16 links at most")
        return self
