"""A port scan: every TCP and UDP port of an address, and what answered at all.

Arguments: source address, target address. Prints one JSON object: `open` and `closed` TCP ports (SYN answered by SYN-ACK
or RST), UDP ports that `replied`, and how many ICMP errors came (`unreachable`). A port that says nothing is in none.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import time

PORTS = range(1, 65536)
BATCH = 256  # packets between two looks at what came back; a veth's queue holds a thousand
PATIENCE_S = 1.0  # for the last answers
SOURCE_PORT = 41414
_TCP = struct.Struct("!HHIIBBHHH")
_SYN, _RST, _SYN_ACK = 0x02, 0x04, 0x12
_ICMP_UNREACHABLE = 3


def scan(source: str, target: str) -> dict[str, object]:
    """Ask every port once."""
    tcp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    icmp = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((source, SOURCE_PORT))
    found: dict[str, set[int]] = {"open": set(), "closed": set(), "replied": set()}
    errors = 0

    def gather(patience_s: float) -> None:
        nonlocal errors
        while ready := select.select([tcp, icmp, udp], [], [], patience_s)[0]:
            for sock in ready:
                packet, (address, port) = sock.recvfrom(2048)
                if address != target:
                    continue
                body = packet[(packet[0] & 15) * 4 :]
                if sock is udp:
                    found["replied"].add(port)
                elif sock is icmp:
                    errors += body[0] == _ICMP_UNREACHABLE
                elif (flags := body[13]) & _SYN_ACK == _SYN_ACK or flags & _RST:
                    found["closed" if flags & _RST else "open"].add(int.from_bytes(body[:2], "big"))

    for first in range(0, len(PORTS), BATCH):
        for port in PORTS[first : first + BATCH]:
            tcp.sendto(_syn(source, target, port), (target, 0))
            udp.sendto(b"?", (target, port))
        time.sleep(0.005)
        gather(0)
    gather(PATIENCE_S)
    return {**{name: sorted(ports) for name, ports in found.items()}, "unreachable": errors}


def _syn(source: str, target: str, port: int) -> bytes:
    segment = _TCP.pack(SOURCE_PORT, port, 1, 0, 5 << 4, _SYN, 64240, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!BBH", 0, 6, len(segment))
    total = sum(struct.unpack(f"!{(len(pseudo) + len(segment)) // 2}H", pseudo + segment))
    total = (total >> 16) + (total & 0xFFFF)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return _TCP.pack(SOURCE_PORT, port, 1, 0, 5 << 4, _SYN, 64240, checksum, 0)


if __name__ == "__main__":
    print(json.dumps(scan(*sys.argv[1:])))
