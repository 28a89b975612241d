"""Section uplinks: what flows are known by, and what is open from outside."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated

from pydantic import Field, StringConstraints

from edge.shared.model.base import Broken, Given, Section, Slug

# No leading zero: nftables would read an octal number, and 010 would open port 8.
Ports = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?$")]
PORT_MAX = 65_535


class FlowClasses(Section):
    """How telephony is told from the rest. Whatever else the box itself says is a class of its own; the rest is bulk."""

    sip_ports: list[Ports] = Field(
        ["5060-5061"], min_length=1, description="Ports of telephone signalling, UDP and TCP: a port or first-last"
    )
    rtp_ports: list[Ports] = Field(
        ["10000-65535"],
        description="Voice is UDP marked EF, or UDP with both its ports in these ranges: a port or first-last",
    )

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Ranges are ranges."""
        yield from wrong_ports(given, "sip_ports")
        yield from wrong_ports(given, "rtp_ports")


class Protocol(StrEnum):
    """What an opening lets in."""

    TCP = "tcp"
    UDP = "udp"


class Open(Section):
    """A way in from outside, by IPv4. There is no other."""

    name: Slug = Field(description="What people call it, e.g. videosurveillance")
    protocol: Protocol = Field(Protocol.TCP, description="tcp or udp")
    ports: list[Ports] = Field(min_length=1, description="Ports as they are asked for outside: a port or first-last")
    sources: list[IPv4Network] = Field([], description="Who may come; absent: everybody")
    links: list[Slug] = Field([], description="Links by which they may come; absent: every link")
    to: IPv4Address | None = Field(None, description="A host inside it is sent to; absent: the box itself")
    to_port: int | None = Field(None, ge=1, le=65535, description="Its port there; absent: the one that was asked for")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Ports are ports, and another port belongs to one port and another host."""
        yield from wrong_ports(given, "ports")
        ports = [str(entry.node) for entry in given.parts("ports")]
        if given.get("to_port") is not None and (given.get("to") is None or len(ports) != 1 or "-" in ports[0]):
            yield Broken(("to_port",), "not_allowed", "to_port goes with to and one port", {"with": "ports"})


def wrong_ports(given: Given, name: str) -> Iterator[Broken]:
    """Each entry of a list of ports that is no port and no range of ports."""
    for index, entry in enumerate(given.parts(name)):
        first, _, last = str(entry.node).partition("-")
        bounds = [int(bound) for bound in (first, last or first) if bound.isascii() and bound.isdigit()]
        octal = first.startswith("0") or last.startswith("0")
        if len(bounds) == 2 and (octal or not 1 <= bounds[0] <= bounds[1] <= PORT_MAX):
            reason = f"{entry.node} is no port and no range of ports"
            yield Broken((name, index), "not_ports", reason, {"value": str(entry.node)})
