"""Section uplinks: what the box serves in the networks of the building: addresses, names, time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network, NetmaskValueError
from typing import Annotated

from pydantic import Field, StringConstraints

from edge.shared.model.base import Broken, Given, Section, duplicates

# RFC 1123. Names and addresses below stand in configuration files of other programs, where a space or a quote would act.
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HostLabel = Annotated[str, StringConstraints(pattern=rf"^{_LABEL}$")]
HostName = Annotated[str, StringConstraints(pattern=rf"^{_LABEL}(\.{_LABEL})*$", max_length=253)]
MacAddress = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")]
# As options 66 and 160, and within option 43, whose length is one byte with two of its own.
ProvisioningUrl = Annotated[str, StringConstraints(pattern=r"^(https?|tftp|ftp)://[!#-\[\]-~]+$", max_length=253)]

_NO_NAME = re.compile(r"([a-z0-9.-]*\.)?[0-9]+|[0-9]+[wdhms]|ignore|infinite")


class Reservation(Section):
    """An address that one device always gets."""

    mac: MacAddress = Field(description="Hardware address of the device, lower case, e.g. 00:0b:82:01:02:03")
    address: IPv4Address = Field(description="What it gets, inside the network of the zone")
    name: HostLabel | None = Field(None, description="Its name on the building's network")


class Dhcp(Section):
    """Addresses given in one zone. The box is the router, the resolver and the clock (options 3, 6, 42)."""

    first: IPv4Address = Field(description="First address given")
    last: IPv4Address = Field(description="Last address given")
    lease_s: int = Field(43_200, ge=120, le=2_592_000, description="How long an address is given, in seconds")
    reservations: list[Reservation] = Field([], max_length=500)
    provisioning_url: ProvisioningUrl | None = Field(
        None, description="Where telephones fetch their settings (options 66, 160, and 43 with sub-option 66)"
    )

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """The pool has its ends in order; no device and no address is reserved twice."""
        first, last = address_of(given.get("first")), address_of(given.get("last"))
        if first is not None and last is not None and last < first:
            yield Broken(("last",), "before", f"{last} comes before {first}", {"first": str(first)})
        yield from duplicates(given, "reservations", "mac")
        yield from duplicates(given, "reservations", "address")
        yield from duplicates(given, "reservations", "name")
        yield from _no_names(given, "reservations")


class LocalName(Section):
    """A name that the box itself answers."""

    name: HostName = Field(description="Without the domain, or whole")
    address: IPv4Address = Field(description="Its address")


class Dns(Section):
    """Names answered in the building. Everything else is asked of the resolvers of the link that carries."""

    domain: HostName | None = Field(None, description="Domain of the building's devices, e.g. mairie.internal")
    hosts: list[LocalName] = Field([], max_length=500)

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Names are distinct, and names."""
        yield from duplicates(given, "hosts", "name")
        yield from _no_names(given, "hosts")


class Time(Section):
    """Where the box has the time from. Every zone with an `address` is served it."""

    sources: list[HostName] = Field(
        [], max_length=8, description="NTP servers, by name or address; none: the box's own clock"
    )


def rules_of_zone(given: Given) -> Iterator[Broken]:
    """What is given in a zone lies in its network, and is not the box's own address."""
    own, dhcp = interface_of(given.get("address")), given.part("dhcp")
    if dhcp.node is None:
        return
    if given.get("address") is None:
        yield Broken(("address",), "missing", "missing")
    if own is None:
        return
    places: list[tuple[tuple[int | str, ...], object]] = [(("dhcp", end), dhcp.get(end)) for end in ("first", "last")]
    places += [
        (("dhcp", "reservations", index, "address"), entry.get("address"))
        for index, entry in enumerate(dhcp.parts("reservations"))
    ]
    for place, value in places:
        address = address_of(value)
        if address is None:
            continue
        if not _is_host(address, own.network):
            reason = f"{address} is not an address of {own.network}"
            yield Broken(place, "outside", reason, {"network": str(own.network), "given": str(address)})
        elif address == own.ip and "reservations" in place:
            yield Broken(place, "own_address", f"{address} is the box's own", {"given": str(address)})


def rules_between_zones(given: Given) -> Iterator[Broken]:
    """The networks that the box serves are apart: a client must know by which interface it is reached."""
    seen: list[tuple[IPv4Network, object]] = []
    for index, zone in enumerate(given.parts("zones")):
        own = interface_of(zone.get("address"))
        if own is None:
            continue
        for network, name in seen:
            if network.overlaps(own.network):
                reason = f"{own.network} overlaps {network} of zone {name}"
                data = {"network": str(network), "zone": str(name)}
                yield Broken(("zones", index, "address"), "overlaps", reason, data)
        seen.append((own.network, zone.get("name")))


def _no_names(given: Given, entries: str) -> Iterator[Broken]:
    """Each name that dnsmasq would take for a time or a word of its own: a telephone called 101 had its lease for 101 s."""
    for index, entry in enumerate(given.parts(entries)):
        name = entry.get("name")
        if isinstance(name, str) and _NO_NAME.fullmatch(name):
            reason = f"{name} is no name: put a word before it, e.g. poste-{name}"
            yield Broken((entries, index, "name"), "no_name", reason, {"value": name})


def address_of(value: object) -> IPv4Address | None:
    """What was given as an address, if it is one."""
    try:
        return IPv4Address(value) if isinstance(value, str | IPv4Address) else None
    except AddressValueError:
        return None


def interface_of(value: object) -> IPv4Interface | None:
    """What was given as an address with its prefix, if it is one."""
    try:
        return IPv4Interface(value) if isinstance(value, str | IPv4Interface) else None
    except (AddressValueError, NetmaskValueError):
        return None


def network_of(value: object) -> IPv4Network | None:
    """What was given as a network, if it is one."""
    try:
        return IPv4Network(value) if isinstance(value, str | IPv4Network) else None
    except ValueError:
        return None


def _is_host(address: IPv4Address, network: IPv4Network) -> bool:
    edges = (network.network_address, network.broadcast_address) if network.prefixlen < 31 else ()
    return address in network and address not in edges
