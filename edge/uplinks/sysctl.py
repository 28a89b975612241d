"""The few switches of the kernel that routing over several links needs. CAP_NET_ADMIN may write them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from edge.uplinks.facts import Flows

log = logging.getLogger(__name__)

_NETFILTER = Path("/proc/sys/net/netfilter")
_IPV4 = Path("/proc/sys/net/ipv4")

_OF_THE_BOX = {
    _IPV4 / "ip_forward": "1",
    # The kernel's own failover on carrier loss, should this daemon be dead.
    _IPV4 / "conf/all/ignore_routes_with_linkdown": "1",
}
_OF_A_LINK = {
    # Loose (RFC 3704, 2.4): answers come in by the link that the main table would not use.
    "rp_filter": "2",
    # Two links in one network, on one switch perhaps: each answers for its own address alone, and asks with it.
    "arp_ignore": "1",
    "arp_announce": "2",
    # A new address of the same network is added before the old one goes: it must not go with it.
    "promote_secondaries": "1",
}
_IPV6 = Path("/proc/sys/net/ipv6/conf/all")
# Only where IPv6 is asked for: a router believes no other router's advertisements any more.
WANTED_IPV6 = {_IPV6 / "forwarding": "1", _IPV6 / "ignore_routes_with_linkdown": "1"}


def wanted(interfaces: Iterable[str]) -> dict[Path, str]:
    """Every switch and its value, in the order of writing (ip_forward resets others when it changes)."""
    return _OF_THE_BOX | {
        _IPV4 / "conf" / name / switch: value for name in interfaces for switch, value in _OF_A_LINK.items()
    }


def whole_box_differs() -> bool:
    """Whether a switch of the box is not as it should be. Those of a link are set by whoever manages the interface, too."""
    return any(path.read_text(encoding="ascii").strip() != value for path, value in _OF_THE_BOX.items())


def flows() -> Flows | None:
    """How many connections the kernel knows, of how many at most; None while it follows none."""
    try:
        return Flows(
            *(int((_NETFILTER / f"nf_conntrack_{name}").read_text(encoding="ascii")) for name in ("count", "max"))
        )
    except FileNotFoundError:
        return None


def set_all(switches: dict[Path, str]) -> dict[str, str]:
    """Write what differs; returns the reason of each refusal, by path. An interface that is not there is no refusal."""
    refused: dict[str, str] = {}
    for path, value in switches.items():
        try:
            if path.read_text(encoding="ascii").strip() != value:
                path.write_text(value, encoding="ascii")
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("%s: %s", path, error.strerror)
            refused[str(path)] = error.strerror or str(error)
    return refused
