"""A device that has no address yet and asks for one (RFC 2131): frames of its own, so that its source is 0.0.0.0.

The program's arguments: interface, hardware address. Prints the lease as JSON: `address`, `server`, and every option of the
acknowledgement by number, in hexadecimal.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
from dataclasses import dataclass

DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
_COOKIE = bytes.fromhex("63825363")
_BOOTP = struct.Struct("!4B I 2H 4s4s4s4s 16s 64s 128s")
_BROADCAST = 0x8000  # answered by broadcast: this device takes no frame for an address it has not
_WANTED = (1, 3, 6, 15, 42, 43, 66, 160)
TRIES, WAIT_S = 3, 4.0


class NoLease(Exception):
    """Nobody gave an address."""


@dataclass(frozen=True)
class Reply:
    """What a server said."""

    kind: int
    address: str
    options: dict[int, bytes]


def main() -> None:
    """Ask, print, exit."""
    interface, hardware = sys.argv[1:]
    mac = bytes.fromhex(hardware.replace(":", ""))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as sock:
        sock.bind((interface, 0))
        offer = _exchange(sock, mac, DISCOVER, OFFER, {})
        asked = {50: socket.inet_aton(offer.address), 54: offer.options[54]}
        lease = _exchange(sock, mac, REQUEST, ACK, asked)
    shown = {str(number): value.hex() for number, value in lease.options.items()}
    server = socket.inet_ntoa(lease.options[54])
    print(json.dumps({"address": lease.address, "server": server, "options": shown}))


def _exchange(sock: socket.socket, mac: bytes, kind: int, wanted: int, options: dict[int, bytes]) -> Reply:
    transaction = int.from_bytes(mac[-4:], "big")
    for _ in range(TRIES):
        sock.send(_frame(mac, transaction, {53: bytes([kind]), 55: bytes(_WANTED), **options}))
        deadline = time.monotonic() + WAIT_S
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                reply = _parsed(sock.recv(2048), transaction)
            except TimeoutError:
                break
            if reply is not None and reply.kind == wanted:
                return reply
    raise NoLease(f"no answer of kind {wanted} on {sock.getsockname()[0]}")


def _frame(mac: bytes, transaction: int, options: dict[int, bytes]) -> bytes:
    nothing = bytes(4)
    fixed = _BOOTP.pack(
        *(1, 1, 6, 0, transaction, 0, _BROADCAST),
        *(nothing, nothing, nothing, nothing, mac, b"", b""),
    )
    listed = b"".join(bytes([number, len(value)]) + value for number, value in options.items())
    payload = fixed + _COOKIE + listed + b"\xff"
    datagram = struct.pack("!4H", 68, 67, 8 + len(payload), 0) + payload  # no checksum: IPv4 lets it be
    head = struct.pack("!2B3H2BH4s4s", 0x45, 0, 20 + len(datagram), 0, 0, 64, 17, 0, nothing, b"\xff" * 4)
    head = head[:10] + _checksum(head) + head[12:]
    return b"\xff" * 6 + mac + b"\x08\x00" + head + datagram


def _parsed(frame: bytes, transaction: int) -> Reply | None:
    """A DHCP answer to this transaction, else None."""
    packet = frame[14:]
    if len(packet) < 20 or packet[9] != 17:
        return None
    datagram = packet[(packet[0] & 15) * 4 :]
    payload = datagram[8:]
    if datagram[2:4] != b"\x00\x44" or len(payload) < _BOOTP.size + 4:
        return None
    fields = _BOOTP.unpack_from(payload)
    if fields[0] != 2 or fields[4] != transaction or payload[_BOOTP.size :][:4] != _COOKIE:
        return None
    options = dict(_options(payload[_BOOTP.size + 4 :]))
    return Reply(options[53][0], socket.inet_ntoa(fields[8]), options)


def _options(raw: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(raw) and raw[at] != 0xFF:
        if raw[at] == 0:
            at += 1
            continue
        found.append((raw[at], raw[at + 2 : at + 2 + raw[at + 1]]))
        at += 2 + raw[at + 1]
    return found


def _checksum(head: bytes) -> bytes:
    """RFC 1071."""
    total = sum(struct.unpack(f"!{len(head) // 2}H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)


if __name__ == "__main__":
    try:
        main()
    except NoLease as none:
        sys.exit(str(none))
