"""Break one daemon on purpose: it hangs, as a process stuck in the kernel does. The demo must then turn red."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from edge.shared.daemons import TOGETHER
from hil.rig.virtual.town import Town

CAN_BE_BROKEN = ("uplinks", "voice", "modem", "alerts")


def hang(town: Town, name: str) -> None:
    """SIGSTOP the daemon, what belongs to it (Kamailio to voice), and their children. They stay so."""
    daemons = json.loads((town.root / "run/repli/run.json").read_text())["daemons"]
    for daemon in TOGETHER.get(name, (name,)):
        for pid in _family(daemons[daemon]["pid"]):
            os.kill(pid, signal.SIGSTOP)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]
