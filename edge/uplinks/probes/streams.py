"""Probes over TCP: a connect, HTTP, HTTPS. Each is a task that ends within SECONDS_MAX, whatever the other side does."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Protocol, TypeVar

from edge.shared.messages.uplinks import ProbeOutcome
from edge.shared.model import ProbeKind, ProbeTarget
from edge.uplinks.probes.answers import Answered, Failed, Failure
from edge.uplinks.probes.device import bind_to_device
from edge.uplinks.probes.http import HttpAnswer, request
from edge.uplinks.probes.volume import Volume, of_connection

SECONDS_MAX = 2.0  # no probe outlives this; its round has long ended by then
AT_ONCE_MAX = 256  # of one link: more are not sent, and so lost
_RECEIVE_BUFFER = 16_384  # what an endless answer costs at most before the connection is reset
_READ = 4096
_TLS_BYTES_MAX = 65_536  # certificates and page

T = TypeVar("T")


class Streams:
    """The TCP probes of one link that are under way."""

    def __init__(self, interface: str, volume: Volume, answered: Answered, failed: Failed) -> None:
        self._interface = interface
        self._volume = volume
        self._answered = answered
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, number: int, target: ProbeTarget) -> None:
        """Begin a probe."""
        if len(self._tasks) >= AT_ONCE_MAX:
            self._failed(number, target, Failure(ProbeOutcome.UNSENT, "too many at once"))
            return
        task = asyncio.get_running_loop().create_task(self._ask(number, target))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """End all of them."""
        for task in self._tasks:
            task.cancel()

    async def _ask(self, number: int, target: ProbeTarget) -> None:
        try:
            async with asyncio.timeout(SECONDS_MAX):
                wrong = await self._converse(target)
        except TimeoutError:
            self._failed(number, target, Failure(ProbeOutcome.TIMEOUT, ""))
        except ConnectionRefusedError as error:
            self._failed(number, target, Failure(ProbeOutcome.REFUSED, error.strerror or ""))
        except ssl.SSLError as error:
            self._failed(number, target, Failure(ProbeOutcome.WRONG, f"TLS: {error.reason or error.strerror}"))
        except ConnectionError as error:
            self._failed(number, target, Failure(ProbeOutcome.WRONG, error.strerror or str(error)))
        except OSError as error:
            self._failed(number, target, Failure(ProbeOutcome.UNSENT, error.strerror or str(error)))
        else:
            if wrong is None:
                self._answered(number, target, 0)
            else:
                self._failed(number, target, Failure(ProbeOutcome.WRONG, wrong))

    async def _converse(self, target: ProbeTarget) -> str | None:
        """Ask, and say what was got instead of the right answer. Raises OSError, TimeoutError."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as opened:
            bind_to_device(opened, self._interface)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
            # Closing sends a reset: probes must not fill the target's table of half-closed connections.
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            try:
                await asyncio.get_running_loop().sock_connect(opened, (str(target.host), target.asked_port))
                return None if target.kind is ProbeKind.TCP else await _ask_for_page(opened, target)
            finally:
                self._volume.add(*of_connection(opened))


class _Channel(Protocol):
    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes: ...


async def _ask_for_page(opened: socket.socket, target: ProbeTarget) -> str | None:
    channel: _Channel = _Plain(opened)
    if target.kind is ProbeKind.HTTPS:
        tls = _Tls(channel, target)
        await tls.handshake()
        channel = tls
    await channel.send(request(target))
    answer = HttpAnswer(target)
    while not answer.feed(await channel.receive()):
        pass
    return answer.wrong


class _Plain:
    def __init__(self, opened: socket.socket) -> None:
        self._opened = opened

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._opened, data)

    async def receive(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self._opened, _READ)


class _Tls:
    """TLS in memory, so that what comes in is read and counted in one place, encrypted or not."""

    def __init__(self, plain: _Channel, target: ProbeTarget) -> None:
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._taken = 0
        context = _context(verify=target.verify_tls)
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=target.host_name or str(target.host)
        )

    async def handshake(self) -> None:
        await self._until_done(self._object.do_handshake)

    async def send(self, data: bytes) -> None:
        await self._until_done(lambda: self._object.write(data))

    async def receive(self) -> bytes:
        try:
            return await self._until_done(lambda: self._object.read(_READ))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def _until_done(self, step: Callable[[], T]) -> T:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._take_in()
                continue
            await self._flush()
            return result

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._plain.send(self._outgoing.read())

    async def _take_in(self) -> None:
        data = await self._plain.receive() if self._taken < _TLS_BYTES_MAX else b""
        self._taken += len(data)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()


@functools.cache
def _context(*, verify: bool) -> ssl.SSLContext:
    if verify:
        return ssl.create_default_context()
    # Not who answers, but whether the far away answers: after a power cut the clock may be wrong, no certificate valid.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
