"""Who may come from where (anti-spoofing), before anything else is asked of a packet.

Routes say it (RFC 3704, strict inside, and outside only what lies inside is refused: with several links any of them may
bring the answer). A private address may speak to a private address of ours, so a box behind another box works, and
private routers' ICMP errors belong to flows, so path MTU discovery works too.
"""

from __future__ import annotations

from edge.shared.model import UplinksSection
from edge.uplinks.nft.words import chain, names, values
from edge.uplinks.nft.zones import outside, shares_a_link

_NEVER = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4")  # RFC 6890: no source outside its own network
_PRIVATE = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")


def render(section: UplinksSection) -> list[str]:
    """The chain, behind connection tracking and before marks."""
    links = names(outside(section))
    inside: list[str] = []
    for zone in section.zones:
        if shares_a_link(section, zone):
            inside.append(f'iifname "{zone.interface}" ip saddr {values(zone.networks)} accept comment "{zone.name}"')
            continue
        if zone.networks:
            known = f'ip saddr != {values(zone.networks)} goto refused comment "{zone.name}"'
            inside.append(f'iifname "{zone.interface}" {known}')
        family = "meta nfproto ipv6 " if zone.networks else ""
        inside.append(
            f'iifname "{zone.interface}" {family}fib saddr . iif oif missing goto refused comment "{zone.name}"'
        )
    return chain(
        "sources",
        [
            "type filter hook prerouting priority mangle - 10; policy accept;",
            "ip saddr 0.0.0.0 udp dport 67 accept",  # a host that asks for its address
            "ip6 saddr :: accept",  # the same, and RFC 4862's search for duplicates
            *inside,
            f"iifname != {links} accept",
            "ip6 saddr fe80::/10 accept",  # every interface has that network
            f"ip saddr {values(_NEVER)} goto refused",
            "fib saddr type local goto refused",
            f"ct state new ip saddr {values(_PRIVATE)} ip daddr != {values(_PRIVATE)} goto refused",
            "fib saddr oif missing accept",  # a link that has no route yet
            f"fib saddr oifname != {links} goto refused",
        ],
    )
