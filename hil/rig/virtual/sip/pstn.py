"""The telephone network beyond the trunk: a sipp that answers any number and logs it, echoing what it hears."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hil.rig.virtual.processes import Process
from hil.rig.virtual.sip.place import Place
from hil.rig.virtual.waiting import wait_for

SCENARIO = Path(__file__).with_name("pstn.xml")
CALL = re.compile(r"call (\S*) -> (\S*) id (\S+)")
BYE = re.compile(r"bye id (\S+)")


@dataclass(frozen=True)
class PstnCall:
    """One call the telephone network was asked for."""

    caller: str
    called: str
    call_id: str


@dataclass
class Pstn:
    """One sipp. Its log is the far end's own account of who called whom."""

    place: Place
    address: str
    port: int = 5060
    media_port: int = 26000
    transport: str = "udp"
    name: str = "pstn"
    process: Process | None = None

    @property
    def log(self) -> Path:
        """What the scenario wrote down."""
        return self.place.folder / f"{self.name}-calls.log"

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.process = self.place.spawn(self._argv(), f"{self.name}.log")
        wait_for(self._listens, f"{self.name} listening")

    def _argv(self) -> list[str]:
        return [
            *("sipp", "-sf", str(SCENARIO), "-i", self.address, "-p", str(self.port), "-mi", self.address),
            *("-t", {"udp": "u1", "tcp": "t1"}[self.transport]),
            *("-mp", str(self.media_port), "-rtp_echo", "-nostdin", "-trace_logs", "-log_file", str(self.log)),
            "-aa",  # OPTIONS too are answered, as by any operator
            *("-log_overwrite", "false", "-trace_err", "-error_file", str(self.place.folder / f"{self.name}-err.log")),
        ]

    def _listens(self) -> bool:
        assert self.process is not None
        if not self.process.alive:
            raise RuntimeError(f"{self.name} ended: {self.process.log_text()[-2000:]}")
        # sipp says nothing when it is ready; its namespace's table of sockets does (proc(5), /proc/net/udp).
        table = Path(f"/proc/{self.process.pid}/net/{self.transport}").read_text(encoding="ascii")
        return f":{self.port:04X} 00000000" in table

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.stop(1.0)

    def calls(self) -> list[PstnCall]:
        """Every call so far, oldest first."""
        return read_calls(self.log)

    def hung_up(self) -> list[str]:
        """The Call-ID of every BYE so far."""
        return BYE.findall(self.log.read_text(encoding="utf-8")) if self.log.exists() else []


def read_calls(log: Path) -> list[PstnCall]:
    """Every call a log holds, oldest first; a log not yet begun holds none."""
    if not log.exists():
        return []
    text = log.read_text(encoding="utf-8", errors="replace")
    return [PstnCall(match[1], match[2], match[3]) for match in CALL.finditer(text)]
