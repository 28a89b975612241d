"""A box set up by hand: static commands stand in for the daemon uplinks, to prove the town without the product."""

from __future__ import annotations

import json

from hil.rig.virtual.network import nft
from hil.rig.virtual.plan import Isp
from hil.rig.virtual.running import RunningTown


class CommandFailed(Exception):
    """A command in the edge namespace said no."""


def set_up(town: RunningTown) -> None:
    """Addresses, forwarding and NAT in the edge; no default route yet."""
    for isp in town.plan.isps:
        edge(town, "ip", "address", "replace", isp.edge_cidr, "dev", isp.edge_interface)
    edge(town, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
    nft(
        town.namespace("edge"),
        "table ip hand { chain p { type nat hook postrouting priority srcnat; "
        f'oifname != "{town.plan.lan_interface}" masquerade; }}; }}',
    )


def route(town: RunningTown, isp: Isp) -> None:
    """The default route through one ISP."""
    edge(town, "ip", "route", "replace", "default", "via", isp.gateway, "dev", isp.edge_interface)


def edge(town: RunningTown, *argv: str) -> str:
    """What a command in the edge namespace prints. Raises CommandFailed."""
    result = town.run("edge", argv)
    if result.returncode != 0:
        raise CommandFailed(f"{' '.join(argv)}: {result.stderr.strip()}")
    return result.stdout


def carrier(town: RunningTown, interface: str) -> bool:
    """Whether an interface of the edge has one."""
    return "LOWER_UP" in json.loads(edge(town, "ip", "-json", "link", "show", interface))[0]["flags"]


def answers(town: RunningTown, namespace: str, address: str) -> bool:
    """Whether an address answers one ping within a second."""
    return town.run(namespace, ["ping", "-c1", "-W1", "-n", address]).returncode == 0
