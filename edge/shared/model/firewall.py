"""Section uplinks: what flows are known by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StringConstraints

from edge.shared.model.base import Broken, Given, Section

Ports = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}(-[0-9]{1,5})?$")]
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


def wrong_ports(given: Given, name: str) -> Iterator[Broken]:
    """Each entry of a list of ports that is no port and no range of ports."""
    for index, entry in enumerate(given.parts(name)):
        first, _, last = str(entry.node).partition("-")
        bounds = [int(bound) for bound in (first, last or first) if bound.isascii() and bound.isdigit()]
        if len(bounds) == 2 and not 1 <= bounds[0] <= bounds[1] <= PORT_MAX:
            reason = f"{entry.node} is no port and no range of ports"
            yield Broken((name, index), "not_ports", reason, {"value": str(entry.node)})
