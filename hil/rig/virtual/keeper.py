"""The keeper: owns a town for a person, in the background, until SIGTERM. Started by `repli-town up`.

It writes one line of JSON (`Report`) to standard output when the town is up; what goes wrong goes to standard error.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from types import FrameType

from pydantic import BaseModel

from hil.rig.virtual.plan import Topology
from hil.rig.virtual.processes import Gone
from hil.rig.virtual.running import ApplianceNotReady
from hil.rig.virtual.town import Town, TownLives

READY_TIMEOUT_S = 60.0


class Report(BaseModel):
    """What the keeper has to say once the town is up."""

    page: str | None = None  # where this machine's browser finds the appliance's pages
    appliance_fault: str | None = None  # why the appliance is not ready; the town stays up


class _Ended(Exception):
    """SIGTERM came."""


def main() -> None:
    """Keep a town until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--parts")
    parser.add_argument("--topology", type=Topology, default=Topology.ROUTER)
    parser.add_argument("--without-appliance", action="store_true")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    parts = arguments.parts.split(",") if arguments.parts is not None else None
    try:
        with Town(arguments.name, parts, arguments.topology) as town:
            report = Report() if arguments.without_appliance else _start_appliance(town)
            print(report.model_dump_json(), flush=True)
            while True:
                signal.pause()
    except _Ended:
        return
    except TownLives as refused:
        sys.exit(str(refused))


def _start_appliance(town: Town) -> Report:
    town.start_appliance()
    try:
        town.wait_ready(READY_TIMEOUT_S)
    except (ApplianceNotReady, Gone, subprocess.TimeoutExpired) as error:
        return Report(appliance_fault=str(error))
    return Report(page=f"http://127.0.0.1:{town.forward()}/")


def _end(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not interrupt the clearing up
    raise _Ended


if __name__ == "__main__":
    main()
