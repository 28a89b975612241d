"""Programs of Debian's that speak no varlink: whether they answer what they are for."""

from __future__ import annotations

import asyncio

from edge.shared.daemons import Daemon, Question
from edge.shared.paths import Paths

ANSWER_TIMEOUT = 1.0  # seconds, for each of the questions
QUESTIONS = 2  # a datagram may be lost


async def serves(paths: Paths, daemon: Daemon) -> bool:
    """Whether it answers on loopback, or has nothing to serve: its launcher waits for settings then."""
    if daemon.question is None or not paths.configuration(daemon.name).exists():
        return True
    return await ask(daemon.question) is not None


async def ask(question: Question) -> bytes | None:
    """What the program answers, or None when it is silent."""
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Listening(answered), remote_addr=("127.0.0.1", question.port)
    )
    try:
        for _ in range(QUESTIONS):
            transport.sendto(question.datagram)
            done, _pending = await asyncio.wait([answered], timeout=ANSWER_TIMEOUT)
            if done:
                return answered.result()
        return None
    finally:
        transport.close()


class _Listening(asyncio.DatagramProtocol):
    def __init__(self, answered: asyncio.Future[bytes]) -> None:
        self._answered = answered

    def datagram_received(self, data: bytes, _source: object) -> None:
        if not self._answered.done():
            self._answered.set_result(data)
