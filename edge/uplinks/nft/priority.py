"""What leaves by a link says how urgent it is: DSCP for the networks behind, a number for our own queues.

EF for voice (RFC 3246), CS3 for its signalling (RFC 4594, 4.2). The queues are those of `edge.uplinks.shaping`.
"""

from __future__ import annotations

from edge.shared.model import UplinksSection
from edge.uplinks.nft import classes
from edge.uplinks.nft.words import chain, names
from edge.uplinks.plan import CLASS_MASK, CLASS_SHIFT, FlowClass
from edge.uplinks.shaping import MAJOR, MINORS

_CODE_POINTS = {FlowClass.RTP: "ef", FlowClass.SIP: "cs3"}


def render(section: UplinksSection) -> list[str]:
    """The chain `urgency`; packets of no connection keep their number, which sorts them with what the box says."""
    outside = names(link.interface for link in section.links)
    shaped = [link.interface for link in section.links if link.upload_kbit is not None]
    queues = ", ".join(f"{entry << CLASS_SHIFT:#x} : {MAJOR:x}:{minor:x}" for entry, minor in MINORS.items())
    return chain(
        "urgency",
        [
            "type filter hook postrouting priority filter; policy accept;",
            f"oifname != {outside} return",
            *(
                f"{classes.match(entry)} {family} dscp set {code_point}"
                for entry, code_point in _CODE_POINTS.items()
                for family in ("ip", "ip6")
            ),
            *(
                [f"oifname {names(shaped)} meta priority set ct mark & {CLASS_MASK:#x} map {{ {queues} }}"]
                if shaped
                else []
            ),
        ],
    )
