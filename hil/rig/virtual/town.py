"""The virtual town: `with Town(...) as town:` builds it, and takes it away again however the block ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Self

from hil.rig.virtual.inside import NETNS
from hil.rig.virtual.network import build_network
from hil.rig.virtual.part import Part
from hil.rig.virtual.plan import NAMESPACES, TOWNS, Plan, Topology
from hil.rig.virtual.processes import Gone, is_running, start_time
from hil.rig.virtual.raze import raze
from hil.rig.virtual.running import RunningTown, part_named
from hil.rig.virtual.state import TownState, write_state
from hil.rig.virtual.table import PARTS
from hil.rig.virtual.topology import plan_of

CLEARING_TIMEOUT_S = 15.0


class TownLives(Exception):
    """A town of this name runs already."""


class NoWarden(Exception):
    """The process that would take the town away after a crash does not run."""


class Town(RunningTown):
    """A town of one's own. Parts: those of the table unless named; a test asks only for what it needs.

    Leaving the block, an exception or a killed owner all end with nothing left: the warden sees to the last case.
    """

    def __init__(
        self, name: str = "town", parts: Sequence[str] | None = None, topology: Topology = Topology.ROUTER
    ) -> None:
        super().__init__(plan_of(name, topology))
        self._wanted = [part_named(part) for part in (PARTS if parts is None else parts)]
        self._started: list[Part] = []
        self._owner = os.getpid()
        self._lock: IO[str] | None = None
        self._warden: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._lock = _lock(self.plan)
        try:
            raze(self.plan)
            self._warden = self._post_warden()
            self._make_folder()
            build_network(self.plan)
            for part in self._wanted:
                self._started.append(part)
                part.start(self)
            self._require_warden()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _post_warden(self) -> subprocess.Popen[bytes]:
        assert self._lock is not None
        return subprocess.Popen(
            [sys.executable, "-m", "hil.rig.virtual.warden", self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock.fileno(),),
            start_new_session=True,
        )

    def _require_warden(self) -> None:
        assert self._warden is not None
        if self._warden.poll() is not None:
            raise NoWarden(f"the warden of {self.name} ended with code {self._warden.returncode}")

    def _make_folder(self) -> None:
        (self.root / "etc/repli").mkdir(parents=True)
        for folder in (self.folder, self.root, self.root / "etc", self.root / "etc/repli"):
            folder.chmod(0o755)  # the daemons' users go through them, whatever this process's umask
        owner = self._owner
        parts = [part.name for part in self._wanted]
        write_state(
            self.folder,
            TownState(
                name=self.name,
                owner=owner,
                owner_started=start_time(owner),
                topology=self.plan.topology,
                parts=parts,
            ),
        )

    def _leave(self) -> None:
        if os.getpid() != self._owner:
            return  # a forked child that unwinds its copy of the stack owns nothing
        for part in reversed(self._started):
            with contextlib.suppress(Gone):  # a part that a fault had killed
                part.stop()
        self._started.clear()
        raze(self.plan)
        self._children.clear()
        self._dismiss_warden()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _dismiss_warden(self) -> None:
        if self._warden is None:
            return
        assert self._warden.stdin is not None
        self._warden.stdin.close()
        try:
            self._warden.wait(CLEARING_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._warden.kill()
            self._warden.wait()
        if self._warden.returncode != 0:  # it did not come to removing the lock's file, and shares the lock no more
            self.plan.lock_file.unlink(missing_ok=True)
        self._warden = None


def is_locked(plan: Plan) -> bool:
    """Whether the town's owner or its warden still lives."""
    try:
        with plan.lock_file.open("r", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def clear_stale(plan: Plan) -> bool:
    """Take away what a crash of owner and warden left; True if there was something. Raises TownLives."""
    with _lock(plan):
        stale = plan.folder.exists() or any((NETNS / plan.namespace(role)).exists() for role in NAMESPACES)
        raze(plan)
        plan.lock_file.unlink(missing_ok=True)
    return stale


def _lock(plan: Plan) -> IO[str]:
    """Take the town's lock; waits for the warden of a dead owner to finish. Raises TownLives."""
    TOWNS.mkdir(mode=0o755, exist_ok=True)
    deadline = time.monotonic() + CLEARING_TIMEOUT_S
    while True:
        lock = plan.lock_file.open("a+", encoding="ascii")
        if _locked_in_place(lock, plan):
            lock.truncate(0)
            lock.write(f"{os.getpid()} {start_time(os.getpid())}\n")
            lock.flush()
            return lock
        owner = _owner(lock)
        lock.close()
        if owner is not None or time.monotonic() > deadline:
            raise TownLives(
                f"a town named {plan.name} is running (process {owner or 'unknown'}): "
                f"end it with `repli-town down --name {plan.name}`, or choose another name"
            )
        time.sleep(0.05)


def _locked_in_place(lock: IO[str], plan: Plan) -> bool:
    """Lock the open file; False if somebody holds it, or if a warden that was done removed it meanwhile."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(lock.fileno()), plan.lock_file.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _owner(lock: IO[str]) -> int | None:
    """The living owner's pid, or None when it is dead (its warden still clears up) or about to sign."""
    lock.seek(0)
    fields = lock.read().split()
    if len(fields) != 2:
        return None
    pid, started = (int(field) for field in fields)
    return pid if is_running(pid, started) else None
