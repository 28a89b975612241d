"""A probe asked once on the loopback, and servers for it to ask."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from edge.shared.messages.uplinks import ProbeOutcome
from edge.shared.model import ProbeTarget
from edge.uplinks.probes import Failure, ProbeSockets, Volume

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def target(kind: str, **settings: Any) -> ProbeTarget:
    return ProbeTarget.model_validate({"kind": kind, "host": HERE, **settings})


async def ask(
    target: ProbeTarget, *, interface: str = "lo", seconds: float = 3.0, volume: Volume | None = None
) -> Failure | None:
    """Ask once; None: answered."""
    done: asyncio.Future[Failure | None] = asyncio.get_running_loop().create_future()

    def settle(result: Failure | None) -> None:
        if not done.done():
            done.set_result(result)

    sockets = ProbeSockets(
        interface,
        (target,),
        lambda _number, _target, _age: settle(None),
        lambda _number, _target, failure: settle(failure),
        volume,
    )
    sockets.send(1, (target,))
    try:
        return await asyncio.wait_for(done, seconds)
    except TimeoutError:
        return Failure(ProbeOutcome.TIMEOUT, "")
    finally:
        sockets.close()


async def serve(talk: Talk, context: ssl.SSLContext | None = None) -> int:
    """A TCP server for one test; its port."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(guarded, HERE, 0, ssl=context)
    return int(server.sockets[0].getsockname()[1])


def says(answer: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.write_eof() if writer.can_write_eof() else writer.close()
        await asyncio.sleep(1)

    return talk


NO_CONTENT = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def outcome(story: Awaitable[Failure | None]) -> ProbeOutcome:
    failure = asyncio.run(story)  # type: ignore[arg-type]
    return ProbeOutcome.ANSWERED if failure is None else failure.outcome
