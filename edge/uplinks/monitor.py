"""Hears from the kernel at once when an interface, an address, a route, a rule or nftables change.

The messages are read from the socket here, not by pyroute2's AsyncIPRoute.get(), which returns after one batch and
then hears nothing more; only the interface's flags are taken from them, everything else is read anew by the Kernel.
A routing daemon's routes in the main table are nobody's business here: of that table only the default routes are.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import struct
from collections.abc import Callable

from edge.uplinks.netlink_messages import messages

log = logging.getLogger(__name__)

# linux/rtnetlink.h: RTMGRP_LINK; of IPv4 RTMGRP_IPV4_IFADDR, _ROUTE, _RULE; the same of IPv6 (RTNLGRP_IPV6_RULE is 19)
_GROUPS = 0x1 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 1 << 18
_RTM_NEWLINK, _RTM_NEWROUTE, _RTM_DELROUTE = 16, 24, 25
_LINK = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, changed flags
_ROUTE = struct.Struct("=8B")  # the head of rtmsg: family, destination's length, source's, tos, table, ...
_MAIN = 254  # RT_TABLE_MAIN
_OVER_255 = 252  # RT_TABLE_COMPAT: the table's number has more than eight bits, as ours have
_RECEIVE_BUFFER = 1 << 20  # bytes; a routing daemon's burst must not push a carrier loss out of the queue
_READS_A_TURN = 32

_NETLINK_NETFILTER = 12  # linux/netlink.h
_NFTABLES = 1 << 6  # linux/netfilter/nfnetlink.h: NFNLGRP_NFTABLES is group 7

FlagsChanged = Callable[[int, int], None]  # interface index, IFF_ flags


class Monitor:
    """Two netlink sockets in the event loop."""

    def __init__(
        self,
        flags_changed: FlagsChanged,
        something_changed: Callable[[], None],
        *,
        receive_buffer: int = _RECEIVE_BUFFER,
    ) -> None:
        self._flags_changed = flags_changed
        self._something_changed = something_changed
        self._routing = _subscribed(socket.NETLINK_ROUTE, _GROUPS, receive_buffer)
        self._sockets = [self._routing]
        try:
            self._sockets.append(_subscribed(_NETLINK_NETFILTER, _NFTABLES, receive_buffer))
        except PermissionError:
            log.error("changes of nftables are not heard of: they are only looked for now and then")

    def start(self) -> None:
        """Begin to listen."""
        loop = asyncio.get_running_loop()
        for opened in self._sockets:
            loop.add_reader(opened, self._read, opened)

    def stop(self) -> None:
        """Hear nothing more."""
        for opened in self._sockets:
            asyncio.get_running_loop().remove_reader(opened)
            opened.close()

    def _read(self, opened: socket.socket) -> None:
        for _ in range(_READS_A_TURN):
            try:
                data = opened.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                log.warning("messages of the kernel were lost: reading everything anew")
                self._something_changed()
                return
            if opened is self._routing:
                for index, flags in link_flags(data):
                    self._flags_changed(index, flags)
                if not concerns_us(data):
                    continue
            self._something_changed()


def _subscribed(protocol: int, groups: int, receive_buffer: int) -> socket.socket:
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    opened.bind((0, groups))
    return opened


def link_flags(data: bytes) -> list[tuple[int, int]]:
    """Index and flags of every interface that the messages speak of. Pure."""
    found: list[tuple[int, int]] = []
    for kind, _, body in messages(data):
        if kind == _RTM_NEWLINK and len(body) >= _LINK.size:
            _, _, index, flags, _ = _LINK.unpack_from(body)
            found.append((index, flags))
    return found


def concerns_us(data: bytes) -> bool:
    """Whether any of the messages is more than a route that is neither a default route nor in a table like ours. Pure."""
    return any(not _is_foreign_route(kind, body) for kind, _, body in messages(data))


def _is_foreign_route(kind: int, body: memoryview) -> bool:
    if kind not in (_RTM_NEWROUTE, _RTM_DELROUTE) or len(body) < _ROUTE.size:
        return False
    _, prefix, _, _, table, *_ = _ROUTE.unpack_from(body)
    return table != _OVER_255 and not (table == _MAIN and prefix == 0)
