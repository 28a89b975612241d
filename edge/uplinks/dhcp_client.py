"""One link's DHCP client: sockets and a timer around the pure `edge.uplinks.dhcp`.

It needs CAP_NET_RAW only. While a lease is in force it holds no socket: packets of the link cost it nothing.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import logging
import os
import secrets
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.shared.clock import Clock
from edge.uplinks import dhcp
from edge.uplinks.dhcp import Ask, GiveUp, Lease, Phase, Take
from edge.uplinks.dhcp_packets import EVERYBODY, Question, packet, parse_packet

log = logging.getLogger(__name__)

LeaseChanged = Callable[[str, Lease | None], None]  # interface, what it has now

_ETH_P_IP = 0x0800
_SO_ATTACH_FILTER = 26
_SIOCGIFFLAGS = 0x8913
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_PACKETS_A_TURN = 16
_DEVICES = Path("/sys/class/net")

# Classic BPF on the IPv4 packet (the socket is SOCK_DGRAM): UDP, not a fragment, to port 68. Without it every packet of a
# busy link would wake this process.
_FILTER = (
    (0x30, 0, 0, 9),  # ldb [9]: protocol
    (0x15, 0, 6, 17),  # UDP, else drop
    (0x28, 0, 0, 6),  # ldh [6]: flags and fragment offset
    (0x45, 4, 0, 0x1FFF),  # a later fragment: drop
    (0xB1, 0, 0, 0),  # ldx 4*([0]&0xf): length of the header
    (0x48, 0, 0, 2),  # ldh [x+2]: destination port
    (0x15, 0, 1, 68),
    (0x06, 0, 0, 0xFFFF),  # keep
    (0x06, 0, 0, 0),  # drop
)


@dataclass(frozen=True)
class _Seen:
    """The interface as it was last looked at."""

    index: int = 0  # 0: not there
    running: bool = False
    changes: int = (
        0  # of carrier: a cable that was out for a moment looks as it did before, and the kernel says it once
    )


class DhcpClient:
    """Asks for the address of one interface. Calls changed whenever what it has is another lease, or none."""

    def __init__(self, interface: str, state: dhcp.State, clock: Clock, changed: LeaseChanged) -> None:
        self.interface = interface
        self.state = state
        self._clock = clock
        self._changed = changed
        self._seen = _Seen()
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None

    def look(self) -> None:
        """Look at the interface anew: something of it may have changed."""
        seen = _look(self.interface)
        if seen == self._seen:
            return
        self._seen = seen
        self._close()
        self._step(dhcp.Ready() if seen.running else dhcp.NotReady())

    def stop(self) -> None:
        """Ask nothing more. The lease is kept: another life may go on with it."""
        self._close()
        if self._timer:
            self._timer.cancel()

    def _step(self, event: dhcp.Event) -> None:
        before = self.state.phase
        self.state, actions = dhcp.step(self.state, event, self._clock.monotonic_ns(), secrets.randbits(32))
        if self.state.phase is not before:
            log.info("%s: %s", self.interface, self.state.phase)
        for action in actions:
            match action:
                case Ask(question):
                    self._send(question)
                case Take(lease):
                    log.info("%s: %s from %s", self.interface, lease.address, lease.server)
                    self._changed(self.interface, lease)
                case GiveUp():
                    log.warning("%s: its address is no longer ours", self.interface)
                    self._changed(self.interface, None)
        if self.state.phase in (Phase.BOUND, Phase.OFF):
            self._close()
        self._schedule()

    def _schedule(self) -> None:
        if self._timer:
            self._timer.cancel()
        due_ns = self.state.due_ns
        if due_ns is None:
            return
        wait_s = max(0, due_ns - self._clock.monotonic_ns()) / 1e9
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._step, dhcp.Tick())

    def _send(self, question: Question) -> None:
        try:
            listening = self._listen()
            data = packet(question, self._hardware(listening))
            if question.to == EVERYBODY:
                listening.sendto(data, (self.interface, _ETH_P_IP, 0, 0, b"\xff" * 6))
            else:
                _send_routed(data, self.interface, str(question.to))
        except OSError as error:
            # As good as lost on the way: it will be asked again.
            log.info("%s: %s", self.interface, error.strerror)
            self._close()

    def _listen(self) -> socket.socket:
        if self._socket is not None:
            return self._socket
        # Protocol 0 hears nothing: the filter is there before the first packet is.
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0)
        try:
            opened.setblocking(False)
            attach_filter(opened)
            opened.bind((self.interface, _ETH_P_IP))
        except OSError:
            opened.close()
            raise
        self._socket = opened
        asyncio.get_running_loop().add_reader(opened, self._read, opened)
        return opened

    def _hardware(self, listening: socket.socket) -> bytes:
        return bytes(listening.getsockname()[4])

    def _read(self, listening: socket.socket) -> None:
        for _ in range(_PACKETS_A_TURN):
            try:
                data = listening.recv(2048)
            except BlockingIOError:
                return
            except OSError as error:  # the interface went down or away
                log.info("%s: %s", self.interface, error.strerror)
                self._close()
                self.look()
                return
            reply = parse_packet(data, self._hardware(listening))
            if reply is not None:
                self._step(dhcp.Answered(reply))
            if self._socket is not listening:
                return

    def _close(self) -> None:
        if self._socket is None:
            return
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._socket = None


def _look(interface: str) -> _Seen:
    try:
        index = socket.if_nametoindex(interface)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            request = struct.pack("16sh", os.fsencode(interface), 0)
            flags = struct.unpack_from("H", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request.ljust(40, b"\0")), 16)[0]
    except OSError:
        return _Seen()
    return _Seen(index, flags & (_IFF_UP | _IFF_RUNNING) == (_IFF_UP | _IFF_RUNNING), _carrier_changes(interface))


def _carrier_changes(interface: str) -> int:
    try:
        return int((_DEVICES / interface / "carrier_changes").read_text(encoding="ascii"))
    except (OSError, ValueError):  # no sysfs, or that of another network namespace
        return 0


def attach_filter(opened: socket.socket) -> None:
    """Let the socket hear only what DHCP servers say to clients."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in _FILTER))
    program = struct.pack("@HP", len(_FILTER), ctypes.addressof(code))
    opened.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def _send_routed(data: bytes, interface: str, target: str) -> None:
    """Send an IPv4 packet by the kernel's routes through one device. Port 68 is not ours to bind: no capability for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as opened:
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, os.fsencode(interface) + b"\0")
        opened.sendto(data, (target, 0))
