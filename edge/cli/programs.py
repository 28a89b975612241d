"""Programs of Debian's that speak no varlink: whether they answer what they are for."""

from __future__ import annotations

import asyncio

from edge.shared.daemons import Daemon
from edge.shared.paths import Paths

ANSWER_TIMEOUT = 1.0  # seconds, for each of the questions
QUESTIONS = 2  # a datagram may be lost


async def serves(paths: Paths, daemon: Daemon) -> bool:
    """Whether it answers on loopback, or has nothing to serve: its launcher waits for settings then."""
    if daemon.question is None or not paths.configuration(daemon.name).exists():
        return True
    answered = asyncio.Event()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Listening(answered), remote_addr=("127.0.0.1", daemon.question.port)
    )
    try:
        for _ in range(QUESTIONS):
            transport.sendto(daemon.question.datagram)
            try:
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    await answered.wait()
            except TimeoutError:
                continue
            return True
        return False
    finally:
        transport.close()


class _Listening(asyncio.DatagramProtocol):
    def __init__(self, answered: asyncio.Event) -> None:
        self._answered = answered

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        self._answered.set()
