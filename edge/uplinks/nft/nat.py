"""Translation of addresses."""

from __future__ import annotations

from edge.shared.model import Open, UplinksSection
from edge.uplinks.nft.filtering import came_in, wanted
from edge.uplinks.nft.words import chain, names
from edge.uplinks.nft.zones import goes_to, on_a_leg, outside


def render(section: UplinksSection) -> list[str]:
    """What leaves by a link for outside leaves with the link's address; what is opened to a host inside is sent to it."""
    inward = [_destination(section, entry) for entry in section.open if entry.to is not None]
    lines = []
    if inward:
        lines += chain("openings", ["type nat hook prerouting priority dstnat; policy accept;", *inward])
    return lines + chain(
        "postrouting",
        [
            "type nat hook postrouting priority srcnat; policy accept;",
            *[f"{goes_to(zone)} return" for zone in on_a_leg(section)],
            f"meta nfproto ipv4 oifname {names(outside(section))} masquerade",
            *_ipv6(section),
        ],
    )


def _ipv6(section: UplinksSection) -> list[str]:
    """Prefix for prefix, host parts kept; every other address, the other link's too, becomes the link's own."""
    if section.ipv6 is None:
        return []
    ula = section.ipv6.ula
    prefixes = [
        (link.interface, next(link.ipv6.prefix.subnets(new_prefix=ula.prefixlen)))
        for link in section.links
        if link.ipv6 is not None and link.ipv6.prefix is not None
    ]
    return [
        *(f'oifname "{interface}" ip6 saddr {ula} snat ip6 prefix to {prefix}' for interface, prefix in prefixes),
        f"meta nfproto ipv6 oifname {names(outside(section))} masquerade",
    ]


def _destination(section: UplinksSection, entry: Open) -> str:
    port = f":{entry.to_port}" if entry.to_port is not None else ""
    asked = f"{came_in(section, entry)} fib daddr type local {wanted(entry)}"
    return f'{asked} dnat ip to {entry.to}{port} comment "{entry.name}"'
