"""Kamailio's JSON-RPC over Unix datagrams (module jsonrpcs, transport 4)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import socket
from pathlib import Path
from typing import Any, cast

from edge.shared.paths import checked_socket_path

log = logging.getLogger(__name__)

TIMEOUT = 1.0  # seconds; Kamailio answers within a few milliseconds or is not there


class RpcSilent(Exception):
    """Nobody answers at Kamailio's socket."""


class RpcRefused(Exception):
    """Kamailio answered with an error."""


class _Answers(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Future[Any]] = {}

    def datagram_received(self, data: bytes, _: object) -> None:
        try:
            # Headers of phones are in it, and those may hold any bytes.
            reply = json.loads(data.decode("utf-8", "replace"))
        except ValueError:
            # A reply over the datagram limit comes cut: its caller's time runs out.
            log.warning("Kamailio's answer of %d bytes is no JSON", len(data))
            return
        future = self.waiting.pop(reply.get("id"), None)
        if future is None or future.done():
            return
        if "error" in reply:
            future.set_exception(RpcRefused(str(reply["error"].get("message"))))
        else:
            future.set_result(reply.get("result"))

    def error_received(self, error: Exception) -> None:
        log.debug("Kamailio's socket: %s", error)


class KamailioRpc:
    """Calls one Kamailio. Its own socket is made at the first call, and made again when the run folder was."""

    def __init__(self, socket_path: Path) -> None:
        """socket_path: Kamailio's own. Raises SocketPathTooLong."""
        self.path = socket_path
        self.own = checked_socket_path(socket_path.with_name(f"voice-{os.getpid()}"))
        self._numbers = itertools.count(1)
        self._transport: asyncio.DatagramTransport | None = None
        self._answers = _Answers()

    async def call(self, method: str, *parameters: str | int) -> Any:
        """Call and return the result. Raises RpcSilent, RpcRefused."""
        transport = await self._open()
        number = next(self._numbers)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers.waiting[number] = future
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": list(parameters)}
        transport.sendto(json.dumps(request).encode(), str(self.path))
        try:
            async with asyncio.timeout(TIMEOUT):
                return await future
        except TimeoutError as error:
            raise RpcSilent(f"{method}: no answer within {TIMEOUT:g} s") from error
        finally:
            self._answers.waiting.pop(number, None)

    async def targets(self) -> Any:
        """Every address that it probes, as dispatcher.list has them; None: not one. Raises RpcSilent."""
        try:
            return await self.call("dispatcher.list")
        except RpcRefused:
            return None  # an empty list is an error to it

    def close(self) -> None:
        """Remove our own socket."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        with contextlib.suppress(OSError):
            self.own.unlink()

    async def _open(self) -> asyncio.DatagramTransport:
        if not self.path.exists():
            raise RpcSilent(f"{self.path} is not there")
        if self._transport is not None and self.own.exists():
            return self._transport
        self.close()
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self._answers, local_addr=cast(Any, str(self.own)), family=socket.AF_UNIX
            )
            # Kamailio's user answers to it by the group that the run folder hands down.
            self.own.chmod(0o660)
        except OSError as error:
            raise RpcSilent(f"{self.own}: {error.strerror}") from error
        self._transport = transport
        return transport
