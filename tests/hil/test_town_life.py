"""The town is taken away however its owner ends, and never under a living owner's feet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.rig.virtual.inside import NETNS
from hil.rig.virtual.plan import NAMESPACES, Plan
from hil.rig.virtual.processes import Gone, is_running
from hil.rig.virtual.raze import raze
from hil.rig.virtual.running import NoSuchTown, RunningTown
from hil.rig.virtual.state import TownState, read_state
from hil.rig.virtual.town import Town, TownLives
from hil.rig.virtual.waiting import wait_for

pytestmark = pytest.mark.town

OWNER = """
import signal, sys, time
from hil.rig.virtual.town import Town
signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background inherits it ignored
with Town(sys.argv[1], ("echo", "targets")) as town:
    town.spawn("lan", ["sleep", "600"], "sleeper.log")
    town.spawn(None, ["sleep", "600"], "outside.log")
    print("up", flush=True)
    time.sleep(600)
"""


def is_gone(plan: Plan) -> bool:
    left = (plan.folder, plan.lock_file)
    return not any(path.exists() for path in left) and not any(
        (NETNS / plan.namespace(role)).exists() for role in NAMESPACES
    )


@pytest.fixture
def owner() -> Iterator[subprocess.Popen[bytes]]:
    """Another process that owns the town t-owned, leader of a process group of its own."""
    process = subprocess.Popen([sys.executable, "-c", OWNER, "t-owned"], stdout=subprocess.PIPE, process_group=0)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    yield process
    if process.poll() is None:
        process.kill()
    process.wait(10)
    wait_for(lambda: is_gone(Plan("t-owned")), "t-owned gone")


def everything_of(plan: Plan) -> TownState:
    state = read_state(plan.folder)
    assert set(state.processes) == {"echo", "targets", "sleeper", "outside"}
    assert all(is_running(record.pid, record.started) for record in state.processes.values())
    return state


def assert_all_ended(state: TownState) -> None:
    assert not [name for name, record in state.processes.items() if is_running(record.pid, record.started)]


@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_5_s_after_the_owner_s_group_got_a_signal(
    owner: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    plan = Plan("t-owned")
    state = everything_of(plan)
    os.killpg(owner.pid, number)
    wait_for(lambda: is_gone(plan), "everything gone", timeout=5.0)
    assert_all_ended(state)


def test_a_frozen_process_does_not_hold_the_town_back(owner: subprocess.Popen[bytes]) -> None:
    plan = Plan("t-owned")
    state = everything_of(plan)
    RunningTown.attach("t-owned").process("echo").signal(signal.SIGSTOP)
    owner.kill()
    wait_for(lambda: is_gone(plan), "everything gone")
    assert_all_ended(state)


def test_leaving_the_block_by_an_exception_leaves_nothing() -> None:
    with pytest.raises(ZeroDivisionError), Town("t-error", ("targets",)) as town:
        process = town.process("targets")
        raise ZeroDivisionError
    assert is_gone(Plan("t-error"))
    assert not process.alive


def test_a_town_whose_part_does_not_start_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nonexistent")  # its parts' interpreters end at once
    with pytest.raises(Gone), Town("t-broken", ("targets",)):
        pass
    assert is_gone(Plan("t-broken"))


def test_a_living_town_is_refused_and_not_touched(owner: subprocess.Popen[bytes]) -> None:
    state = everything_of(Plan("t-owned"))
    with pytest.raises(TownLives, match=f"process {owner.pid}"), Town("t-owned", ()):
        pass
    assert everything_of(Plan("t-owned")) == state


def test_a_name_is_free_again_as_soon_as_the_owner_is_dead(owner: subprocess.Popen[bytes]) -> None:
    old = everything_of(Plan("t-owned"))
    owner.kill()
    owner.wait(10)
    with Town("t-owned", ("targets",)) as town:
        assert_all_ended(old)
        assert town.process("targets").alive
        time.sleep(0.5)  # the dead owner's warden would have struck by now
        assert town.process("targets").alive


def test_the_remains_of_a_crash_of_owner_and_warden_are_removed_at_start() -> None:
    plan = Plan("t-stale")
    process = subprocess.Popen([sys.executable, "-c", OWNER, plan.name], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    warden = warden_of(process.pid)
    os.kill(warden, signal.SIGKILL)
    process.kill()
    process.wait(10)
    state = everything_of(plan)
    with pytest.raises(NoSuchTown):
        RunningTown.attach(plan.name)
    try:
        with Town(plan.name, ()) as town:
            assert read_state(town.folder).owner == os.getpid()
            assert_all_ended(state)
    finally:
        raze(plan)
    wait_for(lambda: is_gone(plan), "everything gone")


def test_a_forked_child_that_leaves_the_block_takes_nothing_away() -> None:
    with Town("t-fork", ("targets",)) as town:
        child = os.fork()
        if child == 0:
            town.__exit__(None, None, None)
            os._exit(0)
        os.waitpid(child, 0)
        assert town.process("targets").alive
        assert (NETNS / town.namespace("edge")).exists()


def test_razing_one_town_spares_another_whose_name_begins_alike() -> None:
    with Town("t-a", ()), Town("t-a-b", ("targets",)) as other:
        raze(Plan("t-a"))
        assert other.process("targets").alive
        assert (NETNS / other.namespace("cloud")).exists()


def test_a_killed_process_can_be_started_again_as_it_was() -> None:
    with Town("t-again", ("targets",)) as town:
        first = town.process("targets")
        first.kill()
        assert not first.alive
        second = RunningTown.attach("t-again").respawn("targets")
        second.wait_printed("^listening")
        assert town.process("targets").pid == second.pid != first.pid


def test_a_process_runs_in_its_namespace_as_its_user() -> None:
    with Town("t-user", ()) as town:
        process = town.spawn("lan", ["sh", "-c", "id -un; cat /sys/class/net/lan0/operstate"], "who.log", user="nobody")
        process.wait_printed("^nobody\nup$")


def warden_of(owner: int) -> int:
    for task in Path(f"/proc/{owner}/task").iterdir():
        for pid in (task / "children").read_text(encoding="ascii").split():
            if b"hil.rig.virtual.warden" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    raise AssertionError("the owner has no warden")
