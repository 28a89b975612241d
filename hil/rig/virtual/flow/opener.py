"""New flows: opens a new socket for each packet, so that each is a new 5-tuple, and logs which were answered.

Arguments: own address, far address, far port, seconds between two, log of tries (`SEQ SENT_NS`), log of answers
(`SEQ ARRIVED_NS`). The far end's own log tells which reached it.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys
import time
from collections import deque
from pathlib import Path

from hil.rig.virtual.flow.packet import MIN_SIZE, Packet, bound, decode, encode, receive, stamp_arrivals

KEPT_NS = 2_000_000_000  # an answer that takes longer than this is as good as none


class FlowOpener:
    """Opens a flow at each tick and keeps it long enough to be answered."""

    def __init__(self, own_address: str, far: tuple[str, int], tried: Path, answered: Path) -> None:
        self._own = own_address
        self._far = far
        self._tried = os.open(tried, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._answered = os.open(answered, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._selector = selectors.DefaultSelector()
        self._open: deque[tuple[int, socket.socket]] = deque()
        self._flow = os.getpid()

    def run(self, interval_ns: int) -> None:
        """Run until killed."""
        print("sending", flush=True)
        seq, due = 0, time.monotonic_ns()
        while True:
            self._listen_until(due)
            self._close_old()
            self._try(seq)
            seq += 1
            due += interval_ns

    def _try(self, seq: int) -> None:
        sock = bound(self._own)
        sock.setblocking(False)
        stamp_arrivals(sock)
        self._selector.register(sock, selectors.EVENT_READ)
        now = time.monotonic_ns()
        self._open.append((now, sock))
        os.write(self._tried, f"{seq} {now}\n".encode("ascii"))
        try:
            sock.sendto(encode(Packet(self._flow, seq, now), MIN_SIZE), self._far)
        except OSError as error:  # counts as tried and unanswered
            print(f"{seq}: {error}", flush=True)

    def _listen_until(self, due_ns: int) -> None:
        while (left := (due_ns - time.monotonic_ns()) / 1e9) > 0:
            for key, _ in self._selector.select(left):
                assert isinstance(key.fileobj, socket.socket)
                data, _source, arrived = receive(key.fileobj)
                packet = decode(data)
                if packet is not None and packet.flow == self._flow:
                    os.write(self._answered, f"{packet.seq} {arrived}\n".encode("ascii"))

    def _close_old(self) -> None:
        while self._open and self._open[0][0] < time.monotonic_ns() - KEPT_NS:
            _, sock = self._open.popleft()
            self._selector.unregister(sock)
            sock.close()


if __name__ == "__main__":
    own, far_address, port, every, tried_log, answered_log = sys.argv[1:]
    opener = FlowOpener(own, (far_address, int(port)), Path(tried_log), Path(answered_log))
    opener.run(round(1e9 * float(every)))
