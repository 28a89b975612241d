"""Section uplinks: what is asked whether a link carries."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address

from pydantic import Field

from edge.shared.model.base import Broken, Given, Section


class ProbeKind(StrEnum):
    """How a target is asked whether it is there."""

    ICMP = "icmp"
    UDP = "udp"  # an echo service (RFC 862) that sends back what it gets
    TCP = "tcp"  # a port that accepts


class ProbeTarget(Section):
    """Something far away that answers. Never the gateway alone: a gateway answers while the fibre behind it is cut."""

    kind: ProbeKind = ProbeKind.ICMP
    host: IPv4Address = Field(description="Its address; a name could not be resolved while the link is dead")
    port: int | None = Field(None, ge=1, le=65535, description="For udp and tcp")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """udp and tcp have a port, icmp has none."""
        kind = given.get("kind") or ProbeKind.ICMP
        has_port = given.get("port") is not None
        if kind in (ProbeKind.UDP, ProbeKind.TCP) and not has_port:
            yield Broken(("port",), "missing", "missing")
        if kind == ProbeKind.ICMP and has_port:
            yield Broken(("port",), "not_allowed", "an icmp target has no port", {"with": "kind = icmp"})
