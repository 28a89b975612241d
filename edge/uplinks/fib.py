"""Reads the routes of one table, by hand (ADR 0012).

pyroute2 has the kernel tell every route there is, and parses each of them whole: beside a routing daemon's five thousand
routes that was a fifth of a core. Here the kernel tells one table (strict checking, Linux 4.20), and of the main table,
which is somebody else's, all but the default routes are passed over by one look at their header.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple

from edge.uplinks.netlink_messages import HEADER, messages
from edge.uplinks.plan import Route

_ROUTE = struct.Struct("=8BI")  # rtmsg: family, prefix lengths, tos, table, protocol, scope, type; flags
_ATTRIBUTE = struct.Struct("=HH")
_NUMBER = struct.Struct("=I")
_ERROR_CODE = struct.Struct("=i")
_ENDS = (2, 3)  # linux/netlink.h: NLMSG_ERROR, NLMSG_DONE
_RTM_NEWROUTE, _RTM_GETROUTE = 24, 26  # linux/rtnetlink.h
_REQUEST_DUMP = 0x1 | 0x300  # NLM_F_REQUEST, NLM_F_DUMP
_DST, _OIF, _GATEWAY, _PRIORITY, _TABLE = 1, 4, 5, 6, 15  # RTA_*
_KIND_MASK = 0x3FFF  # NLA_TYPE_MASK
_SOL_NETLINK, _STRICT_CHECK = 270, 12  # linux/netlink.h: NETLINK_GET_STRICT_CHK
_ANY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104 - a destination, nothing is bound to it


class Told(NamedTuple):
    """What the kernel tells of one route."""

    route: Route
    protocol: int  # RTPROT_*: who set it


class RouteReader:
    """One netlink socket. One question at a time: whoever reads routes waits for the answer."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.setblocking(False)
        self._socket.setsockopt(_SOL_NETLINK, _STRICT_CHECK, 1)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        """Ask nothing more."""
        self._socket.close()

    async def read(self, family: int, table: int, *, only_defaults: bool = False) -> list[Told]:
        """The routes of a table; none if there is no such table. Raises OSError."""
        self._sequence += 1
        self._socket.send(question(family, table, self._sequence))
        found: list[Told] = []
        loop = asyncio.get_running_loop()
        while True:
            data = await loop.sock_recv(self._socket, 1 << 16)
            for kind, sequence, body in messages(data):
                if sequence != self._sequence:
                    continue  # of a question whose answer nobody waited for
                if kind in _ENDS:
                    _raise_refusal(body)
                    return found
                if kind == _RTM_NEWROUTE and not (only_defaults and _has_prefix(body)):
                    told = parse(body)
                    if told.route.family == family:  # a kernel without IPv6 answers with what it has
                        found.append(told)
            await asyncio.sleep(0)  # an answer that is long must hold up no probe


def question(family: int, table: int, sequence: int) -> bytes:
    """Tell me the routes of this table."""
    body = _ROUTE.pack(family, *bytes(7), 0) + _ATTRIBUTE.pack(_ATTRIBUTE.size + _NUMBER.size, _TABLE)
    body += _NUMBER.pack(table)
    return HEADER.pack(HEADER.size + len(body), _RTM_GETROUTE, _REQUEST_DUMP, sequence, 0) + body


def parse(body: memoryview) -> Told:
    """A route from the body of its message."""
    family, prefix, _, _, table, protocol, _, kind, _ = _ROUTE.unpack_from(body)
    found = dict(_attributes(body[_ROUTE.size :]))
    destination = str(ip_address(bytes(found[_DST]))) if _DST in found else _ANY[family]
    route = Route(
        _number(found.get(_TABLE), table),
        f"{destination}/{prefix}",
        _number(found.get(_OIF), 0),
        str(ip_address(bytes(found[_GATEWAY]))) if _GATEWAY in found else None,
        _number(found.get(_PRIORITY), 0),
        kind,
    )
    return Told(route, protocol)


def _raise_refusal(end: memoryview) -> None:
    """An answer may begin well and be refused later: its last message says so."""
    code = -_ERROR_CODE.unpack_from(end)[0]
    if code not in (0, errno.ENOENT):  # ENOENT: nobody ever put a route into this table
        raise OSError(code, os.strerror(code))


def _has_prefix(body: memoryview) -> bool:
    return body[1] != 0  # rtm_dst_len: of a default route it is 0


def _attributes(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    place = 0
    while place + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, place)
        if length < _ATTRIBUTE.size:
            return
        yield kind & _KIND_MASK, data[place + _ATTRIBUTE.size : place + length]
        place += (length + 3) & ~3


def _number(value: memoryview | None, otherwise: int) -> int:
    return _NUMBER.unpack(value)[0] if value is not None else otherwise
