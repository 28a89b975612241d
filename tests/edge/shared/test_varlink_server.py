"""A varlink server of our own making: watchers slow and quick, defects, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.shared.broadcast import Broadcast
from edge.shared.rights import Caller
from edge.shared.varlink import CallFailed, Client, Server, Unreachable, call_once
from edge.shared.varlink_idl import Interface, Message, Method, NoParams, Params
from edge.shared.varlink_wire import MESSAGE_MAX
from hil.rig.daemon import LocalRoot
from tests.edge.shared.varlink_raw import call


class Blob(Message):
    """A state, with ballast."""

    number: int
    ballast: str


class Pause(Params):
    """Seconds to sleep."""

    seconds: float


WATCH = Method("Watch", NoParams, Blob, "The state, then each change.", streams=True)
SLEEP = Method("Sleep", Pause, Blob, "Answers late.")
BLOBS = Interface("fr.repli.blobs", "For tests.", [WATCH, SLEEP])


@contextlib.asynccontextmanager
async def blob_server(path: Path) -> AsyncIterator[Broadcast[Blob]]:
    """A server of large states."""
    states = Broadcast(Blob(number=0, ballast=""))

    async def watch(_params: NoParams, _caller: Caller) -> AsyncIterator[Blob]:
        async for state in states.watch():
            yield state

    async def sleep(params: Pause, _caller: Caller) -> Blob:
        await asyncio.sleep(params.seconds)
        if params.seconds == 0:
            raise RuntimeError("a defect in a handler")
        return states.state

    server = Server(BLOBS, path)
    server.on_stream(WATCH, watch)
    server.on(SLEEP, sleep)
    async with server:
        yield states


def test_a_server_without_all_its_handlers_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Watch"):
        asyncio.run(Server(BLOBS, tmp_path / "s").start())


def test_a_slow_watcher_is_dropped_and_a_reading_one_gets_everything(root: LocalRoot) -> None:
    asyncio.run(_slow_and_quick(root.paths.run / "blobs"))


async def _slow_and_quick(path: Path) -> None:
    changes = 400
    async with blob_server(path) as states, Client(BLOBS, path) as quick:
        _reader, slow = await asyncio.open_unix_connection(str(path), limit=1)
        slow.write(call("fr.repli.blobs.Watch", more=True))
        numbers: list[int] = []

        async def read() -> None:
            async for state in quick.watch(WATCH, NoParams()):
                numbers.append(state.number)
                if state.number == changes:
                    return

        reading = asyncio.create_task(read())
        await asyncio.sleep(0.1)
        for number in range(1, changes + 1):
            states.publish(Blob(number=number, ballast="x" * 50_000))
            await asyncio.sleep(0.002)
        await asyncio.wait_for(reading, 30)
        assert numbers == list(range(changes + 1))
        assert len(states._queues) <= 1  # the slow one is not fed any more
        slow.close()


def test_a_state_larger_than_every_buffer_reaches_its_watcher(root: LocalRoot) -> None:
    async def scenario() -> int:
        async with blob_server(root.paths.run / "blobs") as states:
            states.publish(Blob(number=7, ballast="x" * (MESSAGE_MAX - 1000)))
            async with Client(BLOBS, root.paths.run / "blobs") as client:
                async for state in client.watch(WATCH, NoParams()):
                    return len(state.ballast)
        return 0

    assert asyncio.run(scenario()) == MESSAGE_MAX - 1000


def test_a_watcher_that_leaves_is_forgotten(root: LocalRoot) -> None:
    async def scenario() -> int:
        path = root.paths.run / "blobs"
        async with blob_server(path) as states:
            async with Client(BLOBS, path) as client:
                async for _state in client.watch(WATCH, NoParams()):
                    assert len(states._queues) == 1
                    break
            for _ in range(100):
                if not states._queues:
                    break
                await asyncio.sleep(0.02)
            return len(states._queues)

    assert asyncio.run(scenario()) == 0


def test_a_late_answer_is_said_and_a_defect_costs_one_connection_only(root: LocalRoot) -> None:
    async def scenario() -> None:
        path = root.paths.run / "blobs"
        async with blob_server(path):
            with pytest.raises(Unreachable, match="no answer within"):
                await call_once(BLOBS, path, SLEEP, Pause(seconds=5), timeout=0.1)
            with pytest.raises(Unreachable, match="hung up"):
                await call_once(BLOBS, path, SLEEP, Pause(seconds=0))
            assert (await call_once(BLOBS, path, SLEEP, Pause(seconds=0.01))).number == 0

    asyncio.run(scenario())


def test_an_answer_that_came_while_the_asker_was_held_up_is_one(root: LocalRoot) -> None:
    path = root.paths.run / "blobs"
    answered = threading.Event()

    def serve(listener: socket.socket) -> None:
        with listener.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(b'{"parameters": {"number": 7, "ballast": ""}}\0')
            answered.set()

    def held_up() -> None:
        answered.wait(20)
        time.sleep(0.3)

    async def scenario() -> int:
        async with Client(BLOBS, path) as client:
            asyncio.get_running_loop().call_soon(held_up)
            return (await client.call(SLEEP, Pause(seconds=0), timeout=0.2)).number

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        server = threading.Thread(target=serve, args=[listener])
        server.start()
        assert asyncio.run(scenario()) == 7
        server.join()


def test_stopping_at_the_moment_an_answer_went_out_ends_the_connection(root: LocalRoot) -> None:
    """The cancellation meets the end of the drain exactly: asyncio.wait_for of Python 3.11 would swallow it."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        stopped: asyncio.Future[None] = loop.create_future()
        server = Server(BLOBS, root.paths.run / "blobs")

        async def stop() -> None:
            await server.stop()
            stopped.set_result(None)

        async def watch(_params: NoParams, _caller: Caller) -> AsyncIterator[Blob]:
            yield Blob(number=0, ballast="")

        async def sleep(_params: Pause, _caller: Caller) -> Blob:
            # One turn of the loop later the drain's own task has ended, but whoever waits for it was not told yet.
            loop.call_soon(lambda: tasks.add(loop.create_task(stop())))
            return Blob(number=0, ballast="")

        tasks: set[asyncio.Task[None]] = set()
        server.on_stream(WATCH, watch)
        server.on(SLEEP, sleep)
        await server.start()
        _reader, writer = await asyncio.open_unix_connection(str(server.path))
        writer.write(call("fr.repli.blobs.Sleep", parameters={"seconds": 0.0}))
        async with asyncio.timeout(20):
            await stopped
        writer.close()

    asyncio.run(scenario())


def test_call_failed_names_the_error_shortly() -> None:
    assert CallFailed("fr.repli.settings.NothingToConfirm", {}).name == "NothingToConfirm"
