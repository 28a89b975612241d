"""What a new flow is: the class in bits 8 to 15 of its connection mark.

Ports and the EF mark, nothing deeper: phones differ in everything else. The known loser is another program that speaks
UDP between two high ports (a game, a torrent); tunnels are excepted by name, QUIC, DNS and NTP have a low port.
"""

from __future__ import annotations

from edge.shared.model import UplinksSection, ZoneRole
from edge.uplinks.nft.words import chain, names, values
from edge.uplinks.plan import CLASS_MASK, CLASS_SHIFT, FlowClass

_OTHERS = 0xFFFFFFFF ^ CLASS_MASK
_TUNNELS = (1194, 1701, 4500, 41641, 51820, 51821)  # OpenVPN, L2TP, IPsec, Tailscale, WireGuard


def put(flow_class: FlowClass) -> str:
    """The statement that gives a flow its class."""
    return f"ct mark set ct mark & {_OTHERS:#x} | {flow_class << CLASS_SHIFT:#x}"


def match(flow_class: FlowClass) -> str:
    """The expression that is true of a class's flows."""
    return f"ct mark & {CLASS_MASK:#x} == {flow_class << CLASS_SHIFT:#x}"


def render(section: UplinksSection) -> list[str]:
    """The chains that find SIP and RTP; whoever jumps to `classify` has given the class of everything else."""
    sip, rtp = values(section.classes.sip_ports), values(section.classes.rtp_ports)
    guests = [zone.interface for zone in section.zones if zone.role is ZoneRole.GUEST]
    phones = [zone.interface for zone in section.zones if zone.role is ZoneRole.PHONES]
    return [
        *chain("is_sip", [put(FlowClass.SIP)]),
        *chain("is_rtp", [put(FlowClass.RTP)]),
        *chain(
            "classify",
            [
                *([f"iifname {names(guests)} return"] if guests else []),
                f"meta l4proto {{ tcp, udp }} th dport {sip} goto is_sip",
                f"meta l4proto {{ tcp, udp }} th sport {sip} goto is_sip",
                "meta l4proto udp ip dscp ef goto is_rtp",
                *(["meta l4proto udp ip6 dscp ef goto is_rtp"] if section.ipv6 is not None else []),
                f"udp dport {values(_TUNNELS)} return",
                f"udp sport {values(_TUNNELS)} return",
                # Telephones that take their voice ports from 5004 on, and mark nothing, stand among telephones.
                *([f"iifname {names(phones)} udp sport >= 1024 udp dport >= 1024 goto is_rtp"] if phones else []),
                *([f"udp sport {rtp} udp dport {rtp} goto is_rtp"] if section.classes.rtp_ports else []),
            ],
        ),
    ]
