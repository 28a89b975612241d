"""The operator's box translates addresses too: calls and outgoing traffic work, nothing from outside reaches this box."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.uplinks.facts import Facts

ISSUE = "uplinks.double_nat"
SEVERITY = Severity.INFO
SUGGESTION = "bridge_operator_box"
FIX = "uplinks list"

# Not ipaddress' is_private: it counts documentation and benchmark networks too.
_TRANSLATED = [
    *(IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),  # RFC 1918
    IPv4Network("100.64.0.0/10"),  # RFC 6598: carrier-grade NAT
]


def check(facts: Facts) -> Iterator[Finding]:
    """Each link whose address is one that the Internet does not route."""
    for link in facts.section.links:
        interface = facts.interfaces.get(link.interface)
        addresses = sorted(address.ip for address in interface.addresses) if interface else []
        translated = [ip for ip in addresses if any(ip in network for network in _TRANSLATED)]
        if addresses and translated == addresses:
            yield Finding(link.name, {"interface": link.interface, "address": str(translated[0])})
