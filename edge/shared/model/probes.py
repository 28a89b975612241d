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


class QualityLimits(Section):
    """From where on a link that answers is too poor to carry, if another is measurably better. Any one is enough."""

    loss_percent: float = Field(10.0, gt=0, le=100, description="Loss of one direction, in percent")
    delay_ms: float = Field(400.0, gt=0, le=5000, description="Delay of one direction (ITU-T G.114: 400 at most)")
    jitter_ms: float = Field(100.0, gt=0, le=5000, description="Variation of the delay")
    mos: float = Field(3.1, ge=1, le=4.4, description="Quality of a call by the E-model (ITU-T G.107), 1.0 to 4.4")
    margin_mos: float = Field(0.5, ge=0, le=3, description="How much better the other link must be, now")


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
