"""PPPoE sessions: what pppd is told, what its end means, and a kernel that cannot; with one that can, a whole session."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from edge.shared.clock import SystemClock
from edge.shared.model import Link, LinkAddress, UplinksSection
from edge.uplinks.pppd import options
from edge.uplinks.pppd.options import Ending
from edge.uplinks.pppd.sessions import PPPD, Sessions, obstacle, options_file
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

SECRET = 'pass "word" \\ #1'
LINK = Link(
    name="fibre", interface="dsl0", parent="eth0", vlan=835, address=LinkAddress.PPPOE, user="fti/a b", password=SECRET
)
PPPOE = """[[uplinks.links]]
name = "fibre"
interface = "dsl0"
address = "pppoe"
parent = "{0}"
user = "mairie"
password = "secret"
"""


def can_pppoe() -> bool:
    try:
        socket.socket(24, socket.SOCK_STREAM, 0).close()
    except OSError:
        return False
    return Path("/dev/ppp").exists()


def test_routes_resolvers_and_scripts_are_not_pppds() -> None:
    told = options.render(LINK).splitlines()
    assert {"nodefaultroute", "noipdefault", "ip-up-script /bin/true", "ip-down-script /bin/true"} <= set(told)
    assert "usepeerdns" not in told
    assert {"nic-eth0.835", 'ifname "dsl0"', "nopersist", "nodetach"} <= set(told)
    assert "nic-eth0" in options.render(LINK.model_copy(update={"vlan": None})).splitlines()


def test_debians_pppd_knows_every_option() -> None:
    """It reads its options before it looks for the kernel's help: 2 is a wrong option, 4 a kernel without PPP."""
    known = "".join(line for line in options.render(LINK).splitlines(True) if not line.startswith(("plugin", "nic-")))
    for told, codes in ((known + "notty\n", {0, 4}), (known + "nosuchoption\n", {2})):
        descriptor = os.memfd_create("options", 0)
        os.write(descriptor, told.encode())
        command = [PPPD, "file", f"/proc/self/fd/{descriptor}", "dump", "dryrun"]
        done = subprocess.run(command, pass_fds=(descriptor,), capture_output=True, text=True, timeout=10, check=False)
        os.close(descriptor)
        assert done.returncode in codes, done.stdout + done.stderr
        assert SECRET not in done.stdout + done.stderr


def test_the_password_is_in_no_file_and_no_argument() -> None:
    descriptor = options_file(LINK)
    try:
        assert "memfd:" in str(Path(f"/proc/self/fd/{descriptor}").readlink())
        text = os.pread(descriptor, 9999, 0).decode()
    finally:
        os.close(descriptor)
    assert 'password "pass \\"word\\" \\\\ #1"' in text.splitlines()


def test_a_refused_login_is_not_repeated_fast() -> None:
    assert options.ending(19) is Ending.LOGIN_REFUSED
    assert options.next_wait_s(0, 0.2, Ending.LOGIN_REFUSED) == 30
    waits = [0.0]
    for _ in range(7):
        waits.append(options.next_wait_s(waits[-1], 0.2, Ending.NO_SESSION))
    assert waits[1:] == [1, 2, 4, 8, 16, 30, 30]
    assert options.next_wait_s(30, 3600, Ending.NO_SESSION) == 1


@pytest.mark.skipif(can_pppoe(), reason="this kernel can do PPPoE")
def test_a_kernel_without_pppoe_is_an_issue_until_the_settings_want_none() -> None:
    async def story() -> None:
        sessions = Sessions(SystemClock())
        sessions.follow(UplinksSection(links=[LINK]))
        await asyncio.sleep(0.2)
        (issue,) = sessions.issues()
        assert (issue.id, issue.subject, issue.data) == ("pppd.unsupported", "fibre", {"interface": "eth0.835"})
        sessions.follow(UplinksSection())
        assert sessions.issues() == []
        await sessions.stop()

    assert obstacle(LINK) is Ending.UNSUPPORTED
    asyncio.run(story())


@pytest.mark.town
@pytest.mark.skipif(can_pppoe(), reason="this kernel can do PPPoE")
def test_without_the_kernels_help_it_is_said_and_the_other_link_carries(box: Box) -> None:
    box.write(PPPOE.format(box.town.plan.fibre.edge_interface), box.static(box.town.plan.lte))
    box.start()
    box.start(name="pppd")
    box.wait_up("lte", active="lte")
    assert ("uplinks.interface_missing", "fibre") in box.issues()
    daemons = json.loads(box.town.repli("status", "--json").stdout)["daemons"]
    (pppd,) = (daemon for daemon in daemons if daemon["name"] == "pppd")
    assert [(issue["id"], issue["subject"]) for issue in pppd["issues"]] == [("pppd.unsupported", "fibre")]
    shown = box.town.repli("status").stdout
    assert "PPPoE" in shown
    assert "secret" not in shown + json.dumps(daemons) + box.town.process("pppd").log_text()


@pytest.mark.town
@pytest.mark.skipif(not can_pppoe(), reason="this kernel lacks PPP and PPPoE: run it in the VM rig")
def test_a_session_carries_ends_and_comes_back(box: Box) -> None:
    town, fibre = box.town, box.town.plan.fibre
    folder = town.folder / "provider"
    folder.mkdir()
    (folder / "options").write_text(f"noauth\nlcp-echo-interval 5\nlcp-echo-failure 4\nms-dns {fibre.gateway}\n")
    command = ["pppoe-server", "-F", "-I", fibre.inside_interface, "-L", "10.64.64.1", "-R", "10.64.64.10"]
    server = town.spawn(fibre.name, [*command, "-O", str(folder / "options")], "pppoe-server.log")
    box.write(PPPOE.format(fibre.edge_interface), box.static(town.plan.lte))
    box.start()
    launcher = box.start(name="pppd")
    box.wait_up("fibre", "lte", active="fibre")
    assert box.link("fibre")["address"] == "10.64.64.10/32"
    assert "default" not in box.edge("ip -4 route show table main")
    with town.flow() as flow:
        flow.wait_arrivals(25)
        assert flow.arrivals()[-1].source.startswith(f"{fibre.public}:")
        since = time.monotonic_ns()
        launcher.kill()
        wait_for(lambda: "dsl0" not in box.edge("ip link"), "the session gone with its daemon", every=0.1)
        time.sleep(1)
        assert flow.outage(since).seconds <= 2
    (town.root / "run/repli/pppd").unlink()
    box.start(name="pppd")
    box.wait_up("fibre", "lte", active="fibre")
    assert server.alive
