"""What may pass: everything from outside is refused unless asked for from inside or opened in the settings.

Each zone's rules carry its name as a comment. An isolated zone is cut off statelessly, before established flows.
"""

from __future__ import annotations

from collections.abc import Collection

from edge.shared.model import Open, UplinksSection, Zone, ZoneRole
from edge.uplinks.nft import classes
from edge.uplinks.nft.words import chain, names, values
from edge.uplinks.nft.zones import below, can_be_isolated, comes_from, goes_to, outside, shares_a_link
from edge.uplinks.plan import FlowClass

INSIDE = "dropped_inside"  # counter of what zones were refused
_ECHO = "limit rate 10/second burst 20 packets accept"


def counter(number: int) -> str:
    """The counter of what was refused from the link of this mark."""
    return f"dropped_{number}"


def render(section: UplinksSection, isolated: Collection[str]) -> list[str]:
    """Counters, the set of isolated interfaces, and the chains that filter."""
    return [
        *_counters(section),
        *_isolated_set(section, isolated),
        *_refused(section),
        *_input(section),
        *_forward(section),
    ]


def _counters(section: UplinksSection) -> list[str]:
    places = [counter(number) for number in range(1, len(section.links) + 1)]
    return [f"  counter {name} {{ }}" for name in (*places, INSIDE)]


def _isolated_set(section: UplinksSection, isolated: Collection[str]) -> list[str]:
    if not can_be_isolated(section):
        return []
    elements = [f"    elements = {names(sorted(isolated))}"] if isolated else []
    return ["  set isolated {", "    type ifname", *elements, "  }"]


def _refused(section: UplinksSection) -> list[str]:
    counted = [
        f'iifname "{link.interface}" counter name "{counter(number)}" drop'
        for number, link in enumerate(section.links, start=1)
    ]
    return chain("refused", [*counted, f'counter name "{INSIDE}" drop'])


def _input(section: UplinksSection) -> list[str]:
    links = names(outside(section))
    return [
        *_essentials(section),
        *chain(
            "guest_to_box", ["jump essentials", "meta l4proto { tcp, udp } th dport { 53, 123 } accept", "goto refused"]
        ),
        *chain("isolated_to_box", ["jump essentials", "goto refused"]),
        *_link_to_box(section),
        *chain(
            "input",
            [
                "type filter hook input priority filter; policy drop;",
                'iifname "lo" accept',
                *(["iifname @isolated goto isolated_to_box"] if can_be_isolated(section) else []),
                "ct state { established, related } accept",
                *[f'{comes_from(section, zone)} {_to_box(zone)} comment "{zone.name}"' for zone in section.zones],
                f"iifname {links} goto link_to_box",
                *_the_rest(section),
            ],
        ),
    ]


def _essentials(section: UplinksSection) -> list[str]:
    """What any device of the building may always ask of the box: an address, whether it is there, and the emergency call."""
    voice = section.classes.rtp_ports
    return chain(
        "essentials",
        [
            f"meta l4proto {{ tcp, udp }} th dport {values(section.classes.sip_ports)} accept",
            *([f"udp dport {values(voice)} accept"] if voice else []),
            "udp dport { 67, 547 } accept",
            f"icmp type echo-request {_ECHO}",
            f"icmpv6 type echo-request {_ECHO}",
            "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept",
        ],
    )


def _to_box(zone: Zone) -> str:
    return "goto guest_to_box" if zone.role is ZoneRole.GUEST else "accept"


def _link_to_box(section: UplinksSection) -> list[str]:
    return chain(
        "link_to_box",
        [
            "ct state invalid goto refused",
            "udp sport 67 udp dport 68 accept",  # DHCP answers broadcasts from an address that was not asked
            "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
            f"icmp type echo-request {_ECHO}",
            f"icmpv6 type echo-request {_ECHO}",
            "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } ip6 hoplimit 255 accept",
            *[f"{came_in(section, entry)} {wanted(entry)} accept" for entry in section.open if entry.to is None],
            "goto refused",
        ],
    )


def _forward(section: UplinksSection) -> list[str]:
    links = names(outside(section))
    cut = ["iifname @isolated goto refused", "oifname @isolated goto refused"] if can_be_isolated(section) else []
    return [
        *chain(
            "phones_to_links",
            [
                f"{classes.match(FlowClass.SIP)} accept",
                f"{classes.match(FlowClass.RTP)} accept",
                "udp dport { 53, 123 } accept",
                "tcp dport { 53, 80, 443 } accept",  # provisioning and firmware
                "icmp type echo-request accept",
                "goto refused",
            ],
        ),
        *chain(
            "link_to_inside",
            [
                "ct state invalid goto refused",
                *[_forwarded(entry) for entry in section.open if entry.to is not None],
                "goto refused",
            ],
        ),
        *chain(
            "forward",
            [
                "type filter hook forward priority filter; policy drop;",
                *cut,
                "ct state { established, related } accept",
                f"oifname {links} ct state invalid goto refused",  # it would leave untranslated
                *[rule for zone in section.zones for rule in _zone_forward(section, zone)],
                f"iifname {links} goto link_to_inside",
                *_the_rest(section),
            ],
        ),
    ]


def _the_rest(section: UplinksSection) -> list[str]:
    """Interfaces that are neither link nor zone."""
    if section.zones:
        return ["goto refused"]
    return [*([f"iifname {names(below(section))} goto refused"] if below(section) else []), "accept"]


def _zone_forward(section: UplinksSection, zone: Zone) -> list[str]:
    here = comes_from(section, zone)
    to_links = "goto phones_to_links" if zone.role is ZoneRole.PHONES else "accept"
    others = [other for other in section.zones if other is not zone]
    legs = [goes_to(other) for other in others if shares_a_link(section, other)]
    # Voice goes from telephone to telephone, also to a softphone on a desk.
    hears = [] if zone.role is ZoneRole.GUEST else [other for other in others if other.role is not ZoneRole.GUEST]
    plain = [other.interface for other in hears if not shares_a_link(section, other)]
    to_them = [goes_to(other) for other in hears if shares_a_link(section, other)]
    to_them += [f"oifname {names(plain)}"] if plain else []
    rules = [
        *[f"{way} {classes.match(FlowClass.RTP)} accept" for way in to_them],
        *[f"{way} goto refused" for way in legs],
        f"oifname {names(outside(section))} {to_links}",
        *([] if shares_a_link(section, zone) else [f'oifname "{zone.interface}" accept']),
    ]
    return [f'{here} {rule} comment "{zone.name}"' for rule in rules]


def came_in(section: UplinksSection, entry: Open) -> str:
    """The expression that is true of what comes in by an opening's links from its sources."""
    links = [link.interface for link in section.links if not entry.links or link.name in entry.links]
    sources = f" ip saddr {values(entry.sources)}" if entry.sources else ""
    return f"meta nfproto ipv4 iifname {names(links)}{sources}"


def wanted(entry: Open) -> str:
    """The expression that is true of an opening's ports as they are asked for outside."""
    return f"{entry.protocol} dport {values(entry.ports)}"


def _forwarded(entry: Open) -> str:
    ports = [entry.to_port] if entry.to_port is not None else entry.ports
    return f'ct status dnat ip daddr {entry.to} {entry.protocol} dport {values(ports)} accept comment "{entry.name}"'
