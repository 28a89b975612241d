"""Varlink over Unix sockets (varlink.org): JSON ended by NUL, with SO_PEERCRED deciding who may call what.

The server is here, the client in varlink_client.py, offered here too.

The server checks the caller's right before it reads the parameters, limits the size of a message, and drops a
watcher that does not read instead of waiting for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import ValidationError

from edge.shared.broadcast import WatcherTooSlow
from edge.shared.paths import checked_socket_path
from edge.shared.rights import OTHER, ROOT, Caller, caller_of, may_call
from edge.shared.varlink_client import CALL_TIMEOUT, CallFailed, Client, Unreachable, call_once
from edge.shared.varlink_idl import ErrorReply, Interface, Message, Method, Params
from edge.shared.varlink_wire import MESSAGE_MAX, dump, send

__all__ = ["CALL_TIMEOUT", "CallFailed", "Client", "Denied", "Refused", "Server", "Unreachable", "call_once"]

log = logging.getLogger(__name__)

SERVICE = "org.varlink.service"
STRANGERS_MAX = 32  # connections of users who are no daemon, all together: each may cost a message's memory
DAEMON_MAX = 256  # connections of one daemon
WATCHER_PATIENCE = 5.0  # seconds a watcher may leave what it was sent unread before it is dropped

SERVICE_TEXT = """# The interface every varlink service has.
interface org.varlink.service

# Who serves here, and which interfaces.
method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)

# The text of one interface.
method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
error InvalidParameter (parameter: string)
error PermissionDenied ()
error ExpectedMore ()
"""

P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Message)


class Refused(Exception):
    """Raised by a handler: the call is answered with this named error and its data."""

    def __init__(self, error: ErrorReply) -> None:
        super().__init__(f"{type(error).__name__} {error!r}")
        self.error = error


class _ServiceError(Exception):
    """An error of org.varlink.service."""

    def __init__(self, name: str, **parameters: str) -> None:
        super().__init__(name)
        self.name = name
        self.parameters = parameters


class Denied(_ServiceError):
    """Raised by a handler whose answer depends on who asks: answered as if the table of rights had refused it."""

    def __init__(self) -> None:
        super().__init__("PermissionDenied")


@dataclass(frozen=True)
class _Call:
    method: str
    parameters: dict[str, Any]
    more: bool
    oneway: bool


Handler = Callable[[Any, Caller], Awaitable[Message]]
Streamer = Callable[[Any, Caller], AsyncIterator[Message]]


class Server:
    """Serves one interface on one socket."""

    def __init__(self, interface: Interface, path: Path, *, version: str = "0.1.0") -> None:
        self.interface = interface
        self.path = checked_socket_path(path)
        self.version = version
        self._handlers: dict[str, Handler] = {}
        self._streamers: dict[str, Streamer] = {}
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._open: Counter[str] = Counter()  # connections, by caller

    def on(self, method: Method[P, R], handler: Callable[[P, Caller], Awaitable[R]]) -> None:
        """Answer a method with one reply."""
        self._handlers[method.name] = handler

    def on_stream(self, method: Method[P, R], streamer: Callable[[P, Caller], AsyncIterator[R]]) -> None:
        """Answer a method with as many replies as the iterator gives, while the caller listens."""
        self._streamers[method.name] = streamer

    async def start(self) -> None:
        """Bind the socket, replacing one left by a killed predecessor. Every method must have its handler."""
        silent = {m.name for m in self.interface.methods} - self._handlers.keys() - self._streamers.keys()
        if silent:
            raise ValueError(f"{self.interface.name}: no handler for {sorted(silent)}")
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self._server = await asyncio.start_unix_server(self._accept, str(self.path), limit=MESSAGE_MAX)
        # Everybody may connect: the caller's uid, not the file mode, decides what they may do.
        self.path.chmod(0o666)

    async def stop(self) -> None:
        """Hang up on everybody and remove the socket."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        except (WatcherTooSlow, TimeoutError):
            log.warning("a caller of %s does not read its answers: dropped", self.interface.name)
            writer.transport.abort()
        except Exception:  # one caller's call must not end the daemon
            log.exception("a call of %s failed", self.interface.name)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = caller_of(writer.get_extra_info("socket"))
        if self._open[caller.user] >= _connections_max(caller):
            log.warning("too many connections of %s (uid %d): hung up", caller.user, caller.uid)
            return
        self._open[caller.user] += 1
        try:
            await self._answer_calls(caller, reader, writer)
        finally:
            self._open[caller.user] -= 1

    async def _answer_calls(self, caller: Caller, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                raw = await reader.readuntil(b"\0")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                log.warning("message over %d bytes from %s refused", MESSAGE_MAX, caller.user)
                send(writer, {"error": f"{SERVICE}.InvalidParameter", "parameters": {"parameter": "size"}})
                await _drain(writer, CALL_TIMEOUT)
                return
            call = _parse_call(raw[:-1])
            if call is None:
                log.warning("not a varlink call from %s: hung up", caller.user)
                return
            await self._answer(call, caller, reader, writer)

    async def _answer(
        self, call: _Call, caller: Caller, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            if call.method.startswith(SERVICE + "."):
                replies = _once(self._service(call))
            else:
                replies = self._dispatch(call, caller)
            await self._send_replies(replies, call, reader, writer)
        except _ServiceError as error:
            reply = {"error": f"{SERVICE}.{error.name}", "parameters": error.parameters}
        except Refused as refused:
            name = f"{self.interface.name}.{type(refused.error).__name__}"
            reply = {"error": name, "parameters": dump(refused.error)}
        else:
            return
        if not call.oneway:
            send(writer, reply)
            await _drain(writer, CALL_TIMEOUT)

    async def _send_replies(
        self,
        replies: AsyncIterator[dict[str, Any]],
        call: _Call,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if not (call.more and self._streams(call.method)):
            async with contextlib.aclosing(_as_generator(replies)) as once:
                async for parameters in once:
                    if not call.oneway:
                        send(writer, {"parameters": parameters})
                        await _drain(writer, CALL_TIMEOUT)
                    return
            return
        # While it is watched, a well-behaved caller is silent: anything readable is its hanging up.
        gone = asyncio.ensure_future(reader.read(1))
        try:
            async with contextlib.aclosing(_as_generator(replies)) as stream:
                while True:
                    item = asyncio.ensure_future(anext(stream, None))
                    try:
                        await asyncio.wait({item, gone}, return_when=asyncio.FIRST_COMPLETED)
                        watched = item.done()
                    finally:
                        # Also when the server stops: a stream that still runs could not be closed.
                        item.cancel()
                        await asyncio.gather(item, return_exceptions=True)
                    if not watched:
                        raise ConnectionResetError
                    parameters = item.result()
                    if parameters is None:
                        break
                    send(writer, {"parameters": parameters, "continues": True})
                    # Only this watcher's own task waits here; what it misses meanwhile is bounded by its queue.
                    await _drain(writer, WATCHER_PATIENCE)
        finally:
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)  # two may not read at once: the next call is read next
        send(writer, {"parameters": {}})
        await _drain(writer, CALL_TIMEOUT)

    def _streams(self, method: str) -> bool:
        return method.rpartition(".")[2] in self._streamers

    async def _dispatch(self, call: _Call, caller: Caller) -> AsyncIterator[dict[str, Any]]:
        interface, _, name = call.method.rpartition(".")
        if interface != self.interface.name:
            raise _ServiceError("InterfaceNotFound", interface=interface)
        method = self.interface.method(name)
        if method is None:
            raise _ServiceError("MethodNotFound", method=call.method)
        if not may_call(caller, call.method):
            log.warning("%s refused to user %s (uid %d, pid %d)", call.method, caller.user, caller.uid, caller.pid)
            raise _ServiceError("PermissionDenied")
        try:
            params = method.params.model_validate(call.parameters)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "parameters"
            raise _ServiceError("InvalidParameter", parameter=place) from error
        if name in self._streamers:
            async with contextlib.aclosing(_as_generator(self._streamers[name](params, caller))) as stream:
                async for message in stream:
                    yield dump(message)
        else:
            yield dump(await self._handlers[name](params, caller))

    def _service(self, call: _Call) -> dict[str, Any]:
        match call.method.removeprefix(SERVICE + "."):
            case "GetInfo":
                return {
                    "vendor": "Repli",
                    "product": self.interface.name.rsplit(".", 1)[-1],
                    "version": self.version,
                    "url": "",
                    "interfaces": [SERVICE, self.interface.name],
                }
            case "GetInterfaceDescription":
                wanted = call.parameters.get("interface")
                texts = {SERVICE: SERVICE_TEXT, self.interface.name: self.interface.text()}
                if not isinstance(wanted, str):
                    raise _ServiceError("InvalidParameter", parameter="interface")
                if wanted not in texts:
                    raise _ServiceError("InterfaceNotFound", interface=wanted)
                return {"description": texts[wanted]}
            case _:
                raise _ServiceError("MethodNotFound", method=call.method)


async def _once(parameters: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    yield parameters


def _as_generator(stream: AsyncIterator[Any]) -> Any:
    """Async generators have aclose(); a bare iterator is given one."""
    if hasattr(stream, "aclose"):
        return stream

    async def generator() -> AsyncIterator[Any]:
        async for item in stream:
            yield item

    return generator()


async def _drain(writer: asyncio.StreamWriter, patience: float) -> None:
    async with asyncio.timeout(patience):
        await writer.drain()


def _connections_max(caller: Caller) -> float:
    """Descriptors and memory are shared by all callers: nobody may use them up, but root, who may do anything."""
    return {ROOT: math.inf, OTHER: STRANGERS_MAX}.get(caller.user, DAEMON_MAX)


def _int64(digits: str) -> int:
    """A varlink int; a larger one would only fail deeper, in SQLite for one. Raises ValueError."""
    number = int(digits)
    if not -(2**63) <= number < 2**63:
        raise ValueError("not a 64-bit number")
    return number


def _parse_call(raw: bytes) -> _Call | None:
    try:
        message = json.loads(raw, parse_int=_int64)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        return None
    parameters = message.get("parameters")
    if parameters is None:
        parameters = {}
    if not isinstance(parameters, dict):
        return None
    return _Call(message["method"], parameters, bool(message.get("more")), bool(message.get("oneway")))
