"""Five namespaces, four cables, two ISPs that translate addresses."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_network
from pathlib import Path
from socket import AF_INET

from nftables import Nftables
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from hil.rig.virtual.inside import NETNS, inside
from hil.rig.virtual.plan import NAMESPACES, Isp, Plan


class NftRefused(Exception):
    """The kernel or libnftables refused a rule set."""


def build_network(plan: Plan) -> None:
    """Make it all. The WAN interfaces of the edge are up and have no address: giving them one is the appliance's job."""
    for role in NAMESPACES:
        _create(plan.namespace(role))
    with ExitStack() as stack:
        routes = {role: stack.enter_context(_routes_of(plan.namespace(role))) for role in NAMESPACES}
        for route in routes.values():
            _up(route, "lo")
        _build_lan(plan, routes["lan"], routes["edge"])
        for isp in plan.isps:
            _build_isp(plan, isp, routes)
        for address in plan.cloud_services:
            routes["cloud"].addr("add", index=1, address=address, prefixlen=32)
    for isp in plan.isps:
        _translate(plan.namespace(isp.name), isp)


def build_staff(plan: Plan) -> None:
    """A second network of the building: a namespace of its own, one host, the edge as its way out."""
    _create(plan.namespace("staff"))
    length = ip_network(plan.staff_network).prefixlen
    with (
        _routes_of(plan.namespace("staff")) as staff,
        _routes_of(plan.namespace("edge")) as edge,
        _namespace_file(plan.namespace("edge")) as there,
    ):
        _up(staff, "lo")
        _cable(staff, plan.staff_interface, plan.staff_interface, there)
        for route, address in ((staff, plan.staff_host), (edge, plan.edge_staff)):
            _address(route, plan.staff_interface, f"{address}/{length}")
            _up(route, plan.staff_interface)
        staff.route("add", dst="default", gateway=plan.edge_staff)


def set_link(namespace: str, interface: str, state: str) -> None:
    """Set an interface "up" or "down"."""
    with _routes_of(namespace) as route:
        route.link("set", index=_index(route, interface), state=state)


def detour(namespace: str, mark: int, through: str) -> None:
    """Have what carries a mark, and is not for the namespace itself, leave through an interface. Goes with the interface."""
    with _routes_of(namespace) as route:
        route.route("replace", dst="0.0.0.0/0", oif=_index(route, through), table=mark)
        with suppress(NetlinkError):  # it is there already, and harmless: without the interface its table is empty
            route.rule("add", family=AF_INET, fwmark=mark, table=mark, priority=mark)


def nft(namespace: str, rules: str) -> None:
    """Run nft commands as one transaction in the namespace. Raises NftRefused."""
    with inside(namespace):
        code, _output, error = Nftables().cmd(rules)
    if code != 0:
        raise NftRefused(f"{namespace}: {error.strip()}")


def _create(namespace: str) -> None:
    subprocess.run(["ip", "netns", "add", namespace], check=True, timeout=10)


def _routes_of(namespace: str) -> IPRoute:
    # IPRoute(netns=...) and pyroute2.netns.create() fork the whole process and end the child by SIGTERM: a handler of
    # ours that raises would unwind this stack in the child, and take the town away (seen with pyroute2 0.9.7).
    with inside(namespace):
        return IPRoute()


def _build_lan(plan: Plan, lan: IPRoute, edge: IPRoute) -> None:
    length = ip_network(plan.lan_network).prefixlen
    with _namespace_file(plan.namespace("edge")) as there:
        _cable(lan, plan.lan_interface, plan.lan_interface, there)
    for host in plan.lan_hosts:
        _address(lan, plan.lan_interface, f"{host}/{length}")
    _address(edge, plan.lan_interface, f"{plan.edge_lan}/{length}")
    _up(lan, plan.lan_interface)
    _up(edge, plan.lan_interface)
    lan.route("add", dst="default", gateway=plan.edge_lan)


def _build_isp(plan: Plan, isp: Isp, routes: dict[str, IPRoute]) -> None:
    here = routes[isp.name]
    with _namespace_file(plan.namespace("edge")) as there:
        _cable(here, isp.inside_interface, isp.edge_interface, there)
    with _namespace_file(plan.namespace("cloud")) as there:
        _cable(here, isp.outside_interface, isp.cloud_interface, there)
    _address(here, isp.inside_interface, isp.gateway_cidr)
    _address(here, isp.outside_interface, isp.public_cidr)
    _address(routes["cloud"], isp.cloud_interface, isp.cloud_cidr)
    for route, interface in (
        (here, isp.inside_interface),
        (here, isp.outside_interface),
        (routes["edge"], isp.edge_interface),
        (routes["cloud"], isp.cloud_interface),
    ):
        _up(route, interface)
    here.route("add", dst="default", gateway=isp.cloud)
    with inside(plan.namespace(isp.name)):
        # thread-self: /proc/sys/net shows the namespace of the thread that opens it.
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")


def _translate(namespace: str, isp: Isp) -> None:
    nft(
        namespace,
        f"""
        table ip isp {{
            chain postrouting {{
                type nat hook postrouting priority srcnat;
                oifname "{isp.outside_interface}" masquerade
            }}
        }}
        """,
    )


def _cable(here: IPRoute, name: str, peer: str, peer_namespace: int) -> None:
    here.link("add", ifname=name, kind="veth", peer={"ifname": peer, "net_ns_fd": peer_namespace})


def _address(route: IPRoute, interface: str, cidr: str) -> None:
    address, _, length = cidr.partition("/")
    route.addr("add", index=_index(route, interface), address=address, prefixlen=int(length))


def _up(route: IPRoute, interface: str) -> None:
    route.link("set", index=_index(route, interface), state="up")


def _index(route: IPRoute, interface: str) -> int:
    return int(route.link_lookup(ifname=interface)[0])


@contextmanager
def _namespace_file(namespace: str) -> Iterator[int]:
    descriptor = os.open(NETNS / namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
