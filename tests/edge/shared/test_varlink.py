"""Our varlink server and client, against the reference client and against ill-behaved ones, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import varlink

from edge.shared.broadcast import Broadcast
from edge.shared.messages.common import STATUS
from edge.shared.messages.settings import APPLY, SETTINGS, ApplyParams
from edge.shared.paths import SOCKET_PATH_MAX, SocketPathTooLong
from edge.shared.rights import Caller
from edge.shared.varlink import STRANGERS_MAX, CallFailed, Client, Server, Unreachable, call_once
from edge.shared.varlink_client import QUEUE_FULL
from edge.shared.varlink_idl import Interface, Message, Method, NoParams, Params
from edge.shared.varlink_wire import MESSAGE_MAX
from hil.rig.daemon import LocalRoot

SITE = '[site]\nname = "Mairie de Test"\n'


@pytest.fixture
def settings(root: LocalRoot) -> LocalRoot:
    """A root with a running settings daemon: a real server process."""
    root.write_site(SITE)
    root.start("settings")
    return root


@pytest.fixture
def reference(settings: LocalRoot) -> Iterator[varlink.SimpleClientInterfaceHandler]:
    """The reference client from PyPI, connected to it."""
    address = f"unix:{settings.paths.socket('settings')}"
    with varlink.Client(address) as client, client.open("fr.repli.settings") as connection:
        yield connection


def test_reference_client_introspects(settings: LocalRoot) -> None:
    with (
        varlink.Client(f"unix:{settings.paths.socket('settings')}") as client,
        client.open("org.varlink.service") as service,
    ):
        info = service.GetInfo()
        assert info["vendor"] == "Repli"
        assert info["interfaces"] == ["org.varlink.service", "fr.repli.settings"]
        described = service.GetInterfaceDescription("fr.repli.settings")["description"]
        assert described == SETTINGS.text()
        itself = service.GetInterfaceDescription("org.varlink.service")["description"]
        assert varlink.Interface(itself).name == "org.varlink.service"
        with pytest.raises(varlink.InterfaceNotFound):
            service.GetInterfaceDescription("fr.repli.nothing")


def test_reference_client_calls(reference: varlink.SimpleClientInterfaceHandler) -> None:
    assert reference.Status()["summary"]["site"] == "Mairie de Test"


def test_reference_client_gets_named_errors_with_their_data(reference: varlink.SimpleClientInterfaceHandler) -> None:
    with pytest.raises(varlink.VarlinkError) as caught:
        reference.Apply(document="site.nam = 1\n", request_id="x", author="root", confirm_within_s=None)
    assert caught.value.error() == "fr.repli.settings.SettingsFaulty"
    (fault,) = caught.value.parameters()["faults"]
    assert (fault["path"], fault["kind"]) == ("site.nam", "extra_forbidden")


def test_reference_client_watches(reference: varlink.SimpleClientInterfaceHandler, settings: LocalRoot) -> None:
    updates = reference.Watch(section="web", _more=True)
    assert next(updates)["settings"] == {"site": {"name": "Mairie de Test"}}
    document = SITE + "[web]\nport = 8123\n[voice]\nanswer_timeout_ms = 900\n"
    asyncio.run(
        call_once(SETTINGS, settings.paths.socket("settings"), APPLY, ApplyParams(document=document, request_id="w"))
    )
    assert next(updates)["settings"] == {"site": {"name": "Mairie de Test"}, "web": {"port": 8123}}


def raw(path: Path, *messages: bytes) -> bytes:
    """Everything the server answers to these bytes until it hangs up or is silent."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(3)
        sock.connect(str(path))
        answer = b""
        with contextlib.suppress(OSError):
            for message in messages:
                sock.sendall(message)
            sock.shutdown(socket.SHUT_WR)
            while chunk := sock.recv(65536):
                answer += chunk
        return answer


def call(method: str, **fields: object) -> bytes:
    return json.dumps({"method": method, **fields}).encode() + b"\0"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (call("fr.repli.settings.Nothing"), "org.varlink.service.MethodNotFound"),
        (call("fr.repli.other.Status"), "org.varlink.service.InterfaceNotFound"),
        (call("nodots"), "org.varlink.service.InterfaceNotFound"),
        (call("org.varlink.service.Nothing"), "org.varlink.service.MethodNotFound"),
        (call("org.varlink.service.GetInterfaceDescription"), "org.varlink.service.InvalidParameter"),
        (call("fr.repli.settings.Check"), "org.varlink.service.InvalidParameter"),
        (call("fr.repli.settings.Check", parameters={"document": 3}), "org.varlink.service.InvalidParameter"),
        (call("fr.repli.settings.Status", parameters={"more": 1}), "org.varlink.service.InvalidParameter"),
    ],
)
def test_wrong_calls_get_the_service_errors(settings: LocalRoot, message: bytes, error: str) -> None:
    answer = raw(settings.paths.socket("settings"), message)
    assert json.loads(answer.rstrip(b"\0"))["error"] == error


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0",
        b"hello\0",
        b"[]\0",
        b"{}\0",
        b'{"method":3}\0',
        b'{"method":"a","parameters":[]}\0',
        b"[" * 20_000 + b"\0",
        b"\xff\xfe\0",
    ],
    ids=["empty", "text", "list", "object", "number", "parameters", "deep", "bytes"],
)
def test_garbage_is_hung_up_on_and_others_are_served(settings: LocalRoot, garbage: bytes) -> None:
    path = settings.paths.socket("settings")
    assert raw(path, garbage) == b""
    assert b"Mairie de Test" in raw(path, call("fr.repli.settings.Status"))


def test_a_message_over_the_limit_is_refused_and_others_are_served(settings: LocalRoot) -> None:
    path = settings.paths.socket("settings")
    answer = raw(path, b'{"method":"fr.repli.settings.Check","parameters":{"document":"', b"x" * (MESSAGE_MAX + 1))
    assert answer == b"" or b"InvalidParameter" in answer
    assert b"Mairie de Test" in raw(path, call("fr.repli.settings.Status"))


def test_calls_sent_together_are_answered_in_order_and_oneway_is_silent(settings: LocalRoot) -> None:
    answer = raw(
        settings.paths.socket("settings"),
        call("fr.repli.settings.Status")
        + call("fr.repli.settings.Status", oneway=True)
        + call("org.varlink.service.GetInfo"),
    )
    first, second = answer.rstrip(b"\0").split(b"\0")
    assert b"summary" in first
    assert b"vendor" in second


def test_a_call_with_more_to_a_method_that_answers_once(settings: LocalRoot) -> None:
    answer = json.loads(
        raw(settings.paths.socket("settings"), call("fr.repli.settings.Status", more=True)).rstrip(b"\0")
    )
    assert answer["parameters"]["daemon"] == "settings"
    assert not answer.get("continues")


def test_a_number_beyond_64_bits_costs_one_connection_only(settings: LocalRoot) -> None:
    path = settings.paths.socket("settings")
    message = b'{"method":"fr.repli.settings.Watch","parameters":{"section":' + b"9" * 30 + b"}}\0"
    assert raw(path, message) == b""
    assert asyncio.run(call_once(SETTINGS, path, STATUS, NoParams())).state == "ok"


def test_a_message_too_large_to_send_is_said_by_the_client(settings: LocalRoot) -> None:
    params = ApplyParams(document="#" * MESSAGE_MAX, request_id="x")
    with pytest.raises(CallFailed) as caught:
        asyncio.run(call_once(SETTINGS, settings.paths.socket("settings"), APPLY, params))
    assert caught.value.name == "InvalidParameter"


def test_strangers_cannot_use_up_the_connections(settings: LocalRoot) -> None:
    path = settings.paths.socket("settings")
    nobody = subprocess.Popen(
        ["setpriv", "--reuid=nobody", "--clear-groups", "/usr/bin/python3", "-c", MANY_CONNECTIONS, str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert nobody.stdout is not None
        assert nobody.stdout.readline().split() == [str(STRANGERS_MAX), "kept"]
        assert asyncio.run(call_once(SETTINGS, path, STATUS, NoParams())).state == "ok"
    finally:
        nobody.kill()
        nobody.wait()
        assert nobody.stdout is not None
        nobody.stdout.close()


MANY_CONNECTIONS = """
import select, socket, sys, time
sockets = []
for number in range(90):
    one = socket.socket(socket.AF_UNIX)
    one.connect(sys.argv[1])
    try:
        one.send(b'{"method":')
    except BrokenPipeError:
        pass  # hung up already
    sockets.append(one)
time.sleep(1)
hung_up, _, _ = select.select(sockets, [], [], 0)
print(len(sockets) - len(hung_up), "kept", flush=True)
time.sleep(60)
"""


def test_a_daemon_that_hangs_with_its_queue_full_is_unreachable(root: LocalRoot) -> None:
    path = root.paths.socket("settings")
    with socket.socket(socket.AF_UNIX) as hung, contextlib.ExitStack() as callers:
        hung.bind(str(path))
        hung.listen(1)
        for _ in range(2):
            callers.enter_context(socket.socket(socket.AF_UNIX)).connect(str(path))
        with pytest.raises(Unreachable) as caught:
            asyncio.run(call_once(SETTINGS, path, STATUS, NoParams(), timeout=1))
    assert caught.value.reason == QUEUE_FULL


def test_nobody_serves(tmp_path: Path) -> None:
    path = Path("/tmp/repli-nobody-serves-here")
    with pytest.raises(Unreachable) as caught:
        asyncio.run(call_once(SETTINGS, path, SETTINGS.methods[0], NoParams()))
    assert caught.value.path == path


def test_a_socket_path_too_long_is_refused_before_the_kernel_does(tmp_path: Path) -> None:
    path = Path("/" + "x" * SOCKET_PATH_MAX)
    with pytest.raises(SocketPathTooLong, match="shorter REPLI_ROOT"):
        Server(SETTINGS, path)
    with pytest.raises(SocketPathTooLong):
        Client(SETTINGS, path)


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


def test_a_connection_outlives_a_watch_that_was_refused(settings: LocalRoot) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(5)
        caller.connect(str(settings.paths.socket("settings")))
        caller.sendall(b'{"method":"fr.repli.settings.Watch","parameters":{"section":1},"more":true}\0')
        assert b"InvalidParameter" in caller.recv(65536)
        caller.sendall(b'{"method":"org.varlink.service.GetInfo"}\0')
        assert b"fr.repli.settings" in caller.recv(65536)
