"""Section uplinks: IPv6, with addresses inside that no provider can take away."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Interface, IPv6Network
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from edge.shared.model.base import Broken, Given, Section

T = TypeVar("T", IPv6Address, IPv6Interface, IPv6Network)

LOCALLY_ASSIGNED = IPv6Network("fd00::/8")  # RFC 4193, 3.1


def _unscoped(address: T) -> T:
    # Python takes any text behind the %, in networks too; here it would act on the text of nftables.
    if "%" in str(address):
        raise PydanticCustomError("scoped", "the link says which interface it is: without %")
    return address


class Ipv6(Section):
    """IPv6 for the building; each link translates its addresses to its own (ADR 0090)."""

    ula: Annotated[IPv6Network, AfterValidator(_unscoped)] = Field(
        description="Unique local prefix of the building, chosen at random once (RFC 4193), e.g. fd12:3456:789a::/48"
    )

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """The prefix is one that anybody may choose, and no provider gives."""
        ula = network(given.get("ula"))
        if ula is not None and not ula.subnet_of(LOCALLY_ASSIGNED):
            reason = f"{ula} is not in {LOCALLY_ASSIGNED}"
            yield Broken(("ula",), "outside", reason, {"network": str(LOCALLY_ASSIGNED)})


class LinkIpv6(Section):
    """What the provider gives of IPv6 on a link."""

    cidr: Annotated[IPv6Interface, AfterValidator(_unscoped)] = Field(
        description="The box's address and prefix on the link, e.g. 2001:db8::2/64"
    )
    gateway: Annotated[IPv6Address, AfterValidator(_unscoped)] | None = Field(
        None, description="Next hop, link-local or not; absent: everything is on link"
    )
    prefix: Annotated[IPv6Network, AfterValidator(_unscoped)] | None = Field(
        None,
        description="Prefix that the provider routes to the box: the building's addresses are translated one to one; "
        "absent: all of them to the one of the link",
    )


def rules_of_ipv6(given: Given) -> Iterator[Broken]:
    """IPv6 on a link goes with a prefix inside, which the link's prefix must be able to hold."""
    inside = given.get("ipv6")
    ula = network(given.part("ipv6").get("ula"))
    for index, link in enumerate(given.parts("links")):
        at = ("links", index, "ipv6")
        if link.get("ipv6") is None:
            continue
        if inside is None:
            yield Broken(at, "not_allowed", "ipv6 goes with uplinks.ipv6", {"with": "uplinks, sans uplinks.ipv6"})
        prefix = network(link.part("ipv6").get("prefix"))
        if prefix is not None and ula is not None and prefix.prefixlen > ula.prefixlen:
            reason = f"{prefix} does not hold the building's {ula}"
            yield Broken((*at, "prefix"), "too_small", reason, {"network": str(ula)})


def network(value: object) -> IPv6Network | None:
    """A prefix as it was given; None for what is none, which is refused elsewhere."""
    if not isinstance(value, str | IPv6Network) or "%" in str(value):
        return None
    try:
        return IPv6Network(value)
    except ValueError:
        return None
