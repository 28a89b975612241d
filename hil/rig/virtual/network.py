"""Namespaces and cables; two ISPs that translate addresses; where the topology has one, a router of the commune."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import ip_interface, ip_network
from pathlib import Path
from socket import AF_INET

from nftables import Nftables
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from hil.rig.virtual.inside import NETNS, inside
from hil.rig.virtual.plan import Commune, Isp, Plan

_NODAD = 0x02  # IFA_F_NODAD
_Routes = Mapping[str, IPRoute]  # by role
_End = tuple[str, str]  # role and interface


class NftRefused(Exception):
    """The kernel or libnftables refused a rule set."""


def build_network(plan: Plan) -> None:
    """Make it all. The WAN interfaces of the edge are up and have no address: giving them one is the appliance's job."""
    for role in plan.roles:
        _create(plan.namespace(role))
    with ExitStack() as stack:
        routes = {role: stack.enter_context(_routes_of(plan.namespace(role))) for role in plan.roles}
        for route in routes.values():
            _up(route, "lo")
        for isp in plan.isps:
            _build_isp(plan, isp, routes)
        if plan.commune is not None:
            _build_commune(plan, plan.commune, routes)
        _build_lan(plan, routes)
        for address in plan.cloud_services:
            routes["cloud"].addr("add", index=1, address=address, prefixlen=32)
    for isp in plan.isps:
        nft(plan.namespace(isp.name), _translation("isp", isp.outside_interface))
    if plan.commune is not None:
        nft(plan.namespace("commune"), _translation("commune", plan.commune.outside_interface) + _guard(plan.commune))


def build_staff(plan: Plan) -> None:
    """A second network of the building: a namespace of its own, one host, whoever routes for the building as its way out."""
    _create(plan.namespace("staff"))
    with ExitStack() as stack:
        routes = {role: stack.enter_context(_routes_of(plan.namespace(role))) for role in ("staff", plan.inside_router)}
        _up(routes["staff"], "lo")
        _cable(plan, routes, ("staff", plan.staff_interface), (plan.inside_router, plan.staff_interface))
        for role, address in (("staff", plan.staff_host), (plan.inside_router, plan.edge_staff)):
            _address(routes[role], plan.staff_interface, _within(plan.staff_network, address))
        routes["staff"].route("add", dst="default", gateway=plan.edge_staff)


def build_ipv6(plan: Plan) -> None:
    """Addresses and routes of IPv6 for the building, the ISPs and the cloud; the box's WAN is the appliance's job."""
    with ExitStack() as stack:
        routes = {role: stack.enter_context(_routes_of(plan.namespace(role))) for role in plan.roles}
        for isp in plan.isps:
            here, line = routes[isp.name], isp.ipv6
            _set(plan.namespace(isp.name), "ipv6/conf/all/forwarding", 1)
            _address(here, isp.outside_interface, line.public_cidr)
            _address(routes["cloud"], isp.cloud_interface, line.cloud_cidr)
            here.route("add", dst="::/0", gateway=_bare(line.cloud_cidr))
            offer_ipv6(plan, isp)
            for network in (line.prefix, str(ip_interface(line.edge_cidr).network)):
                routes["cloud"].route("add", dst=network, gateway=_bare(line.public_cidr))
        _address(routes["cloud"], "lo", f"{plan.echo_ipv6}/128")
        _address(routes["edge"], plan.lan_interface, f"{plan.edge_lan_ipv6}/64")
        _address(routes["lan"], plan.lan_interface, f"{plan.probe_host_ipv6}/64")
        routes["lan"].route("add", dst="::/0", gateway=plan.edge_lan_ipv6)


def offer_ipv6(plan: Plan, isp: Isp) -> None:
    """The ISP's side of a line; an interface that goes down loses all of it, other than with IPv4."""
    with _routes_of(plan.namespace(isp.name)) as here:
        _address(here, isp.inside_interface, isp.ipv6.gateway_cidr)
        here.route("replace", dst=isp.ipv6.prefix, gateway=_bare(isp.ipv6.edge_cidr))


def set_link(namespace: str, interface: str, state: str) -> None:
    """Set an interface "up" or "down"."""
    with _routes_of(namespace) as route:
        route.link("set", index=_index(route, interface), state=state)


def meet_again(namespace: str, interface: str) -> None:
    """As a router does that was started again: it forgets its neighbours, and tells them all where it is."""
    _set(namespace, f"ipv4/conf/{interface}/arp_notify", 1)
    _set(namespace, f"ipv6/conf/{interface}/ndisc_notify", 1)
    with _routes_of(namespace) as route:
        index = _index(route, interface)
        # Given an address, the same too, the kernel does both (arp_notify in Documentation/networking/ip-sysctl.rst).
        route.link("set", index=index, address=route.link("get", index=index)[0].get_attr("IFLA_ADDRESS"))


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


def _build_isp(plan: Plan, isp: Isp, routes: _Routes) -> None:
    here = routes[isp.name]
    _cable(plan, routes, (isp.name, isp.inside_interface), plan.customer(isp))
    _cable(plan, routes, (isp.name, isp.outside_interface), ("cloud", isp.cloud_interface))
    _address(here, isp.inside_interface, isp.gateway_cidr)
    _address(here, isp.outside_interface, isp.public_cidr)
    _address(routes["cloud"], isp.cloud_interface, isp.cloud_cidr)
    here.route("add", dst="default", gateway=isp.cloud)
    _set(plan.namespace(isp.name), "ipv4/ip_forward", 1)


def _build_commune(plan: Plan, commune: Commune, routes: _Routes) -> None:
    """Its two sides; on one leg the inner one is a switch."""
    here, namespace, box = routes["commune"], plan.namespace("commune"), ("edge", plan.fibre.edge_interface)
    if plan.one_leg:
        here.link("add", ifname=commune.inside_interface, kind="bridge")
        _up(here, commune.inside_interface)
        for port, end in (("box0", box), ("phones0", ("lan", plan.lan_interface))):
            _cable(plan, routes, ("commune", port), end)
            here.link("set", index=_index(here, port), master=_index(here, commune.inside_interface))
        _set(namespace, "bridge/bridge-nf-call-iptables", 0)  # what it switches is no affair of its firewall
    else:
        _cable(plan, routes, ("commune", commune.inside_interface), box)
    _address(here, commune.inside_interface, commune.inside_cidr)
    _address(here, commune.outside_interface, commune.outside_cidr)
    here.route("add", dst="default", gateway=plan.fibre.address)
    _set(namespace, "ipv4/ip_forward", 1)
    for kind in ("udp_timeout", "udp_timeout_stream"):
        _set(namespace, f"netfilter/nf_conntrack_{kind}", commune.udp_timeout_s)


def _build_lan(plan: Plan, routes: _Routes) -> None:
    if not plan.one_leg:
        _cable(plan, routes, ("lan", plan.lan_interface), ("edge", plan.lan_interface))
        _address(routes["edge"], plan.lan_interface, _within(plan.lan_network, plan.edge_lan))
    for host in plan.lan_hosts:
        _address(routes["lan"], plan.lan_interface, _within(plan.lan_network, host))
    routes["lan"].route("add", dst="default", gateway=plan.lan_gateway)


def _translation(table: str, outside: str) -> str:
    return f"""
        table ip {table} {{
            chain postrouting {{
                type nat hook postrouting priority srcnat;
                oifname "{outside}" masquerade
            }}
        }}
        """


def _guard(commune: Commune) -> str:
    """Rules that let nobody in whom nobody inside asked."""
    chains = (
        f"""
            chain {hook} {{
                type filter hook {hook} priority filter; policy drop;
                ct state {{ established, related }} accept
                iifname != "{commune.outside_interface}" accept
            }}
        """
        for hook in ("input", "forward")
    )
    return f"table ip commune {{ {''.join(chains)} }}"


def _set(namespace: str, switch: str, value: int) -> None:
    with inside(namespace), suppress(FileNotFoundError):  # a kernel without br_netfilter has no such switch
        # thread-self: /proc/sys/net shows the namespace of the thread that opens it.
        Path("/proc/sys/net", switch).write_text(f"{value}", encoding="ascii")


def _cable(plan: Plan, routes: _Routes, here: _End, there: _End) -> None:
    """Lay a cable between two ends, both up."""
    (role, name), (peer_role, peer) = here, there
    with _namespace_file(plan.namespace(peer_role)) as namespace:
        routes[role].link("add", ifname=name, kind="veth", peer={"ifname": peer, "net_ns_fd": namespace})
    _up(routes[role], name)
    _up(routes[peer_role], peer)


def _within(network: str, address: str) -> str:
    """The address with its network's length."""
    return f"{address}/{ip_network(network).prefixlen}"


def _address(route: IPRoute, interface: str, cidr: str) -> None:
    address, _, length = cidr.partition("/")
    # IPv6: without the second of looking for another host of that address (RFC 4862, 5.4).
    at_once = {"IFA_FLAGS": _NODAD} if ":" in address else {}
    route.addr("replace", index=_index(route, interface), address=address, prefixlen=int(length), **at_once)


def _bare(cidr: str) -> str:
    return cidr.partition("/")[0]


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
