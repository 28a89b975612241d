"""The operator's PBX: a real Kamailio with a configuration of its own. Its log is the evidence that a call went there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hil.rig.virtual.processes import Process
from hil.rig.virtual.sip.place import Place
from hil.rig.virtual.sip.rpc import ask

CFG = Path(__file__).with_name("pbx.cfg")
CALL = re.compile(r"call (\S*) -> (\S*) from (\S+) id (\S+)")


@dataclass(frozen=True)
class PbxCall:
    """One call that went through the PBX."""

    caller: str
    called: str
    source: str
    call_id: str


@dataclass
class Pbx:
    """One PBX."""

    place: Place
    address: str
    domain: str
    passwords: Mapping[str, str]
    port: int = 5060
    honours_path: bool = True
    transport: str = "udp"
    name: str = "pbx"
    process: Process | None = field(default=None)

    def start(self) -> None:
        """Start it and wait until it listens."""
        start = self._render()
        argv = ["kamailio", "-DD", "-E", "-m", "16", "-M", "4", "-Y", str(start.parent), "-f", str(start)]
        self.process = self.place.spawn(argv, f"{self.name}.log")
        self.process.wait_printed("ready$")

    def _render(self) -> Path:
        folder = self.place.folder / self.name
        folder.mkdir(exist_ok=True)
        passwords = "\n".join(f'    $sht(password=>{user}) = "{word}";' for user, word in self.passwords.items())
        start = folder / "start.cfg"
        text = f"""#!KAMAILIO
#!define USE_PATH {int(self.honours_path)}
#!define REALM "{self.domain}"
#!define RPC_SOCKET "{folder / "rpc"}"
listen={self.transport}:{self.address}:{self.port}
alias="{self.domain}"
include_file "{CFG}"
event_route[htable:mod-init] {{
{passwords}
    xlog("L_ALERT", "ready\\n");
}}
"""
        start.write_text(text, encoding="utf-8")
        return start

    def says(self, method: str, code: int | None) -> None:
        """Answer a method with a code, or (None) as it should be; METHOD::proved: only to who proved itself."""
        if code is None:
            self._rpc("htable.delete", "says", method)
        else:
            self._rpc("htable.sets", "says", method, str(code))

    def _rpc(self, method: str, *parameters: str) -> None:
        ask(self.place.folder / self.name / "rpc", method, *parameters)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.stop()

    def calls(self) -> list[PbxCall]:
        """Every call it carried, oldest first."""
        assert self.process is not None
        return read_calls(self.process.log)


def read_calls(log: Path) -> list[PbxCall]:
    """Every call a log holds, oldest first."""
    text = log.read_text(encoding="utf-8", errors="replace")
    return [PbxCall(match[1], match[2], match[3], match[4]) for match in CALL.finditer(text)]
