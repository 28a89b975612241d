"""Requests of our own through Kamailio's SIP socket, and the answers by Call-ID."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import cast

from edge.shared.model.voice import Listen
from edge.voice.register_message import Answer, read

log = logging.getLogger(__name__)


class Exchange(asyncio.DatagramProtocol):
    """One socket of ours."""

    def __init__(self, kamailio: Listen, answer_s: float) -> None:
        """answer_s: how long an answer is waited for."""
        self._kamailio = (str(kamailio.address), kamailio.port)
        self._answer_s = answer_s
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: our socket is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        """asyncio's: something came."""
        answer = read(data)
        waiting = self._waiting.get(answer.call_id) if answer else None
        if answer is not None and waiting is not None and not waiting.done() and source == self._kamailio:
            waiting.set_result(answer)

    def error_received(self, error: Exception) -> None:
        """asyncio's: Kamailio is not there."""
        log.debug("Kamailio's SIP port: %s", error)

    @property
    def own(self) -> str:
        """ADDRESS:PORT of our end."""
        assert self._transport is not None
        address, port = self._transport.get_extra_info("sockname")
        return f"{address}:{port}"

    async def ask(self, request: bytes, call_id: str) -> Answer | None:
        """Send, and wait for the final answer; None when none comes."""
        assert self._transport is not None
        self._waiting[call_id] = asyncio.get_running_loop().create_future()
        self._transport.sendto(request, self._kamailio)
        try:
            async with asyncio.timeout(self._answer_s):
                return await self._waiting[call_id]
        except TimeoutError:
            return None
        finally:
            del self._waiting[call_id]

    def close(self) -> None:
        """Close our end."""
        if self._transport is not None:
            self._transport.close()


@contextlib.asynccontextmanager
async def exchanging(kamailio: Listen, answer_s: float) -> AsyncIterator[Exchange]:
    """An exchange with one of Kamailio's sockets. Raises OSError."""
    exchange = Exchange(kamailio, answer_s)
    own = (str(kamailio.address), 0)
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: exchange, local_addr=own)
    try:
        yield exchange
    finally:
        exchange.close()
