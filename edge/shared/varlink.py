"""Varlink over Unix sockets (varlink.org): JSON ended by NUL, with SO_PEERCRED deciding who may call what.

The server checks the caller's right before it reads the parameters, limits the size of a message, and drops a
watcher that does not read instead of waiting for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import ValidationError

from edge.shared.paths import checked_socket_path
from edge.shared.rights import Caller, caller_of, may_call
from edge.shared.varlink_idl import ErrorReply, Interface, Message, Method, Params

log = logging.getLogger(__name__)

SERVICE = "org.varlink.service"
MESSAGE_MAX = 4 * 1024 * 1024  # bytes; the largest legal message is an import of some 20 000 contacts
WATCHER_BACKLOG_MAX = 256 * 1024  # bytes a watcher may leave unread before it is dropped
CALL_TIMEOUT = 10.0  # seconds a client waits for a daemon on the same machine

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

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


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
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
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
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = caller_of(writer.get_extra_info("socket"))
        while True:
            try:
                raw = await reader.readuntil(b"\0")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                log.warning("message over %d bytes from %s refused", MESSAGE_MAX, caller.user)
                _send(writer, {"error": f"{SERVICE}.InvalidParameter", "parameters": {"parameter": "size"}})
                await _drain(writer)
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
            reply = {"error": name, "parameters": _dump(refused.error)}
        else:
            return
        if not call.oneway:
            _send(writer, reply)
            await _drain(writer)

    async def _send_replies(
        self,
        replies: AsyncIterator[dict[str, Any]],
        call: _Call,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if not call.more:
            async with contextlib.aclosing(_as_generator(replies)) as once:
                async for parameters in once:
                    if not call.oneway:
                        _send(writer, {"parameters": parameters})
                        await _drain(writer)
                    return
            return
        # While it is watched, a well-behaved caller is silent: anything readable is its hanging up.
        gone = asyncio.ensure_future(reader.read(1))
        try:
            async with contextlib.aclosing(_as_generator(replies)) as stream:
                while True:
                    item = asyncio.ensure_future(anext(stream, None))
                    await asyncio.wait({item, gone}, return_when=asyncio.FIRST_COMPLETED)
                    if not item.done():
                        item.cancel()
                        await asyncio.gather(item, return_exceptions=True)
                        raise ConnectionResetError
                    parameters = item.result()
                    if parameters is None:
                        break
                    _send(writer, {"parameters": parameters, "continues": True})
                    if writer.transport.get_write_buffer_size() > WATCHER_BACKLOG_MAX:
                        log.warning("slow watcher of %s dropped", call.method)
                        writer.transport.abort()
                        raise ConnectionResetError
        finally:
            gone.cancel()
        _send(writer, {"parameters": {}})
        await _drain(writer)

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
                    yield _dump(message)
        else:
            yield _dump(await self._handlers[name](params, caller))

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
        try:
            reply = await asyncio.wait_for(self._read(), timeout)
        except TimeoutError as error:
            raise Unreachable(self.path, f"no answer within {timeout:g} s") from error
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
            "parameters": _dump(params),
        }
        if more:
            message["more"] = True
        _send(self._streams[1], message)

    async def _read(self) -> dict[str, Any]:
        assert self._streams is not None
        try:
            raw = await self._streams[0].readuntil(b"\0")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Unreachable(self.path, "the daemon hung up") from error
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


def _dump(message: Message | Params) -> dict[str, Any]:
    return message.model_dump(mode="json", by_alias=True)


def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\0")


async def _drain(writer: asyncio.StreamWriter) -> None:
    await asyncio.wait_for(writer.drain(), CALL_TIMEOUT)


def _parse_call(raw: bytes) -> _Call | None:
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        return None
    parameters = message.get("parameters") or {}
    if not isinstance(parameters, dict):
        return None
    return _Call(message["method"], parameters, bool(message.get("more")), bool(message.get("oneway")))
