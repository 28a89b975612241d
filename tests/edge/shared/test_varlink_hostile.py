"""Varlink among strangers: garbage, floods, daemons that hang or are not there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
from pathlib import Path

import pytest

from edge.shared.messages.common import STATUS
from edge.shared.messages.settings import APPLY, SETTINGS, ApplyParams
from edge.shared.paths import SOCKET_PATH_MAX, SocketPathTooLong
from edge.shared.varlink import STRANGERS_MAX, CallFailed, Client, Server, Unreachable, call_once
from edge.shared.varlink_client import QUEUE_FULL
from edge.shared.varlink_idl import NoParams
from edge.shared.varlink_wire import MESSAGE_MAX
from hil.rig.daemon import LocalRoot
from tests.edge.shared.varlink_raw import call, raw


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
        [
            "setpriv",
            "--reuid=nobody",
            "--clear-groups",
            "/usr/bin/python3",
            "-c",
            MANY_CONNECTIONS,
            str(path),
            str(STRANGERS_MAX),
        ],
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
hung_up = []
for _ in range(200):  # a busy server takes its time to hang up; then a moment for one that would go too far
    over = len(hung_up) >= len(sockets) - int(sys.argv[2])
    time.sleep(0.5 if over else 0.1)
    hung_up, _, _ = select.select(sockets, [], [], 0)
    if over:
        break
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
