"""Nothing comes back: the cable is out, the way behind the gateway is dead, or the gateway itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.rig.virtual.isp.common import delete_table, isp_fault, replace_table
from hil.rig.virtual.network import meet_again, offer_ipv6, set_link
from hil.rig.virtual.part import Fault
from hil.rig.virtual.plan import Isp
from hil.rig.virtual.state import read_state

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

_BLACKHOLE, _DEAD = "inet blackhole", "netdev dead_gateway"


def faults(isp: str) -> tuple[Fault, Fault, Fault]:
    """Of one ISP: carrier, blackhole, dead gateway."""
    return (
        isp_fault(
            isp,
            "carrier",
            "the {isp} cable is pulled out at the ISP's end: the box, or the commune's router before it, has no carrier",
            lambda isp, town: set_link(town.namespace(isp.name), isp.inside_interface, "down"),
            _plug_in,
        ),
        isp_fault(
            isp,
            "blackhole",
            "the {isp} ISP drops everything behind its gateway without a word; the gateway still answers",
            _blackhole,
            lambda isp, town: delete_table(isp, town, _BLACKHOLE),
        ),
        isp_fault(
            isp,
            "dead-gateway",
            "the {isp} ISP's box hangs: it answers nothing any more, ARP neither, while the carrier stays",
            _dead_gateway,
            _revive_gateway,
        ),
    )


def _plug_in(isp: Isp, town: RunningTown) -> None:
    set_link(town.namespace(isp.name), isp.inside_interface, "up")
    if "ipv6" in read_state(town.folder).parts and town.plan.commune is None:
        offer_ipv6(town.plan, isp)


def _blackhole(isp: Isp, town: RunningTown) -> None:
    # Forwarded packets only: what is addressed to the ISP's own box is still answered.
    replace_table(isp, town, _BLACKHOLE, "chain forward { type filter hook forward priority -500; policy drop; };")


def _dead_gateway(isp: Isp, town: RunningTown) -> None:
    # At the device, before any protocol: the only hook that silences ARP, IPv4 and IPv6 alike.
    chains = (
        f'chain {hook} {{ type filter hook {hook} device "{isp.inside_interface}" priority 0; policy drop; }};'
        for hook in ("ingress", "egress")
    )
    replace_table(isp, town, _DEAD, "\n".join(chains))


def _revive_gateway(isp: Isp, town: RunningTown) -> None:
    delete_table(isp, town, _DEAD)
    # Otherwise a neighbour found silent for the third time just before is given up just after, and what waited is lost.
    meet_again(town.namespace(isp.name), isp.inside_interface)
