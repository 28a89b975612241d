"""The modem as a thing: plugged in or not, with what outlives its power-ups."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil.rig.virtual.modem.commands import REQUESTS, storage
from hil.rig.virtual.modem.faults import Armed
from hil.rig.virtual.modem.handsets import Handsets, Rule
from hil.rig.virtual.modem.interpreter import Interpreter, Traits
from hil.rig.virtual.modem.memory import Entry, Memory
from hil.rig.virtual.modem.network import Behaviour, Network
from hil.rig.virtual.modem.personalities import PERSONALITIES
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
    reports_in: str = "ME"

    def __post_init__(self) -> None:
        self.memory = Memory(reference=self.first_reference)
        self.armed = Armed()
        self.network = Network(self.log, Handsets(self.rules), self.behaviour, self._store)
        self._port: Port | None = None
        self.interpreter: Interpreter | None = None

    def plug(self) -> None:
        """Power up: a new pty, the link pointed to it, all settings at their defaults."""
        if self._port is not None:
            return
        self.interpreter = Interpreter(self.memory, self.network, self.armed, self.traits, self._say)
        self._port = Port(self.link, self.interpreter.feed)

    def unplug(self) -> None:
        """Pull it out, in the middle of whatever it does."""
        if self._port is None or self.interpreter is None:
            return
        self.interpreter.stop()
        self._port.close()
        self._port = self.interpreter = None

    async def reenumerate(self, pause_s: float) -> None:
        """As after a firmware crash or a voltage dip: gone, then back under another name behind the same link."""
        self.unplug()
        await asyncio.sleep(pause_s)
        self.plug()

    async def obey(self, request: dict[str, Any]) -> dict[str, Any]:  # noqa: PLR0912 - one line a request
        """One line of the control socket: {"do": ..., ...}."""
        match request.get("do"):
            case "arm":
                for name, value in request["faults"].items():
                    if not hasattr(self.armed, name):
                        return {"error": f"no fault {name}"}
                    setattr(self.armed, name, value)
            case "clear":
                self.armed.clear()
                self.behaviour.reports = True
            case "unplug":
                self.unplug()
            case "plug":
                self.plug()
            case "reenumerate":
                await self.reenumerate(float(request.get("pause_s", 0.3)))
            case "reports":
                self.behaviour.reports = bool(request["on"])
            case "rules":
                self.network.handsets.rules = [Rule(**rule) for rule in request["rules"]]
            case "bring":
                self.network.bring(request["number"], request["text"])
            case "noise":
                self._say(bytes.fromhex(request["hex"]))
            case "store":
                self._put(request["storage"], Entry(request["pdu"], int(request["length"])), is_report=False)
            case "look":
                stored = {name: len(entries) for name, entries in self.memory.storages.items()}
                return {"ok": True, **self.network.counts(), "stored": stored, "plugged": self._port is not None}
            case name if name in REQUESTS:
                done = REQUESTS[name](self, request)
                return {"ok": True, **((await done if inspect.isawaitable(done) else done) or {})}
            case unknown:
                return {"error": f"cannot do {unknown}"}
        return {"ok": True}

    def _say(self, octets: bytes) -> None:
        if self._port is not None and not self.armed.hang:
            self._port.send(octets)

    def _store(self, is_report: bool, length: int, pdu: str) -> None:
        self._put(self.reports_in if is_report else "ME", Entry(pdu, length), is_report=is_report)

    def _put(self, name: str, entry: Entry, *, is_report: bool) -> None:
        entries = self.memory.storages[name]
        capacity = PERSONALITIES[self.traits.personality].capacity[name]
        place = next(place for place in range(1, capacity + 2) if place not in entries)
        if place > capacity:
            return  # full: the network would keep it; nothing here fills 255 places unread
        entries[place] = entry
        if self.interpreter is not None:
            storage.notice(self.interpreter, is_report=is_report, storage=name, place=place, entry=entry)
