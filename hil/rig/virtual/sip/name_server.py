"""A name server by hand (RFC 1035, RFC 2782): what it says is changed while it runs."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Self

TTL_S = 5
_A, _SRV, _IN = 1, 33, 1
_SIP_PORT = 5060
_RESPONSE, _NO_SUCH_NAME = 0x8180, 3
_THE_NAME_ASKED = 0xC00C


@dataclass
class NameServer:
    """Names in lower case to addresses, and service names to priorities and targets."""

    addresses: dict[str, list[str]] = field(default_factory=dict)
    services: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    mute: bool = False
    asked: int = field(default=0, init=False)  # questions heard, answered or not
    _sock: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._sock is not None:
            self._sock.close()

    def listen(self, address: str) -> None:
        """Serve on port 53 of an address."""
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((address, 53))
        threading.Thread(target=self._serve, args=(self._sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        while True:
            try:
                asked, source = sock.recvfrom(512)
                self.asked += 1
                if not self.mute:
                    sock.sendto(self._reply(asked), source)
            except OSError:
                return
            except (IndexError, struct.error):
                continue  # no question

    def _reply(self, asked: bytes) -> bytes:
        labels, at = [], 12
        while length := asked[at]:
            labels.append(asked[at + 1 : at + 1 + length].decode("ascii").lower())
            at += 1 + length
        name, (kind,) = ".".join(labels), struct.unpack_from("!H", asked, at + 1)
        known = name in self.addresses or name in self.services
        records = self._records(name, kind)
        flags = _RESPONSE | (0 if known else _NO_SUCH_NAME)
        return asked[:2] + struct.pack("!5H", flags, 1, len(records), 0, 0) + asked[12 : at + 5] + b"".join(records)

    def _records(self, name: str, kind: int) -> list[bytes]:
        bodies: list[bytes] = []
        if kind == _A:
            bodies = [IPv4Address(one).packed for one in self.addresses.get(name, [])]
        elif kind == _SRV:
            bodies = [
                struct.pack("!3H", priority, 0, _SIP_PORT)
                + b"".join(bytes([len(label)]) + label.encode() for label in target.split("."))
                + b"\0"
                for priority, target in self.services.get(name, [])
            ]
        return [struct.pack("!3HIH", _THE_NAME_ASKED, kind, _IN, TTL_S, len(body)) + body for body in bodies]
