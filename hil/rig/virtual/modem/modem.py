"""The modem as a thing: plugged in or not, with what outlives its power-ups."""

from __future__ import annotations

import asyncio
import inspect
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil.rig.virtual.modem.commands import REQUESTS, announcing
from hil.rig.virtual.modem.faults import Armed
from hil.rig.virtual.modem.handsets import Handsets, Rule
from hil.rig.virtual.modem.interpreter import Body, Interpreter, Traits
from hil.rig.virtual.modem.memory import Incoming, Memory
from hil.rig.virtual.modem.network import Behaviour, Network
from hil.rig.virtual.modem.port import Port


@dataclass
class VirtualHardware:
    """Everything but the process around it."""

    link: Path
    log: Path
    traits: Traits = field(default_factory=Traits)
    behaviour: Behaviour = field(default_factory=Behaviour)
    rules: list[Rule] = field(default_factory=list)
    first_reference: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        self.memory = Memory(reference=self.first_reference)
        self.armed = Armed()
        self.network = Network(self.log, Handsets(self.rules), self.behaviour, self._arrive)
        self.body = Body(
            self.memory, self.network, self.armed, self.traits, random.Random(self.seed), self._say, self.crash
        )
        self.interpreter: Interpreter | None = None
        self._port: Port | None = None
        self._last_device: str | None = None
        self._crashes: set[asyncio.Task[None]] = set()

    def plug(self) -> None:
        """Power up: a new pty, the link pointed to it, all settings at their defaults."""
        if self._port is None:
            self.armed.hang = False
            self._start()

    def unplug(self) -> None:
        """Pull it out, in the middle of whatever it does."""
        if self.interpreter is not None:
            self.interpreter.stop()
            self.interpreter = None
        self._close_port()

    async def reenumerate(self, pause_s: float, *, warm: bool = False) -> None:
        """Gone, then back under another name behind the same link.

        As after a crash of the firmware or a cut of its power; warm: as after a reset of the USB bus, which the firmware
        and its settings outlive.
        """
        firmware = self.interpreter if warm else None
        if firmware is None:
            self.unplug()
        else:
            self._close_port()
        await asyncio.sleep(pause_s)
        if firmware is None:
            self.plug()
        elif self._port is None and self.interpreter is firmware:
            self._open_port(firmware)

    def crash(self, off_s: float, *, warm: bool = False) -> None:
        """The same, from within the firmware that it ends."""
        task = asyncio.get_running_loop().create_task(self.reenumerate(off_s, warm=warm))
        self._crashes.add(task)
        task.add_done_callback(self._crashes.discard)

    async def obey(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0912 - one line a request
        """One line of the control socket: {"do": ..., ...}. Raises ValueError, KeyError, TypeError."""
        match request.get("do"):
            case "arm":
                for name, value in request["faults"].items():
                    self.armed.arm(name, value)
                self.network.room_again()  # a hang may be over
            case "clear":
                self.armed.clear()
                self.behaviour.reports = True
                self.network.room_again()
            case "unplug":
                self.unplug()
            case "plug":
                self.plug()
            case "reenumerate":
                await self.reenumerate(float(request.get("pause_s", 0.3)), warm=bool(request.get("warm", False)))
            case "power_cut":
                await self.reenumerate(float(request.get("off_s", self.armed.power_cut_s)))
            case "reports":
                self.behaviour.reports = bool(request.get("on", self.behaviour.reports))
                self.behaviour.report_status = int(request.get("status", self.behaviour.report_status))
                self.behaviour.report_after_s = float(request.get("after_s", self.behaviour.report_after_s))
            case "rules":
                self.network.handsets.rules = [Rule(**rule) for rule in request["rules"]]
            case "bring":
                self.network.bring(request["number"], request["text"])
            case "noise":
                self._say(bytes.fromhex(request["hex"]))
            case "store":
                self._put(request["storage"], Incoming(False, int(request["length"]), request["pdu"]))
            case "commands":
                return {"ok": True, "commands": list(self.memory.commands)}
            case "look":
                stored = {name: len(entries) for name, entries in self.memory.storages.items()}
                memory = {"stored": stored, "worked_s": self.memory.worked_s, "unheard": self.memory.unheard.hex()}
                return {"ok": True, **self.network.counts(), **memory, **self._look_at_port()}
            case name if name in REQUESTS:
                done = REQUESTS[name](self, request)
                return {"ok": True, **((await done if inspect.isawaitable(done) else done) or {})}
            case unknown:
                return {"error": f"cannot do {unknown}"}
        return {"ok": True}

    def _start(self) -> None:
        self.interpreter = Interpreter(self.body)
        self._open_port(self.interpreter)

    def _open_port(self, firmware: Interpreter) -> None:
        self._port = Port(self.link, firmware.feed, unlike=self._last_device, piece=lambda: self.armed.pieces)
        self._last_device = self._port.device

    def _close_port(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = None

    def _look_at_port(self) -> dict[str, Any]:
        if self._port is None:
            return {"plugged": False, "opened": False, "writes": 0}
        return {"plugged": True, "opened": self._port.opened, "writes": self._port.writes}

    def _say(self, octets: bytes) -> None:
        if self._port is not None and not self.armed.hang:
            self._port.send(octets)

    def _arrive(self, incoming: Incoming) -> bool:
        return self.interpreter is not None and announcing.arrive(self.interpreter, incoming)

    def _put(self, storage: str, incoming: Incoming) -> None:
        """As if it had come, whatever it is. Raises ValueError."""
        if self.interpreter is None or not announcing.keep(self.interpreter, storage, incoming, "+CMTI"):
            raise ValueError(f"no room in {storage}, or no power")
