"""Section uplinks: the links to the internet, how they are probed, and when the box changes over."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface
from typing import Annotated

from pydantic import Field, StringConstraints

from edge.shared.model.addresses import rules_between_addresses, rules_of_static
from edge.shared.model.base import INTERFACE_NAME_MAX, Broken, Given, InterfaceName, Section, Slug, duplicates
from edge.shared.model.firewall import FlowClasses, Open
from edge.shared.model.ipv6 import Ipv6, LinkIpv6, rules_of_ipv6
from edge.shared.model.lan import Zone, rules_on_one_leg
from edge.shared.model.probes import ProbeTarget, QualityLimits
from edge.shared.model.services import Dns, Time, rules_between_zones

PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
# No word of nftables' language (ip, set, map: no rule would ever be in force): none of those has an underscore.
TableName = Annotated[
    str, StringConstraints(pattern=r"^(repli[a-z0-9_-]*|[a-z][a-z0-9-]*_[a-z0-9_-]*)$", max_length=32)
]


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
    DHCP = "dhcp"  # the provider, asked by this box (RFC 2131)
    PPPOE = "pppoe"  # the provider, over a PPP session on `parent` (RFC 2516)


class Link(Section):
    """One way to the internet. The order of the links is their preference."""

    name: Slug = Field(description="What people call it, e.g. fibre")
    interface: InterfaceName = Field(description="Network interface, e.g. eth0; it may appear later")
    kind: LinkKind = LinkKind.OTHER
    address: LinkAddress = LinkAddress.KEEP
    parent: InterfaceName | None = Field(
        None, description="Interface that carries the VLAN or the PPPoE session; `interface` is then made by this box"
    )
    vlan: int | None = Field(None, ge=1, le=4094, description="VLAN tag of the provider on `parent`, e.g. 832")
    cidr: IPv4Interface | None = Field(None, description="Address and prefix, e.g. 192.0.2.2/30, for static")
    gateway: IPv4Address | None = Field(None, description="Absent: the interface's own default route, or none at all")
    ipv6: LinkIpv6 | None = Field(None, description="IPv6 on this link; absent: none")
    user: str | None = Field(None, max_length=128, pattern=PRINTABLE, description="PPPoE user, as the provider gave it")
    password: str | None = Field(None, max_length=128, pattern=PRINTABLE, description="PPPoE password")
    modem: Slug | None = Field(None, description="Name of the modem (section modem) whose bearer this interface is")
    dns: list[IPv4Address] = Field(
        [],
        max_length=3,
        description="Resolvers asked while it carries; absent: those of its lease, else of the other links",
    )
    targets: list[ProbeTarget] = Field([], description="Absent: the targets of the section")
    interval_ms: int | None = Field(
        None,
        ge=20,
        le=60_000,
        description="Between two probes of a target while the link carries; default: 100, or 1000 when metered; "
        "in doubt it is 100 at most",
    )
    standby_interval_ms: int | None = Field(
        None,
        ge=20,
        le=600_000,
        description="The same while it stands by; default: as while it carries, or what probe_budget_mb allows when metered",
    )
    metered: bool = Field(False, description="Paid by volume: probed rarely while it stands by")
    upload_kbit: int | None = Field(
        None,
        ge=64,
        le=10_000_000,
        description="What the link uploads, in kbit/s, a tenth less than measured: telephony then waits for nothing else; "
        "absent: no priority",
    )
    probe_budget_mb: float | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Megabytes a month for the probes of a metered link that stands by, one target in turn; default: 10",
    )

    budget_mb: int | None = Field(
        None,
        ge=1,
        le=100_000_000,
        description="Data paid for each month, both ways, in MB (1,000,000 bytes), for a metered link; when it is used up, "
        "the link carries no bulk any more, but voice, signalling and what the box itself says; absent: no limit",
    )
    budget_reset_day: int = Field(1, ge=1, le=28, description="Day on which its month begins, at 0:00 UTC")
    budget_warn_percent: int = Field(80, ge=1, le=100, description="Used this far, it is said")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Each way to an address has what it needs, and nothing that goes with another; a budget is a metered link's."""
        address = given.get("address") or LinkAddress.KEEP
        goes_with = {"cidr": LinkAddress.STATIC, "user": LinkAddress.PPPOE, "password": LinkAddress.PPPOE}
        for name, wanted in goes_with.items():
            there = given.get(name) is not None
            if address == wanted and not there:
                yield Broken((name,), "missing", "missing")
            if address != wanted and there and address in set(LinkAddress):
                reason = f'{name} goes with address = "{wanted}"'
                yield Broken((name,), "not_allowed", reason, {"with": f"address = {address}"})
        if address == LinkAddress.PPPOE and given.get("gateway") is not None:
            yield Broken(("gateway",), "not_allowed", "the session has one way only", {"with": "address = pppoe"})
        if address == LinkAddress.PPPOE and given.get("ipv6") is not None:
            yield Broken(("ipv6",), "not_allowed", "the session carries IPv4 only", {"with": "address = pppoe"})
        if given.get("budget_mb") is not None and given.get("metered") is not True:
            yield Broken(
                ("budget_mb",), "not_allowed", "budget_mb goes with metered = true", {"with": "metered = false"}
            )
        yield from rules_of_static(given)
        yield from _rules_of_parent(given, pppoe=address == LinkAddress.PPPOE)
        if given.get("probe_budget_mb") is not None:
            if not given.get("metered"):
                reason = "a link that is not metered has no budget"
                yield Broken(("probe_budget_mb",), "not_allowed", reason, {"with": "metered = false"})
            elif given.get("standby_interval_ms") is not None:
                reason = "the interval follows from the budget"
                yield Broken(("standby_interval_ms",), "not_allowed", reason, {"with": "probe_budget_mb"})


def _rules_of_parent(given: Given, *, pppoe: bool) -> Iterator[Broken]:
    parent, vlan = given.get("parent"), given.get("vlan")
    if parent is None:
        if pppoe or vlan is not None:
            yield Broken(("parent",), "missing", "missing")
        return
    if parent == given.get("interface"):
        yield Broken(("parent",), "not_allowed", "parent is another interface", {"with": "interface"})
    if vlan is None and not pppoe:
        reason = 'parent goes with vlan or address = "pppoe"'
        yield Broken(("parent",), "not_allowed", reason, {"with": "address, sans vlan"})
    if pppoe and vlan is not None and len(f"{parent}.{vlan}") > INTERFACE_NAME_MAX:
        # The device between the parent and the session is named after both.
        reason = f"{parent}.{vlan} is longer than the {INTERFACE_NAME_MAX} characters of an interface name"
        data = {"max_length": str(INTERFACE_NAME_MAX - len(f".{vlan}"))}
        yield Broken(("parent",), "string_too_long", reason, data)


class UplinksSection(Section):
    """The links and the rules of changing over."""

    links: list[Link] = Field([], max_length=16)
    targets: list[ProbeTarget] = Field([], description="Probe targets of links that name none")
    fail_after: int = Field(4, ge=2, le=100, description="Rounds of probes in a row without any answer: link dead")
    recover_after: int = Field(10, ge=1, le=1000, description="Rounds answered in a row: link good again")
    quorum: int | None = Field(
        None,
        ge=1,
        le=16,
        description="Answers that make a round a good one; default: 1 of up to two targets, else 2: one liar is no proof",
    )
    quality: QualityLimits = QualityLimits()
    hold_down_s: float = Field(
        30.0, ge=0, le=86_400, description="A better link must be good this long before failback"
    )
    zones: list[Zone] = Field(
        [], max_length=8, description="Networks of the building; none: every other interface is one"
    )
    ipv6: Ipv6 | None = Field(None, description="IPv6 of the building; absent: this box routes none")
    classes: FlowClasses = FlowClasses()
    open: list[Open] = Field([], max_length=64, description="What is open from outside; none: nothing is")
    dns: Dns = Dns()
    time: Time = Time()
    route_table_base: int = Field(
        4100, ge=256, le=2**31, description="First of the routing tables used: base, base+1..."
    )
    rule_priority_base: int = Field(5200, ge=1, le=32_000, description="First of the rule priorities used")
    nft_table: TableName = Field(
        "repli_uplinks",
        description="Name of the nftables table (family inet); it begins with repli, or has an underscore",
    )

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Names and interfaces are distinct, links named exist, and a zone on a link's interface says who it is."""
        yield from duplicates(given, "links", "name")
        yield from duplicates(given, "links", "interface")
        yield from duplicates(given, "links", "vlan", "parent")
        yield from duplicates(given, "zones", "name")
        yield from duplicates(given, "zones", "interface")
        yield from rules_between_zones(given)
        yield from rules_between_addresses(given)
        yield from rules_of_ipv6(given)
        yield from duplicates(given, "open", "name")
        yield from rules_on_one_leg(given)
        names = [link.get("name") for link in given.parts("links")]
        for index, entry in enumerate(given.parts("open")):
            for place, name in enumerate(entry.parts("links")):
                if name.node not in names:
                    reason = f"there is no link named {name.node}"
                    at = ("open", index, "links", place)
                    yield Broken(at, "unknown_reference", reason, {"value": str(name.node)})
        yield from _only_gateways(given)
        yield from _shaped_legs(given)


def _shaped_legs(given: Given) -> Iterator[Broken]:
    """Each upload rate of an interface that is a zone's too: the building's own traffic would be held to it."""
    zones = [zone.get("interface") for zone in given.parts("zones")]
    for index, link in enumerate(given.parts("links")):
        if link.get("upload_kbit") is not None and link.get("interface") in zones:
            reason = "the interface is a zone's too: the building's own traffic would be held to it"
            yield Broken(("links", index, "upload_kbit"), "not_allowed", reason, {"with": "zones.interface"})


def _only_gateways(given: Given) -> Iterator[Broken]:
    """Each link of which nothing but its own gateway is asked: it answers while the line behind it is cut."""
    for index, link in enumerate(given.parts("links")):
        gateway = link.get("gateway")
        targets = link.parts("targets") or given.parts("targets")
        if gateway is not None and {str(target.get("host")) for target in targets} == {str(gateway)}:
            reason = f"only the gateway {gateway} is asked: it answers while the line behind it is cut"
            yield Broken(("links", index, "targets"), "only_gateway", reason, {"value": str(gateway)})
