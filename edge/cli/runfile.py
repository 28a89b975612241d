"""run.json: what `repli run` started, for `repli wait`, `repli status` and whoever else asks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import signal
import time
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ValidationError

from edge.cli.refusal import CommandRefused
from edge.cli.words import _
from edge.shared.daemons import DAEMONS
from edge.shared.paths import Paths
from edge.shared.storage import write_durably

LEFTOVER_TIMEOUT = 5.0  # seconds a killed process may take to be gone


class RunState(StrEnum):
    """Where a daemon stands in the supervisor's eyes."""

    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backoff"  # died, or its port cannot be had: tried again
    STOPPED = "stopped"


class RunEntry(BaseModel):
    """One daemon of a run."""

    pid: int | None = None
    state: RunState = RunState.STARTING
    restarts: int = 0
    since: str  # RFC 3339, UTC: in this state since
    reason: str = ""  # why it is in back-off, for people


class RunFile(BaseModel):
    """The whole of run.json."""

    pid: int
    daemons: dict[str, RunEntry]


def write_run(paths: Paths, run: RunFile) -> None:
    """Replace run.json, whole, readable by everybody."""
    write_durably(paths.supervisor_file, run.model_dump_json(indent=1).encode(), mode=0o644)


def read_run(paths: Paths) -> RunFile | None:
    """What the supervisor of this root runs now; None when there is none alive."""
    if not _locked(_lock_file(paths)):
        return None
    try:
        return RunFile.model_validate_json(paths.supervisor_file.read_bytes())
    except (OSError, ValidationError):
        return None  # not written yet


def claim_root(paths: Paths) -> int:
    """Be the one supervisor of this root, until the process ends. Raises CommandRefused."""
    lock = os.open(_lock_file(paths), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        text = _("« repli run » tourne déjà dans {root} : un seul à la fois par racine (REPLI_ROOT).")
        raise CommandRefused(text.format(root=paths.root)) from error
    return lock


def end_leftovers(paths: Paths) -> list[str]:
    """Kill what a killed `repli run` left here; returns the daemons' names. To be called once the root is claimed.

    A daemon ends by itself when its supervisor dies, but not one that hangs: it would keep its ledger from its successor.
    """
    try:
        run = RunFile.model_validate_json(paths.supervisor_file.read_bytes())
    except (OSError, ValidationError):
        return []  # stopped in good order, or never run
    left = [
        (name, entry.pid) for name, entry in run.daemons.items() if entry.pid and _is_daemon(paths, name, entry.pid)
    ]
    for _name, pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + LEFTOVER_TIMEOUT
    while any(Path(f"/proc/{pid}").exists() for _name, pid in left) and time.monotonic() < deadline:
        time.sleep(0.01)
    return [name for name, _pid in left]


def _is_daemon(paths: Paths, name: str, pid: int) -> bool:
    """Whether this pid still is that daemon of this root, and not a later process with its number."""
    try:
        owner = Path(f"/proc/{pid}").stat().st_uid
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        user = pwd.getpwnam(DAEMONS[name].user).pw_uid
    except (OSError, KeyError):
        return False
    return owner == user and b"REPLI_ROOT=" + os.fsencode(paths.root) in environment


def _lock_file(paths: Paths) -> Path:
    return paths.run / "run.lock"


def _locked(lock_file: Path) -> bool:
    try:
        descriptor = os.open(lock_file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
