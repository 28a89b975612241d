"""Datagrams of one socket for its whole life, so one 5-tuple, and where the far end sees them come from.

Programs: `python -m hil.rig.virtual.flow.chatter talk FROM TO PORT`, from an address of its own or 0.0.0.0, twenty a second;
`... hear ADDRESS PORT`, which sends each back and prints "from ADDRESS NANOSECONDS", by CLOCK_MONOTONIC.
"""

from __future__ import annotations

import socket
import sys
import time

from hil.rig.virtual.flow.packet import bound, receive, stamp_arrivals

EVERY_S = 0.05


def talk(source: str, destination: str, port: int) -> None:
    """Send for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((source, 0))
        while True:
            opened.sendto(b"x", (destination, port))
            time.sleep(EVERY_S)


def hear(address: str, port: int) -> None:
    """Receive for ever."""
    with bound(address, port) as opened:
        stamp_arrivals(opened)
        print("listening", flush=True)
        while True:
            data, source, arrived_ns = receive(opened)
            print("from", source[0], arrived_ns, flush=True)
            opened.sendto(data, source)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["talk", source, destination, port]:
            talk(source, destination, int(port))
        case ["hear", address, port]:
            hear(address, int(port))
        case _:
            sys.exit(__doc__)
