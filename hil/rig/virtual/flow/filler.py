"""The program of bulk traffic: fills a link's upload as fast as it goes, or takes in what comes.

filler sink ADDRESS                                  TCP and UDP on one free port; logs `RECEIVED BYTES` a second
filler tcp|udp OWN FAR PORT STREAMS KBIT             sends until killed; kbit/s in all, for udp only
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time

TCP_CHUNK = bytes(64 * 1024)
UDP_PACKET = bytes(1400)


class _Taken(asyncio.DatagramProtocol):
    """Counts datagrams."""

    def __init__(self) -> None:
        self.received = 0

    def datagram_received(self, data: bytes, _source: tuple[str, int]) -> None:
        self.received += len(data)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            self.received += len(data)
        writer.close()


async def sink(address: str) -> None:
    """Take everything, say each second how much it was so far."""
    taken = _Taken()
    server = await asyncio.start_server(taken.take, address, 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: taken, local_addr=(address, port))
    print(f"listening on {address}:{port}", flush=True)
    while True:
        await asyncio.sleep(1)
        print(f"received {taken.received}", flush=True)


async def send_tcp(own: str, far: str, port: int, streams: int) -> None:
    """So many connections, each as fast as it may."""

    async def stream() -> None:
        _reader, writer = await asyncio.open_connection(far, port, local_addr=(own, 0))
        while True:
            writer.write(TCP_CHUNK)
            await writer.drain()

    print("sending", flush=True)
    await asyncio.gather(*(stream() for _ in range(streams)))


def send_udp(own: str, far: str, port: int, kbit: int) -> None:
    """From a low port: two high ones would be taken for voice."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((own, 999))
    interval, due = len(UDP_PACKET) * 8 / (kbit * 1000), time.monotonic()
    print("sending", flush=True)
    while True:
        sock.sendto(UDP_PACKET, (far, port))
        due += interval
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["sink", address]:
            asyncio.run(sink(address))
        case ["tcp", own, far, port, streams, _]:
            asyncio.run(send_tcp(own, far, int(port), int(streams)))
        case ["udp", own, far, port, _, kbit]:
            send_udp(own, far, int(port), int(kbit))
        case _:
            sys.exit(__doc__)
