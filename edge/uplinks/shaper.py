"""Puts the queues of `shaping` into the kernel (tc, by pyroute2): reads what is there, changes what differs, no more."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Self

from edge.shared.model import UplinksSection
from edge.uplinks import shaping
from edge.uplinks.kernel import KernelRefused
from edge.uplinks.netlink import AsyncIPRoute, NetlinkError, tc_plugins
from edge.uplinks.plan import Interface
from edge.uplinks.shaping import Discipline, Node, Part

log = logging.getLogger(__name__)

# Kind and part -> the attribute that holds the settings, and its fields that are ours to set; no fields: a bare value.
_READ: dict[tuple[Part, str], Mapping[str, tuple[str, ...]]] = {
    (Part.QDISC, "htb"): {"TCA_HTB_INIT": ("defcls",)},
    (Part.CLASS, "htb"): {"TCA_HTB_PARMS": ("rate", "ceil", "buffer", "cbuffer", "quantum", "prio")},
    (Part.QDISC, "tbf"): {"TCA_TBF_PARMS": ("rate", "buffer", "limit")},
    (Part.QDISC, "cake"): {"TCA_CAKE_BASE_RATE64": (), "TCA_CAKE_DIFFSERV_MODE": (), "TCA_CAKE_NAT": ()},
}
_GONE = (errno.ENOENT, errno.EINVAL, errno.ENODEV)  # what was to be removed is not there


class Shaper:
    """The only writer of queueing disciplines. Knows its own by their numbers (`shaping.MAJOR`)."""

    def __init__(self) -> None:
        self._netlink = AsyncIPRoute()
        self._cake_refused = False
        self._settled: dict[int, tuple[Node, ...]] = {}  # what each interface was last made to hold

    async def __aenter__(self) -> Self:
        await self._netlink.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._netlink.__aexit__(*error)

    async def settle(self, section: UplinksSection, interfaces: Mapping[str, Interface]) -> frozenset[str]:
        """Make every link with an upload rate have exactly its queues. Raises KernelRefused.

        Returns {"queues"} if somebody else had changed some: they differed although nothing new was wanted.
        """
        foreign = False
        for link in section.links:
            interface = interfaces.get(link.interface)
            if link.upload_kbit is not None and interface is not None:
                foreign |= await self._settle(interface.index, link.upload_kbit)
        return frozenset({"queues"} if foreign else ())

    async def remove(self, interface: str) -> None:
        """Take our queues away from an interface that may be gone; the kernel gives it its own again."""
        try:
            found = await self._netlink.link_lookup(ifname=interface)
            if found and _root(await self._read(found[0])) is not None:
                await self._netlink.tc("del", index=found[0], parent=shaping.ROOT_PARENT)
        except (NetlinkError, OSError) as error:
            if getattr(error, "code", None) not in _GONE:
                raise KernelRefused("queues", error) from error

    async def _settle(self, index: int, upload_kbit: int) -> bool:
        try:
            standing = await self._read(index)
            (link,) = await self._netlink.link("get", index=index)
            root = _root(standing)
            by = shaping.discipline(root.get_attr("TCA_KIND") if root else None, self._cake_refused)
            wanted = shaping.tree(upload_kbit, link.get_attr("IFLA_MTU"), by)
            try:
                differed = await self._match(index, wanted, standing)
            except NetlinkError as error:
                if by is not Discipline.CAKE or error.code != errno.ENOENT:
                    raise
                self._cake_refused = True  # this kernel has none
                return await self._settle(index, upload_kbit)
        except (NetlinkError, OSError) as error:
            raise KernelRefused("queues", error) from error
        known, self._settled[index] = self._settled.get(index), wanted
        return differed and known == wanted

    async def _match(self, index: int, wanted: tuple[Node, ...], standing: dict[tuple[Part, int], Any]) -> bool:
        differed = False
        for node in wanted:
            there = standing.get((node.part, node.handle))
            if there is not None and _same(node, there):
                continue
            differed = True
            # A root takes the place of another's, or of the kernel's own, in one step.
            verb = "change" if there is not None else "replace" if node.parent == shaping.ROOT_PARENT else "add"
            await self._write(verb, index, node)
        kept = {(node.part, node.handle) for node in wanted}
        for part, handle in sorted(standing, reverse=True):
            if (part, handle) not in kept and shaping.is_ours(part, handle):
                differed = True
                await self._delete(index, part, standing[part, handle])
        return differed

    async def _read(self, index: int) -> dict[tuple[Part, int], Any]:
        """Every qdisc and class of the interface that has a number."""
        qdiscs = [message async for message in await self._netlink.tc("dump", index=index)]
        classes = [message async for message in await self._netlink.tc("dump-class", index=index)]
        found = [(Part.QDISC, message) for message in qdiscs] + [(Part.CLASS, message) for message in classes]
        return {(part, message["handle"]): message for part, message in found if message["index"] == index}

    async def _write(self, verb: str, index: int, node: Node) -> None:
        log.info("interface %d: %s %s %s %x", index, verb, node.part, node.kind, node.handle)
        command = verb if node.part is Part.QDISC else f"{verb}-class"
        await self._netlink.tc(command, node.kind, index, node.handle, parent=node.parent, **node.settings)

    async def _delete(self, index: int, part: Part, message: Any) -> None:
        log.info("interface %d: delete %s %x", index, part, message["handle"])
        command = "del" if part is Part.QDISC else "del-class"
        await self._netlink.tc(command, index=index, handle=message["handle"], parent=message["parent"])


def _root(standing: Mapping[tuple[Part, int], Any]) -> Any:
    """Our root qdisc, if it is there."""
    return standing.get((Part.QDISC, shaping.handle(0)))


def _same(node: Node, message: Any) -> bool:
    if message.get_attr("TCA_KIND") != node.kind or message["parent"] != node.parent:
        return False
    options = message.get_attr("TCA_OPTIONS")
    if node.kind == "pfifo":
        return bool(options["limit"] == node.settings["limit"])
    plugin: ModuleType = tc_plugins[node.kind]
    encode = plugin.get_parameters if node.part is Part.QDISC else plugin.get_class_parameters
    wanted = dict(encode(dict(node.settings))["attrs"])
    for attribute, fields in _READ[node.part, node.kind].items():
        there = options.get_attr(attribute)
        if fields and any(there[name] != wanted[attribute][name] for name in fields):
            return False
        if not fields and there != wanted[attribute]:
            return False
    return True
