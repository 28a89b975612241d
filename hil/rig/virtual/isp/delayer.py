"""The program of a slow line: reads packets from a TUN device it makes, and gives each back when the line would.

Arguments: the device, the network of the box (what is addressed to it goes down, all else up), kbit/s up, kbit/s down,
milliseconds of delay, milliseconds of queue. Prints `ready`; runs until killed.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from pyroute2 import IPRoute

# linux/if_tun.h
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_MTU = 1500
_DESTINATION = slice(16, 20)  # of an IPv4 header


@dataclass
class Bottleneck:
    """One direction: a sender of finite rate with a queue before it and a long cable behind it. Times in seconds."""

    bytes_per_s: float
    delay_s: float
    queue_s: float
    free_at: float = 0.0  # when what is queued will have been sent

    def admit(self, size: int, now: float) -> float | None:
        """When a packet that comes now arrives at the other end; None: the queue is full and it is dropped."""
        begins = max(self.free_at, now)
        if begins - now > self.queue_s:
            return None
        self.free_at = begins + size / self.bytes_per_s
        return self.free_at + self.delay_s


class Direction:
    """Packets on their way through one bottleneck, in order."""

    def __init__(self, bottleneck: Bottleneck) -> None:
        self._bottleneck = bottleneck
        self._under_way: deque[tuple[float, bytes]] = deque()

    def take(self, packet: bytes, now: float) -> None:
        """Let a packet in, or drop it."""
        due = self._bottleneck.admit(len(packet), now)
        if due is not None:
            self._under_way.append((due, packet))

    def due(self, now: float) -> list[bytes]:
        """What has arrived by now."""
        arrived = []
        while self._under_way and self._under_way[0][0] <= now:
            arrived.append(self._under_way.popleft()[1])
        return arrived

    def wait_s(self, now: float) -> float | None:
        """Seconds until the next one arrives; None: nothing is under way."""
        return max(0.0, self._under_way[0][0] - now) if self._under_way else None


def run(tun: int, box: IPv4Network, up: Direction, down: Direction) -> None:
    """Until killed."""
    while True:
        now = time.monotonic()
        for packet in (*up.due(now), *down.due(now)):
            os.write(tun, packet)
        waits = [wait for way in (up, down) if (wait := way.wait_s(now)) is not None]
        readable, _, _ = select.select([tun], [], [], min(waits, default=None))
        if readable:
            packet = os.read(tun, _MTU)
            way = down if IPv4Address(packet[_DESTINATION]) in box else up
            way.take(packet, time.monotonic())


def open_tun(name: str) -> int:
    """Make the device, up, for as long as this process lives. IPv6 is off, so that what enters is all IPv4."""
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", name.encode("ascii"), _IFF_TUN | _IFF_NO_PI))
    Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1", encoding="ascii")
    with IPRoute() as route:
        route.link("set", index=route.link_lookup(ifname=name)[0], state="up", mtu=_MTU)
    return tun


def main() -> None:
    """Read the arguments, open, run."""
    device, network, *figures = sys.argv[1:]
    up_kbit, down_kbit, delay_ms, queue_ms = (float(figure) for figure in figures)
    up, down = (Direction(Bottleneck(kbit * 125, delay_ms / 1000, queue_ms / 1000)) for kbit in (up_kbit, down_kbit))
    tun = open_tun(device)
    print("ready", flush=True)
    run(tun, IPv4Interface(network).network, up, down)


if __name__ == "__main__":
    main()
