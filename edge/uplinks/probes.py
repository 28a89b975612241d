"""Sockets that ask targets whether they are there, bound to one device: ICMP echo, UDP echo, TCP connect.

A socket error (no route, no device, interface down) is a lost probe, never a failure of the daemon.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import socket
import struct
import time
from collections.abc import Callable

from edge.shared.model import ProbeKind, ProbeTarget
from edge.uplinks.packets import TOKEN_BYTES, datagram, icmp_request, parse_datagram, parse_icmp_reply

log = logging.getLogger(__name__)

# linux/icmp.h: a set bit keeps that ICMP type away from the socket.
_SOL_RAW, _ICMP_FILTER = 255, 1
_ALL_BUT_ECHO_REPLY = struct.pack("=I", 0xFFFFFFFF & ~1)
_TCP_SECONDS_MAX = 2.0  # no connect outlives this; its round has long ended by then
_DATAGRAMS_A_TURN = 64  # the loop does something else in between

# asm-generic/socket.h; Python names neither. The kernel's time of arrival keeps this process's own delays, on a busy
# box larger than the link's, out of the round-trip time.
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")
_AGE_MAX_NS = 1_000_000_000  # more than that is a step of the wall clock

Answered = Callable[[int, ProbeTarget, int], None]  # round number, who answered, how many nanoseconds ago


class ProbeSockets:
    """All probes of one link. `answered` is called from the event loop, once or more for each answer that is ours."""

    def __init__(self, interface: str, targets: tuple[ProbeTarget, ...], answered: Answered) -> None:
        self.interface = interface
        self.targets = targets
        self._answered = answered
        self._identifier = secrets.randbelow(0xFFFF) + 1
        self._token = secrets.token_bytes(TOKEN_BYTES)
        self._by_icmp = {str(target.host): target for target in targets if target.kind is ProbeKind.ICMP}
        self._by_udp = {(str(target.host), target.port): target for target in targets if target.kind is ProbeKind.UDP}
        self._sockets: dict[ProbeKind, socket.socket] = {}
        self._connects: set[asyncio.Task[None]] = set()
        self._refusal: str | None = None

    def send(self, number: int, targets: tuple[ProbeTarget, ...]) -> None:
        """Send round number to these targets."""
        for target in targets:
            if target.kind is ProbeKind.TCP:
                self._connect(number, target)
                continue
            try:
                self._send_datagram(number, target)
            except OSError as error:
                self._note_refusal(error)
            else:
                self._refusal = None

    def collect(self) -> None:
        """Take in answers that have arrived, although the event loop has not come round to them."""
        for kind, opened in list(self._sockets.items()):
            self._receive(kind, opened)

    def close(self) -> None:
        """Close every socket; the next send opens new ones, bound to whatever has the interface's name by then."""
        loop = asyncio.get_running_loop()
        for opened in self._sockets.values():
            loop.remove_reader(opened)
            opened.close()
        self._sockets.clear()
        for task in self._connects:
            task.cancel()

    def _send_datagram(self, number: int, target: ProbeTarget) -> None:
        opened = self._socket(target.kind)
        if target.kind is ProbeKind.ICMP:
            opened.sendto(icmp_request(self._identifier, number, self._token), (str(target.host), 0))
        else:
            opened.sendto(datagram(number, self._token), (str(target.host), target.port or 0))

    def _socket(self, kind: ProbeKind) -> socket.socket:
        opened = self._sockets.get(kind)
        if opened is not None:
            return opened
        opened = self._open(kind)
        self._sockets[kind] = opened
        asyncio.get_running_loop().add_reader(opened, self._receive, kind, opened)
        return opened

    def _open(self, kind: ProbeKind) -> socket.socket:
        if kind is ProbeKind.ICMP:
            opened = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            opened.setsockopt(_SOL_RAW, _ICMP_FILTER, _ALL_BUT_ECHO_REPLY)
        else:
            family_kind = socket.SOCK_STREAM if kind is ProbeKind.TCP else socket.SOCK_DGRAM
            opened = socket.socket(socket.AF_INET, family_kind)
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.fsencode(self.interface) + b"\0")
        except OSError:
            opened.close()
            raise
        return opened

    def _receive(self, kind: ProbeKind, opened: socket.socket) -> None:
        for data, source, age_ns in self._datagrams(opened):
            found = self._of_icmp(data) if kind is ProbeKind.ICMP else self._of_udp(data, source)
            if found is not None:
                self._answered(*found, age_ns)

    def _of_icmp(self, packet: bytes) -> tuple[int, ProbeTarget] | None:
        reply = parse_icmp_reply(packet, self._identifier, self._token)
        target = self._by_icmp.get(reply.source) if reply else None
        return (reply.number, target) if reply and target else None

    def _of_udp(self, payload: bytes, source: tuple[str, int]) -> tuple[int, ProbeTarget] | None:
        number, target = parse_datagram(payload, self._token), self._by_udp.get(source)
        return (number, target) if number is not None and target else None

    def _datagrams(self, opened: socket.socket) -> list[tuple[bytes, tuple[str, int], int]]:
        received: list[tuple[bytes, tuple[str, int], int]] = []
        try:
            while len(received) < _DATAGRAMS_A_TURN:
                data, ancillary, _flags, source = opened.recvmsg(2048, socket.CMSG_SPACE(_TIMESPEC.size))
                received.append((data, source, _age_ns(ancillary)))
        except BlockingIOError:
            pass
        except OSError as error:
            self._note_refusal(error)
        return received

    def _connect(self, number: int, target: ProbeTarget) -> None:
        task = asyncio.get_running_loop().create_task(self._try_connect(number, target))
        self._connects.add(task)
        task.add_done_callback(self._connects.discard)

    async def _try_connect(self, number: int, target: ProbeTarget) -> None:
        try:
            with self._open(ProbeKind.TCP) as opened:
                # Closing sends a reset: probes must not fill the target's table of half-closed connections.
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                async with asyncio.timeout(_TCP_SECONDS_MAX):
                    await asyncio.get_running_loop().sock_connect(opened, (str(target.host), target.port or 0))
                self._answered(number, target, 0)
        except OSError as error:  # TimeoutError too
            log.debug("connect to %s by %s: %s", target.host, self.interface, error)

    def _note_refusal(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        if reason != self._refusal:
            log.info("probes by %s: %s", self.interface, reason)
            self._refusal = reason
        # The interface may have come back under the same name with another index: bind anew at the next round.
        with contextlib.suppress(RuntimeError):
            for kind in list(self._sockets):
                stale = self._sockets.pop(kind)
                asyncio.get_running_loop().remove_reader(stale)
                stale.close()


def _age_ns(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, value in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(value)
            age = time.time_ns() - (seconds * 1_000_000_000 + nanoseconds)
            return int(age) if 0 <= age <= _AGE_MAX_NS else 0
    return 0
