"""Processes by pid, told apart from a later process with the same pid by their start time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hil.rig.virtual.inside import NETNS
from hil.rig.virtual.waiting import HAPPENS_S, wait_for

# Fields of /proc/PID/stat after the command's closing parenthesis, counted from 0 (proc(5): state is field 3).
_STATE, _START_TIME = 0, 19


class Gone(Exception):
    """The process ended, or never was."""


def start_time(pid: int) -> int:
    """Clock ticks since boot at which the process started. Raises Gone for a zombie too."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        raise Gone(f"no process {pid}") from None
    fields = stat.rpartition(")")[2].split()
    if fields[_STATE] in "ZX":
        raise Gone(f"process {pid} has ended")
    return int(fields[_START_TIME])


def is_running(pid: int, started: int) -> bool:
    """Whether this very process still runs."""
    try:
        return start_time(pid) == started
    except Gone:
        return False


@dataclass
class Process:
    """A process of the town, whoever started it."""

    name: str
    pid: int
    started: int  # clock ticks since boot
    log: Path
    popen: subprocess.Popen[bytes] | None = None  # only where it is a child
    log_offset: int = 0  # where its own output begins in a log shared with earlier runs

    @property
    def alive(self) -> bool:
        """Whether it runs (a frozen process does)."""
        if self.popen is not None and self.popen.poll() is not None:
            return False
        return is_running(self.pid, self.started)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to it alone. Raises Gone if it ended."""
        if not self.alive:
            raise Gone(f"{self.name} ({self.pid}) has ended; see {self.log}")
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL it and its process group, frozen or not; returns once it is gone."""
        if self.alive:
            _kill_group(self.pid)
        self._wait_gone(5.0)

    def stop(self, timeout: float = 5.0) -> None:
        """SIGTERM, then SIGKILL after timeout seconds; nothing if it ended before."""
        if self.alive:
            os.kill(self.pid, signal.SIGTERM)
        if not self._wait_gone(timeout):
            self.kill()

    def log_text(self) -> str:
        """What it printed so far."""
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[self.log_offset :].decode(errors="replace")

    def wait_printed(self, pattern: str, timeout: float = HAPPENS_S) -> re.Match[str]:
        """Return the first match of a line of its output. Raises Gone if it ended before, TooLate after timeout."""

        def found() -> bool:
            return re.search(pattern, self.log_text(), re.MULTILINE) is not None

        wait_for(lambda: found() or not self.alive, f"{self.name} printing {pattern!r}", timeout)
        match = re.search(pattern, self.log_text(), re.MULTILINE)
        if match is None:
            raise Gone(f"{self.name} ended: {self.log_text()[-2000:]}")
        return match

    def _wait_gone(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True


def _kill_group(pid: int) -> None:
    # town.spawn() gives each process a session, so its group holds what it forked and nothing else.
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def pids_in(namespaces: Iterable[str]) -> list[int]:
    """Every other process whose network namespace is one of these."""
    wanted = {identity for namespace in namespaces if (identity := _identity(NETNS / namespace))}
    if not wanted:
        return []
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if pid != os.getpid() and _identity(Path(f"/proc/{pid}/ns/net")) in wanted]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return (status.st_dev, status.st_ino)
