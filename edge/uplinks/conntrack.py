"""Moves established flows off a dead link: its entries are forgotten, the next packet of each flow begins anew."""

from __future__ import annotations

import socket

from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.nfnetlink.nfctsocket import AsyncNFCTSocket

from edge.uplinks.kernel import KernelRefused
from edge.uplinks.plan import MARK_MASK


async def flush(link_mark: int) -> None:
    """Forget every IPv4 connection with this link's mark, and no other. Raises KernelRefused.

    The kernel matches the mark itself (CTA_MARK with CTA_MARK_MASK on IPCTNL_MSG_CT_DELETE).
    """
    try:
        async with AsyncNFCTSocket(nfgen_family=socket.AF_INET) as conntrack:
            await conntrack.flush(mark=link_mark, mark_mask=MARK_MASK)
    except (NetlinkError, OSError) as error:
        raise KernelRefused("flush of flows", error) from error
