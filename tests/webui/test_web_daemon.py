"""The web daemon as a process: its socket, its end, its settings, its PINs."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from edge.shared.messages.common import Role
from edge.shared.messages.web import WEB
from edge.shared.paths import Paths
from edge.shared.pins import PinFile
from hil.rig.daemon import LocalRoot


def status(root: LocalRoot) -> dict[str, Any]:
    """fr.repli.web.Status by the wire."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(root.paths.socket("web")))
        sock.sendall(json.dumps({"method": f"{WEB.name}.Status"}).encode() + b"\0")
        raw = b""
        while not raw.endswith(b"\0"):
            raw += sock.recv(65536)
    reply: dict[str, Any] = json.loads(raw[:-1])["parameters"]
    return reply


def wait_until(true: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, true
        time.sleep(0.1)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/sante", timeout=10).status_code == 200
    except httpx.HTTPError:
        return False


def site(port: int, address: str = "127.0.0.1") -> str:
    return f'[web]\naddress = "{address}"\nport = {port}\n'


def test_a_port_in_use_is_an_issue_and_not_the_end(root: LocalRoot):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        root.write_site(site(port))
        daemon = root.start("web")  # ready all the same: it says what is wrong
        (issue,) = [one for one in status(root)["issues"] if one["id"] == "web.cannot_listen"]
        assert issue["data"] == {"address": "127.0.0.1", "port": str(port), "reason": "in_use"}
    wait_until(lambda: answers(port))
    assert all(one["id"] != "web.cannot_listen" for one in status(root)["issues"])
    assert daemon.stop() == 0


def test_an_address_that_is_not_there_is_an_issue(root: LocalRoot, free_port: Callable[[], int]):
    root.write_site(site(free_port(), "192.0.2.1"))  # RFC 5737: on no interface
    daemon = root.start("web")
    issues = {one["id"]: one for one in status(root)["issues"]}
    assert issues["web.cannot_listen"]["data"]["reason"] == "no_such_address"
    assert daemon.stop() == 0


def test_it_ends_at_once_with_live_streams_open(web: Any):
    web.start()
    client = web.logged_in()
    opened = threading.Event()

    def watch() -> None:
        with client.stream("GET", "/flux") as stream:
            for _ in stream.iter_lines():
                opened.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    assert opened.wait(30)
    assert web.root.running["web"].stop() == 0  # and not by the time a stream has to end
    watcher.join(20)
    assert not watcher.is_alive()
    assert not web.root.paths.socket("web").exists()


def activated(root: LocalRoot, listener: socket.socket) -> subprocess.Popen[bytes]:
    """Start web with the socket as systemd passes it: descriptor 3, LISTEN_PID its own."""
    script = (
        "import os, runpy, sys; os.dup2(int(sys.argv[1]), 3);"
        "os.environ |= {'LISTEN_FDS': '1', 'LISTEN_PID': str(os.getpid())}; runpy.run_module('webui', run_name='__main__')"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, str(listener.fileno())],
        env=root.environment,
        pass_fds=[listener.fileno()],
        stderr=(root.folder / "web.log").open("ab"),
    )


def test_a_socket_that_is_handed_over_is_used(root: LocalRoot):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        root.write_site(site(port))
        process = activated(root, listener)
        try:
            wait_until(lambda: answers(port))
            assert all(one["id"] != "web.listens_elsewhere" for one in status(root)["issues"])
        finally:
            process.terminate()
            assert process.wait(15) == 0
    assert "the pages move" not in (root.folder / "web.log").read_text(encoding="utf-8"), "it only stopped"


def test_a_socket_handed_over_for_another_address_is_used_and_said(root: LocalRoot, free_port: Callable[[], int]):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        root.write_site(site(free_port()))
        process = activated(root, listener)
        try:
            wait_until(lambda: answers(listener.getsockname()[1]))
            assert "web.listens_elsewhere" in {one["id"] for one in status(root)["issues"]}
        finally:
            process.terminate()
            assert process.wait(15) == 0


def test_it_moves_when_its_settings_move_and_keeps_its_sessions(root: LocalRoot, free_port: Callable[[], int]):
    first, second = free_port(), free_port()
    root.write_site(site(first))
    PinFile.of(root.paths).set(Role.OPERATOR, "2580")
    root.start("settings")
    root.start("web")
    client = httpx.Client(base_url=f"http://127.0.0.1:{first}", timeout=30)
    assert client.post("/connexion", data={"pin": "2580"}).status_code == 303
    moved = root.folder / "moved.toml"
    moved.write_text('[site]\nname = "Mairie déménagée"\n' + site(second))
    done = root.repli("settings", "apply", str(moved))
    assert done.returncode == 0, done.stderr
    wait_until(lambda: answers(second))
    wait_until(lambda: not answers(first))
    page = httpx.get(f"http://127.0.0.1:{second}/", cookies=client.cookies, timeout=30)
    assert page.status_code == 200
    assert "Mairie déménagée" in page.text


def test_with_no_section_it_serves_on_the_loopback(root: LocalRoot):
    root.write_site("")
    root.start("web")
    assert status(root)["summary"]["url"] == "http://127.0.0.1:8080"


def test_a_damaged_session_file_is_set_aside_and_said(web: Any):
    """The pages open: everybody logs in anew."""
    file = web.root.paths.state("web") / "sessions.json"
    file.write_text('{"sessions": 3')
    web.start()
    assert "web.sessions_damaged" in {one["id"] for one in status(web.root)["issues"]}
    assert file.with_name("sessions.json.damaged").read_text() == '{"sessions": 3'
    assert web.logged_in().get("/").status_code == 200


class TestPinCommand:
    """`repli web pin set`."""

    def test_sets_a_pin_that_opens(self, root: LocalRoot):
        done = root.repli("web", "pin", "set", "2580")
        assert (done.returncode, done.stderr) == (0, "")
        assert "agent" in done.stdout
        assert PinFile.of(root.paths).role_of("2580") is Role.OPERATOR

    def test_reads_standard_input_and_takes_a_role(self, root: LocalRoot):
        done = subprocess.run(
            [sys.executable, "-m", "edge.cli", "web", "pin", "set", "--role", "technician", "--json"],
            env=root.environment,
            input="831592\n",
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        assert json.loads(done.stdout) == {"schema": 1, "role": "technician", "set": True}
        assert PinFile.of(root.paths).role_of("831592") is Role.TECHNICIAN

    @pytest.mark.parametrize(("pin", "word"), [("0000", "premier"), ("12", "4 à 12"), ("abcd", "chiffres")])
    def test_refuses_a_bad_one_in_plain_words(self, root: LocalRoot, pin: str, word: str):
        done = root.repli("web", "pin", "set", pin)
        assert done.returncode == 2
        assert "Code refusé" in done.stderr
        assert word in done.stderr
        assert not PinFile.of(root.paths).path.exists()

    def test_works_before_any_daemon_ran(self, tmp_path: Any):
        environment = {**os.environ, "REPLI_ROOT": str(tmp_path)}
        subprocess.run(
            [sys.executable, "-m", "edge.cli", "web", "pin", "set", "2580"], env=environment, check=True, timeout=30
        )
        assert PinFile.of(Paths(tmp_path)).role_of("2580") is Role.OPERATOR
