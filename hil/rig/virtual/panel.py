"""The board that is not there: fr.repli.panel with power switches for the virtual modems. Its log says what was asked.

python -m hil.rig.virtual.panel --socket PATH --log FILE --switch NAME=CONTROL_SOCKET...
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import time
from pathlib import Path

from edge.shared.messages.panel import PANEL, POWER_CYCLE, NoSuchSwitch, PowerCycleParams, PowerCycleResult
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server
from hil.rig.virtual.modem.client import inject

OFF_S = 1.0


class VirtualPanel:
    """Takes the power of virtual modems away, and writes down when it was asked to."""

    def __init__(self, switches: dict[str, Path], log: Path) -> None:
        """switches: name of a modem -> control socket of the virtual modem."""
        self._switches = switches
        self._log = log
        self._known: set[str] = set()
        self._cycling: set[asyncio.Task[None]] = set()

    async def power_cycle(self, params: PowerCycleParams, _caller: Caller) -> PowerCycleResult:
        """Off, a second later on."""
        if params.device not in self._switches:
            raise Refused(NoSuchSwitch(device=params.device))
        repeated = params.request_id in self._known
        self._known.add(params.request_id)
        if not repeated:
            line = {"monotonic_ns": time.monotonic_ns(), "device": params.device, "reason": params.reason}
            with self._log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
            task = asyncio.create_task(_off_and_on(self._switches[params.device]))
            self._cycling.add(task)
            task.add_done_callback(self._cycling.discard)
        return PowerCycleResult(repeated=repeated)


async def _off_and_on(control: Path) -> None:
    await asyncio.to_thread(inject, control, "unplug")
    await asyncio.to_thread(inject, control, "arm", faults={"hang": False})
    await asyncio.sleep(OFF_S)
    await asyncio.to_thread(inject, control, "plug")


async def _serve(options: argparse.Namespace) -> None:
    switches = {name: Path(control) for name, control in (switch.split("=", 1) for switch in options.switch)}
    server = Server(PANEL, options.socket)
    server.on(POWER_CYCLE, VirtualPanel(switches, options.log).power_cycle)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with server:
        print(f"panel at {options.socket}", flush=True)
        await stop.wait()


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m hil.rig.virtual.panel", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True, help="what was asked: JSON lines, appended")
    parser.add_argument("--switch", action="append", default=[], help="NAME=CONTROL: a virtual modem it can switch")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
