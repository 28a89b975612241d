"""Translation of addresses."""

from __future__ import annotations

from edge.shared.model import UplinksSection
from edge.uplinks.nft.words import chain, names


def render(section: UplinksSection) -> list[str]:
    """What leaves by a link leaves with the link's address."""
    outside = names(link.interface for link in section.links)
    return chain(
        "postrouting",
        [
            "type nat hook postrouting priority srcnat; policy accept;",
            f"meta nfproto ipv4 oifname {outside} masquerade",
        ],
    )
