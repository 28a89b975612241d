"""Which interfaces are outside, which are zones, and how a packet of a zone is known."""

from __future__ import annotations

from edge.shared.model import UplinksSection, Zone, ZoneRole
from edge.uplinks import plan
from edge.uplinks.nft.words import values


def outside(section: UplinksSection) -> list[str]:
    """Every interface behind which the internet is."""
    return [link.interface for link in section.links]


def below(section: UplinksSection) -> list[str]:
    """What carries a link's VLAN or session, and is no zone: the provider is at the other end of that, too."""
    carriers = {link.parent for link in section.links if link.parent is not None}
    carriers |= {vlan.name for vlan in plan.vlans(section)}
    return sorted(carriers - set(outside(section)) - {zone.interface for zone in section.zones})


def shares_a_link(section: UplinksSection, zone: Zone) -> bool:
    """Whether the zone is behind an interface that is also a link: the box stands on one leg."""
    return zone.interface in outside(section)


def comes_from(section: UplinksSection, zone: Zone) -> str:
    """The expression that is true of a zone's packets; on one leg the source decides."""
    if shares_a_link(section, zone):
        return f'iifname "{zone.interface}" ip saddr {values(zone.networks)}'
    return f'iifname "{zone.interface}"'


def on_a_leg(section: UplinksSection) -> list[Zone]:
    """The zones behind links' own interfaces."""
    return [zone for zone in section.zones if shares_a_link(section, zone)]


def goes_to(zone: Zone) -> str:
    """The expression that is true of packets to a zone behind a link's own interface."""
    return f'oifname "{zone.interface}" ip daddr {values(zone.networks)}'


def can_be_isolated(section: UplinksSection) -> list[Zone]:
    """The staff's zones that reach anything through the box alone. Without links nothing of ours is in force."""
    if not section.links:
        return []
    return [zone for zone in section.zones if zone.role is ZoneRole.STAFF and not shares_a_link(section, zone)]
