"""`repli run` as root in a namespace: rights of every daemon, deaths, restarts, refusals."""

from __future__ import annotations

import grp
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.cli.readiness import STATUS_TIMEOUT
from edge.shared.daemons import DAEMONS
from hil.rig.alone import Appliance
from hil.rig.virtual.waiting import HAPPENS_S

pytestmark = pytest.mark.town

# capability(7), as bits of the masks in /proc/PID/status
BITS = {"net_bind_service": 10, "net_admin": 12, "net_raw": 13}


def facts(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


def eventually(check: Callable[[], bool], seconds: float = HAPPENS_S) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if check():
                return
        except LookupError:
            pass
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def pids(appliance: Appliance) -> dict[str, int | None]:
    return {name: entry["pid"] for name, entry in appliance.run_file()["daemons"].items()}


def test_each_daemon_has_its_user_and_exactly_its_capabilities(running: Appliance) -> None:
    for name, daemon in DAEMONS.items():
        status = facts(running.pid(name))
        user = pwd.getpwnam(daemon.user)
        assert set(status["Uid"]) == {str(user.pw_uid)}, name
        assert set(status["Gid"]) == {str(user.pw_gid)}, name
        assert {int(group) for group in status["Groups"]} == {grp.getgrnam(group).gr_gid for group in daemon.groups}, (
            name
        )
        mask = sum(1 << BITS[capability] for capability in daemon.capabilities)
        for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[field][0], 16) == mask, (name, field)
        assert status["NoNewPrivs"] == ["1"], name
        assert Path(f"/proc/{running.pid(name)}/cwd").readlink() == Path("/")
        environment = Path(f"/proc/{running.pid(name)}/environ").read_text()
        assert "REPLI_ROOT=" in environment
        assert "HOME=" not in environment


def test_folders_and_files_have_their_owners(running: Appliance) -> None:
    paths = running.paths

    def seen(path: Path) -> tuple[str, str, str]:
        found = path.stat()
        return path.owner(), path.group(), oct(found.st_mode & 0o7777)

    assert seen(paths.run) == ("root", "repli", "0o1775")
    assert seen(paths.etc) == ("repli-settings", "repli", "0o2750")
    assert seen(paths.site_file) == ("root", "repli", "0o640")
    assert seen(paths.kamailio_run) == ("kamailio", "repli", "0o2770")
    assert seen(paths.supervisor_file)[2] == "0o644"
    for name, daemon in DAEMONS.items():
        assert seen(paths.state(name)) == (daemon.user, daemon.user, "0o750")


def test_a_daemon_cannot_take_anothers_socket_or_state(running: Appliance) -> None:
    thief = f"""
import pathlib, sys
for path in {[str(running.paths.socket("alerts")), str(running.paths.state("alerts") / "x")]!r}:
    try:
        pathlib.Path(path).unlink() if path.endswith("alerts") else pathlib.Path(path).write_text("x")
    except OSError as error:
        print(type(error).__name__)
"""
    web = pwd.getpwnam("repli-web")
    drop = ["setpriv", f"--reuid={web.pw_uid}", f"--regid={web.pw_gid}", "--init-groups", "--"]
    done = subprocess.run([*drop, sys.executable, "-c", thief], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["PermissionError", "PermissionError"]


@pytest.mark.parametrize("victim", DAEMONS)
def test_killed_it_comes_back_and_the_others_do_not_notice(running: Appliance, victim: str) -> None:
    before, restarts = pids(running), running.run_file()["daemons"][victim]["restarts"]
    os.kill(running.pid(victim), signal.SIGKILL)
    eventually(lambda: running.pid(victim) != before[victim])
    waited = running.repli("wait")
    assert waited.returncode == 0, waited.stderr + running.log.read_text()
    after = pids(running)
    assert {name: pid for name, pid in after.items() if name != victim} == {
        name: pid for name, pid in before.items() if name != victim
    }
    assert running.run_file()["daemons"][victim]["restarts"] == restarts + 1
    assert "signal 9" in running.log.read_text()


def test_stopped_it_leaves_nothing_and_each_daemon_ended_by_itself(appliance: Appliance) -> None:
    appliance.start()
    running = [pid for pid in pids(appliance).values() if pid]
    assert appliance.stop() == 0
    assert not [pid for pid in running if Path(f"/proc/{pid}").exists()]
    log = appliance.log.read_text()
    assert "tué" not in log
    assert log.count("arrêté") == len(DAEMONS)
    assert not appliance.paths.supervisor_file.exists()
    assert appliance.repli("status").returncode == 2


def test_killed_itself_it_takes_the_daemons_with_it_and_the_next_run_works(appliance: Appliance) -> None:
    appliance.start()
    running = [pid for pid in pids(appliance).values() if pid]
    appliance.kill()
    eventually(lambda: not [pid for pid in running if Path(f"/proc/{pid}").exists()])
    assert appliance.repli("status").returncode == 2  # the run.json left behind deceives nobody
    appliance.start()
    assert appliance.repli("wait").returncode == 0


def test_a_daemon_left_hanging_by_a_killed_run_is_ended_by_the_next(appliance: Appliance) -> None:
    appliance.only = "modem"
    appliance.start()
    hung = appliance.pid("modem")
    os.kill(hung, signal.SIGSTOP)
    assert appliance.process is not None
    appliance.process.kill()
    appliance.process.wait(10)
    assert Path(f"/proc/{hung}").exists()
    appliance.start()  # the hung one held the ledger
    assert not Path(f"/proc/{hung}").exists()
    assert "modem : bloqué" in appliance.log.read_text()


@pytest.mark.parametrize("victim", ["modem", "kamailio"])
def test_a_daemon_that_hangs_is_named(appliance: Appliance, victim: str) -> None:
    appliance.only = "voice,modem"
    appliance.start()
    calm_s, _ = status_of(appliance)
    hung = appliance.pid(victim)
    os.killpg(hung, signal.SIGSTOP)
    try:
        eventually(lambda: _named(appliance.repli("wait", "--timeout", "0", "--only", "voice,modem"), victim))
        took_s, status = status_of(appliance)
        assert took_s - calm_s < 2 * STATUS_TIMEOUT, "it was waited for more than once"
        assert status.returncode == 1
        (line,) = [line for line in status.stdout.splitlines() if line.startswith(victim)]
        assert "ne répond pas" in line
    finally:
        os.killpg(hung, signal.SIGKILL)


def status_of(appliance: Appliance) -> tuple[float, subprocess.CompletedProcess[str]]:
    """`repli status`, and how long it took, in seconds: on a busy machine, mostly to start."""
    begun = time.monotonic()
    status = appliance.repli("status")
    return time.monotonic() - begun, status


def missing(appliance: Appliance, what: str) -> bool:
    """Whether a daemon says that it is not ready, for want of that."""
    waited = appliance.repli("wait", "--timeout", "0")
    return waited.returncode == 1 and what in waited.stderr


def _named(waited: subprocess.CompletedProcess[str], victim: str) -> bool:
    return waited.returncode == 1 and f"{victim} : ne répond pas" in waited.stderr


def test_a_second_run_in_the_same_root_is_refused(appliance: Appliance) -> None:
    appliance.only = "settings"
    appliance.start()
    before = pids(appliance)
    second = appliance.repli("run", "--only", "alerts")
    assert second.returncode == 2
    assert "tourne déjà" in second.stderr
    assert appliance.repli("wait").returncode == 0
    assert pids(appliance) == before


def test_two_appliances_side_by_side(appliance: Appliance, tmp_path_factory: pytest.TempPathFactory) -> None:
    appliance.start()
    before = pids(appliance)
    other = Appliance(appliance.folder / "b", appliance.namespace + "b")
    other.write_site(appliance.paths.site_file.read_text())
    with other:
        other.start()
        assert not set(pids(other).values()) & set(pids(appliance).values())
        assert other.stop() == 0
    assert appliance.repli("wait").returncode == 0
    assert pids(appliance) == before


def test_only_starts_what_it_names(appliance: Appliance) -> None:
    appliance.only = "voice"
    appliance.start()
    assert set(pids(appliance)) == {"kamailio", "voice"}
    missing = appliance.repli("wait", "--timeout", "0", "--only", "web")
    assert missing.returncode == 1
    assert "web" in missing.stderr


def test_an_unknown_name_is_refused_with_the_known_ones(appliance: Appliance) -> None:
    done = appliance.repli("run", "--only", "uplinks,telephone")
    assert done.returncode == 2
    assert "telephone" in done.stderr
    assert all(name in done.stderr for name in DAEMONS)


def test_not_root_is_refused(appliance: Appliance) -> None:
    nobody = pwd.getpwnam("nobody")
    drop = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups", "--"]
    done = subprocess.run(
        [*drop, sys.executable, "-m", "edge.cli", "run"],
        env={**appliance.environment, "HOME": "/"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "root" in done.stderr


def test_a_wrong_document_is_refused_whole(appliance: Appliance) -> None:
    appliance.write_site('[web]\nport = "80"\n[uplinks]\nlinkz = []\n')
    done = appliance.repli("run")
    assert done.returncode == 2
    assert "web.port : « 80 » : un nombre entier est attendu" in done.stderr
    assert "uplinks.linkz : réglage inconnu" in done.stderr
    assert not appliance.paths.supervisor_file.exists()


def test_no_document_is_refused(appliance: Appliance) -> None:
    appliance.paths.site_file.unlink()
    done = appliance.repli("run")
    assert done.returncode == 2
    assert "site.toml : ne peut pas être lu" in done.stderr


def test_a_wrong_document_with_last_known_goods_starts_from_them_and_raises_an_issue(appliance: Appliance) -> None:
    appliance.start()
    appliance.stop()
    appliance.write_site("[web]\nport = 0\n")
    appliance.start()
    assert "derniers bons réglages" in appliance.log.read_text()
    status = appliance.repli("status")
    assert status.returncode == 1
    assert "web.port" in status.stdout


def test_a_root_too_long_for_sockets_is_refused(appliance: Appliance) -> None:
    deep = appliance.folder / ("x" * 90)
    done = subprocess.run(
        [sys.executable, "-m", "edge.cli", "run"],
        env={**appliance.environment, "REPLI_ROOT": str(deep)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "trop long" in done.stderr
    assert "REPLI_ROOT" in done.stderr
    assert not deep.exists()


def test_webs_port_taken_is_said_and_had_when_it_is_free(appliance: Appliance) -> None:
    appliance.only = "settings,web"
    squat = "import socket,time;s=socket.create_server(('127.0.0.1',8080));print('on',flush=True);time.sleep(60)"
    holder = subprocess.Popen(
        ["ip", "netns", "exec", appliance.namespace, sys.executable, "-c", squat], stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        appliance.launch()
        eventually(lambda: missing(appliance, "8080"))
        assert appliance.repli("wait", "--only", "settings").returncode == 0
    finally:
        holder.kill()
        holder.wait()
    assert appliance.repli("wait").returncode == 0


def test_webs_address_may_come_later(appliance: Appliance) -> None:
    appliance.write_site('[web]\naddress = "192.0.2.7"\n')
    appliance.only = "web"
    appliance.launch()
    eventually(lambda: missing(appliance, "192.0.2.7"))
    subprocess.run(["ip", "-n", appliance.namespace, "addr", "add", "192.0.2.7/32", "dev", "lo"], check=True)
    assert appliance.repli("wait").returncode == 0


def test_ready_from_a_stranger_is_not_believed(appliance: Appliance) -> None:
    appliance.only = "settings"
    appliance.start()
    before = appliance.pid("settings")
    os.kill(before, signal.SIGKILL)
    eventually(lambda: appliance.pid("settings") != before)
    os.kill(appliance.pid("settings"), signal.SIGSTOP)  # long before Python has started
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"READY=1", str(appliance.paths.run / "notify"))
    time.sleep(0.3)
    assert appliance.run_file()["daemons"]["settings"]["state"] == "starting"
    os.kill(appliance.pid("settings"), signal.SIGCONT)
    assert appliance.repli("wait").returncode == 0


def test_another_port_in_the_settings_moves_the_pages(appliance: Appliance) -> None:
    appliance.only = "settings,web"
    appliance.start()
    appliance.write_site("[web]\nport = 8090\n")
    probe = "import socket;socket.create_connection(('127.0.0.1',8090),1)"
    knock = ["ip", "netns", "exec", appliance.namespace, sys.executable, "-c", probe]
    eventually(lambda: subprocess.run(knock, capture_output=True, check=False).returncode == 0)
    assert appliance.repli("wait").returncode == 0
