"""The program of the health targets: UDP echo (RFC 862) and a TCP port that accepts, on several addresses."""

from __future__ import annotations

import asyncio
import sys
from typing import cast


class _Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not isinstance: asyncio's own datagram transport is none of that class's children.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        self._transport.sendto(data, source)


async def _accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def serve(udp_port: int, tcp_port: int, addresses: list[str]) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    for address in addresses:
        await loop.create_datagram_endpoint(_Echo, local_addr=(address, udp_port))
        await asyncio.start_server(_accept, address, tcp_port)
    print(f"listening on {', '.join(addresses)}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
