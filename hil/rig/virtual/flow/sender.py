"""The near end: sends numbered packets on a fixed schedule from one socket, and logs what comes back.

Arguments: own address, far address, far port, packets per second, bytes, DSCP, log of sent packets (`SEQ SENT_NS`), log
of returned ones (`SEQ ARRIVED_NS`). SIGTERM ends the sending; it listens on until killed.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from hil.rig.virtual.flow.packet import Packet, bound, decode, encode, receive, stamp_arrivals


@dataclass(frozen=True)
class Schedule:
    """How often, how large, and where to."""

    far: tuple[str, int]
    interval_ns: int
    size: int
    dscp: int


class Sender:
    """One flow: one socket, so one 5-tuple for its whole life."""

    def __init__(self, own_address: str, schedule: Schedule, sent: Path, returned: Path) -> None:
        self._schedule = schedule
        self._sock = bound(own_address)
        if self._sock.family == socket.AF_INET6:
            self._sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, schedule.dscp << 2)
        else:
            self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, schedule.dscp << 2)
        self._sock.setblocking(False)
        stamp_arrivals(self._sock)
        self._sent = _append(sent)
        self._returned = _append(returned)
        self._flow = os.getpid()
        self._sending = True

    def run(self) -> None:
        """Send until SIGTERM, then only listen."""
        signal.signal(signal.SIGTERM, self._stop_sending)
        print("sending", flush=True)
        seq, due = 0, time.monotonic_ns()
        while self._sending:
            self._listen_until(due)
            self._send(seq)
            seq += 1
            due += self._schedule.interval_ns
        print("stopped", flush=True)
        while True:
            self._listen_until(time.monotonic_ns() + 1_000_000_000)

    def _stop_sending(self, *_: object) -> None:
        self._sending = False

    def _send(self, seq: int) -> None:
        now = time.monotonic_ns()
        try:
            self._sock.sendto(encode(Packet(self._flow, seq, now), self._schedule.size), self._schedule.far)
        except OSError as error:  # the packet was due and did not go: it counts as sent and lost
            print(f"{seq}: {error}", flush=True)
        os.write(self._sent, f"{seq} {now}\n".encode("ascii"))

    def _listen_until(self, due_ns: int) -> None:
        while True:
            left = (due_ns - time.monotonic_ns()) / 1e9
            readable, _, _ = select.select([self._sock], [], [], max(0.0, left))
            if not readable:
                return
            data, _source, arrived = receive(self._sock)
            packet = decode(data)
            if packet is not None and packet.flow == self._flow:
                os.write(self._returned, f"{packet.seq} {arrived}\n".encode("ascii"))
            if left <= 0:
                return


def _append(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


if __name__ == "__main__":
    own, far, port, rate, size, dscp, sent_log, returned_log = sys.argv[1:]
    plan = Schedule((far, int(port)), round(1e9 / float(rate)), int(size), int(dscp))
    Sender(own, plan, Path(sent_log), Path(returned_log)).run()
