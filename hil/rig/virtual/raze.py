"""Taking a town away, whatever state it is in. Light imports: the warden runs this after a crash."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from hil.rig.virtual.inside import NETNS
from hil.rig.virtual.plan import NAMESPACES, SOME_NAMESPACES, Plan
from hil.rig.virtual.processes import is_running, pids_in

log = logging.getLogger(__name__)

KILL_TIMEOUT_S = 5.0


def raze(plan: Plan) -> None:
    """End every process of the town, delete its namespaces and its folder. Bounded in time; twice is once."""
    names = [plan.namespace(role) for role in (*NAMESPACES, *SOME_NAMESPACES)]
    namespaces = [name for name in names if (NETNS / name).exists()]
    _end_processes(namespaces, _recorded_outside(plan.folder))
    for namespace in namespaces:
        _delete_namespace(namespace)
    shutil.rmtree(plan.folder, ignore_errors=True)


def _end_processes(namespaces: list[str], recorded: list[tuple[int, int]]) -> None:
    deadline = time.monotonic() + KILL_TIMEOUT_S
    while True:
        pids = pids_in(namespaces) + [pid for pid, started in recorded if is_running(pid, started)]
        if not pids:
            return
        if time.monotonic() > deadline:
            log.error("processes %s do not end", pids)
            return
        for pid in pids:
            _kill(pid)
        time.sleep(0.01)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _recorded_outside(folder: Path) -> list[tuple[int, int]]:
    """Processes that run in the machine's own namespace (forwarders): known by pid and start time only."""
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    records = state["processes"].values()
    return [(record["pid"], record["started"]) for record in records if record["namespace"] is None]


def _delete_namespace(namespace: str) -> None:
    result = subprocess.run(
        ["ip", "netns", "delete", namespace], capture_output=True, text=True, timeout=10, check=False
    )
    if result.returncode != 0:
        # A crash between creating the file and mounting the namespace on it leaves a plain file.
        (NETNS / namespace).unlink(missing_ok=True)
