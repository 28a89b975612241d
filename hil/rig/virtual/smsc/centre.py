"""The virtual SMS centre as a process: start, kill, stop, disturb, and read the log that is the judge."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("smsc.js")
ANSWER_WITHIN_S = 10


class CentreNotServing(Exception):
    """The process did not come up, or ended."""


@dataclass(frozen=True)
class AcceptedPart:
    """One part that the centre accepted; what it accepted is what the phone gets."""

    ns: int
    id: int
    source: str
    destination: str
    text: str
    coding: int
    ref: int | None
    part: int
    total: int


def modules() -> Path:
    """Where scripts/setup puts the packages of npm: beside the Python ones, outside the tree."""
    return Path(sys.prefix) / "smsc" / "node_modules"


def missing() -> str | None:
    """Why it cannot run here; None when it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    return None if modules().is_dir() else f"{modules()} is not there (scripts/setup makes it)"


@dataclass
class Centre:
    """One virtual SMS centre. It keeps its port when it is started again."""

    folder: Path
    name: str = "smsc"
    port: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    @property
    def log_file(self) -> Path:
        """What it accepted, refused and was told."""
        return self.folder / f"{self.name}.jsonl"

    def start(self, **options: Any) -> None:
        """Start it and wait until it serves; options as at the head of smsc.js. Raises CentreNotServing."""
        why = missing()
        if why is not None:
            raise CentreNotServing(why)
        self.options.update(options)
        asked = {**self.options, "port": self.port, "log": str(self.log_file)}
        self.log_file.touch()
        with (self.folder / f"{self.name}.err").open("ab") as errors:
            self.process = subprocess.Popen(
                ["node", str(SCRIPT), json.dumps(asked)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "NODE_PATH": str(modules())},
            )
        self.port = int(self._answer()["port"])

    def kill(self) -> None:
        """SIGKILL: what it accepted is in its log, what it owes is told after the next start."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it, if it runs."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """SIGSTOP: the kernel still takes connections and octets, nobody reads them."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def arm(self, **faults: int) -> None:
        """Arm faults of smsc.js: arm(throttle=3)."""
        self.ask(do="arm", faults=faults)

    def ask(self, **request: Any) -> None:
        """One request on its standard input. Raises CentreNotServing."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        self._answer()

    def events(self) -> Iterator[dict[str, Any]]:
        """Its log. A line cut off by a kill is left out."""
        if not self.log_file.exists():
            return
        for line in self.log_file.read_text(encoding="utf-8").split("\n"):
            try:
                event: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            yield event

    def accepted(self) -> list[AcceptedPart]:
        """What it accepted, in order."""
        names = AcceptedPart.__dataclass_fields__
        found = (event for event in self.events() if event["event"] == "accepted")
        return [AcceptedPart(**{name: event[name] for name in names}) for event in found]

    def _answer(self) -> dict[str, Any]:
        assert self.process is not None
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], ANSWER_WITHIN_S)
        line = self.process.stdout.readline() if readable else ""
        if not line:
            raise CentreNotServing((self.folder / f"{self.name}.err").read_text())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process = None


def doubled(log: Sequence[AcceptedPart]) -> dict[tuple[str, str, int], int]:
    """Parts accepted more than once: (destination, text, part) -> how often. The texts must tell messages apart."""
    counts = Counter((line.destination, line.text, line.part) for line in log)
    return {key: count for key, count in counts.items() if count > 1}
