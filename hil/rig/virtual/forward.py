"""A TCP forwarder from 127.0.0.1 of the machine to an address inside a namespace. Runs as its own process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys

from hil.rig.virtual.inside import inside

CHUNK = 65_536


async def forward(namespace: str, address: str, port: int, local_port: int) -> None:
    """Serve until killed; prints `listening on 127.0.0.1:PORT`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await _connect(namespace, address, port)
        except OSError as error:  # nobody listens inside (yet): the browser is told by the close
            print(f"{address}:{port}: {error}", flush=True)
            writer.close()
            return
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", local_port)
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


async def _connect(namespace: str, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    with inside(namespace):  # nothing is awaited in the block: no other socket is made there by mistake
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except OSError:
        sock.close()
        raise
    return await asyncio.open_connection(sock=sock)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):  # a browser leaves when it likes
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            return
    writer.close()


if __name__ == "__main__":
    asyncio.run(forward(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
