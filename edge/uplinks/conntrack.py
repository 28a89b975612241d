"""Moves established flows off a dead link: its entries are forgotten, the next packet of each flow begins anew."""

from __future__ import annotations

import socket
from typing import Self

from edge.uplinks.kernel import KernelRefused
from edge.uplinks.netlink import AsyncNFCTSocket, NetlinkError
from edge.uplinks.plan import CLASS_MASK, CLASS_SHIFT, MARK_MASK, FlowClass


class Conntrack:
    """The kernel's table of connections. The socket stays open: closing one costs 10 ms, a flush half of one."""

    def __init__(self) -> None:
        self._netlink = AsyncNFCTSocket(nfgen_family=socket.AF_INET)

    async def __aenter__(self) -> Self:
        await self._netlink.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._netlink.__aexit__(*error)

    async def flush(self, link_mark: int, flow_class: FlowClass | None = None) -> None:
        """Forget every connection with this link's mark (and this class), and no other. Raises KernelRefused.

        The kernel matches the mark itself (CTA_MARK with CTA_MARK_MASK on IPCTNL_MSG_CT_DELETE), IPv4 and IPv6 alike: in
        a message of version 0 the family is not looked at (ctnetlink_del_conntrack).
        """
        mark, mask = link_mark, MARK_MASK
        if flow_class is not None:
            mark, mask = mark | flow_class << CLASS_SHIFT, mask | CLASS_MASK
        try:
            await self._netlink.flush(mark=mark, mark_mask=mask)
        except (NetlinkError, OSError) as error:
            raise KernelRefused("flush of flows", error) from error
