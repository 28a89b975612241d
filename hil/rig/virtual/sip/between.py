"""What stands between a phone and the box: a bad network, a NAT, a SIP ALG. A UDP relay in user space.

The kernel's netem is not there on every machine; and a NAT whose pinhole closes on command is none the kernel has.
"""

from __future__ import annotations

import heapq
import itertools
import random
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Address = tuple[str, int]
Rewrite = Callable[[bytes, Address, Address], bytes]


def _same(data: bytes, _: Address, __: Address) -> bytes:
    return data


@dataclass
class Between:
    """Whoever speaks to `inner` is heard by `far` from a port of `outer_host` of their own, and answered the same way.

    loses: of each five datagrams one way, one is lost, by chance: a fifth, in every run.
    late_s: up to how long one is kept, so that later ones overtake it.
    pinhole_s: how long a port of a sender stays open without a datagram; None: for ever.
    outward, inward: what an ALG makes of a message, given the sender's address inside and its address outside.
    """

    inner: Address
    outer_host: str
    far: Address
    loses: bool = False
    late_s: float = 0.0
    pinhole_s: float | None = None
    outward: Rewrite = _same
    inward: Rewrite = _same
    seed: int = 1
    lost: int = 0
    carried: int = 0
    _holes: dict[Address, _Hole] = field(default_factory=dict)
    _waiting: list[tuple[float, int, socket.socket, bytes, Address]] = field(default_factory=list)
    _doomed: dict[bool, list[bool]] = field(default_factory=lambda: {True: [], False: []})
    _stopped: bool = False

    def start(self) -> None:
        """Begin to relay."""
        self._chance = random.Random(self.seed)
        self._number = itertools.count()
        self._front = _bound(self.inner)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopped = True
        self._thread.join(5)
        self._front.close()
        for hole in self._holes.values():
            hole.sock.close()

    def outside(self, inside: Address) -> Address:
        """The address by which the far end knows a sender. Raises KeyError when its pinhole is closed."""
        address: Address = self._holes[inside].sock.getsockname()
        return address

    def _serve(self) -> None:
        while not self._stopped:
            now = time.monotonic()
            while self._waiting and self._waiting[0][0] <= now:
                _, _, sock, data, to = heapq.heappop(self._waiting)
                self._send(sock, data, to)
            holes = {hole.sock: (inside, hole) for inside, hole in self._holes.items()}
            ready, _, _ = select.select([self._front, *holes], [], [], 0.01)
            if not ready:  # what waits came in time: it is we who are late
                self._close_old(time.monotonic())
            for sock in ready:
                try:
                    data, source = sock.recvfrom(65535)
                except OSError:
                    continue  # the far end's port was closed: as lost on the way
                if sock is self._front:
                    hole = self._hole(source)
                    self._pass(hole.sock, self.outward(data, source, hole.sock.getsockname()), self.far)
                elif source == self.far:  # a NAT that filters by address
                    inside, hole = holes[sock]
                    hole.used = now
                    self._pass(self._front, self.inward(data, inside, sock.getsockname()), inside)

    def _hole(self, source: Address) -> _Hole:
        if source not in self._holes:
            self._holes[source] = _Hole(_bound((self.outer_host, 0)))
        self._holes[source].used = time.monotonic()
        return self._holes[source]

    def _close_old(self, now: float) -> None:
        if self.pinhole_s is None:
            return
        for inside in [one for one, hole in self._holes.items() if now - hole.used > self.pinhole_s]:
            self._holes.pop(inside).sock.close()

    def _pass(self, sock: socket.socket, data: bytes, to: Address) -> None:
        if self.loses and self._lost(outward=sock is not self._front):
            self.lost += 1
            return
        self.carried += 1
        at = time.monotonic() + self._chance.random() * self.late_s
        heapq.heappush(self._waiting, (at, next(self._number), sock, data, to))

    def _lost(self, *, outward: bool) -> bool:
        five = self._doomed[outward]
        if not five:
            five += [True, False, False, False, False]
            self._chance.shuffle(five)
        return five.pop()

    @staticmethod
    def _send(sock: socket.socket, data: bytes, to: Address) -> None:
        if sock.fileno() >= 0:  # else its pinhole closed meanwhile
            sock.sendto(data, to)


@dataclass
class _Hole:
    sock: socket.socket
    used: float = 0.0  # seconds, monotonic


def _bound(address: Address) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(address)
    return sock
