"""The client's end of varlink: one connection to one daemon on the same machine."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self, TypeVar

from edge.shared.paths import checked_socket_path
from edge.shared.varlink_idl import Interface, Message, Method, Params
from edge.shared.varlink_wire import MESSAGE_MAX, MessageTooLarge, dump, send

CALL_TIMEOUT = 10.0  # seconds a client waits for a daemon on the same machine
HUNG_UP = "the daemon hung up"
QUEUE_FULL = "its queue of connections is full: it takes none"

P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Message)


class CallFailed(Exception):
    """Raised by the client: the daemon answered with a named error."""

    def __init__(self, error: str, parameters: dict[str, Any]) -> None:
        super().__init__(f"{error} {parameters}" if parameters else error)
        self.error = error
        self.parameters = parameters

    @property
    def name(self) -> str:
        """The error's short name, without the interface."""
        return self.error.rsplit(".", 1)[-1]


class Unreachable(Exception):
    """Raised by the client: nobody serves this socket, or the daemon hung up or stayed silent."""

    def __init__(self, path: Path, reason: str, *, waited: float | None = None) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.waited = waited  # seconds, when it is there but stayed silent


class Client:
    """One connection to one daemon. Calls are answered in order."""

    def __init__(self, interface: Interface, path: Path) -> None:
        self.interface = interface
        self.path = checked_socket_path(path)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        try:
            self._streams = await asyncio.open_unix_connection(str(self.path), limit=MESSAGE_MAX)
        except OSError as error:
            raise Unreachable(self.path, error.strerror or str(error)) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._streams is not None:
            self._streams[1].close()

    async def call(self, method: Method[P, R], params: P, *, timeout: float = CALL_TIMEOUT) -> R:
        """Call and return the one reply. Raises CallFailed, Unreachable (also after timeout seconds)."""
        self._write(method, params, more=False)
        reading = asyncio.ensure_future(self._read())
        try:
            # wait() and not timeout(): an answer that lies there counts, although we come late (a slow disk, a busy machine).
            in_time, _ = await asyncio.wait({reading}, timeout=timeout)
        finally:
            reading.cancel()
        if not in_time:
            await asyncio.wait({reading})
            raise Unreachable(self.path, f"no answer within {timeout:g} s", waited=timeout)
        reply = reading.result()
        return method.result.model_validate(reply.get("parameters") or {})

    async def watch(self, method: Method[P, R], params: P) -> AsyncIterator[R]:
        """Yield replies until the daemon ends the stream. Raises CallFailed, Unreachable."""
        self._write(method, params, more=True)
        while True:
            reply = await self._read()
            if not reply.get("continues"):
                return
            yield method.result.model_validate(reply.get("parameters") or {})

    def _write(self, method: Method[P, R], params: P, *, more: bool) -> None:
        assert self._streams is not None, "use the client as a context manager"
        message: dict[str, Any] = {
            "method": f"{self.interface.name}.{method.name}",
            "parameters": dump(params),
        }
        if more:
            message["more"] = True
        try:
            send(self._streams[1], message)
        except MessageTooLarge as error:
            # The server would hang up in the middle, and the caller could not tell why.
            raise CallFailed("org.varlink.service.InvalidParameter", {"parameter": "size"}) from error

    async def _read(self) -> dict[str, Any]:
        assert self._streams is not None
        try:
            raw = await self._streams[0].readuntil(b"\0")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Unreachable(self.path, HUNG_UP) from error
        except OSError as error:
            # ENOTCONN: asyncio takes the EAGAIN of a full queue (unix(7), connect) for a connection under way.
            raise Unreachable(self.path, QUEUE_FULL if error.errno == errno.ENOTCONN else str(error)) from error
        except asyncio.LimitOverrunError as error:
            raise Unreachable(self.path, f"an answer over {MESSAGE_MAX} bytes") from error
        reply: dict[str, Any] = json.loads(raw[:-1])
        if "error" in reply:
            raise CallFailed(reply["error"], reply.get("parameters") or {})
        return reply


async def call_once(
    interface: Interface, path: Path, method: Method[P, R], params: P, *, timeout: float = CALL_TIMEOUT
) -> R:
    """Connect, call, hang up. Raises CallFailed, Unreachable."""
    async with Client(interface, path) as client:
        return await client.call(method, params, timeout=timeout)
