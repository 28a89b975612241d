"""Reads and changes addresses, routes and rules by netlink (pyroute2, in process: nothing is forked)."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterable
from ipaddress import IPv4Interface, IPv4Network, IPv6Interface
from typing import Any, Self

from edge.uplinks.fib import RouteReader, Told
from edge.uplinks.netlink import AsyncIPRoute, NetlinkError
from edge.uplinks.plan import MAIN_TABLE, MARK_MASK, Footprint, Interface, MainDefault, Route, Rule, Vlan

log = logging.getLogger(__name__)

_IFF_UP, _IFF_RUNNING, _IFF_LOWER_UP = 0x1, 0x40, 0x10000  # linux/if.h
_SCOPE_LINK, _SCOPE_NOWHERE = 253, 255
_ONLINK = 4  # RTNH_F_ONLINK: the gateway need not lie in a connected network (common on LTE and PPPoE)
_NOT_THERE = {2, 3, 19, 99}  # ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL: what was to be removed is gone already
_EXISTS = 17
_NO_PREFIX_ROUTE = 0x200  # IFA_F_NOPREFIXROUTE: no route in main comes with the address
_ORIGIN = 0x52  # RTPROT_* number of our routes and rules ("R"): for readers of `ip route`, nothing depends on it


class KernelRefused(Exception):
    """The kernel refused an operation."""

    def __init__(self, operation: str, error: Exception) -> None:
        code = getattr(error, "code", None) or getattr(error, "errno", None)
        self.operation = operation
        self.reason = os.strerror(code) if isinstance(code, int) else str(error)
        super().__init__(f"{operation}: {self.reason}")


def has_carrier(flags: int) -> bool:
    """Whether an interface with these IFF_ flags can carry packets (up, lower layer up, operational)."""
    wanted = _IFF_UP | _IFF_RUNNING | _IFF_LOWER_UP
    return flags & wanted == wanted


class Kernel:
    """The routing half of the kernel. Touches only what a Footprint covers, and static addresses it adds."""

    def __init__(self) -> None:
        self._netlink = AsyncIPRoute()
        self._reader = RouteReader()

    async def __aenter__(self) -> Self:
        await self._netlink.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._reader.close()
        await self._netlink.__aexit__(*error)

    async def interfaces(self, names: Iterable[str]) -> dict[str, Interface]:
        """The interfaces of these names that are there."""
        wanted = set(names)
        links = {
            message["index"]: message
            for message in await self._dump(self._netlink.link)
            if message.get_attr("IFLA_IFNAME") in wanted
        }
        addresses: dict[int, set[IPv4Interface]] = {}
        networks: dict[int, set[str]] = {}
        ipv6: dict[int, set[IPv6Interface]] = {}
        for message in await self._dump(self._netlink.addr, family=socket.AF_UNSPEC):
            index, length = message["index"], message["prefixlen"]
            own, peer = message.get_attr("IFA_LOCAL"), message.get_attr("IFA_ADDRESS")
            if message["family"] == socket.AF_INET6:
                ipv6.setdefault(index, set()).add(IPv6Interface(f"{own or peer}/{length}"))
            if message["family"] != socket.AF_INET:
                continue
            addresses.setdefault(index, set()).add(IPv4Interface(f"{own}/{length}"))
            networks.setdefault(index, set()).add(str(IPv4Network(f"{peer or own}/{length}", strict=False)))
        defaults = await self._main_defaults()
        return {
            message.get_attr("IFLA_IFNAME"): Interface(
                index,
                up=bool(message["flags"] & _IFF_UP),
                carrier=has_carrier(message["flags"]),
                addresses=frozenset(addresses.get(index, ())),
                networks=frozenset(networks.get(index, ())),
                ipv6=frozenset(ipv6.get(index, ())),
                default_gateway=_best_gateway(defaults.get(index, ())),
                main_defaults=frozenset(defaults.get(index, ())),
                vlan=_vlan(message),
            )
            for index, message in links.items()
        }

    async def active_index(self, table: int, metric: int) -> int | None:
        """Interface index of a table's IPv4 default route with this metric: what the kernel was last told to use."""
        routes = await self.routes(range(table, table + 1))
        found = [route for route in routes if route.metric == metric and route.family == socket.AF_INET]
        return found[0].interface_index if found else None

    async def routes(self, tables: range) -> frozenset[Route]:
        """Every route of these tables."""
        asked = [(family, table) for family in (socket.AF_INET, socket.AF_INET6) for table in tables]
        return frozenset([told.route for one in asked for told in await self._read(*one)])

    async def rules(self, priorities: range) -> list[Rule]:
        """Every rule with these priorities; one that stands twice is listed twice."""
        messages = await self._dump_families(self._netlink.rule)
        return [_rule(message) for message in messages if message.get_attr("FRA_PRIORITY") in priorities]

    async def put_route(self, route: Route) -> None:
        """Add a route, or replace the one with its destination and metric in one step. Raises KernelRefused."""
        await self._do(
            f"route {route.destination} table {route.table}", self._netlink.route, "replace", _route_arguments(route)
        )

    async def remove_route(self, route: Route) -> None:
        """Remove a route that may be gone. Raises KernelRefused."""
        await self._remove(
            f"route {route.destination} table {route.table}",
            self._netlink.route,
            _whoever_added(_route_arguments(route)),
        )

    async def add_rule(self, rule: Rule) -> None:
        """Add a rule unless it is there. Raises KernelRefused."""
        await self._do(f"rule {rule.priority}", self._netlink.rule, "add", _rule_arguments(rule))

    async def remove_rule(self, rule: Rule) -> None:
        """Remove a rule that may be gone. Raises KernelRefused."""
        await self._remove(f"rule {rule.priority}", self._netlink.rule, _whoever_added(_rule_arguments(rule)))

    async def add_address(self, index: int, address: IPv4Interface | IPv6Interface) -> None:
        """Add an address unless it is there, and no route with it. Raises KernelRefused."""
        arguments = {
            "index": index,
            "address": str(address.ip),
            "prefixlen": address.network.prefixlen,
            "IFA_FLAGS": _NO_PREFIX_ROUTE,
        }
        await self._do(f"address {address}", self._netlink.addr, "add", arguments)

    async def remove_address(self, index: int, address: IPv4Interface | IPv6Interface) -> None:
        """Remove an address that may be gone. Raises KernelRefused."""
        arguments = {"index": index, "address": str(address.ip), "prefixlen": address.network.prefixlen}
        await self._remove(f"address {address}", self._netlink.addr, arguments)

    async def set_up(self, index: int) -> None:
        """Set an interface up. Raises KernelRefused."""
        await self._do("interface up", self._netlink.link, "set", {"index": index, "state": "up"})

    async def add_vlan(self, vlan: Vlan, parent_index: int) -> None:
        """Make a VLAN device unless an interface of its name is there. Raises KernelRefused."""
        arguments = {"ifname": vlan.name, "kind": "vlan", "link": parent_index, "vlan_id": vlan.tag}
        await self._do(f"VLAN {vlan.tag} on {vlan.parent}", self._netlink.link, "add", arguments)

    async def remove_interface(self, index: int) -> None:
        """Remove an interface that may be gone. Raises KernelRefused."""
        await self._remove("interface", self._netlink.link, {"index": index})

    async def settle(self, mine: Footprint, routes: frozenset[Route], rules: frozenset[Rule]) -> frozenset[str]:
        """Make our tables and priorities hold exactly this; returns which of "routes" and "rules" did not before.

        Additions first: traffic flows all along. Raises KernelRefused at the end, with the first refusal, after
        everything else was done.
        """
        refusals: list[KernelRefused] = []
        present = await self.routes(mine.tables)
        # A table's connected routes come before the default route that may need them.
        for route in sorted(
            routes - present, key=lambda route: (route.family, route.gateway is not None, route.metric)
        ):
            await _collect(refusals, self.put_route(route))
        for route in present - routes:
            await _collect(refusals, self.remove_route(route))
        standing = await self.rules(mine.priorities)
        for rule in sorted(rules - set(standing), key=lambda rule: (rule.family, rule.priority)):
            await _collect(refusals, self.add_rule(rule))
        for rule in standing:
            if rule not in rules:
                await _collect(refusals, self.remove_rule(rule))
        if refusals:
            raise refusals[0]
        differed = {"routes": present != routes, "rules": len(standing) != len(rules) or set(standing) != rules}
        return frozenset(what for what, differs in differed.items() if differs)

    async def _main_defaults(self) -> dict[int, set[MainDefault]]:
        """By interface index."""
        found: dict[int, set[MainDefault]] = {}
        for route, protocol in await self._read(socket.AF_INET, MAIN_TABLE, only_defaults=True):
            if route.interface_index:
                known = found.setdefault(route.interface_index, set())
                known.add(MainDefault(route.gateway, route.metric, protocol))
        return found

    async def _read(self, family: int, table: int, *, only_defaults: bool = False) -> list[Told]:
        try:
            return await self._reader.read(family, table, only_defaults=only_defaults)
        except OSError as error:
            raise KernelRefused("read", error) from error

    async def _dump(self, request: Any, **arguments: object) -> list[Any]:
        try:
            return [message async for message in await request("dump", **arguments)]
        except (NetlinkError, OSError) as error:
            raise KernelRefused("read", error) from error

    async def _dump_families(self, request: Any) -> list[Any]:
        """IPv4, then IPv6; a kernel that has none answers the second question with the first's answer."""
        return [
            message
            for family in (socket.AF_INET, socket.AF_INET6)
            for message in await self._dump(request, family=family)
            if message["family"] == family
        ]

    async def _do(self, operation: str, request: Any, verb: str, arguments: dict[str, object]) -> None:
        try:
            await request(verb, **arguments)
        except (NetlinkError, OSError) as error:
            if getattr(error, "code", None) != _EXISTS:
                raise KernelRefused(operation, error) from error

    async def _remove(self, operation: str, request: Any, arguments: dict[str, object]) -> None:
        try:
            await request("del", **arguments)
        except (NetlinkError, OSError) as error:
            if getattr(error, "code", None) not in _NOT_THERE:
                raise KernelRefused(operation, error) from error


async def _collect(refusals: list[KernelRefused], operation: Any) -> None:
    try:
        await operation
    except KernelRefused as refused:
        log.warning("kernel refused %s", refused)
        refusals.append(refused)


def _best_gateway(defaults: Iterable[MainDefault]) -> str | None:
    reachable = [(route.metric, route.gateway) for route in defaults if route.gateway]
    return min(reachable)[1] if reachable else None


def _vlan(message: Any) -> tuple[int, int] | None:
    about = message.get_attr("IFLA_LINKINFO")
    if about is None or about.get_attr("IFLA_INFO_KIND") != "vlan":
        return None
    tag = about.get_attr("IFLA_INFO_DATA").get_attr("IFLA_VLAN_ID")
    return message.get_attr("IFLA_LINK"), tag


def _route_arguments(route: Route) -> dict[str, object]:
    arguments: dict[str, object] = {
        "family": route.family,
        "table": route.table,
        "dst": route.destination,
        "oif": route.interface_index,
        "priority": route.metric,
        "proto": _ORIGIN,
        "type": route.kind,
    }
    if not route.interface_index:  # a route that leads nowhere: blackhole, unreachable, prohibit
        del arguments["oif"]
    if route.gateway is None:
        return {**arguments, "scope": _SCOPE_LINK}
    return {**arguments, "gateway": route.gateway, "flags": _ONLINK}


def _whoever_added(arguments: dict[str, object]) -> dict[str, object]:
    """The arguments to remove something with: the kernel spares what has another origin or scope than is asked for."""
    kept = {name: value for name, value in arguments.items() if name not in ("proto", "protocol")}
    return {**kept, "scope": _SCOPE_NOWHERE} if "dst" in kept else kept


def _rule(message: Any) -> Rule:
    suppressed = message.get_attr("FRA_SUPPRESS_PREFIXLEN")
    return Rule(
        message.get_attr("FRA_PRIORITY"),
        message.get_attr("FRA_TABLE"),
        message.get_attr("FRA_OIFNAME"),
        message.get_attr("FRA_FWMARK") or None,
        suppressed == 0,
        message["family"],
    )


def _rule_arguments(rule: Rule) -> dict[str, object]:
    arguments: dict[str, object] = {
        "family": rule.family,
        "table": rule.table,
        "priority": rule.priority,
        "protocol": _ORIGIN,
    }
    if rule.out_interface is not None:
        arguments["oifname"] = rule.out_interface
    if rule.mark is not None:
        arguments |= {"fwmark": rule.mark, "fwmask": MARK_MASK}
    if rule.without_default:
        arguments["suppress_prefixlen"] = 0
    return arguments
