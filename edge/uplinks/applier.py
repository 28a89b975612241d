"""Puts settings and switches in force in the kernel, and makes it match again after every change around it.

A refusal by the kernel is remembered in `refusals` (operation -> reason), raised as an issue and tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from ipaddress import ip_interface
from typing import TypeVar

from edge.shared.model import UplinksSection
from edge.uplinks import plan, sysctl
from edge.uplinks.conntrack import Conntrack
from edge.uplinks.firewall import Firewall
from edge.uplinks.isolation import IsolationFile
from edge.uplinks.kernel import Kernel, KernelRefused
from edge.uplinks.libnftables import FirewallRefused
from edge.uplinks.nft import counting
from edge.uplinks.nft.zones import can_be_isolated
from edge.uplinks.owned import Owned
from edge.uplinks.plan import FlowClass, Footprint, Interface, Route, Rule, Vlan
from edge.uplinks.resolver import ResolverFile, resolvers
from edge.uplinks.shaper import Shaper

log = logging.getLogger(__name__)

T = TypeVar("T")

_OUR_TABLE = frozenset({"nftables", "new flows", "isolation"})  # refusals that leave our table other than it should be
_OLD_WAY = frozenset({"nftables", "new flows", "default route"})  # refusals with which a flow begins as it did before
_OLD_TABLE = "old table "
# The flows that began while our table was not in force: of no link, and nobody translated them.
_UNMARKED: tuple[int, None] = (0, None)


class Applier:
    """The only writer of the kernel's routing, marks and translation."""

    def __init__(
        self,
        kernel: Kernel,
        firewall: Firewall,
        isolation: IsolationFile,
        conntrack: Conntrack,
        shaper: Shaper,
        owned: Owned,
        resolver_file: ResolverFile,
    ) -> None:
        self.refusals: dict[str, str] = {}
        self.isolation = isolation
        self._owed: set[tuple[int, FlowClass | None]] = set()  # flushes to be done (again) once nothing is refused
        self._stale: list[Footprint] = []  # of earlier settings, not taken away yet
        self._settled: object = None  # what routes and rules were made to be
        self._nft_listing: str | None = None  # our table as it was just after we last changed it; None: not read yet
        self._kernel = kernel
        self._firewall = firewall
        self._conntrack = conntrack
        self._shaper = shaper
        self._owned = owned
        self._resolver_file = resolver_file

    async def interfaces(self, section: UplinksSection) -> dict[str, Interface]:
        """The links' interfaces that are there; VLANs, addresses and interfaces that are down are seen to first.

        Raises KernelRefused when they cannot be read.
        """
        owned = [vlan for entry in self._owned.footprints for vlan in entry.vlans]
        names = plan.interfaces_read(section, owned)
        interfaces = await self._read(names)
        if await self._make_vlans(section, owned, interfaces):
            interfaces = await self._read(names)
        strayed, missing = plan.addresses_to_remove(section, interfaces), plan.addresses_to_add(section, interfaces)
        down = plan.interfaces_to_raise(section, interfaces)
        for index, address in strayed:
            await self._attempt("address", self._kernel.remove_address(index, address))
        for index, address in missing:
            await self._attempt("address", self._kernel.add_address(index, address))
        for index in down:
            await self._attempt("interface", self._kernel.set_up(index))
        return await self._read(names) if strayed or missing or down else interfaces

    async def _make_vlans(
        self, section: UplinksSection, owned: Iterable[Vlan], interfaces: Mapping[str, Interface]
    ) -> bool:
        """Whether a device was removed or made."""
        stale = plan.vlans_to_remove(section, owned, interfaces)
        for vlan, index in stale.items():
            await self._attempt(f"VLAN {vlan.name}", self._kernel.remove_interface(index))
        gone = {vlan.name for vlan in stale}
        left = {name: interface for name, interface in interfaces.items() if name not in gone}
        missing = plan.vlans_to_add(section, left)
        for vlan, parent in missing.items():
            await self._attempt(f"VLAN {vlan.name}", self._kernel.add_vlan(vlan, parent))
        return bool(stale or missing)

    async def is_there(self, interface: str) -> bool:
        """Whether the kernel has this interface; what cannot be read is taken to be there."""
        try:
            return interface in await self._read([interface])
        except KernelRefused:
            return True

    async def active_before(self, section: UplinksSection, interfaces: Mapping[str, Interface]) -> str | None:
        """The link that the kernel's default route of ours uses already, from a life before this one."""
        try:
            index = await self._kernel.active_index(section.route_table_base, plan.ACTIVE_METRIC)
        except KernelRefused as refused:
            self._note(refused.operation, refused.reason)
            return None
        names = [link.name for link in section.links if link.interface in interfaces]
        by_index = {interfaces[link.interface].index: link.name for link in section.links if link.name in names}
        return by_index.get(index) if index is not None else None

    async def adopt(self, section: UplinksSection, interfaces: Mapping[str, Interface], active: str | None) -> None:
        """Put settings in force, then take away what earlier ones left. Traffic flows all along."""
        before = list(self._owned.footprints)
        if not section.links and not before:
            return
        mine = plan.footprint(section)
        self._stale = [entry for entry in before if entry != mine or not section.links]
        await self._owned.write([*(entry for entry in self._stale if entry != mine), mine])
        for operation in [operation for operation in self.refusals if operation.startswith(_OLD_TABLE)]:
            del self.refusals[operation]  # it may be the table of these settings
        in_force = not section.links or await self._put_in_force(section, active)
        await self.settle(section, interfaces, active)
        if in_force:  # else earlier rules stay in force: no rules at all would open the box
            await self._take_away_stale(section)

    async def settle(
        self, section: UplinksSection, interfaces: Mapping[str, Interface], active: str | None
    ) -> frozenset[str]:
        """Make routes, rules, switches and resolvers what they should be.

        Returns what of it somebody else had changed ("routes", "rules", "queues", "forwarding"): it differed although
        nothing new was wanted.
        """
        self.name_resolvers(section, active)
        if not section.links:
            await self._attempt("routes", self._settle(plan.footprint(section), frozenset(), frozenset()))
            return frozenset()
        switched = self._settled is not None and sysctl.whole_box_differs()
        switches = sysctl.wanted(link.interface for link in section.links)
        switches |= sysctl.WANTED_IPV6 if section.ipv6 is not None else {}
        refused = sysctl.set_all(switches)
        for path in map(str, switches):
            if path in refused:
                self._note(path, refused[path])
            else:
                self.refusals.pop(path, None)
        wanted = plan.routes(section, interfaces, active)
        routing = self._attempt("routes", self._settle(plan.footprint(section), wanted, plan.rules(section)))
        queues = self._attempt("queues", self._shaper.settle(section, interfaces))
        foreign = (await routing or frozenset()) | (await queues or frozenset())
        if "routes" not in self.refusals:
            for part in ("default route", "IPv6 default route"):  # the whole table holds them too
                self.refusals.pop(part, None)
        return foreign | {"forwarding"} if switched else foreign

    async def _settle(self, mine: Footprint, routes: frozenset[Route], rules: frozenset[Rule]) -> frozenset[str]:
        differed = await self._kernel.settle(mine, routes, rules)
        known, self._settled = self._settled, (mine, routes, rules)
        return differed if known == self._settled else frozenset()

    async def verify(self, section: UplinksSection, active: str | None) -> bool:
        """Put our nftables table back if somebody else changed it, and catch up on what the kernel refused before.

        Returns whether somebody else had changed it.
        """
        changed = await self._verify_nft(section, active)
        if not self.refusals.keys() & (_OUR_TABLE | _OLD_WAY):
            for mark, flow_class in list(self._owed):
                await self.flush(mark, None if flow_class is None else [flow_class])
            if self._stale:
                await self._take_away_stale(section)
        return changed

    async def _verify_nft(self, section: UplinksSection, active: str | None) -> bool:
        if not section.links:
            return False
        if self.refusals.keys() & _OUR_TABLE:
            await self._put_in_force(section, active)
            return False
        listing = self._firewall.listing(section.nft_table)
        if listing and self._nft_listing in (None, listing):
            self._nft_listing = listing
            return False
        if not listing:
            self._owed.add(_UNMARKED)
        await self._put_in_force(section, active)
        self._nft_listing = self._firewall.listing(section.nft_table)
        return True

    def isolate(self, section: UplinksSection) -> bool:
        """Cut off the zones that are to be, and no others. False if the kernel refused; verify tries again."""
        if not can_be_isolated(section):
            return True
        interfaces = self.isolation.interfaces(section)
        return self._attempt_nft("isolation", lambda: self._firewall.isolate(section.nft_table, interfaces))

    async def _put_in_force(self, section: UplinksSection, active: str | None) -> bool:
        """Put our table in force. Where it was not, what began meanwhile is forgotten before anything can give it a mark:

        with one it would be taken for a flow of that link, and stay untranslated as long as its sender goes on.
        """
        if _UNMARKED not in self._owed or active is None:
            return self._replace_nft(section, active)
        if not self._replace_nft(section, None):
            return False
        await self.flush(*_UNMARKED)
        return self._send_new_flows_by(section, active) or self._replace_nft(section, active)

    def _send_new_flows_by(self, section: UplinksSection, name: str) -> bool:
        number = plan.mark(section, name)
        return self._attempt_nft("new flows", lambda: self._firewall.send_new_flows_to(section.nft_table, number))

    def _replace_nft(self, section: UplinksSection, active: str | None) -> bool:
        mark = self._active_mark(section, active)
        isolated = self.isolation.interfaces(section)
        done = self._attempt_nft("nftables", lambda: self._firewall.replace(section, mark, isolated))
        if done:
            for part in ("new flows", "isolation"):  # the whole table holds them too
                self.refusals.pop(part, None)
        else:
            self._owed.add(_UNMARKED)
        return done

    async def send_by(self, section: UplinksSection, interface: Interface, name: str) -> None:
        """Make a link the active one: new flows from inside first, then the box's own."""
        number = plan.mark(section, name)
        self._owed = {flush for flush in self._owed if flush[0] != number}  # that link's flows are where they should be
        if not self._send_new_flows_by(section, name):
            # Somebody took the map away: flows flushed before it is back would begin anew on the dead link.
            self._owed.add(_UNMARKED)
            await self._put_in_force(section, name)
        await self._attempt("default route", self._kernel.put_route(plan.default_route(section, name, interface)))
        ipv6 = plan.default_route_ipv6(section, name, interface)
        if ipv6 is not None:
            await self._attempt("IPv6 default route", self._kernel.put_route(ipv6))

    async def flush(self, link_mark: int, classes: Iterable[FlowClass] | None = None) -> bool:
        """Make the flows of a mark begin anew, by whichever link is active; classes: only those. False if refused."""
        wanted: Iterable[FlowClass | None] = [None] if classes is None else classes
        done = [await self._flush_or_owe(link_mark, flow_class) for flow_class in wanted]
        return all(done)

    async def _flush_or_owe(self, link_mark: int, flow_class: FlowClass | None) -> bool:
        done = bool(await self._attempt("flush", self._flush(link_mark, flow_class)))
        if done and not self.refusals.keys() & _OLD_WAY:
            self._owed.discard((link_mark, flow_class))
        else:
            self._owed.add((link_mark, flow_class))
        return done

    async def _flush(self, link_mark: int, flow_class: FlowClass | None) -> bool:
        await self._conntrack.flush(link_mark, flow_class)
        return True

    def name_resolvers(self, section: UplinksSection, active: str | None) -> None:
        """Have names asked of the active link's resolvers. After the flush: a question on the way takes the new link."""
        try:
            self._resolver_file.name(resolvers(section, active))
        except OSError as error:
            self._note("resolvers", str(error))
        else:
            self.refusals.pop("resolvers", None)

    def _active_mark(self, section: UplinksSection, active: str | None) -> int | None:
        return plan.mark(section, active) if active is not None else None

    async def _take_away_stale(self, section: UplinksSection) -> None:
        """Take away what earlier settings left; of what is refused (a table that somebody owns) the name is kept."""
        mine, left = plan.footprint(section), []
        for entry in self._stale:
            if not await self._take_away(entry, mine, section):
                left.append(Footprint(entry.nft_table, mine.route_table_base, mine.rule_priority_base))
        self._stale = left
        await self._owned.write([*left, mine] if section.links else left)

    async def _take_away(self, old: Footprint, mine: Footprint, section: UplinksSection) -> bool:
        """Whether the tables of nftables could be removed."""
        removed = True
        if old.nft_table != mine.nft_table or not section.links:
            for table in (old.nft_table, counting.table(old.nft_table)):
                removed &= self._attempt_nft(_OLD_TABLE + table, partial(self._firewall.remove, table))
        if (old.tables, old.priorities) != (mine.tables, mine.priorities):
            await self._attempt("routes", self._remove_routing(old, mine, section))
        for interface, address in old.addresses - mine.addresses:
            await self._attempt("address", self._remove_address(interface, address))
        for interface in old.shaped - mine.shaped:
            await self._attempt("queues", self._shaper.remove(interface))
        for number, interface in enumerate(old.marks, start=1):
            if mine.marks[number - 1 : number] != (interface,):
                # The mark means another link now, or none: its flows must not follow by accident.
                await self.flush(number)
        return removed

    async def _remove_routing(self, old: Footprint, mine: Footprint, section: UplinksSection) -> None:
        wanted = plan.rules(section)
        for rule in await self._kernel.rules(old.priorities):
            if rule not in wanted:
                await self._kernel.remove_rule(rule)
        for route in await self._kernel.routes(old.tables):
            if route.table not in mine.tables:
                await self._kernel.remove_route(route)

    async def _remove_address(self, interface: str, address: str) -> None:
        there = await self._kernel.interfaces([interface])
        if interface in there:
            await self._kernel.remove_address(there[interface].index, ip_interface(address))

    async def _read(self, names: Iterable[str]) -> dict[str, Interface]:
        try:
            interfaces = await self._kernel.interfaces(names)
        except KernelRefused as refused:
            self._note(refused.operation, refused.reason)
            raise
        self.refusals.pop("read", None)
        return interfaces

    async def _attempt(self, operation: str, work: Awaitable[T]) -> T | None:
        """The work's result; None when the kernel refused, which is noted."""
        try:
            result = await work
        except KernelRefused as refused:
            self._note(operation, f"{refused.operation}: {refused.reason}")
            return None
        self.refusals.pop(operation, None)
        return result

    def _attempt_nft(self, operation: str, work: Callable[[], None]) -> bool:
        try:
            work()
        except FirewallRefused as refused:
            self._note(operation, refused.reason)
            return False
        self._nft_listing = None
        self.refusals.pop(operation, None)
        return True

    def _note(self, operation: str, reason: str) -> None:
        if self.refusals.get(operation) != reason:
            log.error("%s: the kernel refused: %s", operation, reason)
        self.refusals[operation] = reason
