"""Where a SIP peer runs: a namespace of a town, or this machine's loopback. The peers are the same in both."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hil.rig.virtual.inside import inside
from hil.rig.virtual.processes import Process, start_time

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown


class Place(Protocol):
    """What a peer needs of its surroundings."""

    folder: Path

    def spawn(self, argv: Sequence[str], log: str, env: Mapping[str, str] | None = None) -> Process:
        """Start a process whose output goes to a file of the folder."""

    def respawn(self, process: Process) -> Process:
        """Start an ended process again, as it was."""

    def connect(self, address: tuple[str, int]) -> socket.socket:
        """A TCP connection made there. Raises OSError."""


class TownPlace:
    """One namespace of a town."""

    def __init__(self, town: RunningTown, role: str) -> None:
        self.town = town
        self.role = role
        self.folder = town.folder

    def spawn(self, argv: Sequence[str], log: str, env: Mapping[str, str] | None = None) -> Process:
        """Start it in the namespace; it ends with the town."""
        return self.town.spawn(self.role, argv, log, env)

    def respawn(self, process: Process) -> Process:
        """Start it again there."""
        return self.town.respawn(process.name)

    def connect(self, address: tuple[str, int]) -> socket.socket:
        """Connect inside the namespace."""
        with inside(self.town.namespace(self.role)):
            return socket.create_connection(address, 5.0)


@dataclass
class LoopbackPlace:
    """This machine, on loopback addresses; stop() ends what was started."""

    folder: Path
    _started: dict[str, tuple[Process, list[str], dict[str, str]]] = field(default_factory=dict)

    def spawn(self, argv: Sequence[str], log: str, env: Mapping[str, str] | None = None) -> Process:
        """Start it here."""
        path = self.folder / log
        with path.open("ab") as output:
            offset = output.tell()
            popen = subprocess.Popen(
                list(argv),
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        process = Process(path.stem, popen.pid, start_time(popen.pid), path, popen, offset)
        self._started[process.name] = (process, list(argv), dict(env or {}))
        return process

    def respawn(self, process: Process) -> Process:
        """Start it again here."""
        _, argv, env = self._started[process.name]
        return self.spawn(argv, process.log.name, env)

    def connect(self, address: tuple[str, int]) -> socket.socket:
        """Connect here."""
        return socket.create_connection(address, 5.0)

    def stop(self) -> None:
        """End everything."""
        for process, _, _ in self._started.values():
            process.kill()
