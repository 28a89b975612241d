"""A DHCP server for one interface that says what a test wants. Written from RFC 2131, without the product's own bytes.

Arguments: INTERFACE ADDRESS GATEWAY LEASE_SECONDS EXCHANGES [hostile|forgetful]. After so many ACKs it is silent. A hostile
one says a lot of wrong things before each right one; a forgetful one knows only clients that it has just made an offer.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterator

DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6
MASK = "255.255.255.0"


def reply(query: bytes, kind: int, address: str, options: bytes) -> bytes:
    head = struct.pack("!BBBB", 2, 1, 6, 0) + query[4:8] + b"\0\0" + query[10:12] + bytes(4) + socket.inet_aton(address)
    return (
        head
        + bytes(8)
        + query[28:44]
        + bytes(192)
        + b"\x63\x82\x53\x63"
        + option(53, bytes([kind]))
        + options
        + b"\xff"
    )


def option(code: int, value: bytes) -> bytes:
    return bytes([code, len(value)]) + value


def terms(server: str, gateway: str, lease_s: int, mask: str = MASK) -> bytes:
    return (
        option(54, socket.inet_aton(server))
        + option(51, struct.pack("!I", lease_s))
        + option(1, socket.inet_aton(mask))
        + option(3, socket.inet_aton(gateway))
    )


def wrong(query: bytes, kind: int, address: str, gateway: str) -> Iterator[bytes]:
    good = terms(gateway, gateway, 3600)
    yield b""
    yield b"\xff" * 600
    yield reply(query, kind, "192.168.1.66", good)[:250]
    yield reply(query[:4] + b"\0\0\0\1" + query[8:], kind, "192.168.1.67", good)
    yield reply(query[:28] + b"\2\2\2\2\2\2" + query[34:], kind, "192.168.1.68", good)
    yield reply(query, kind, "0.0.0.0", good)
    yield reply(query, kind, "255.255.255.255", good)
    yield reply(query, kind, "224.0.0.5", good)
    yield reply(query, kind, "127.0.0.1", good)
    yield reply(query, kind, "192.168.1.69", terms(gateway, gateway, 3600, mask="0.0.0.0"))
    yield reply(query, kind, "192.168.1.70", terms(gateway, gateway, 3600, mask="255.0.255.0"))
    yield reply(query, kind, "192.168.1.71", terms(gateway, gateway, 0))
    yield reply(query, kind, "192.168.1.72", terms(gateway, "192.168.1.72", 3600))
    yield reply(query, kind, "192.168.1.73", option(54, b"\1") + good[6:])
    if kind == ACK:
        yield reply(query, ACK, "192.168.1.74", terms("192.168.1.99", gateway, 3600))
        yield reply(query, NAK, address, option(54, socket.inet_aton("192.168.1.99")))
        yield reply(query, 99, address, good)


def main() -> None:
    interface, address, gateway, lease_s, exchanges, *more = sys.argv[1:]
    left = int(exchanges)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        server.bind(("", 67))
        print("listening", flush=True)
        while True:
            query = server.recv(2048)
            kind = query[query.index(b"\x63\x82\x53\x63") + 6]  # option 53 comes first
            print("heard", kind, flush=True)
            if left == 0 or (
                more == ["forgetful"] and kind == REQUEST and option(54, socket.inet_aton(gateway)) not in query
            ):
                continue
            answer = {DISCOVER: OFFER, REQUEST: ACK}[kind]
            for data in wrong(query, answer, address, gateway) if more == ["hostile"] else ():
                server.sendto(data, ("255.255.255.255", 68))
            right = reply(query, answer, address, terms(gateway, gateway, int(lease_s)))
            server.sendto(right, ("255.255.255.255", 68))
            left -= answer == ACK


if __name__ == "__main__":
    main()
