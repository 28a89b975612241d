"""The far end: sends every packet back, and logs each numbered one as `FLOW SEQ ARRIVED_NS SOURCE`.

Arguments: address, port (0: a free one), log file. Prints `listening on ADDRESS:PORT`.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from hil.rig.virtual.flow.packet import bound, decode, receive, stamp_arrivals


def serve(address: str, port: int, log: Path) -> None:
    """Serve until killed. Each line is written at once: a reader sees every packet that came in."""
    with bound(address, port) as sock:
        stamp_arrivals(sock)
        lines = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        print(f"listening on {address}:{sock.getsockname()[1]}", flush=True)
        while True:
            data, source, arrived = receive(sock)
            packet = decode(data)
            if packet is not None:
                line = f"{packet.flow} {packet.seq} {arrived} {source[0]}:{source[1]}\n"
                os.write(lines, line.encode("ascii"))
            _send_back(sock, data, source)


def _send_back(sock: socket.socket, data: bytes, source: tuple[str, int]) -> None:
    try:
        sock.sendto(data, source)
    except OSError as error:  # no way back while a cable is out: the other end counts it as lost
        print(f"{source}: {error}", flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
