"""One connection to a gateway: opened, bound, PDUs in and out. What they mean is the keeper's business."""

from __future__ import annotations

import asyncio
import ssl

from edge.modem.smpp import pdu, status
from edge.modem.smpp.pdu import Command, Malformed, Pdu, Stream
from edge.shared.model import Gateway


class LinkFailed(Exception):
    """Nobody there, nobody answers, or what answers is no gateway."""


class BindRefused(Exception):
    """The gateway knows neither this account nor this password, or does not want it now."""

    def __init__(self, code: int) -> None:
        super().__init__(status.name(code))
        self.code = code


class Link(asyncio.Protocol):
    """An open connection. `arrived` is set when there is something to take, or the end."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.broken: str | None = None  # why nothing more will come
        self._stream = Stream()
        self._taken: list[Pdu] = []
        self._transport: asyncio.Transport | None = None
        self._sequence = 0

    @classmethod
    async def open(cls, gateway: Gateway) -> Link:
        """Connect and bind, in gateway.answer_timeout_s. Raises LinkFailed, BindRefused."""
        loop = asyncio.get_running_loop()
        link = cls()
        try:
            async with asyncio.timeout(gateway.answer_timeout_s):
                await loop.create_connection(
                    lambda: link,
                    gateway.host,
                    gateway.port,
                    ssl=_trust(gateway) if gateway.tls else None,
                    ssl_handshake_timeout=gateway.answer_timeout_s if gateway.tls else None,
                )
                await link._bind(gateway)
        except TimeoutError as error:
            link.close()
            raise LinkFailed("no answer") from error
        except OSError as error:
            raise LinkFailed(str(error) or type(error).__name__) from error
        except BaseException:
            link.close()
            raise
        return link

    async def _bind(self, gateway: Gateway) -> None:
        asked = self.send(Command.BIND_TRANSCEIVER, pdu.bind(gateway.account, gateway.password))
        while True:
            await self.wait()
            for answer in self.take():
                if answer.sequence == asked and answer.command in (
                    Command.BIND_TRANSCEIVER_RESP,
                    Command.GENERIC_NACK,
                ):
                    if answer.status:
                        raise BindRefused(answer.status)
                    return
            if self.broken is not None:
                raise LinkFailed(self.broken)

    # -- PDUs ---------------------------------------------------------------------------------------------------

    def send(self, command: Command, body: bytes = b"") -> int:
        """Send a request; returns its sequence number. What cannot be written any more is lost with the connection."""
        self._sequence = self._sequence % pdu.SEQUENCE_MAX + 1
        self.answer(Pdu(command, self._sequence, body))
        return self._sequence

    def answer(self, response: Pdu) -> None:
        """Send a PDU that is complete."""
        if self._transport is not None:
            self._transport.write(response.encode())

    def take(self) -> list[Pdu]:
        """What came since the last time, in order."""
        taken, self._taken = self._taken, []
        self.arrived.clear()
        return taken

    async def wait(self) -> None:
        """Return when something came, or the connection ended."""
        if self.broken is None:
            await self.arrived.wait()

    def close(self) -> None:
        """End it at once."""
        self.broken = self.broken or "closed"
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio.Protocol ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Cut into PDUs; octets that are none end the connection."""
        try:
            self._taken.extend(self._stream.feed(data))
        except Malformed as error:
            self.broken = f"not SMPP: {error}"
            self.close()
        self.arrived.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wake whoever waits."""
        self.broken = self.broken or (str(exc) if exc else "the gateway closed the connection")
        self.arrived.set()


def _trust(gateway: Gateway) -> ssl.SSLContext:
    """Verified by the system's authorities, or by the file of the settings where a gateway signs its own."""
    return ssl.create_default_context(cafile=gateway.tls_ca)
