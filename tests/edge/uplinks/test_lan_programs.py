"""The programs that serve the building, under `repli run`: started, followed, named when they hang."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.shared.sentinel import LOOK_SECONDS
from hil.rig.alone import Appliance
from hil.rig.virtual.waiting import wait_for

pytestmark = pytest.mark.town

NOTHING = "[site]\nname = 'Mairie'\n"
DEATHS = 5
SERVED = """
[[uplinks.zones]]
name = "lan"
interface = "lan0"
address = "10.77.0.1/24"
"""


@pytest.fixture
def appliance() -> Iterator[Appliance]:
    """settings and dnsmasq, ready, with nothing to serve."""
    folder = Path(tempfile.mkdtemp(prefix="r-", dir="/tmp"))
    folder.chmod(0o755)
    with Appliance(folder, f"lp-{folder.name[2:]}", only="settings,dnsmasq") as box:
        box.write_site(NOTHING)
        box.start()
        yield box
    shutil.rmtree(folder, ignore_errors=True)


def listening(box: Appliance) -> str:
    """UDP and TCP ports somebody listens on in the appliance's namespace."""
    command = ["ip", "netns", "exec", box.namespace, "ss", "-Hlntu"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def names(box: Appliance, name: str) -> bool:
    """Whether the box itself resolves a name by loopback."""
    ask = (
        "import socket, sys\n"
        "from hil.rig.virtual.lan.names import address_in, question\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1); s.connect(('127.0.0.1', 53))\n"
        "s.send(question(7, sys.argv[1])); sys.exit(address_in(s.recv(2000)) is None)\n"
    )
    command = ["ip", "netns", "exec", box.namespace, sys.executable, "-c", ask, name]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def host(name: str) -> str:
    return f"[uplinks.dns]\nhosts = [{{ name = '{name}', address = '10.77.0.9' }}]\n{SERVED}"


def members(group: int) -> set[int]:
    """Processes of a group."""
    listed = subprocess.run(["ps", "-eo", "pgid=,pid="], capture_output=True, text=True, check=True).stdout
    return {int(pid) for of_group, pid in map(str.split, listed.splitlines()) if int(of_group) == group}


def restarts(box: Appliance) -> int:
    return int(box.run_file()["daemons"]["dnsmasq"]["restarts"])


def test_it_serves_as_soon_as_the_settings_say_so_and_follows_them(appliance: Appliance) -> None:
    assert ":53" not in listening(appliance)
    assert appliance.repli("status").returncode == 0
    conf = appliance.paths.configuration("dnsmasq")
    assert not conf.exists()

    appliance.write_site(host("a"))
    wait_for(lambda: names(appliance, "a"), "the first names", every=0.2)
    pid = appliance.pid("dnsmasq")
    assert Path(f"/proc/{pid}/comm").read_text() == "dnsmasq\n"  # the launcher became it
    assert restarts(appliance) == 0
    wait_for(lambda: appliance.repli("wait", "--timeout", "0").returncode == 0, "ready")

    appliance.write_site(host("a") + "[web]\nport = 8099\n")
    time.sleep(LOOK_SECONDS * 2)
    assert restarts(appliance) == 0  # the pages' port is nothing to it
    appliance.write_site(host("b"))
    wait_for(lambda: names(appliance, "b"), "the other names", every=0.2)
    assert not names(appliance, "a")
    assert restarts(appliance) == 1

    appliance.write_site(NOTHING)
    wait_for(lambda: ":53" not in listening(appliance), "silence", every=0.2)
    wait_for(lambda: not conf.exists(), "nothing rendered")
    assert appliance.repli("wait", "--timeout", "20").returncode == 0


def test_one_that_hangs_is_named(appliance: Appliance) -> None:
    appliance.write_site(host("a"))
    wait_for(lambda: names(appliance, "a"), "the names", every=0.2)
    assert appliance.repli("wait", "--timeout", "10").returncode == 0
    hung = appliance.pid("dnsmasq")
    os.kill(hung, signal.SIGSTOP)
    try:
        waited = appliance.repli("wait", "--timeout", "0")
        status = appliance.repli("status")
    finally:
        os.kill(hung, signal.SIGKILL)
    assert waited.returncode == 1
    assert "dnsmasq : ne répond pas" in waited.stderr
    assert status.returncode == 1
    (line,) = [line for line in status.stdout.splitlines() if line.startswith("dnsmasq")]
    assert "ne répond pas" in line


def test_killed_it_leaves_nobody_behind_and_comes_back(appliance: Appliance) -> None:
    appliance.write_site(host("a"))
    wait_for(lambda: names(appliance, "a"), "the names", every=0.2)
    killed = appliance.pid("dnsmasq")
    (sentinel,) = members(killed) - {killed}
    os.kill(sentinel, signal.SIGSTOP)  # it cannot see to its own end
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: restarts(appliance) == 1 and names(appliance, "a"), "the names again", every=0.2)
    wait_for(lambda: not members(killed), "the sentinel of the killed one gone")


def test_time_killed_again_and_again_is_served_again_each_time_after_a_longer_wait() -> None:
    folder = Path(tempfile.mkdtemp(prefix="r-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with Appliance(folder, f"lp-{folder.name[2:]}", only="settings,chrony") as box:
            box.write_site(SERVED)
            box.start()
            settings, waits = box.pid("settings"), []
            for deaths in range(1, DEATHS + 1):
                wait_for(lambda: ":123" in listening(box), "time served", every=0.05)
                os.kill(box.pid("chrony"), signal.SIGKILL)
                killed = time.monotonic()
                wait_for(lambda deaths=deaths: entry(box)["restarts"] == deaths, "the death seen", every=0.02)
                wait_for(lambda: entry(box)["state"] != "backoff", "started again", every=0.02)
                waits.append(time.monotonic() - killed)
            wait_for(lambda: ":123" in listening(box), "time served at the end", every=0.2)
            assert box.pid("settings") == settings
            assert waits[-1] >= 1.6 > waits[0]  # 0.1, 0.2, 0.4, 0.8, 1.6 s
            assert box.log.read_text().count("signal 9") == DEATHS
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def entry(box: Appliance) -> dict[str, Any]:
    found: dict[str, Any] = box.run_file()["daemons"]["chrony"]
    return found
