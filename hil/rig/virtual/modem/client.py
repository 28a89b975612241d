"""A virtual modem for tests: start it, look at the network's log, make things go wrong. Needs no town."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hil.rig.virtual.modem.handsets import Rule


class ModemNotServing(Exception):
    """The process did not come up, or ended."""


@dataclass(frozen=True)
class Accepted:
    """One part that the network accepted; what it accepted is what the phone gets."""

    monotonic_ns: int
    at: str
    destination: str
    reference: int
    text: str
    concat_ref: int | None
    part: int
    total: int
    encoding: str
    report_wanted: bool
    validity_minutes: float | None


@dataclass(frozen=True)
class Malformed:
    """A text that was handed over and is no PDU a network can read."""

    monotonic_ns: int
    malformed: str  # why
    pdu: str


def read_log(log: Path) -> list[Accepted]:
    """What the network accepted so far. A line being written is left out."""
    return [Accepted(**line) for line in _lines(log) if "malformed" not in line]


def read_malformed(log: Path) -> list[Malformed]:
    """What was refused as malformed so far."""
    return [Malformed(**line) for line in _lines(log) if "malformed" in line]


def _lines(log: Path) -> list[dict[str, Any]]:
    if not log.exists():
        return []
    return [json.loads(line) for line in log.read_text(encoding="utf-8").split("\n")[:-1]]


def doubled(log: Sequence[Accepted]) -> dict[tuple[str, str, int], int]:
    """Parts the network got more than once: (destination, text, part) -> how often. The texts must tell messages apart."""
    counts = Counter((line.destination, line.text, line.part) for line in log)
    return {key: count for key, count in counts.items() if count > 1}


def inject(control: Path, do: str, **what: Any) -> dict[str, Any]:
    """One request to a running virtual modem. Raises ModemNotServing, ValueError when it does not know the request."""
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(30)
            sock.connect(str(control))
            sock.sendall(json.dumps({"do": do, **what}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(sock.makefile().readline())
    except (OSError, ValueError) as error:
        raise ModemNotServing(f"{control}: {error}") from error
    if "error" in answer:
        raise ValueError(answer["error"])
    return answer


class VirtualModem:
    """`with VirtualModem(folder) as modem:` starts the process; `modem.link` is the device for the settings."""

    def __init__(
        self, folder: Path, name: str = "modem", *, rules: Sequence[Rule] = (), options: Sequence[str] = ()
    ) -> None:
        """options: further options of `python -m hil.rig.virtual.modem`."""
        self.name = name
        self.link = folder / f"{name}-at"
        self.log_file = folder / f"{name}-network.jsonl"
        self.control = folder / f"{name}.ctl"
        self._output = folder / f"{name}.log"
        self._options = [*options, "--rules", json.dumps([rule.as_json() for rule in rules])]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def argv(self) -> list[str]:
        """How it is started."""
        paths = ["--link", str(self.link), "--log", str(self.log_file), "--control", str(self.control)]
        return [sys.executable, "-m", "hil.rig.virtual.modem", *paths, *self._options]

    def start(self) -> None:
        """Start it and wait until it serves. Raises ModemNotServing."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(self.argv, stdout=output, stderr=output)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._serves():
                return
            time.sleep(0.02)
        raise ModemNotServing(self._output.read_text())

    def _serves(self) -> bool:
        """The socket is there a moment before it is listened to."""
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(self.control))
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it; the log stays."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def log(self) -> list[Accepted]:
        """What the network accepted so far."""
        return read_log(self.log_file)

    def malformed(self) -> list[Malformed]:
        """What was refused as malformed so far."""
        return read_malformed(self.log_file)

    def inject(self, do: str, **what: Any) -> dict[str, Any]:
        """One request of the control socket."""
        return inject(self.control, do, **what)

    def commands(self, begin: str, *, since_ns: int = 0) -> list[int]:
        """When it began each command that begins so, since an instant of the machine's monotonic clock."""
        obeyed: list[tuple[int, str]] = self.inject("commands")["commands"]
        return [at for at, command in obeyed if at >= since_ns and command.startswith(begin)]

    def unheard(self) -> bytes:
        """What was said to it while it hung."""
        return bytes.fromhex(self.inject("look")["unheard"])

    def arm(self, **faults: float) -> None:
        """Arm faults (see faults.py): arm(lost_answer=1)."""
        self.inject("arm", faults=faults)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()
