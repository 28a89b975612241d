"""Which link a flow takes.

A connection mark's low eight bits name its link. Established flows get their packet mark from it; new flows from
inside go where the map new_flows says for their class; flows that come in by a link are answered by that link. What goes
to a zone has no mark, also where the zone is behind a link's own interface: it goes there whichever link is active.
"""

from __future__ import annotations

from edge.shared.model import UplinksSection
from edge.uplinks.nft import classes
from edge.uplinks.nft.words import chain, values
from edge.uplinks.nft.zones import comes_from, goes_to, on_a_leg
from edge.uplinks.plan import CLASS_MASK, CLASS_SHIFT, MARK_MASK, FlowClass

_OTHERS = 0xFFFFFFFF ^ MARK_MASK


def new_flows(active_mark: int) -> str:
    """The elements of the map new_flows: every class to the active link."""
    return "{ " + ", ".join(f"{entry << CLASS_SHIFT:#x} : goto take_{active_mark}" for entry in FlowClass) + " }"


def render(section: UplinksSection, active_mark: int | None) -> list[str]:
    """The map, and the chains that mark."""
    marks = range(1, len(section.links) + 1)
    keep = ", ".join(f"{number:#x} : goto keep_{number}" for number in marks)
    take = ", ".join(
        f'"{link.interface}" : goto take_{number}' for number, link in zip(marks, section.links, strict=True)
    )
    lines = [
        "  map new_flows {",
        "    type mark : verdict",
        *([f"    elements = {new_flows(active_mark)}"] if active_mark else []),
        "  }",
    ]
    for number in marks:
        packet = f"meta mark set meta mark & {_OTHERS:#x} | {number:#x}"
        lines += chain(f"keep_{number}", [packet])
        lines += chain(f"take_{number}", [f"ct mark set ct mark & {_OTHERS:#x} | {number:#x}", packet])
    legs = on_a_leg(section)
    networks = [network for zone in legs for network in zone.networks]
    # Neighbour discovery belongs to no flow, and its packets have their way (RFC 4861).
    not_a_flow = "meta nfproto != ipv4 return" if section.ipv6 is None else "ct state untracked return"
    return [
        *lines,
        *chain(
            "from_inside",
            [
                "fib daddr type != unicast return",
                *([f"ip daddr {values(networks)} return"] if networks else []),
                f"ct mark & {CLASS_MASK:#x} vmap @new_flows",
            ],
        ),
        *chain(
            "prerouting",
            [
                "type filter hook prerouting priority mangle; policy accept;",
                not_a_flow,
                f"ct mark & {MARK_MASK:#x} vmap {{ {keep} }}",
                "ct direction reply return",
                classes.put(FlowClass.BULK),
                "jump classify",
                *[f"{comes_from(section, zone)} goto from_inside" for zone in legs],
                f"iifname vmap {{ {take} }}",
                "goto from_inside",
            ],
        ),
        *chain(
            "output",
            [
                "type route hook output priority mangle; policy accept;",
                not_a_flow,
                f"ct mark & {MARK_MASK:#x} vmap {{ {keep} }}",
                "ct direction reply return",
                classes.put(FlowClass.BOX),
                "jump classify",
                *[f"{goes_to(zone)} return" for zone in legs],
                f"oifname vmap {{ {take} }}",
            ],
        ),
    ]
